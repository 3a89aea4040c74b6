package access

import (
	"encoding/json"
	"slices"
	"time"

	directive "github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// situation says what the record says of the caller at a moment.
func (a *Access) situation(p *record, c *caller, now time.Time) *habilitation.Situation {
	s := &habilitation.Situation{At: now, Closed: p.closed || !p.there, AttachedToMES: p.mes, Minor: !p.birth.IsZero() && a.o.Engine.Minor(p.birth, now)}
	s.ProtectedAdult = !s.Minor && slices.ContainsFunc(p.relatives, func(r relative) bool {
		return r.legal && (r.from.IsZero() || !now.Before(r.from)) && (r.until.IsZero() || now.Before(r.until))
	})
	s.TreatingDoctor = c.actor.Kind == habilitation.Professional && slices.ContainsFunc(c.self(), func(id habilitation.Identifier) bool { return slices.Contains(p.treating, id) })
	s.Related = p.relates(c, now)
	ids := c.identities()
	for _, st := range p.statements {
		st.add(s, c, ids, now)
	}
	return s
}

// relates says whether the record is the caller's own, or that of whom it represents in law. Consents say the rest.
func (p *record) relates(c *caller, now time.Time) bool {
	switch c.actor.Kind {
	case habilitation.Holder:
		return p.there && (c.session.FHIRUser == "Patient/"+p.id || c.session.FHIRUser == "" && slices.ContainsFunc(c.self(), func(id habilitation.Identifier) bool { return slices.Contains(p.ids, id) }))
	case habilitation.Representative:
		return slices.ContainsFunc(p.relatives, func(r relative) bool { return r.legal && r.is(c, now) })
	}
	return false
}

// add adds what one statement says to a situation.
func (st *statement) add(s *habilitation.Situation, c *caller, ids []habilitation.Identifier, now time.Time) {
	about := st.names(ids, c.session.FHIRUser)
	if st.category == CategoryBlock && about && !st.permit {
		st.block(s, now)
		return
	}
	if !st.at(now) {
		// An authorisation that has ended by its period is told as expired.
		if st.active && st.permit && about && !st.until.IsZero() && !now.Before(st.until) {
			st.authorise(s)
		}
		return
	}
	switch st.category {
	case CategoryCareTeam, CategoryMoment:
		switch {
		case st.permit && about:
			st.authorise(s)
		case !st.permit && st.category == CategoryCareTeam && (about || len(st.actors) == 0):
			s.Informed, s.Objected = true, true
		}
	case CategoryTreatingDoctor:
		s.TreatingDoctor = s.TreatingDoctor || st.permit && c.actor.Kind == habilitation.Professional && st.names(c.self(), "")
	case CategoryBreakGlass:
		s.OpposedBreakGlass = s.OpposedBreakGlass || !st.permit
	case CategoryCentre15:
		s.OpposedCentre15 = s.OpposedCentre15 || !st.permit
	case CategoryMaskedInEmergency:
		s.MaskedInEmergency = st.permit
	case CategoryAccessRule:
		if !st.permit {
			s.Denied = append(s.Denied, st.provision())
		}
	case CategoryAccessCode:
		if st.permit && st.presented(c) {
			p := st.provision()
			p.Actors = nil
			s.Codes = append(s.Codes, p)
		}
	case CategoryDelegate:
		s.Related = s.Related || st.permit && about && st.delegates(c)
	case CategoryApplication:
		if st.permit && about && c.actor.Kind == habilitation.Application {
			s.Related = true
			s.Grants = append(s.Grants, habilitation.Grant{
				Documents: true, Data: st.data, Classes: st.classes, Types: st.types, Read: st.read, Write: st.write, From: st.from, Until: st.until,
			})
		}
	case CategoryFeeding:
		if !st.permit {
			s.FeedingRefused = append(s.FeedingRefused, st.provision())
		}
	case CategoryVisibility:
		s.HiddenByDefault = !st.permit
	}
}

// block adds a block that is in force, or the moment at which one ended (A9).
func (st *statement) block(s *habilitation.Situation, now time.Time) {
	if st.at(now) {
		s.Blocked = true
		return
	}
	ended := st.updated
	if st.active {
		if ended = st.until; ended.IsZero() || ended.After(now) {
			return // it has not begun
		}
	}
	if ended.After(s.Unblocked) {
		s.Unblocked = ended
	}
}

// authorise adds an authorisation; of several the last one given counts.
func (st *statement) authorise(s *habilitation.Situation) {
	z := &s.Moment
	if st.category == CategoryCareTeam {
		// The Consent is the explicit first consent: it was asked for, given, and by what means is told.
		s.Informed, s.FirstConsent = true, s.FirstConsent || st.verified
		z = &s.Team
	} else if st.category != CategoryMoment {
		return
	}
	given := st.given
	if st.from.After(given) {
		given = st.from
	}
	if z.Given.IsZero() || given.After(z.Given) {
		*z = habilitation.Authorisation{Given: given, Until: st.until, Collector: st.collector}
	}
}

// delegates says whether the statement gives the caller's kind of part: a relative's or that of an administrator of the profile.
func (st *statement) delegates(c *caller) bool {
	switch c.actor.Kind {
	case habilitation.Administrator:
		return st.administers
	case habilitation.Delegate:
		return true
	}
	return false
}

// ClaimAccessCode is the claim of an access token that holds the temporary access code which the caller presented.
const ClaimAccessCode = carnet + "access-code"

// presented says whether the caller presented the statement's code.
func (st *statement) presented(c *caller) bool {
	raw, ok := c.session.Claims[ClaimAccessCode]
	if !ok || st.code == "" {
		return false
	}
	var code string
	return json.Unmarshal(raw, &code) == nil && code != "" && directive.Digest(code) == st.code
}
