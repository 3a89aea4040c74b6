package signin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/insi"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/servertest"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// town is a server with the synthetic directory and the first people.
type town struct {
	*servertest.Server
	records *dmp.Records
	people  *dmp.People
	who     *Who
	g       *synthetic.Generator
}

const townPeople = 30

func newTown(t testing.TB) *town {
	t.Helper()
	o := &town{records: dmp.NewRecords(ins.Sandbox), people: dmp.NewPeople(ins.Sandbox), g: synthetic.New(1)}
	o.Server = servertest.New(t, servertest.Options{
		RegistryOptions: func(ro *search.RegistryOptions) { ro.CanonicalToken = dmp.CanonicalToken },
		Repository:      func(ro *repository.Options) { ro.Interceptors = append(ro.Interceptors, dmp.NewIdentity(ins.Sandbox)) },
		Made: func(s *servertest.Server) {
			o.records.Bind(s.Repository)
			o.people.Bind(s.Repository)
		},
	})
	o.who = &Who{Matcher: Matcher{Records: o.records, People: o.people}, Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }}
	entries := list{}
	add := func(resources ...synthetic.Resource) {
		for _, r := range resources {
			entries = append(entries, object{"resource": json.RawMessage(r.JSON), "request": object{"method": "PUT", "url": r.Type + "/" + r.ID}})
		}
	}
	add(o.g.Directory(synthetic.DirectorySize)...)
	for i := range townPeople {
		for _, r := range o.g.Record(i, synthetic.DirectorySize) {
			if r.Type == "Patient" || r.Type == "RelatedPerson" {
				add(r)
			}
		}
	}
	body, err := json.Marshal(object{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	require.NoError(t, err)
	w := o.Do(http.MethodPost, "/fhir", string(body))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	return o
}

// told is what FranceConnect says of the person of a number.
func (o *town) told(t testing.TB, i int) *Person {
	t.Helper()
	known, err := o.g.Traits(i)
	require.NoError(t, err)
	sex := "male"
	if known.Female {
		sex = "female"
	}
	return &Person{Traits: dmp.Traits{
		Family: known.Family, Given: strings.Join(known.Given, " "), BirthDate: known.Born.Format("2006-01-02"), Sex: sex, BirthPlace: known.PlaceCode,
	}}
}

func TestPeopleMatchTheirRecordByAllTraits(t *testing.T) {
	o := newTown(t)
	for i := range townPeople {
		rec, err := o.who.Match(t.Context(), o.told(t, i))
		require.NoError(t, err)
		assert.Equal(t, synthetic.PatientID(i), rec.ID)
	}
}

// TestLessThanAllTraitsMatchNobody: whichever trait is missing or another, no record opens.
func TestLessThanAllTraitsMatchNobody(t *testing.T) {
	o := newTown(t)
	for name, change := range map[string]func(p *Person){
		"another family name": func(p *Person) { p.Traits.Family += "X" },
		"the beginning of it": func(p *Person) { p.Traits.Family = p.Traits.Family[:3] },
		"one given name less": func(p *Person) { p.Traits.Given = "Z" + p.Traits.Given },
		"another day":         func(p *Person) { p.Traits.BirthDate = "1899-01-01" },
		"the year alone":      func(p *Person) { p.Traits.BirthDate = p.Traits.BirthDate[:4] },
		"another sex":         func(p *Person) { p.Traits.Sex = map[string]string{"male": "female", "female": "male"}[p.Traits.Sex] },
		"another place":       func(p *Person) { p.Traits.BirthPlace = "99999" },
		"no family name":      func(p *Person) { p.Traits.Family = "" },
		"no given names":      func(p *Person) { p.Traits.Given = "" },
		"no birth date":       func(p *Person) { p.Traits.BirthDate = "" },
		"no sex":              func(p *Person) { p.Traits.Sex = "" },
		"no place":            func(p *Person) { p.Traits.BirthPlace = "" },
		"an INS of nobody":    func(p *Person) { p.INS = matricule(t, "2850544109999") },
		"another one's INS":   func(p *Person) { p.INS = insOf(t, o, 7) },
		"a query in the name": func(p *Person) { p.Traits.Family = "X&family=" + p.Traits.Family },
		"a comma in the name": func(p *Person) { p.Traits.Family += ",A" },
	} {
		p := o.told(t, 0)
		change(p)
		_, err := o.who.Match(t.Context(), p)
		require.ErrorIs(t, err, ErrNoMatch, name)
	}
	p := o.told(t, 0)
	p.Traits.Family = strings.ToLower(p.Traits.Family)
	rec, err := o.who.Match(t.Context(), p)
	require.NoError(t, err, "case does not matter")
	require.Equal(t, synthetic.PatientID(0), rec.ID)
	p = &Person{INS: insOf(t, o, 3)}
	rec, err = o.who.Match(t.Context(), p)
	require.NoError(t, err, "an INS is enough")
	require.Equal(t, synthetic.PatientID(3), rec.ID)
}

func insOf(t testing.TB, o *town, i int) ins.Matricule {
	t.Helper()
	known, err := o.g.Traits(i)
	require.NoError(t, err)
	return known.Matricule
}

func matricule(t testing.TB, body string) ins.Matricule {
	t.Helper()
	m, err := ins.New(ins.Test, body)
	require.NoError(t, err)
	return m
}

// TestSeveralRecordsWithTheSameTraitsOpenNothing: where several records have all traits, none is chosen.
func TestSeveralRecordsWithTheSameTraitsOpenNothing(t *testing.T) {
	o := newTown(t)
	var body map[string]any
	require.NoError(t, json.Unmarshal(o.g.Patient(0).JSON, &body))
	body["id"] = "double"
	delete(body, "identifier")
	delete(body, "meta")
	body["extension"] = body["extension"].([]any)[1:] // the birth place, without the reliability of an identity that has an INS
	text, err := json.Marshal(body)
	require.NoError(t, err)
	o.Put(t, "Patient/double", string(text))
	_, err = o.who.Match(t.Context(), o.told(t, 0))
	require.ErrorIs(t, err, ErrNoMatch)
	require.Contains(t, err.Error(), "several")
}

// TestTheNationalServiceGivesTheINS of somebody whose record does not hold the traits.
func TestTheNationalServiceGivesTheINS(t *testing.T) {
	o := newTown(t)
	p := o.told(t, 0)
	p.Traits.Given = strings.Split(p.Traits.Given, " ")[0] + " Autre"
	known := insi.Traits{Family: p.Traits.Family, Given: p.Traits.Given, Sex: p.Traits.Sex, BirthDate: p.Traits.BirthDate, BirthPlace: p.Traits.BirthPlace}
	registry, err := insi.NewRegistry(insi.Identity{INS: insOf(t, o, 0), Traits: known})
	require.NoError(t, err)
	o.who.National = registry
	_, err = o.who.Match(t.Context(), p)
	require.ErrorIs(t, err, ErrNoMatch, "the record of that INS has other given names")
}

// child gives the number of a minor with two parents.
func child(t *testing.T, o *town) int {
	for i := range townPeople {
		if i%10 == 2 && o.who.minor(o.told(t, i).Traits.BirthDate) {
			return i
		}
	}
	t.Fatal("no minor among the first people")
	return 0
}

func TestParentsMayChooseTheirChild(t *testing.T) {
	o := newTown(t)
	minor := child(t, o)
	for _, parent := range []int{minor - 2, minor - 1} {
		rec, err := o.records.Find(t.Context(), insOf(t, o, parent))
		require.NoError(t, err)
		p, err := o.who.Person(t.Context(), rec)
		require.NoError(t, err)
		require.False(t, p.Minor)
		var found []string
		for _, other := range p.Others {
			require.True(t, other.Legal)
			found = append(found, other.Patient)
		}
		assert.Contains(t, found, synthetic.PatientID(minor))
	}
	o.who.Now = func() time.Time { return time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC) }
	rec, err := o.records.Find(t.Context(), insOf(t, o, minor-2))
	require.NoError(t, err)
	p, err := o.who.Person(t.Context(), rec)
	require.NoError(t, err)
	assert.Empty(t, p.Others, "after the majority nobody represents them")
}

