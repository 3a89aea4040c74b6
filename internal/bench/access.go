package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	directory "github.com/carnet-fhir/carnet/internal/nos"
)

// accessDocuments are the documents of the store in the group access.
const accessDocuments = 10_000

// accessRPPS is the professional who reads: a doctor, in the care team of every record.
var accessRPPS = directory.WithKey("9995000000")

// access: reads and ITI-67 with access control, consent and tokens, beside the same requests for the same data without; and with the trace of each access, durable before the answer, on top.
func (s *suite) access() error {
	data := filepath.Join(s.dir, "access")
	r := newSharedRecord(accessDocuments / documentsOf)
	srv, err := s.serveIn(data)
	if err != nil {
		return err
	}
	if _, err := s.loadShared(srv, r, accessDocuments); err != nil {
		return errors.Join(err, srv.Stop())
	}
	if err := errors.Join(s.authorise(srv, r), srv.Stop()); err != nil {
		return err
	}
	// Like the others, the server without security reads a store that was opened again: what was just loaded still stands in memory, where it is read an eighth faster.
	if srv, err = s.serveIn(data); err != nil {
		return err
	}
	time.Sleep(settling)
	read, search, err := s.accessRates(srv, r, "")
	if err := errors.Join(err, srv.Stop()); err != nil {
		return err
	}
	for _, trace := range []string{"off", "on"} {
		with, goal := "access control, consent and tokens", 0.7
		if trace == "on" {
			with, goal = with+", and the trace", 0
		}
		secured, err := s.serveWith(data, "--trace", trace)
		if err != nil {
			return err
		}
		bearer, err := tokenOf(s.ctx, data)
		if err != nil {
			return errors.Join(err, secured.Stop())
		}
		time.Sleep(settling)
		withRead, withSearch, err := s.accessRates(secured, r, bearer)
		if err := errors.Join(err, secured.Stop()); err != nil {
			return err
		}
		s.add(Line{Name: "read of a DocumentReference with " + with, Value: withRead, Unit: "/s", Limit: read, LimitName: "without", GoalRatio: goal})
		s.add(Line{Name: "ITI-67, page of 20 of 200, with " + with, Value: withSearch, Unit: "/s", Limit: search, LimitName: "without", GoalRatio: goal})
	}
	return nil
}

// authorise makes the professional a member of the care team of every record.
func (s *suite) authorise(srv *Server, r *sharedRecord) error {
	bodies := make([][]byte, r.patients)
	for i := range bodies {
		d := consent.Directive{
			Category: consent.CareTeam, Active: true, Patient: r.patient(i), Given: time.Now().Add(-time.Hour), Means: "oral", Verified: true,
			Actors: []habilitation.Identifier{{System: "https://rpps.esante.gouv.fr", Value: accessRPPS}},
		}
		var err error
		if bodies[i], err = d.JSON(); err != nil {
			return err
		}
	}
	_, err := Load{
		Address: srv.Address, Clients: 1, Duration: time.Minute, Accept: created, Limit: len(bodies),
		Request: func(dst []byte, _, k int) []byte { return Post(dst, "/fhir/Consent", bodies[k]) },
	}.Run(s.ctx)
	return err
}

// accessRates measures reads and searches of current documents that no mask hides.
func (s *suite) accessRates(srv *Server, r *sharedRecord, bearer string) (read, search float64, err error) {
	get := func(dst []byte, path string) []byte { return GetWith(dst, path, bearer) }
	read, _, _, err = s.measure(Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok, Request: func(dst []byte, c, k int) []byte {
		return get(dst, fmt.Sprintf("/fhir/DocumentReference/dd-%07d", r.shown(c*7919+k*31)))
	}})
	if err != nil {
		return 0, 0, err
	}
	search, _, _, err = s.measure(Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok, Request: func(dst []byte, c, k int) []byte {
		return get(dst, "/fhir/DocumentReference?patient.identifier="+url.QueryEscape(r.ins[(c*7919+k*31)%r.patients])+"&status=current&_count=20")
	}})
	return read, search, err
}

// shown gives the number of a document that is not masked.
func (r *sharedRecord) shown(x int) int {
	n := x / r.patients % documentsOf
	if n%20 == 7 {
		n--
	}
	return n*r.patients + x%r.patients
}

// tokenOf asks the program for a token of the professional, for the server that runs on the data.
func tokenOf(ctx context.Context, data string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, exe, "token", "--data", data, "--as", "ps:"+accessRPPS, "--profession", "10", "--speciality", "SM26")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("carnet token: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
