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

// accessMode is one way to run the server in the group access.
type accessMode struct {
	name   string // "" for the server without security
	flags  []string
	goal   float64
	server *Server
	bearer string

	reads, searches []float64 // per second, one for each turn
}

// access: reads and ITI-67 with access control, consent and tokens, beside the same requests for the same data without; and with the trace of each access, durable before the answer, on top. Each way
// has a server on a copy of one store, and they are measured in turns, so that a machine that changes its pace changes it for all.
func (s *suite) access() (err error) {
	r := newSharedRecord(accessDocuments / documentsOf)
	data := filepath.Join(s.dir, "access")
	if err := s.loadAccess(data, r); err != nil {
		return err
	}
	modes := []*accessMode{
		{},
		{name: "access control, consent and tokens", flags: []string{"--trace", "off"}, goal: 0.7},
		{name: "access control, consent and tokens, and the trace", flags: []string{"--trace", "on"}},
	}
	defer func() {
		for _, m := range modes {
			if m.server != nil {
				err = errors.Join(err, m.server.Stop())
			}
		}
	}()
	for i, m := range modes {
		if err := s.serveAccess(m, data, fmt.Sprintf("%s-%d", data, i)); err != nil {
			return err
		}
	}
	time.Sleep(settling)
	for range s.Repeats {
		for _, m := range modes {
			if err := s.accessRates(m, r); err != nil {
				return err
			}
		}
	}
	s.accessFigures(modes)
	return nil
}

func (s *suite) accessFigures(modes []*accessMode) {
	read, _ := median(modes[0].reads)
	search, _ := median(modes[0].searches)
	for _, m := range modes[1:] {
		rate, spread := median(m.reads)
		s.add(Line{Name: "read of a DocumentReference with " + m.name, Value: rate, Spread: spread, Unit: "/s", Limit: read, LimitName: "without", GoalRatio: m.goal})
		rate, spread = median(m.searches)
		s.add(Line{Name: "ITI-67, page of 20 of 200, with " + m.name, Value: rate, Spread: spread, Unit: "/s", Limit: search, LimitName: "without", GoalRatio: m.goal})
	}
}

// loadAccess makes a store with the records, and a care team of each.
func (s *suite) loadAccess(data string, r *sharedRecord) error {
	srv, err := s.serveIn(data)
	if err != nil {
		return err
	}
	if _, err := s.loadShared(srv, r, accessDocuments); err != nil {
		return errors.Join(err, srv.Stop())
	}
	return errors.Join(s.authorise(srv, r), srv.Stop())
}

// serveAccess starts the server of a mode on a copy of the store.
func (s *suite) serveAccess(m *accessMode, from, data string) (err error) {
	if err := os.CopyFS(data, os.DirFS(from)); err != nil {
		return err
	}
	if m.name == "" {
		m.server, err = s.serveIn(data)
		return err
	}
	if m.server, err = s.serveWith(data, m.flags...); err != nil {
		return err
	}
	m.bearer, err = tokenOf(s.ctx, data)
	return err
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

// accessRates measures one turn: reads and searches of current documents that no mask hides.
func (s *suite) accessRates(m *accessMode, r *sharedRecord) error {
	rate := func(path func(c, k int) string) (float64, error) {
		sample, err := Load{Address: m.server.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok, Request: func(dst []byte, c, k int) []byte {
			return GetWith(dst, path(c, k), m.bearer)
		}}.Run(s.ctx)
		return sample.Rate(), err
	}
	read, err := rate(func(c, k int) string { return fmt.Sprintf("/fhir/DocumentReference/dd-%07d", r.shown(c*7919+k*31)) })
	if err != nil {
		return err
	}
	search, err := rate(func(c, k int) string {
		return "/fhir/DocumentReference?patient.identifier=" + url.QueryEscape(r.ins[(c*7919+k*31)%r.patients]) + "&status=current&_count=20"
	})
	if err != nil {
		return err
	}
	m.reads, m.searches = append(m.reads, read), append(m.searches, search)
	return nil
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
