package clockwork_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/clockwork"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

type object = map[string]any

// clocked is a server with the rooms for documents and a sweeper that the test winds up.
type clocked struct {
	*servertest.Server
	sweeper *clockwork.Sweeper
	patient string
}

func newClocked(t testing.TB, fs vfs.FS) *clocked {
	t.Helper()
	out := &clocked{}
	now := func() time.Time { return out.Now() }
	engine, err := habilitation.New(habilitation.Options{})
	require.NoError(t, err)
	var rights *access.Access
	trace := balp.New(balp.Options{BaseURL: servertest.Base, Now: now})
	records := dmp.NewRecords(ins.Sandbox)
	people := dmp.NewPeople(ins.Sandbox)
	recipient := mhd.NewRecipient(mhd.Options{Records: records, Now: now})
	out.sweeper = clockwork.New(clockwork.Options{BaseURL: servertest.Base, Engine: engine, Trace: trace, Now: now, MaxActs: 3})
	out.Server = servertest.New(t, servertest.Options{
		FS: fs,
		Registry: func(reg *search.Registry) {
			require.NoError(t, reg.Use(mhd.SearchProfile()))
			require.NoError(t, reg.Use(balp.SearchProfile()))
			require.NoError(t, reg.Use(access.SearchProfile()))
		},
		Repository: func(ro *repository.Options) {
			ro.NewID = uuid.NewString
			// What the server does of itself passes through access control as everything else does.
			rights, err = access.New(access.Options{Engine: engine, Registry: ro.Registry, Store: ro.Store, Sandbox: true})
			require.NoError(t, err)
			ro.Access = rights
			ro.Interceptors = append(ro.Interceptors, dmp.NewIdentity(ins.Sandbox), &mhd.MetadataRules{}, mhd.Guard{}, rights.Rules(), trace)
		},
		Made: func(s *servertest.Server) {
			rights.Bind(s.Repository)
			records.Bind(s.Repository)
			people.Bind(s.Repository)
			recipient.Bind(s.Repository)
			trace.Bind(s.Repository, s.Store)
			out.sweeper.Bind(s.Repository, s.Store, s.Registry)
		},
		REST: func(ro *rest.Options) {
			ro.Extensions = append(ro.Extensions, mhd.SearchExtension(ro.Registry, ro.BaseURL), recipient.Extension(), trace.Extension(), dmp.Extension(records, people), out.sweeper.Extension())
		},
	})
	if w := out.Do("GET", "/fhir/Patient?_count=1&active=true", ""); !strings.Contains(w.Body.String(), `"fullUrl"`) {
		m, err := ins.New(ins.Test, "2850731555042")
		require.NoError(t, err)
		record, _, err := records.Open(context.Background(), dmp.Opening{INS: m, Traits: dmp.Traits{Family: "EXEMPLE", Given: "LOUISE ANNE", Sex: "female", BirthDate: "1985-07-14", BirthPlace: "31555"}})
		require.NoError(t, err)
		out.patient = record.ID
	}
	return out
}

// publish submits a document with labels and gives its id.
func (s *clocked) publish(t testing.TB, n int, labels ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../mhd/testdata/submission/publish.json")
	require.NoError(t, err)
	var doc object
	require.NoError(t, json.Unmarshal(text, &doc))
	doc["subject"] = object{"reference": "Patient/" + s.patient}
	doc["masterIdentifier"].(object)["value"] = fmt.Sprintf("urn:oid:1.2.250.1.999.7.%d", n)
	var list []any
	for _, l := range labels {
		system := "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
		if len(l) == 1 {
			system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
		}
		list = append(list, object{"coding": []any{object{"system": system, "code": l}}})
	}
	doc["securityLabel"] = list
	body, err := json.Marshal(doc)
	require.NoError(t, err)
	w := s.Do("POST", "/fhir/DocumentReference", string(body))
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &made))
	return made.ID
}

func (s *clocked) sweep(t testing.TB) clockwork.Report {
	t.Helper()
	r, err := s.sweeper.Sweep(context.Background())
	require.NoError(t, err)
	require.Zero(t, r.Failed)
	return r
}

// labels gives the labels of a document as codes.
func (s *clocked) labels(t testing.TB, id string) []string {
	t.Helper()
	rec, err := s.Repository.Read(context.Background(), "DocumentReference", id)
	require.NoError(t, err)
	var doc struct {
		SecurityLabel []struct{ Coding []struct{ Code string } }
	}
	require.NoError(t, json.Unmarshal(rec.Body, &doc))
	var out []string
	for _, l := range doc.SecurityLabel {
		out = append(out, l.Coding[0].Code)
	}
	return out
}

