package access

import (
	"net/http"
	"slices"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// consent judges a Consent. The holder changes all of hers at any time. A professional writes down the word of a person who authorises him, or one whom he names (A4, A5, A11), and ends what authorises him (TD0.3); the médecin traitant
// blocks at the person's request (T6). Nobody else changes anything.
func (w *change) consent() error {
	id := w.owner("patient")
	if id == "" {
		return notOne()
	}
	s, err := w.situation(id)
	if err != nil {
		return err
	}
	after := w.a.consents.read(w.after)
	if w.before == nil {
		if err := w.room(id, after); err != nil {
			return err
		}
	}
	if w.before != nil && categoryOf(w.before) != after.category {
		return refusedBy("The category of a Consent does not change: end it, and create another.")
	}
	if w.a.o.Engine.Decide(&w.c.actor, s, habilitation.ManageSharing, nil).Permit {
		return nil
	}
	if !w.c.professionalSide() {
		return w.consentOfPerson(after, s)
	}
	if w.before != nil {
		return w.ends(after, s)
	}
	switch after.category {
	case CategoryCareTeam, CategoryMoment:
		return w.declares(after, id, s)
	case CategoryBlock:
		return w.may(s, habilitation.BlockProfessional, nil)
	}
	return refused(habilitation.Decision{Rule: "A7", Why: "What is shared with whom is decided by the holder; professionals write down care-team, moment and, as médecin traitant, block."})
}

// consentOfPerson is for those of the patient's side who do not manage the sharing: an administrator of the profile blocks.
func (w *change) consentOfPerson(after *statement, s *habilitation.Situation) error {
	if after.category == CategoryBlock {
		return w.may(s, habilitation.BlockProfessional, nil)
	}
	return w.may(s, habilitation.ManageSharing, nil)
}

// declares judges an authorisation that a professional writes down.
func (w *change) declares(st *statement, id string, s *habilitation.Situation) error {
	if !st.permit || len(st.actors) != 1 || st.actors[0].id.Zero() {
		return refused(habilitation.Decision{Rule: "A5", Why: "A professional writes down who is authorised: one professional or structure, by identifier."})
	}
	if !st.active {
		return refusedBy("An authorisation that is written down is active.")
	}
	if st.category == CategoryMoment && (st.from.After(st.given.Add(momentAtMost)) || st.until.After(st.given.Add(momentAtMost))) {
		return refused(habilitation.Decision{Rule: "A4", Why: "A consent of the moment is for one consultation: its period begins and ends within a day of Consent.dateTime."})
	}
	beneficiary := w.c.own(st.actors[0].id)
	if beneficiary != w.c.actor.ID && beneficiary != w.c.actor.Structure {
		other, err := w.of(id, beneficiary)
		if err != nil {
			return err
		}
		s.Blocked, s.Objected = s.Blocked || other.Blocked, s.Objected || other.Objected
	}
	d := w.a.o.Engine.Declare(&w.c.actor, s, habilitation.Declaration{Beneficiary: beneficiary, Collector: w.c.own(st.collector), Word: st.means, Team: st.category == CategoryCareTeam})
	if !d.Permit {
		return refused(d)
	}
	return nil
}

// momentAtMost is how far from the person's word a consent of the moment that a professional writes down may reach: the day, by whatever time zone.
const momentAtMost = 25 * time.Hour

// How much a record may hold before no more is taken: what is read of it (maxStatements, maxAuthorisations) is more, for what comes together.
const (
	roomForAuthorisations = 1_000
	roomForBlocks         = 1_200 // by others than the person
	roomForStatements     = 1_800
)

// room refuses one Consent more where the record has as many as anybody needs: access control reads all that are in force.
func (w *change) room(id string, after *statement) error {
	p, err := w.a.relations.record(w.ctx, id)
	if err != nil {
		return err
	}
	others := len(p.statements) - p.authorisations
	full := others >= roomForStatements
	switch {
	case after.category == CategoryCareTeam || after.category == CategoryMoment:
		full = p.overfull || p.authorisations >= roomForAuthorisations
	case w.c.professionalSide():
		full = others >= roomForBlocks
	}
	if full {
		return fault.New(http.StatusForbidden, fault.TooCostly, "The record has more Consents in force than access control needs: end those that are over (status inactive).")
	}
	return nil
}

// of gives what the record says of another professional.
func (w *change) of(id string, who habilitation.Identifier) (*habilitation.Situation, error) {
	p, err := w.a.relations.record(w.ctx, id)
	if err != nil {
		return nil, err
	}
	session := *w.c.session
	session.FHIRUser = ""
	other := &caller{session: &session, actor: habilitation.Actor{Kind: habilitation.Professional, ID: who}}
	return w.a.situation(p, other, w.a.o.Clock()), nil
}

// ends judges what a professional does to a Consent that is there: it becomes inactive, and nothing else of it changes; it is what authorises him, or a structure for which he acts.
func (w *change) ends(after *statement, s *habilitation.Situation) error {
	before := w.a.consents.read(w.before)
	same := element.Clone(w.after)
	if _, err := same.SetChild("status", w.before.ChildValue("status")); err != nil {
		return err
	}
	if w.after.ChildValue("status") != "inactive" || !before.active || !element.EqualContent(w.before, same) {
		return refused(habilitation.Decision{Rule: "A12", Why: "A professional ends an authorisation: the status becomes inactive, and nothing else changes."})
	}
	named := slices.ContainsFunc(before.actors, func(a actor) bool { return !a.id.Zero() && slices.Contains(w.c.identities(), a.id) })
	if !named {
		return refused(habilitation.Decision{Rule: "A12", Why: "A professional ends what authorises himself, or the structure for which he acts."})
	}
	switch after.category {
	case CategoryCareTeam, CategoryMoment:
		return w.may(s, habilitation.WithdrawAuthorisation, nil)
	case CategoryTreatingDoctor:
		return w.may(s, habilitation.LeaveTreatingDoctor, nil)
	}
	return refused(habilitation.Decision{Rule: "A7", Why: "What is shared with whom is decided by the holder."})
}

// subscription judges a Subscription: its owner is who made it, and nobody else changes it.
func (w *change) subscription() error {
	if w.before != nil {
		return nil // what is not the caller's own does not exist for it
	}
	switch w.c.actor.Kind {
	case habilitation.Professional, habilitation.Institution, habilitation.Application, habilitation.Holder, habilitation.Representative, habilitation.Operator:
		return nil
	}
	return refusedBy("Subscriptions are made by professionals, structures, applications and holders.")
}
