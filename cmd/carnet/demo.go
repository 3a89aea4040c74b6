package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store"
)

const demoPeople = 200

// loadDemo fills a store that holds no patient yet.
func loadDemo(ctx context.Context, in *instance) error {
	view, err := in.store.View(0)
	if err != nil {
		return err
	}
	n, _ := view.Count("Patient")
	if err := view.Close(); err != nil || n > 0 {
		return err
	}
	const base = "http://localhost/fhir"
	handler, err := localHandler(in, base, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer handler.Close()
	l := ingest.NewLoader(ingest.Target{Base: base, Client: &http.Client{Transport: ingest.InProcess(handler)}}, 2)
	if err := loadSynthetic(ctx, l, 1, demoPeople); err != nil {
		return err
	}
	if refused := l.Report().Refused; len(refused) > 0 {
		return errors.New("refused: " + refused[0])
	}
	return appointDoctors(ctx, in)
}

// appointDoctors gives each patient's general practitioner the right of médecin traitant DMP, so that there is somebody who may read.
func appointDoctors(ctx context.Context, in *instance) error {
	for i := range demoPeople {
		rec, err := in.layers.records.FindByID(synthetic.PatientID(i))
		if err != nil {
			return err
		}
		doctor, err := doctorOf(in, rec)
		if err != nil {
			return err
		}
		if _, err := in.layers.records.SetTreatingDoctor(ctx, rec.INS, dmp.Professional{System: nos.SystemRPPS, Value: doctor}, true); err != nil {
			return err
		}
	}
	return nil
}

// doctorOf gives the RPPS of the general practitioner that a Patient names.
func doctorOf(in *instance, rec *dmp.Record) (rpps string, err error) {
	var patient struct {
		GeneralPractitioner []struct{ Reference string }
	}
	if err := json.Unmarshal(rec.Body, &patient); err != nil {
		return "", err
	}
	err = in.repository.Look(func(look *repository.Lookup) error {
		for _, gp := range patient.GeneralPractitioner {
			typ, id, ok := in.repository.Target(gp.Reference)
			if !ok || typ != "Practitioner" {
				continue
			}
			found, err := look.Read(typ, id)
			if err != nil || found == nil {
				return errors.Join(err, errNoDoctor)
			}
			var practitioner struct {
				Identifier []struct{ System, Value string }
			}
			if err := json.Unmarshal(found.Body, &practitioner); err != nil {
				return err
			}
			for _, i := range practitioner.Identifier {
				if i.System == nos.SystemRPPS {
					rpps = i.Value
					return nil
				}
			}
		}
		return errNoDoctor
	})
	return rpps, err
}

var errNoDoctor = errors.New("a demo patient has no general practitioner")

// demoRequests are requests to paste, with tokens of synthetic people that live an hour.
func (s *security) demoRequests(ctx context.Context, base string) (string, error) {
	rec, err := s.in.layers.records.FindByID(synthetic.PatientID(0))
	if err != nil {
		return "", err
	}
	doctor, err := doctorOf(s.in, rec)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("Try (tokens of people who do not exist, good for an hour; bin/carnet token makes others):\n\n")
	fmt.Fprintf(&b, "  export BASE=%s\n", base)
	for _, t := range []struct{ name, as, says string }{
		{"OPERATOR", "app:operator", "who runs this sandbox: everything"},
		{"DOCTOR", "ps:" + doctor, "médecin traitant of Patient/" + rec.ID},
		{"PATIENT", "patient:" + rec.INS.Number(), "that patient"},
	} {
		answer, err := s.mint(ctx, &tokenRequest{As: t.as})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  export %s=%s  # %s\n", t.name, answer.Token, t.says)
	}
	b.WriteString("\n")
	for _, line := range []string{
		`curl -H "Authorization: Bearer $OPERATOR" "$BASE/Patient?family=leger&_pretty=true"`,
		`curl -H "Authorization: Bearer $DOCTOR" "$BASE/Observation?patient=` + rec.ID + `&code=http://loinc.org|8867-4&_pretty=true"`,
		`curl -H "Authorization: Bearer $PATIENT" "$BASE/Patient/` + rec.ID + `/\$everything?_count=5&_pretty=true"`,
	} {
		fmt.Fprintln(&b, "  "+line)
	}
	fmt.Fprintf(&b, "\nOr sign in by a browser: %s/console/\n", signin.Origin(base))
	return b.String(), nil
}

// demoRequests are the three requests to paste of a server without security.
func demoRequests(base string) string {
	var b strings.Builder
	b.WriteString("Try:\n")
	fmt.Fprintf(&b, "  curl '%s/Patient?family=leger&_pretty=true'\n", base)
	fmt.Fprintf(&b, "  curl '%s/Patient/p-000000/$everything?_count=5'\n", base)
	fmt.Fprintf(&b, "  curl '%s/Observation?patient=p-000000&code=http://loinc.org|8867-4&_include=Observation:performer'\n", base)
	return b.String()
}

// commitMeta sets one setting of a store.
func commitMeta(s store.Store, name string, value []byte) error {
	_, err := s.Commit(context.Background(), &store.Tx{Meta: map[string][]byte{name: value}})
	return err
}