// count counts what a type holds.
func (s *clocked) count(t testing.TB, typ string) int {
	t.Helper()
	view, err := s.Store.View(0)
	require.NoError(t, err)
	defer view.Close()
	cur := view.Live(typ)
	defer cur.Close()
	n := 0
	for cur.Next() {
		n++
	}
	return n
}

// TestAVirtualYear winds the clock day by day, with a restart each month.
func TestAVirtualYear(t *testing.T) {
	fs := vfs.NewMem()
	s := newClocked(t, fs)
	begin := s.Now() // 1 May
	hidden := s.publish(t, 1, "N", "INVISIBLE_PATIENT")
	alone := s.publish(t, 2, "INVISIBLE_PATIENT")
	masked := s.publish(t, 3, "N", "MASQUE_PS")
	minor := s.publish(t, 4, "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
	day := func(at time.Time) int { return int(at.Sub(begin) / (24 * time.Hour)) }
	shown, reminded := map[int]int{}, map[int]int{}
	january := ""
	for day(s.Now()) < 366 {
		s.Advance(6 * time.Hour)
		today := day(s.Now())
		if today == 275 && january == "" {
			january = s.publish(t, 5, "INVISIBLE_PATIENT") // 31 January
		}
		for range 2 { // more than once is once
			r := s.sweep(t)
			shown[today] += r.Shown
			reminded[today] += r.Reminded
		}
		if today%30 == 29 && s.Now().Hour() < 12 {
			patient := s.patient
			at := s.Now()
			s.Close()
			s = newClocked(t, fs)
			s.patient = patient
			s.Advance(at.Sub(s.Now()))
		}
	}
	total := func(m map[int]int) (days []int, n int) {
		for d := range 400 {
			if m[d] > 0 {
				days, n = append(days, d), n+m[d]
			}
		}
		return days, n
	}
	days, n := total(shown)
	assert.Equal(t, 4, n)
	assert.Equal(t, []int{31, 303}, days, "in the night after 1 June, and at the begin of 1 March for what came on 31 January; days are counted from 8 h")
	days, n = total(reminded)
	assert.Equal(t, 4, n)
	assert.Equal(t, []int{14, 289}, days)
	assert.Equal(t, []string{"N"}, s.labels(t, hidden))
	assert.Equal(t, []string{"N"}, s.labels(t, alone))
	assert.Equal(t, []string{"N", "MASQUE_PS"}, s.labels(t, masked))
	assert.Equal(t, []string{"INVISIBLE_REPRESENTANTS_LEGAUX"}, s.labels(t, minor))
	s.provenance(t, hidden)
	s.reminder(t, hidden)
}

// provenance holds the change to who did it and why.
func (s *clocked) provenance(t testing.TB, id string) {
	t.Helper()
	w := s.Do("GET", "/fhir/Provenance?target=DocumentReference/"+id, "")
	require.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, w.Body.String(), "R1111-53")
	assert.Contains(t, w.Body.String(), "DocumentReference/"+id+"/_history/2")
	w = s.Do("GET", "/fhir/AuditEvent?patient="+s.patient+"&entity=DocumentReference/"+id+"&action=U", "")
	assert.Contains(t, w.Body.String(), `"total":1`)
	assert.Contains(t, w.Body.String(), "PatientUpdate")
}

func (s *clocked) reminder(t testing.TB, id string) {
	t.Helper()
	w := s.Do("GET", "/fhir/Communication?subject=Patient/"+s.patient+"&_count=50", "")
	require.Equal(t, http.StatusOK, w.Code)
	found := 0
	for part := range strings.SplitSeq(w.Body.String(), `"fullUrl"`) {
		if strings.Contains(part, "DocumentReference/"+id+`"`) {
			found++
			assert.Contains(t, part, `"899700000017"`, "the author is told")
			assert.Contains(t, part, `"INVISIBLE_PATIENT"`, "the patient is not")
			assert.NotContains(t, part, `"recipient":[{"reference"`)
		}
	}
	assert.Equal(t, 1, found)
}

