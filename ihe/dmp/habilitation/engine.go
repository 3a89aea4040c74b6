package habilitation

import (
	"io/fs"
	"slices"
	"time"
)

// Options are what the texts leave open. The zero Options are the defaults.
type Options struct {
	// AuthorisationLength is how long an authorisation of the care team holds that names no end (TD0.2 answers EXPIRE after it); 0: without end. MomentLength is that of a consent of the moment (A4); 0: 12 hours.
	AuthorisationLength, MomentLength time.Duration
	// TeamWithoutFirstConsent: the care team reads without the explicit first consent, as the arrêté of 2023 had it before the Conseil d'État annulled it (A3).
	TeamWithoutFirstConsent bool
	// MaskedAndInvisible permits both labels on a document (server parameter cumul-invisible_patient-masque_ps, D9).
	MaskedAndInvisible bool
	// Unqualified admits doctors without a savoir-faire (TRE_R01) and pharmacists without a section (TRE_G05), whom the DMP refuses.
	Unqualified bool
	// NoAdministrators: administrators of a profile are not admitted (D3).
	NoAdministrators bool
	// AgeOfMajority in years (ageMajorite, M4); 0: 18. MinorsOff switches the functions for minors off (fonctions-gestion-mineurs): no secret connection; labels that are there keep hiding.
	AgeOfMajority int
	MinorsOff     bool
}

// Engine decides. It is immutable and safe for concurrent use.
type Engine struct {
	options  Options
	paris    *time.Location
	days     []time.Time
	editions []*edition // one for each day
}

// columnKinds is what a column reads, with the key of the set.
type columnKinds struct {
	set Kinds
	key string
}

// New makes an engine with the tables that are built in.
func New(o Options) (*Engine, error) { return Load(nil, o) }

// Load makes an engine whose tables are those that are built in and the *.csv of a directory; one of the same kind and day takes the other's place, others stand side by side, and the one in force at a moment is used. Everything is
// checked; a *LoadError names every fault with its file and line. A nil directory is none.
func Load(dir fs.FS, o Options) (*Engine, error) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return nil, err
	}
	var p problems
	var t tables
	own, err := fs.Sub(builtIn, "data")
	if err != nil {
		return nil, err
	}
	t.read(own, &p)
	if dir != nil {
		t.read(dir, &p)
	}
	e := &Engine{options: o, paris: paris, days: t.days()}
	if err := p.err(); err != nil {
		return nil, err
	}
	for _, day := range e.days {
		ed := t.at(day, &p)
		if ed != nil {
			ed.prepare()
		}
		e.editions = append(e.editions, ed)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return e, nil
}

// prepare computes what each column reads.
func (ed *edition) prepare() {
	ed.everything = ed.a.everyKind()
	ed.kinds = map[string]columnKinds{}
	for _, c := range ed.a.columns {
		set := ed.a.readBy(c)
		ed.kinds[c] = columnKinds{set, set.key()}
	}
}

// edition gives the tables in force at a moment; before the first, the first.
func (e *Engine) edition(at time.Time) *edition {
	i, found := slices.BinarySearchFunc(e.days, at, time.Time.Compare)
	if !found && i > 0 {
		i--
	}
	return e.editions[i]
}

// Types are the typeCodes that the matrix A in force at a moment names, sorted. The caller does not change them.
func (e *Engine) Types(at time.Time) []string { return e.edition(at).a.types }

// ClassOf gives the class that matrix A has for a type; "" for a type that it does not name.
func (e *Engine) ClassOf(typ string, at time.Time) string { return e.edition(at).a.class(typ, "") }

// Column gives an actor's column of matrix A and its kind in matrix B, for a record; the decision says why there is none.
func (e *Engine) Column(a *Actor, s *Situation) (column, kind string, why Decision) {
	st := e.stand(e.edition(s.At), a, s)
	if st.refuse != nil {
		return "", "", *st.refuse
	}
	if st.column == noColumn {
		return "", st.kind, Decision{Rule: "MA", Why: "The profession or function has no column in matrix A."}
	}
	return st.column, st.kind, Decision{Permit: true, Rule: "MA", Why: "The column of the chosen situation of exercise.", Others: []RuleID{"X2"}}
}
