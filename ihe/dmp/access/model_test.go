package access_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// fresh makes a repository over the same store whose access control has nothing kept.
func (w *world) fresh(t require.TestingT) *repository.Repository {
	engine, err := habilitation.New(habilitation.Options{})
	require.NoError(t, err)
	a, err := access.New(access.Options{Engine: engine, Registry: w.Registry, Store: w.Store, Sandbox: true, Clock: w.now})
	require.NoError(t, err)
	defs := spec.R4()
	repo, err := repository.New(repository.Options{
		Definitions: defs, Store: w.Store, Registry: w.Registry, Engine: search.NewEngine(w.Registry, search.EngineOptions{}), Validator: validate.New(defs), BaseURL: servertest.Base, Access: a,
	})
	require.NoError(t, err)
	a.Bind(repo)
	return repo
}

// seen lists what a caller sees of documents, Consents and Patients.
func (w *world) seen(t require.TestingT, repo *repository.Repository, name string) []string {
	ctx := token.NewContext(context.Background(), w.sessions[name])
	out := []string{}
	for _, typ := range []string{"DocumentReference", "Consent", "Patient"} {
		q, err := search.ParseQuery(w.Registry, search.Scope{Type: typ}, nil, search.ParseOptions{})
		require.NoError(t, err)
		page, err := repo.Search(ctx, q, 0, search.Page{Count: 100})
		require.NoError(t, err, "%s as %s", typ, name)
		for _, rec := range page.Matches {
			out = append(out, typ+"/"+rec.ID)
		}
	}
	for _, id := range []string{"biology", "letter", "masked", "announced", "secret", "elsewhere"} {
		for _, typ := range []string{"DocumentReference/", "Binary/b-"} {
			if _, err := repo.Read(ctx, typ[:len(typ)-len(after(typ, "/"))-1], after(typ, "/")+id); err == nil {
				out = append(out, "read "+typ+id)
			}
		}
	}
	return out
}

func after(s, sep string) string {
	for i := range s {
		if s[i:i+1] == sep {
			return s[i+1:]
		}
	}
	return ""
}

var modelCallers = []string{"doctor", "other", "treating", "nurse", "glass", "samu", "hospital", "holder1", "mother", "helper"}

// TestWhatIsKeptNeverDiffersFromWhatIsRead changes relations at random, and requires after each change that what every caller sees is what it would see if nothing were kept.
func TestWhatIsKeptNeverDiffersFromWhatIsRead(t *testing.T) {
	w := documents(t)
	rapid.Check(t, func(r *rapid.T) {
		w.clear()
		for range rapid.IntRange(1, 4).Draw(r, "changes") {
			w.changeRelations(r)
			repo := w.fresh(r)
			for range 2 {
				name := rapid.SampledFrom(modelCallers).Draw(r, "caller")
				require.Equal(r, w.seen(r, repo, name), w.seen(r, w.Repository, name), name)
			}
			require.NoError(r, repo.Close())
		}
	})
}

// clear takes all relations away.
func (w *world) clear() {
	for i := range 4 {
		w.as("", "DELETE", fmt.Sprintf("/fhir/Consent/c%d", i+1), "")
	}
	w.as("", "DELETE", "/fhir/RelatedPerson/mother", "")
	for _, patient := range []string{"p1", "p2"} {
		w.patch("", "/fhir/Patient/"+patient, `[{"op":"replace","path":"/active","value":true}]`)
	}
	w.patch("", "/fhir/DocumentReference/biology", labels("N"))
}

func (w *world) changeRelations(r *rapid.T) {
	patient := rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "patient")
	id := fmt.Sprintf("c%d", rapid.IntRange(1, 4).Draw(r, "consent"))
	who := rapid.SampledFrom([]string{doctorID, otherID, nurseID, "899700000003", "899700000005"}).Draw(r, "who")
	switch rapid.IntRange(0, 8).Draw(r, "change") {
	case 0:
		w.as("", "DELETE", "/fhir/Consent/"+id, "")
	case 1:
		w.patch("", "/fhir/Consent/"+id, `[{"op":"replace","path":"/status","value":"inactive"}]`)
	case 2:
		w.patch("", "/fhir/Patient/"+patient, fmt.Sprintf(`[{"op":"replace","path":"/active","value":%t}]`, rapid.Bool().Draw(r, "active")))
	case 3:
		w.Put(w.t, "RelatedPerson/mother", fmt.Sprintf(`{"resourceType":"RelatedPerson","id":"mother","active":%t,"patient":{"reference":"Patient/%s"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]}`,
			rapid.Bool().Draw(r, "active"), patient))
	case 4:
		w.consent(id, patient, rapid.SampledFrom([]string{access.CategoryBreakGlass, access.CategoryCentre15, access.CategoryMaskedInEmergency}).Draw(r, "opposition"), rapid.SampledFrom([]string{"permit", "deny"}).Draw(r, "type"), "", "")
	case 5:
		w.consent(id, patient, access.CategoryBlock, "deny", rpps, who)
	case 6:
		w.consent(id, patient, access.CategoryTreatingDoctor, "permit", rpps, who)
	case 7:
		w.patch("", "/fhir/DocumentReference/biology", labels(rapid.SampledFrom([]string{"N", "MASQUE_PS", "INVISIBLE_PATIENT"}).Draw(r, "label")))
	default:
		w.consent(id, patient, access.CategoryCareTeam, "permit", rpps, who)
	}
}

// TestManyAtOnce has callers read while relations change: a refusal that was committed before a request began holds for it.
func TestManyAtOnce(t *testing.T) {
	w := documents(t)
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	repo := w.Repository
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, name := range []string{"doctor", "nurse", "holder1", "samu"} {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for {
				select {
				case <-stop:
					return
				default:
					w.seen(t, repo, name)
				}
			}
		}()
	}
	ctx := token.NewContext(context.Background(), w.sessions["doctor"])
	for i := range 20 {
		w.consent("block", "p1", access.CategoryBlock, "deny", rpps, doctorID)
		_, err := repo.Read(ctx, "DocumentReference", "biology")
		require.Error(t, err, "blocked, round %d", i)
		w.as("", "DELETE", "/fhir/Consent/block", "")
		w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID, fmt.Sprintf(`,"period":{"start":"2024-04-01T08:00:%02dZ"}`, i))
		_, err = repo.Read(ctx, "DocumentReference", "biology")
		require.NoError(t, err, "authorised, round %d", i)
	}
	close(stop)
	readers.Wait()
}
