package habilitation

import (
	"slices"
	"strings"
)

// Deposit is a document that an actor wants to put into a record.
type Deposit struct {
	Type, Class string
	Labels      []Label
	// Refused: the person opposes that this document is deposited (D18); Reason: for a legitimate reason (D17).
	Refused, Reason bool
}

// Deposit says whether a document may be deposited: matrix B, then the person's oppositions, the labels, and who makes documents of the type. Authorisation is not needed (A10), and a block does not hinder it (A9).
func (e *Engine) Deposit(a *Actor, s *Situation, d Deposit) Decision {
	t := Feed
	if a.Kind == Staff {
		t = FeedByStaff
	}
	decision := e.Decide(a, s, t, &Target{Type: d.Type, Class: d.Class})
	if !decision.Permit {
		return decision
	}
	others := append(decision.Others, decision.Rule)
	for _, judge := range []func(*Actor, *Situation, *Deposit) *Decision{e.opposed, e.labels, e.producer} {
		if no := judge(a, s, &d); no != nil {
			no.Others = others
			return no.tidy()
		}
	}
	decision.Others = append(decision.Others, "D9", "D15", "D17", "D18")
	return decision.tidy()
}

// opposed: by default a document is sent (D18). Once the professional is authorised the person opposes for a legitimate reason only (D17). A minor's opposition keeps reimbursement data out (A18).
func (e *Engine) opposed(a *Actor, s *Situation, d *Deposit) *Decision {
	ed := e.edition(s.At)
	class := ed.a.class(d.Type, d.Class)
	st := e.stand(ed, a, s)
	authorised := false
	if a.Kind == Professional && st.refuse == nil && !s.Blocked {
		state, _ := e.authorised(&st, s)
		authorised = state == AuthorisationValid
	}
	if d.Refused && (!authorised || d.Reason) {
		return deny("D18", "The person opposes that this document is deposited.")
	}
	for i := range s.FeedingRefused {
		v := &s.FeedingRefused[i]
		if !v.denies(a, st.column, d.Type, class, s.At) {
			continue
		}
		if l := ed.a.byType[d.Type]; s.Minor && l != nil && l.Producer == producerInsurance {
			return deny("A18", "The minor opposes the transfer of reimbursement data.")
		}
		if !authorised || v.Reason {
			return deny("D17", "The person opposes the feeding of documents of this kind.")
		}
	}
	return nil
}

func (e *Engine) labels(a *Actor, s *Situation, d *Deposit) *Decision {
	has := func(l Label) bool { return slices.Contains(d.Labels, l) }
	switch {
	case has(Masked) && has(InvisibleToPatient) && !e.options.MaskedAndInvisible:
		return deny("D9", "A document is not both MASQUE_PS and INVISIBLE_PATIENT.")
	case a.Secret && s.Minor && !has(InvisibleToRepresentatives):
		return deny("M3", "In a secret connection a minor's documents are deposited INVISIBLE_REPRESENTANTS_LEGAUX only.")
	case a.Secret && !s.Minor:
		return deny("M2", "A secret connection is for the record of a minor.")
	case e.options.MinorsOff && has(InvisibleToRepresentatives):
		return deny("M4", "The functions for minors are off.")
	}
	return nil
}

// producer: documents of the patient come from the patient's side, reimbursement data from the health insurance.
func (e *Engine) producer(a *Actor, s *Situation, d *Deposit) *Decision {
	ed := e.edition(s.At)
	producer := ""
	if l := ed.a.byType[d.Type]; l != nil {
		producer = l.Producer
	}
	switch {
	case a.Kind == Operator: // what is imported has its own producers
	case producer == producerInsurance:
		return deny("X13", "Reimbursement data are deposited by the health insurance.")
	case a.Kind.professionalSide() && producer == producerPatient:
		return deny("D15", "Documents of this type are deposited by the patient.")
	case !a.Kind.professionalSide() && !e.PatientDocument(d.Type, d.Class):
		return deny("D15", "The patient's side deposits the patient's documents: class 90 or a type DOCPAT.")
	}
	return nil
}

// classPatient is the class of the patient's other documents, and typePatient begins the types of what she deposits in other classes (D15).
const (
	classPatient = "90"
	typePatient  = "DOCPAT"
)

// PatientDocument says whether a document is the patient's: class 90, or a type DOCPAT... (D15).
func (e *Engine) PatientDocument(typ, class string) bool {
	class = e.editions[len(e.editions)-1].a.class(typ, class)
	return class == classPatient || strings.HasPrefix(typ, typePatient) || strings.HasPrefix(typ, "EXPPAT")
}

// LabelsFor gives the labels with which a deposit is stored: its own, and MASQUE_PS where the holder's setting hides new documents (D5), unless that would break D9.
func (e *Engine) LabelsFor(s *Situation, d Deposit) []Label {
	labels := slices.Clone(d.Labels)
	if s.HiddenByDefault && !slices.Contains(labels, Masked) && (e.options.MaskedAndInvisible || !slices.Contains(labels, InvisibleToPatient)) {
		labels = append(labels, Masked)
	}
	return labels
}
