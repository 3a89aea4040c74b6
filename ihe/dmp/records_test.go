package dmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store/embedded"
)

var ctx = context.Background()

// matricule makes a test number of a woman born in July 1968 in Paris.
func matricule(t testing.TB, order int) ins.Matricule {
	t.Helper()
	m, err := ins.New(ins.Test, fmt.Sprintf("2680775056%03d", order))
	require.NoError(t, err)
	return m
}

func opening(t testing.TB, order int) Opening {
	return Opening{INS: matricule(t, order), Traits: Traits{Family: "LEGER", Given: "JEANNE MARIE-LOUISE", BirthDate: "1968-07-14", Sex: "female", BirthPlace: "75056"}}
}

func refused(t testing.TB, err error, status int) *fault.Fault {
	t.Helper()
	require.Error(t, err)
	var f *fault.Fault
	require.ErrorAs(t, err, &f)
	require.Equal(t, status, f.Status, "%v", f)
	return f
}

func TestRecords(t *testing.T) {
	s, records := newServer(t, ins.Sandbox)
	o := opening(t, 1)
	_, err := records.Find(ctx, o.INS)
	refused(t, err, http.StatusNotFound)
	require.ErrorIs(t, err, ErrNoRecord)

	rec, opened, err := records.Open(ctx, o)
	require.NoError(t, err)
	require.True(t, opened)
	require.True(t, rec.Open)
	require.Equal(t, o.INS, rec.INS)
	require.Equal(t, o.Traits, rec.Traits)
	require.False(t, *rec.MES)

	again, opened, err := records.Open(ctx, o)
	require.NoError(t, err)
	require.False(t, opened)
	require.Equal(t, rec.ID, again.ID)

	wrong := o
	wrong.Traits.BirthPlace = "69123"
	_, _, err = records.Open(ctx, wrong)
	f := refused(t, err, http.StatusUnprocessableEntity)
	require.Len(t, f.Issues, 1)
	require.Contains(t, f.Issues[0].Diagnostics, string(TraitBirthPlace))

	_, err = records.Close(ctx, o.INS, Closing{Date: "2024-02-31"})
	refused(t, err, http.StatusUnprocessableEntity)
	rec, err = records.Close(ctx, o.INS, Closing{Date: "2024-05-01", Reason: "DEMANDE", Text: "À la demande du titulaire"})
	require.NoError(t, err)
	require.False(t, rec.Open)
	require.Equal(t, &Closing{Date: "2024-05-01", Reason: "DEMANDE", Text: "À la demande du titulaire"}, rec.Closing)
	_, err = records.Close(ctx, o.INS, Closing{Date: "2024-05-02"})
	refused(t, err, http.StatusConflict)

	// What operations set stays when somebody feeds the patient again, and cannot be set by feeding.
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(t, err)
	body := strings.NewReplacer("268077505612330", o.INS.Number(), `"active": true,`, ``).Replace(string(text))
	w := s.Do(http.MethodPut, "/fhir/Patient?identifier="+o.INS.Token(), body)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	rec, err = records.Find(ctx, o.INS)
	require.NoError(t, err)
	require.False(t, rec.Open)
	require.NotNil(t, rec.Closing)
	require.NotNil(t, rec.MES)

	rec, err = records.Reopen(ctx, o.INS)
	require.NoError(t, err)
	require.True(t, rec.Open)
	require.Nil(t, rec.Closing)
	_, err = records.Reopen(ctx, o.INS)
	refused(t, err, http.StatusConflict)
	rec, err = records.AttachMES(ctx, o.INS, true)
	require.NoError(t, err)
	require.True(t, *rec.MES)

	real, err := ins.Parse(ins.NIR.OID(), o.INS.Number())
	require.NoError(t, err)
	_, err = records.Find(ctx, real)
	refused(t, err, http.StatusUnprocessableEntity)
	require.NotContains(t, s.Logs(), o.INS.Number())
}

