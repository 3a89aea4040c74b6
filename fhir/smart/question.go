package smart

import "slices"

// questionView is a question on the screen with those that one of its answers opens.
type questionView struct {
	Question
	// Alone says that the question depends on another one that it does not stand under.
	Alone      bool
	Dependents []Question
}

// Opens says whether an answer opens the dependents.
func (v questionView) Opens(answer string) bool {
	return len(v.Dependents) > 0 && slices.Contains(v.Dependents[0].When.Answers, answer)
}

// arrange puts questions under the one whose answer opens them, with what was answered before. Style sheets can then hide them until they are of interest; what is hidden and sent is dropped when it is read.
func arrange(questions []Question, answers Answers) []questionView {
	var out []questionView
	for _, q := range questions {
		if answer, ok := answers[q.Name]; ok {
			q.Value = answer
		}
		if q.When == nil {
			out = append(out, questionView{Question: q})
			continue
		}
		at := slices.IndexFunc(out, func(v questionView) bool {
			return v.Name == q.When.Question && len(v.Options) > 0 && (len(v.Dependents) == 0 || slices.Equal(v.Dependents[0].When.Answers, q.When.Answers))
		})
		if at < 0 {
			out = append(out, questionView{Question: q, Alone: true})
			continue
		}
		out[at].Dependents = append(out[at].Dependents, q)
	}
	return out
}
