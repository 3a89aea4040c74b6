package balp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	fastjson "github.com/go-json-experiment/json"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// The parts of an AuditEvent that a notification depends on. Every access is read here once more, so the names are given as they are spelled, and the fast decoder reads them.
type (
	jsonCoding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	jsonConcept struct {
		Coding []jsonCoding `json:"coding"`
	}
	jsonRef struct {
		Reference  string `json:"reference"`
		Identifier struct {
			System string `json:"system"`
			Value  string `json:"value"`
		} `json:"identifier"`
	}
	jsonEvent struct {
		Meta struct {
			Security []jsonCoding `json:"security"`
		} `json:"meta"`
		Outcome string `json:"outcome"`
		Action  string `json:"action"`
		Agent   []struct {
			Role         []jsonConcept `json:"role"`
			PurposeOfUse []jsonConcept `json:"purposeOfUse"`
			Who          jsonRef       `json:"who"`
			Policy       []string      `json:"policy"`
		} `json:"agent"`
		Source struct {
			Observer jsonRef `json:"observer"`
		} `json:"source"`
		Entity []struct {
			What        jsonRef    `json:"what"`
			Type        jsonCoding `json:"type"`
			Role        jsonCoding `json:"role"`
			Description string     `json:"description"`
		} `json:"entity"`
	}
)

// professionalAccess is a professional's look into a patient's record, as a trace tells it.
type professionalAccess struct {
	patient       string
	system, value string // the professional
	token         string
	emergency     bool
	labels        []string
}

// byProfessional is in the trace of every act of a professional.
var byProfessional = []byte(`"code":"` + string(habilitation.Professional) + `"`)

// audited tells of an access.
func (n *Notifier) audited(ctx context.Context, view store.View, rec *store.Record) error {
	if rec.Version != 1 || !bytes.Contains(rec.Body, byProfessional) {
		return nil
	}
	a, ok := n.accessOf(rec.Body)
	if !ok {
		return nil
	}
	notice := Notice{Patient: a.patient, About: []string{"AuditEvent/" + rec.ID}, Labels: a.labels, Sent: n.o.Now()}
	who := a.system + "|" + a.value
	if a.emergency {
		if err := n.emergency(ctx, notice, who+"|"+a.token); err != nil {
			return err
		}
	}
	first := notice
	first.Topic, first.Key = TopicFirstAccess, who
	if !n.known[first.ID()] {
		_, err := view.Read("Communication", first.ID())
		if err != nil {
			return n.send(ctx, &first)
		}
		n.known[first.ID()] = true
	}
	if a.emergency {
		return nil // told already
	}
	return n.further(ctx, view, notice, who+"|"+a.token)
}

// further tells of a later access of a professional, once for each token, unless the holder does not want it, or was told of the first one made by the same token.
func (n *Notifier) further(ctx context.Context, view store.View, notice Notice, key string) error {
	notice.Topic, notice.Key = TopicAccess, key
	if n.known[notice.ID()] {
		return nil
	}
	quiet, err := n.quiet(ctx, notice.Patient)
	if err != nil {
		return err
	}
	if quiet || n.firstWas(view, notice.Patient, key) {
		n.known[notice.ID()] = true
		return nil
	}
	return n.send(ctx, &notice)
}

// firstWas says whether the notice of the professional's first access was about an access by the same token.
func (n *Notifier) firstWas(view store.View, patient, key string) bool {
	who, token := key[:strings.LastIndexByte(key, '|')], key[strings.LastIndexByte(key, '|')+1:]
	first := Notice{Topic: TopicFirstAccess, Patient: patient, Key: who}
	now, err := n.store.View(0)
	if err != nil {
		return false
	}
	defer now.Close()
	rec, err := now.Version("Communication", first.ID(), 1) // which stays when she deletes the notice
	if err != nil {
		return false
	}
	var c struct{ About []jsonRef }
	if json.Unmarshal(rec.Body, &c) != nil || len(c.About) == 0 {
		return false
	}
	event, err := view.Read("AuditEvent", strings.TrimPrefix(c.About[0].Reference, "AuditEvent/"))
	return err == nil && token != "" && bytes.Contains(event.Body, []byte(`"`+token+`"`))
}

// emergency tells the holder and her médecins traitants, once for each token.
func (n *Notifier) emergency(ctx context.Context, notice Notice, key string) error {
	notice.Topic, notice.Key = TopicEmergency, key
	if err := n.send(ctx, &notice); err != nil {
		return err
	}
	doctors, err := n.treatingDoctors(ctx, notice.Patient)
	if err != nil {
		return err
	}
	for _, d := range doctors {
		notice.To = d
		if err := n.send(ctx, &notice); err != nil {
			return err
		}
	}
	return nil
}

