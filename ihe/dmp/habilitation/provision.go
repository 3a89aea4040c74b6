package habilitation

import (
	"slices"
	"time"
)

// within says whether a moment is in a period whose zero bounds are open; the end is not in it.
func within(at, from, until time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (until.IsZero() || at.Before(until))
}

// concerns says whether a provision speaks of an actor at a moment.
func (v *Provision) concerns(a *Actor, column string, at time.Time) bool {
	if !within(at, v.From, v.Until) {
		return false
	}
	if len(v.Actors) == 0 && len(v.Professions) == 0 {
		return true
	}
	for _, id := range v.Actors {
		if !id.Zero() && (id == a.ID || id == a.Structure) {
			return true
		}
	}
	for _, p := range v.Professions {
		if p != "" && (p == a.Profession || p == a.SocialProfession || p == a.Title || p == column) {
			return true
		}
	}
	return false
}

// covers says whether a provision speaks of a document.
func (v *Provision) covers(typ, class string) bool {
	return (len(v.Types) == 0 || slices.Contains(v.Types, typ)) && (len(v.Classes) == 0 || slices.Contains(v.Classes, class))
}

// lifted says whether an exception takes the whole class, whatever the type, out of a denial.
func (v *Provision) lifted(a *Actor, column, class string, at time.Time) bool {
	return slices.ContainsFunc(v.Except, func(x Provision) bool {
		return len(x.Types) == 0 && x.concerns(a, column, at) && (len(x.Classes) == 0 || slices.Contains(x.Classes, class))
	})
}

// denies says whether a denial takes a document of a type and class from an actor.
func (v *Provision) denies(a *Actor, column, typ, class string, at time.Time) bool {
	return v.concerns(a, column, at) && v.covers(typ, class) && !slices.ContainsFunc(v.Except, func(x Provision) bool {
		return x.concerns(a, column, at) && x.covers(typ, class)
	})
}
