package element

// NarrativeFaults gives what is wrong with a narrative's markup by the invariants txt-1 and txt-2, one sentence for each fault; nothing
// when it is right.
func NarrativeFaults(markup string) []string {
	var faults []string
	checkNarrative(markup, func(text string) { faults = append(faults, text) })
	return faults
}