// accessOf reads an event of this server; ok is false when it is no successful look of a professional at what is in a record.
func (n *Notifier) accessOf(body []byte) (a professionalAccess, ok bool) {
	var e jsonEvent
	if fastjson.Unmarshal(body, &e) != nil || e.Outcome != outcomeSuccess || e.Source.Observer.Identifier.Value != strings.TrimRight(n.o.BaseURL, "/") {
		return a, false
	}
	for i := range e.Agent {
		g := &e.Agent[i]
		if !hasCode(g.Role, SystemActorKind, string(habilitation.Professional)) {
			continue
		}
		a.system, a.value = g.Who.Identifier.System, g.Who.Identifier.Value
		a.emergency = hasCode(g.PurposeOfUse, systemMode, string(habilitation.BreakGlass)) || hasCode(g.PurposeOfUse, systemMode, string(habilitation.Centre15))
		if len(g.Policy) > 0 {
			a.token = g.Policy[0]
		}
	}
	clinical := false
	for i := range e.Entity {
		x := &e.Entity[i]
		switch {
		case x.Type.System == systemEntity && x.Type.Code == "1":
			a.patient = strings.TrimPrefix(x.What.Reference, "Patient/")
		case x.Role.Code == "24":
			clinical = clinical || consults(x.Description)
		case x.What.Reference != "" && x.Type.System == systemEntity:
			typ, _, _ := strings.Cut(x.What.Reference, "/")
			clinical = clinical || !administrative[typ]
		}
	}
	for _, l := range e.Meta.Security {
		if l.System == SystemVisibility && l.Code == HiddenFromRepresentatives {
			a.labels = append(a.labels, l.Code)
		}
	}
	reads := e.Action == "R" || e.Action == "E"
	return a, reads && clinical && a.patient != "" && a.value != ""
}

// administrative are the types of a record that tell who the person is and what she decided: to look at them is not yet to consult the record (TD0.2, TD1.3a).
var administrative = map[string]bool{"Patient": true, "RelatedPerson": true, "Consent": true, "AuditEvent": true, "Communication": true, "Subscription": true, "Provenance": true, "Coverage": true}

// consults says whether a query, by its description, looks for what is in a record. Of operations those that give it.
func consults(description string) bool {
	_, path, _ := strings.Cut(description, " ")
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "$") {
		return last == "$everything" || last == "$summary" || last == "$docref"
	}
	if parts[0] == "Patient" && len(parts) > 2 && parts[2] != "_history" && parts[2] != "_search" {
		return !administrative[parts[2]]
	}
	return !administrative[parts[0]]
}

func hasCode(list []jsonConcept, system, code string) bool {
	return slices.ContainsFunc(list, func(c jsonConcept) bool {
		return slices.Contains(c.Coding, jsonCoding{system, code})
	})
}

// directives gives the person's active Consents of a category.
func (n *Notifier) directives(ctx context.Context, patient string, category consent.Category) ([]*consent.Directive, error) {
	var out []*consent.Directive
	err := n.repo.Look(func(look *repository.Lookup) error {
		found, err := look.Find(ctx, "Consent", "status=active&patient=Patient/"+patient+"&category="+consent.CategorySystem+"%7C"+string(category), maxDirectives)
		if err != nil {
			return err
		}
		for _, rec := range found {
			tree, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: "Consent", Trusted: true})
			if err != nil {
				return err
			}
			if d, err := consent.Parse(tree.Root); err == nil && d != nil && d.Holds(n.o.Now()) {
				out = append(out, d)
			}
		}
		return nil
	})
	return out, err
}

// maxDirectives bounds the Consents of one category that are read of a person.
const maxDirectives = 50

// quiet says whether the holder switched off what may be switched off (T4).
func (n *Notifier) quiet(ctx context.Context, patient string) (bool, error) {
	list, err := n.directives(ctx, patient, consent.Notifications)
	return slices.ContainsFunc(list, func(d *consent.Directive) bool { return d.Deny }), err
}

// extensionTreatingDoctor is where a record keeps its médecins traitants DMP beside Consents (ihe/dmp).
const extensionTreatingDoctor = "https://carnet-fhir.github.io/StructureDefinition/dmp-treating-doctor"

// treatingDoctors gives the médecins traitants of a record, each once.
func (n *Notifier) treatingDoctors(ctx context.Context, patient string) ([]Recipient, error) {
	var out []Recipient
	add := func(system, value string) {
		d := Recipient{system, value}
		if value != "" && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	list, err := n.directives(ctx, patient, consent.TreatingDoctor)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		for _, who := range d.Actors {
			add(who.System, who.Value)
		}
	}
	err = n.repo.Look(func(look *repository.Lookup) error {
		rec, err := look.Read("Patient", patient)
		if err != nil || rec == nil {
			return err
		}
		tree, err := look.Tree(rec)
		if err != nil {
			return err
		}
		for x := range tree.Root.Children("extension") {
			if x.ChildValue("url") == extensionTreatingDoctor {
				add(x.Child("value").ChildValue("system"), x.Child("value").ChildValue("value"))
			}
		}
		return nil
	})
	return out, err
}
