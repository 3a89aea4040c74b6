package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// maxLine is the longest NDJSON line.
const maxLine = 64 << 20

// File loads a file by what it holds: FHIR JSON, FHIR XML or NDJSON (one resource a line).
func (l *Loader) File(ctx context.Context, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.EqualFold(filepath.Ext(name), ".ndjson") {
		return l.lines(ctx, f)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	switch trimmed := bytes.TrimSpace(content); {
	case len(trimmed) == 0:
		return errors.New("the file is empty")
	case trimmed[0] == '<':
		return l.xml(ctx, filepath.Base(name), content)
	case trimmed[0] == '{':
		return l.resource(ctx, filepath.Base(name), content)
	default:
		return errors.New("the file is neither FHIR JSON, FHIR XML nor NDJSON")
	}
}

func (l *Loader) lines(ctx context.Context, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<20), maxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := l.resource(ctx, fmt.Sprintf("line %d", n), bytes.Clone(line)); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

// head is what loading needs to know of a resource.
type head struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Type         string `json:"type"`
	Entry        []struct {
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
}

func (l *Loader) resource(ctx context.Context, where string, body []byte) error {
	var h head
	if err := json.Unmarshal(body, &h); err != nil {
		// The server says where the fault is.
		return l.post(ctx, where, "", "application/fhir+json", body)
	}
	if h.ResourceType != "Bundle" {
		return l.Put(ctx, h.ResourceType, h.ID, body)
	}
	if h.Type == "batch" || h.Type == "transaction" {
		return l.post(ctx, where, "", "application/fhir+json", body)
	}
	for i, e := range h.Entry {
		if len(e.Resource) == 0 {
			continue
		}
		if err := l.resource(ctx, fmt.Sprintf("%s entry %d", where, i), e.Resource); err != nil {
			return err
		}
	}
	return nil
}

// xml sends an XML file as it is: a bundle to the base, a resource with an id to its id, any other to its type.
func (l *Loader) xml(ctx context.Context, where string, body []byte) error {
	name, id := rootOf(body)
	switch {
	case name == "":
		return errors.New("the file is not XML with a FHIR resource as its root")
	case name == "Bundle":
		return l.post(ctx, where, "", "application/fhir+xml", body)
	case id != "":
		return l.deliver(ctx, http.MethodPut, where, name+"/"+id, "application/fhir+xml", body)
	default:
		return l.post(ctx, where, name, "application/fhir+xml", body)
	}
}

func (l *Loader) post(ctx context.Context, where, path, contentType string, body []byte) error {
	return l.deliver(ctx, http.MethodPost, where, path, contentType, body)
}

// deliver sends one request and notes whether it was accepted.
func (l *Loader) deliver(ctx context.Context, method, where, path, contentType string, body []byte) error {
	status, answer, err := l.target.send(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	if status == http.StatusOK || status == http.StatusCreated {
		typ, _, _ := strings.Cut(path, "/")
		if typ == "" {
			typ = "Bundle"
		}
		l.accept(entry{typ: typ})
		return nil
	}
	l.refuse(where, status, answer)
	return nil
}
