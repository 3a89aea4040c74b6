package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Who finds on this server whom a provider vouches for.
type Who struct {
	Matcher
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Majority is the age of it in years; 0: 18 (code civil, article 414).
	Majority int
}

func (w *Who) now() time.Time {
	if w.Now == nil {
		return time.Now()
	}
	return w.Now()
}

// principal is who signed in, between the sign-in and the grant. It travels in the identity under ClaimActor, whose place the Actor takes in tokens.
type principal struct {
	Professional *Professional `json:"professional,omitempty"`
	Person       *Holder       `json:"person,omitempty"`
}

// Holder is somebody with a record here.
type Holder struct {
	Record string                  `json:"record"` // Patient's logical id
	ID     habilitation.Identifier `json:"id"`     // INS
	Name   string                  `json:"name"`
	Minor  bool                    `json:"minor,omitempty"`
	// Others are the records of others that may be chosen: of children, of those who let the person act.
	Others []other `json:"others,omitempty"`
}

type other struct {
	Patient       string `json:"patient"`
	RelatedPerson string `json:"relatedPerson"`
	// Legal says that the person represents the other by law; otherwise it is an aidant.
	Legal bool `json:"legal,omitempty"`
}

func principalOf(claims map[string]json.RawMessage) (*principal, error) {
	var p principal
	if err := json.Unmarshal(claims[ClaimActor], &p); err != nil || (p.Professional == nil) == (p.Person == nil) {
		return nil, fmt.Errorf("%w: nobody signed in by this package", ErrClaims)
	}
	return &p, nil
}

// Identify makes the identity of a SMART authorization from a provider's claims.
func (w *Who) Identify(ctx context.Context, c *Config, claims *Claims) (*smart.Identity, error) {
	out := &smart.Identity{Issuer: claims.Issuer, Subject: claims.Subject, ACR: claims.ACR, AuthTime: claims.AuthTime}
	var p principal
	var err error
	if c.Kind == ProSanteConnect {
		p.Professional, err = w.professional(ctx, claims, out)
	} else {
		p.Person, err = w.person(ctx, c, claims, out)
	}
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(&p)
	out.Claims = map[string]json.RawMessage{ClaimActor: raw}
	return out, err
}

func (w *Who) professional(ctx context.Context, claims *Claims, out *smart.Identity) (*Professional, error) {
	p, err := ReadProfessional(claims.All)
	if err != nil {
		return nil, err
	}
	out.Name = p.Name()
	out.FHIRUser, err = w.Practitioner(ctx, p.System, p.ID)
	return p, err
}

// Practitioner gives "Practitioner/[id]" of a national identifier; "" when the directory does not have it.
func (w *Who) Practitioner(ctx context.Context, system, id string) (reference string, err error) {
	err = w.People.Repository().Look(func(look *repository.Lookup) error {
		found, err := look.Find(ctx, "Practitioner", "active=true&identifier="+escape(system)+"|"+escape(id), 2)
		if err == nil && len(found) == 1 {
			reference = "Practitioner/" + found[0].ID
		}
		return err
	})
	return reference, err
}

func (w *Who) person(ctx context.Context, c *Config, claims *Claims, out *smart.Identity) (*Holder, error) {
	told, err := ReadPerson(c, w.Records.Mode(), claims.All)
	if err != nil {
		return nil, err
	}
	rec, err := w.Match(ctx, told)
	if err != nil {
		return nil, err
	}
	p, err := w.Person(ctx, rec)
	if err != nil {
		return nil, err
	}
	out.Name, out.FHIRUser = p.Name, "Patient/"+rec.ID
	out.Patients = []smart.PatientChoice{{ID: rec.ID, Name: p.Name, Detail: "votre dossier, " + born(rec.Traits.Sex, rec.Traits.BirthDate)}}
	for _, o := range p.Others {
		child, err := w.Records.FindByID(o.Patient)
		if err != nil {
			return nil, err
		}
		out.Patients = append(out.Patients, smart.PatientChoice{ID: child.ID, Name: nameOf(child), Detail: born(child.Traits.Sex, child.Traits.BirthDate)})
	}
	return p, nil
}

// Person tells of a record's holder: age, and whose records besides may be chosen.
func (w *Who) Person(ctx context.Context, rec *dmp.Record) (*Holder, error) {
	p := &Holder{
		Record: rec.ID, ID: habilitation.Identifier{System: rec.INS.System(), Value: rec.INS.Number()}, Name: nameOf(rec), Minor: w.minor(rec.Traits.BirthDate),
	}
	var err error
	p.Others, err = w.others(ctx, rec.INS)
	return p, err
}

// majority is the age where nothing else is said (code civil, article 414).
const majority = 18

// minor says so of a birth date, taking what a certificate does not tell for the latest day possible.
func (w *Who) minor(birthDate string) bool {
	full := (birthDate + "-12-31")[:10]
	if len(birthDate) == len("2006-01") {
		full = birthDate + "-28"
	}
	day, err := time.Parse("2006-01-02", full)
	return err == nil && day.AddDate(cmp.Or(w.Majority, majority), 0, 0).After(w.now())
}