// TestClosedRecordsAreDeleted winds the clock over ten years and over three months.
func TestClosedRecordsAreDeleted(t *testing.T) {
	call := func(s *clocked, t *testing.T, operation, name, value string, status int) {
		w := s.Do("POST", "/fhir/Patient/"+s.patient+"/$"+operation, `{"resourceType":"Parameters","parameter":[{"name":"`+name+`",`+value+`}]}`)
		require.Equal(t, status, w.Code, w.Body.String())
	}
	shut := func(s *clocked, t *testing.T) { call(s, t, "dmp-close", "date", `"valueDate":"2024-05-02"`, 200) }
	request := func(s *clocked, t *testing.T, yes string, status int) {
		call(s, t, "dmp-deletion", "requested", `"valueBoolean":`+yes, status)
	}
	wind := func(s *clocked, t *testing.T, until time.Time) (deleted time.Time) {
		for s.Now().Before(until) {
			s.Advance(24 * time.Hour)
			if s.sweep(t).Deleted > 0 {
				return s.Now()
			}
		}
		return time.Time{}
	}
	content := func(t *testing.T) *clocked {
		s := newClocked(t, nil)
		for n := range 5 {
			s.publish(t, n+1, "N")
		}
		s.Put(t, "Observation/o", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/`+s.patient+`"}}`)
		s.Put(t, "Patient/other", `{"resourceType":"Patient","id":"other","active":false}`)
		s.Put(t, "Observation/other", `{"resourceType":"Observation","id":"other","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/other"}}`)
		return s
	}
	t.Run("after ten years", func(t *testing.T) {
		s := content(t)
		events := s.count(t, "AuditEvent")
		shut(s, t)
		deleted := wind(s, t, time.Date(2034, 8, 1, 0, 0, 0, 0, time.UTC))
		assert.Equal(t, "2034-05-03", deleted.Format(time.DateOnly))
		assert.Equal(t, map[string]int{"Patient": 1, "Observation": 1, "DocumentReference": 0, "Binary": 0, "List": 0}, map[string]int{
			"Patient": s.count(t, "Patient"), "Observation": s.count(t, "Observation"), "DocumentReference": s.count(t, "DocumentReference"), "Binary": s.count(t, "Binary"), "List": s.count(t, "List"),
		}, "the other person keeps what is theirs")
		assert.Greater(t, s.count(t, "AuditEvent"), events, "the trace stays")
		require.Equal(t, http.StatusGone, s.Do("GET", "/fhir/Patient/"+s.patient, "").Code)
		w := s.Do("GET", "/fhir/AuditEvent?patient="+s.patient+"&action=D&_count=50", "")
		assert.Contains(t, w.Body.String(), "R1111-36")
		assert.Zero(t, wind(s, t, s.Now().AddDate(0, 1, 0)))
	})
	t.Run("on request", func(t *testing.T) {
		s := content(t)
		request(s, t, "true", 409)
		shut(s, t)
		s.Advance(30 * 24 * time.Hour) // 31 May
		request(s, t, "true", 200)
		s.Advance(24 * time.Hour)
		request(s, t, "true", 200) // counts from the first
		deleted := wind(s, t, time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC))
		assert.Equal(t, "2024-08-25", deleted.Format(time.DateOnly), "within three months of 31 May")
		assert.Equal(t, 1, s.count(t, "Observation"))
	})
	t.Run("not when reopened or taken back", func(t *testing.T) {
		s := content(t)
		shut(s, t)
		request(s, t, "true", 200)
		assert.Zero(t, wind(s, t, time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)))
		request(s, t, "false", 200)
		assert.Zero(t, wind(s, t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)))
		call(s, t, "dmp-reopen", "x", `"valueBoolean":true`, 200)
		s.Advance(20 * 365 * 24 * time.Hour)
		assert.Zero(t, s.sweep(t).Deleted)
		assert.Equal(t, 2, s.count(t, "Patient"))
	})
}

// TestSweepsAreBounded shows more than one sweep may do; the next ones do the rest.
func TestSweepsAreBounded(t *testing.T) {
	s := newClocked(t, nil)
	for n := range 7 {
		s.publish(t, n+1, "N", "INVISIBLE_PATIENT")
	}
	s.Advance(40 * 24 * time.Hour)
	total := 0
	for range 10 {
		total += s.sweep(t).Shown
	}
	assert.Equal(t, 7, total)
}

func TestItRunsByItself(t *testing.T) {
	s := newClocked(t, nil)
	id := s.publish(t, 1, "N", "INVISIBLE_PATIENT")
	s.Advance(40 * 24 * time.Hour)
	s.sweeper.Start()
	require.Eventually(t, func() bool { return len(s.labels(t, id)) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, s.sweeper.Close())
	require.NoError(t, s.sweeper.Close())
}
