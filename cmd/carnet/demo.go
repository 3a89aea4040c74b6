package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/internal/ingest"
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
	return nil
}

// demoRequests are the three requests to paste.
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