// TestTheSandboxKnowsEveryProfession: the people of the sandbox are those of the directory, each with a situation, every column among them.
func TestTheSandboxKnowsEveryProfession(t *testing.T) {
	o := newTown(t)
	people, err := Directory{o.people}.Professionals(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, people, synthetic.DirectorySize)
	professions, regulators := map[string]bool{}, 0
	for _, s := range people {
		p, err := ReadProfessional(raw(t, s.Claims))
		require.NoError(t, err)
		require.Equal(t, nos.SystemRPPS, p.System)
		require.Equal(t, s.Key, p.ID)
		require.Len(t, p.Situations, 1)
		require.NotEmpty(t, p.Situations[0].StructureID, s.Key)
		professions[p.Situations[0].Profession+p.Situations[0].Section+p.Situations[0].Activity] = true
		if p.Regulation {
			regulators++
		}
		reference, err := o.who.Practitioner(t.Context(), p.System, p.ID)
		require.NoError(t, err)
		require.NotEmpty(t, reference)
	}
	assert.Greater(t, len(professions), 30)
	assert.Positive(t, regulators, "somebody works at the SAMU")
	one, err := Directory{o.people}.Professionals(t.Context(), people[0].Key)
	require.NoError(t, err)
	require.Len(t, one, 1)
}