// Two clients, and many, that feed the same INS at once by conditional update over HTTP leave one Patient; all are told of it.
func TestFeedAtOnce(t *testing.T) {
	s, _ := newServer(t, ins.Sandbox)
	web := httptest.NewServer(s.REST)
	defer web.Close()
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(t, err)
	const clients = 24
	for round := range 5 {
		m := matricule(t, 100+round)
		var created, updated atomic.Int64
		ids := make([]string, clients)
		at(clients, func(i int) {
			// Each hospital has its own local identifier for the person.
			body := strings.NewReplacer("268077505612330", m.Number(), "urn:oid:1.2.250.1.999.1", fmt.Sprintf("urn:oid:1.2.250.1.999.%d", i+1)).Replace(string(text))
			method, path := http.MethodPut, "/fhir/Patient?identifier="+m.Token()
			if i%3 == 0 {
				method, path = http.MethodPost, "/fhir/Patient"
			}
			request, err := http.NewRequestWithContext(ctx, method, web.URL+strings.ReplaceAll(path, "|", "%7C"), strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/fhir+json")
			request.Header.Set("Prefer", "return=minimal")
			answer, err := web.Client().Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			said, _ := io.ReadAll(answer.Body)
			switch answer.StatusCode {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusOK:
				updated.Add(1)
			case http.StatusConflict: // a plain create that came second
			default:
				t.Errorf("%s: %d %s", method, answer.StatusCode, said)
			}
			_, id, _ := strings.Cut(answer.Header.Get("Location"), "Patient/")
			ids[i], _, _ = strings.Cut(id, "/")
		})
		require.EqualValues(t, 1, created.Load())
		require.GreaterOrEqual(t, updated.Load(), int64(clients*2/3-1))
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
		w := s.Do(http.MethodGet, "/fhir/Patient?identifier="+m.Token(), "")
		require.Contains(t, w.Body.String(), `"total":1`)
		require.GreaterOrEqual(t, strings.Count(w.Body.String(), `"PI"`), clients*2/3, "no local identifier is lost")
	}
}

// Records opened at once are one record.
func TestOpenAtOnce(t *testing.T) {
	_, records := newServer(t, ins.Sandbox)
	var opened atomic.Int64
	at(32, func(int) {
		_, made, err := records.Open(ctx, opening(t, 7))
		if err != nil {
			t.Error(err)
		}
		if made {
			opened.Add(1)
		}
	})
	require.EqualValues(t, 1, opened.Load())
}

func at(n int, do func(int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			do(i)
		})
	}
	done.Wait()
}

// A store keeps the mode that it was made with.
func TestFixMode(t *testing.T) {
	s, err := embedded.Open("store", embedded.Options{FS: vfs.NewMem()})
	require.NoError(t, err)
	defer s.Close()
	_, err = FixMode(ctx, s, "both")
	require.Error(t, err)
	for _, asked := range []string{"production", "", "production"} {
		mode, err := FixMode(ctx, s, asked)
		require.NoError(t, err)
		require.Equal(t, ins.Production, mode)
	}
	_, err = FixMode(ctx, s, "sandbox")
	require.True(t, errors.Is(err, ErrMode), err)
}

// A production server takes real numbers and refuses the others, the published ones too.
func TestProduction(t *testing.T) {
	s, _ := newServer(t, ins.Production)
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(t, err)
	w := s.Do(http.MethodPost, "/fhir/Patient", string(text))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "production mode")
	real := strings.NewReplacer("213.1.4.10", "213.1.4.8", "INS-NIR-TEST", "INS-NIR").Replace(string(text))
	w = s.Do(http.MethodPost, "/fhir/Patient", strings.Replace(real, "268077505612330", "222127505611201", 1))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "key")
	w = s.Do(http.MethodPost, "/fhir/Patient", real)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
}

// TD0.2 tells a professional whether it is a médecin traitant DMP, and nobody who else is; feeding the patient does not change it.
func TestTreatingDoctor(t *testing.T) {
	s, records := newServer(t, ins.Sandbox)
	o := opening(t, 1)
	_, _, err := records.Open(ctx, o)
	require.NoError(t, err)
	a, b := Professional{"https://rpps.esante.gouv.fr", "99900000001"}, Professional{"https://rpps.esante.gouv.fr", "99900000002"}
	for _, p := range []Professional{a, b, a} {
		_, err = records.SetTreatingDoctor(ctx, o.INS, p, true)
		require.NoError(t, err)
	}
	_, err = records.SetTreatingDoctor(ctx, o.INS, Professional{}, true)
	refused(t, err, http.StatusBadRequest)
	text, err := os.ReadFile("testdata/patient.json")
	require.NoError(t, err)
	w := s.Do(http.MethodPut, "/fhir/Patient?identifier="+o.INS.Token(), strings.Replace(string(text), "268077505612330", o.INS.Number(), 1))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	rec, err := records.SetTreatingDoctor(ctx, o.INS, b, false)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(rec.Body), extensionTreatingDoctors))
	for p, is := range map[Professional]string{a: "true", b: "false"} {
		shown := string(TD02(rec.Body, p))
		require.Contains(t, shown, `"url":"`+ExtensionTreatingDoctor+`","valueBoolean":`+is)
		require.NotContains(t, shown, "9990000000")
	}
	provisional := []byte(`{"resourceType":"Patient","id":"x"}`)
	require.Equal(t, provisional, TD02(provisional, a))
}