// maxOthers bounds whose records one person may choose among.
const maxOthers = 20

// others are the records that a person's RelatedPersons with the same INS stand beside, while their period lasts.
func (w *Who) others(ctx context.Context, number ins.Matricule) (out []other, err error) {
	if number.IsZero() {
		return nil, nil
	}
	repo := w.People.Repository()
	err = repo.Look(func(look *repository.Lookup) error {
		found, err := look.Find(ctx, "RelatedPerson", "active=true&identifier="+number.Token(), maxOthers)
		if err != nil {
			return err
		}
		for _, rec := range found {
			res, err := repo.Tree(rec)
			if err != nil {
				return err
			}
			typ, id, ok := repo.Target(res.Root.Child("patient").ChildValue("reference"))
			if !ok || typ != "Patient" || !lasts(res.Root.Child("period"), w.now()) {
				continue
			}
			out = append(out, other{Patient: id, RelatedPerson: rec.ID, Legal: guardian(res.Root)})
		}
		return nil
	})
	return out, err
}

// guardian says that a RelatedPerson represents the patient by law (HL7 RoleClass GUARD).
func guardian(related *element.Element) bool {
	for concept := range related.Children("relationship") {
		for coding := range concept.Children("coding") {
			if coding.ChildValue("code") == "GUARD" {
				return true
			}
		}
	}
	return false
}

// nameOf is what people read: the name in use, the first of the given names.
func nameOf(rec *dmp.Record) string {
	given, _, _ := strings.Cut(rec.Traits.Given, " ")
	return strings.TrimSpace(given + " " + rec.Traits.Family)
}

var months = []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// born says "née le 4 mai 1985".
func born(sex, date string) string {
	word := map[string]string{"female": "née", "male": "né"}[sex]
	if word == "" {
		word = "né(e)"
	}
	day, err := time.Parse("2006-01-02", date)
	if err != nil {
		return word + " en " + date
	}
	number := fmt.Sprint(day.Day())
	if day.Day() == 1 {
		number = "1er"
	}
	return fmt.Sprintf("%s le %s %s %d", word, number, months[day.Month()-1], day.Year())
}

// Picker finds the record that a professional works on by the INS that was typed or read from the card.
type Picker struct{ Records *dmp.Records }

// Field implements smart.PatientPicker.
func (Picker) Field() (label, help string) {
	return "Matricule INS du patient", "15 chiffres, lus sur la carte Vitale ou dans votre logiciel."
}

// Find implements smart.PatientPicker. Whether there is a record is what TD0.2 tells every professional; whether it may be read is decided later, on each request.
func (p Picker) Find(ctx context.Context, _ *smart.Request, _ *smart.Identity, typed string) (*smart.PatientChoice, error) {
	typed = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" .-\u00a0\u202f", r) {
			return -1
		}
		return r
	}, typed)
	kinds := []ins.Kind{ins.Test, ins.Demo, ins.NIR}
	if p.Records.Mode() == ins.Production {
		kinds = []ins.Kind{ins.NIR, ins.NIA}
	}
	valid := false
	for _, kind := range kinds {
		number, err := p.Records.Mode().Parse(kind.System(), typed)
		if err != nil {
			continue
		}
		valid = true
		rec, err := p.Records.Find(ctx, number)
		if err != nil {
			if isNoRecord(err) {
				continue
			}
			return nil, err
		}
		return &smart.PatientChoice{ID: rec.ID, Name: nameOf(rec), Detail: born(rec.Traits.Sex, rec.Traits.BirthDate)}, nil
	}
	if !valid {
		return nil, &smart.Refusal{Again: true, Message: "Ce matricule INS n'est pas valide : vérifiez les chiffres et la clé."}
	}
	return nil, nil
}

// choice gives what a person is to the record in context.
func (p *Holder) choice(patient string) (o other, own, known bool) {
	if patient == "" || patient == p.Record {
		return other{Patient: p.Record}, true, true
	}
	n := slices.IndexFunc(p.Others, func(o other) bool { return o.Patient == patient })
	if n < 0 {
		return other{}, false, false
	}
	return p.Others[n], false, true
}

// actor is the person on the record that was chosen, with who that is in FHIR's terms.
func (p *Holder) actor(o other, own bool) (habilitation.Actor, string) {
	a := habilitation.Actor{Kind: habilitation.Holder, ID: p.ID, Name: p.Name, Authentication: habilitation.Direct, Mode: habilitation.Normal}
	if own {
		return a, "Patient/" + p.Record
	}
	a.Kind = habilitation.Delegate
	if o.Legal {
		a.Kind = habilitation.Representative
	}
	return a, "RelatedPerson/" + o.RelatedPerson
}

// As is the person on a record: their own, or one of somebody whom they represent or help.
func (p *Holder) As(patient string) (habilitation.Actor, string, error) {
	o, own, known := p.choice(patient)
	if !known {
		return habilitation.Actor{}, "", ErrNoMatch
	}
	a, user := p.actor(o, own)
	return a, user, nil
}
