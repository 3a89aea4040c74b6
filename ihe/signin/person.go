package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/insi"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Person is who signed in by FranceConnect or the application of the carte Vitale.
type Person struct {
	Traits dmp.Traits
	// INS is zero unless the provider gives it.
	INS ins.Matricule
}

// personClaims are the identité pivot of FranceConnect (API v2, scopes given_name, family_name, birthdate, gender, birthplace, birthcountry). Of the application of the carte Vitale the names are not public; it is taken to write
// traits as OpenID Connect does.
type personClaims struct {
	FamilyName string `json:"family_name"`  // birth name
	GivenName  string `json:"given_name"`   // all given names, separated by spaces
	Birthdate  string `json:"birthdate"`    // YYYY-MM-DD; what the register does not know is 00
	Gender     string `json:"gender"`       // male, female
	Birthplace string `json:"birthplace"`   // INSEE code of the commune, "" when born abroad
	Country    string `json:"birthcountry"` // INSEE code of the country, 99100 for France
}

// ReadPerson reads the claims of a person. An INS is taken when the configuration names its claim and it is one of the mode; one that is not is an error, not ignored.
func ReadPerson(c *Config, mode ins.Mode, claims map[string]json.RawMessage) (*Person, error) {
	var t personClaims
	if err := decode(claims, &t); err != nil {
		return nil, err
	}
	p := &Person{Traits: dmp.Traits{
		Family: t.FamilyName, Given: strings.Join(strings.Fields(t.GivenName), " "), BirthDate: birthDate(t.Birthdate), Sex: t.Gender, BirthPlace: t.Birthplace,
	}}
	if p.Traits.BirthPlace == "" && t.Country != "99100" {
		p.Traits.BirthPlace = t.Country
	}
	if c.INSClaim == "" {
		return p, nil
	}
	var number, system string
	if decodeClaim(claims[c.INSClaim], &number) != nil || decodeClaim(claims[c.INSSystemClaim], &system) != nil {
		return nil, fmt.Errorf("%w: the INS is not a string", ErrClaims)
	}
	if number == "" {
		return p, nil
	}
	if system == "" {
		system = ins.NIR.System()
	}
	var err error
	if p.INS, err = mode.Parse(system, number); err != nil {
		return nil, fmt.Errorf("%w: the INS is not one that this server takes", ErrClaims)
	}
	return p, nil
}

func decodeClaim(raw json.RawMessage, into *string) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// birthDate drops what the register does not know: 1962-00-00 is 1962.
func birthDate(text string) string {
	for strings.HasSuffix(text, "-00") {
		text = strings.TrimSuffix(text, "-00")
	}
	return text
}

// ErrNoMatch says that a person has no record here, or that it cannot be told which: both are answered alike.
var ErrNoMatch = errors.New("signin: no single record is this person's")

// Matcher finds a person's record.
type Matcher struct {
	Records *dmp.Records
	People  *dmp.People
	// National is asked for the INS of somebody whose traits no record holds; nil: it is not.
	National insi.Service
}

// maxSameDay bounds how many people of one name, sex and day are compared.
const maxSameDay = 50

// Match gives the record of a person: by the INS when the provider gives it, and then the traits must not contradict the record's; otherwise by the five strict traits, which exactly one record must have, all of them; otherwise by the
// INS that the national service gives for these traits. A name alone never matches.
func (m *Matcher) Match(ctx context.Context, p *Person) (*dmp.Record, error) {
	if !p.INS.IsZero() {
		return m.byINS(ctx, p, p.INS)
	}
	t := &p.Traits
	if t.Family == "" || t.Given == "" || len(t.BirthDate) < len("2006") || t.BirthPlace == "" || (t.Sex != "male" && t.Sex != "female") {
		return nil, fmt.Errorf("%w: the provider does not give all traits", ErrNoMatch)
	}
	id, err := m.byTraits(ctx, t)
	if err != nil {
		return nil, err
	}
	if id != "" {
		return m.Records.FindByID(id)
	}
	if m.National == nil {
		return nil, ErrNoMatch
	}
	known, err := m.National.Retrieve(ctx, insi.Query{Family: t.Family, Given: t.Given, Sex: t.Sex, BirthDate: t.BirthDate, BirthPlace: t.BirthPlace})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoMatch, err)
	}
	return m.byINS(ctx, p, known.INS)
}

func (m *Matcher) byINS(ctx context.Context, p *Person, number ins.Matricule) (*dmp.Record, error) {
	rec, err := m.Records.Find(ctx, number)
	if errors.Is(err, dmp.ErrNoRecord) {
		return nil, ErrNoMatch
	}
	if err != nil {
		return nil, err
	}
	known, told := rec.Traits, p.Traits
	for _, pair := range [][2]*string{{&known.Family, &told.Family}, {&known.Given, &told.Given}, {&known.BirthDate, &told.BirthDate}, {&known.Sex, &told.Sex}, {&known.BirthPlace, &told.BirthPlace}} {
		if *pair[0] == "" || *pair[1] == "" { // what one of them does not tell contradicts nothing
			*pair[0], *pair[1] = "", ""
		}
	}
	if len(known.Differ(&told)) > 0 {
		return nil, fmt.Errorf("%w: the record of this INS has other traits", ErrNoMatch)
	}
	return rec, nil
}

// byTraits gives the id of the one Patient that has the five traits, merges followed; "" for none.
func (m *Matcher) byTraits(ctx context.Context, t *dmp.Traits) (string, error) {
	matched := map[string]bool{}
	err := m.People.Repository().Look(func(look *repository.Lookup) error {
		found, err := look.Find(ctx, "Patient", "birthdate="+t.BirthDate+"&gender="+t.Sex+"&family="+escape(t.Family), maxSameDay)
		if err != nil {
			return err
		}
		if len(found) >= maxSameDay {
			return fmt.Errorf("%w: too many people were born on that day", ErrNoMatch)
		}
		for _, stored := range found {
			person, err := m.People.Read(stored)
			if err != nil {
				return err
			}
			if len(person.Traits.Differ(t)) > 0 {
				continue
			}
			id := person.Record.ID
			if person.Into != "" {
				id = person.Into
			}
			matched[id] = true
		}
		return nil
	})
	if err != nil || len(matched) == 0 {
		return "", err
	}
	if len(matched) > 1 {
		return "", fmt.Errorf("%w: several have these traits", ErrNoMatch)
	}
	for id := range matched {
		return id, nil
	}
	return "", nil
}

// escape writes a value into a search: what FHIR gives a meaning in values, then what a query string does.
func escape(value string) string {
	return urlQuery.Replace(strings.NewReplacer(`\`, `\\`, ",", `\,`, "$", `\$`, "|", `\|`).Replace(value))
}

var urlQuery = strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "=", "%3D", "#", "%23", ";", "%3B", " ", "%20")

// isNoRecord says that there is no record, by its INS or by its id; any other error is of the moment.
func isNoRecord(err error) bool {
	var f *fault.Fault
	return errors.Is(err, dmp.ErrNoRecord) || errors.As(err, &f) && f.Status == http.StatusNotFound
}