// TestPatientsOfTheSandboxAreThemselves: whoever is chosen at a provider comes back as the record's holder.
func TestPatientsOfTheSandboxAreThemselves(t *testing.T) {
	o := newTown(t)
	for _, kind := range []Kind{FranceConnect, CarteVitale} {
		people, err := Directory{o.people}.Patients(kind)(t.Context(), "")
		require.NoError(t, err)
		require.Len(t, people, townPeople)
		s, err := NewSandbox(SandboxOptions{Issuer: "https://dmp.example/sandbox/x", Kind: kind, ClientID: "c"})
		require.NoError(t, err)
		config := s.Config("x")
		for _, subject := range people {
			identity, err := o.who.Identify(t.Context(), &config, &Claims{Issuer: "i", Subject: "s", All: raw(t, subject.Claims)})
			require.NoError(t, err)
			p, err := principalOf(identity.Claims)
			require.NoError(t, err)
			require.Equal(t, subject.Key, p.Person.ID.Value)
			require.Equal(t, "Patient/"+p.Person.Record, identity.FHIRUser)
			require.Equal(t, p.Person.Record, identity.Patients[0].ID)
		}
	}
}

// TestThePageOfTheSandbox shows people and lets one be chosen by a link.
func TestThePageOfTheSandbox(t *testing.T) {
	o := newTown(t)
	s, err := NewSandbox(SandboxOptions{Issuer: "http://test/sandbox/fc", Kind: FranceConnect, Title: "FranceConnect", ClientID: "carnet", Redirect: "http://test/signin/fc/callback", People: Directory{o.people}.Patients(FranceConnect)})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	query := url.Values{"client_id": {"carnet"}, "redirect_uri": {"http://test/signin/fc/callback"}, "response_type": {"code"}, "scope": {"openid"}, "state": {`"><script>`}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("c", 43)}}
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sandbox/fc/authorize?"+query.Encode(), nil))
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	assert.Contains(t, page, "Qui se connecte ?")
	assert.NotContains(t, page, "<script>", "nothing of the request is markup")
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	query.Set("redirect_uri", "https://evil.example/")
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sandbox/fc/authorize?"+query.Encode(), nil))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Empty(t, w.Header().Get("Location"))
}
