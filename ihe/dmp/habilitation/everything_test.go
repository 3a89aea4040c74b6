package habilitation

// everyActor gives one actor of each sort, in each mode.
func everyActor() []*Actor {
	var all []*Actor
	for _, mode := range []AccessMode{Normal, BreakGlass, Centre15} {
		for _, auth := range []Authentication{Direct, Indirect, ReinforcedIndirect} {
			for _, a := range []*Actor{
				doctor(), nurse(), occupational(), staff(), institution(), professional(), professional(func(a *Actor) { a.Profession = "31" }),
				professional(func(a *Actor) { a.Activity = "GENR11" }), professional(func(a *Actor) { a.SocialProfession = "41" }),
				professional(func(a *Actor) { a.TrainingProfession = "10" }), professional(func(a *Actor) { a.Profession, a.Section = "21", "G" }),
			} {
				a.Mode, a.Authentication, a.Justification = mode, auth, true
				all = append(all, a)
			}
		}
	}
	for _, k := range []Kind{Holder, Representative, Delegate, Administrator, Application, Operator, "other"} {
		all = append(all, person(k))
	}
	return all
}

// everySituation gives situations that differ in what decides.
func everySituation() []*Situation {
	return []*Situation{
		situation(), situation(team), situation(consented), situation(treating), situation(blocked, team), situation(related), situation(minor),
		situation(func(s *Situation) { s.Closed = true }), situation(func(s *Situation) { s.Suspended = true }),
		situation(team, func(s *Situation) { s.Denied = []Provision{{Classes: []string{"10"}}} }),
		situation(func(s *Situation) { s.Codes = []Provision{{Classes: []string{"11"}}} }),
		situation(related, func(s *Situation) {
			s.Grants = []Grant{{Documents: true, Data: true, Read: true, Write: true, Classes: []string{"42"}}}
		}),
		situation(func(s *Situation) { s.MaskedInEmergency, s.OpposedBreakGlass = true, true }),
		situation(func(s *Situation) { s.OpposedCentre15 = true }),
	}
}
