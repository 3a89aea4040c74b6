package habilitation

import "testing"

func BenchmarkReading(b *testing.B) {
	e := standard(b)
	for name, s := range map[string]*Situation{"team": situation(team), "none": situation(), "denials": situation(team, func(s *Situation) {
		s.Denied = []Provision{{Classes: []string{"42"}}, {Types: []string{"34112-3"}}}
	})} {
		b.Run(name, func(b *testing.B) {
			a := nurse()
			for b.Loop() {
				r := e.Reading(a, s)
				if r.Key() == "" {
					b.Fatal("a key says something")
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	e, a, s, d := standard(b), nurse(), situation(team), report()
	for b.Loop() {
		if !e.Decide(a, s, ReadDocument, d).Permit {
			b.Fatal("permitted")
		}
	}
}
