package bench

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the standard's digest
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/cda/metadata"
)

// submitter makes Provide Document Bundles (ITI-65) of one CDA document each: the same document under an id of its own. What varies (eight digits of the id wherever it stands, the digest,
// the base64 of the digits) is written into a request that is ready otherwise, as all requests are equally long: a load generator on the server's own cores shall cost little.
type submitter struct {
	raw    []byte
	digits []int // where the document's id has its eight varying digits
	next   atomic.Int64
	run    int       // 0 to 99: keeps runs on one server apart
	ready  sync.Pool // of *readyRequest
}

// readyRequest is the document and the whole request with it, of the submission before.
type readyRequest struct {
	raw, text  []byte
	ids        []int // where the bundle has the digits
	hash, data int   // where it has the digest and the document
}

const (
	idDigits   = 8
	markID     = "@@ID@@@@"
	markHash   = "@@HASH@@@@@@@@@@@@@@@@@@@@@@" // as long as a SHA-1 in base64
	markData   = "@@DATA@@"
	seedID     = "2.25.202403110000000000000000000000001"
	rootDigits = "2.25.2024031100000000000000"
)

// newSubmitter takes the document's metadata from its header, as a client would.
func newSubmitter(raw []byte) (*submitter, error) {
	raw = bytes.ReplaceAll(raw, []byte(seedID), []byte(rootDigits+"00000000"))
	v := judge.Judge(raw, judge.Options{})
	if !v.Accepted {
		return nil, fmt.Errorf("the document is not accepted: %v", v.Findings)
	}
	fiche, err := v.Entry.DocumentReference(metadata.ReferenceOptions{
		URL: "urn:uuid:b0000000-0000-4000-8000-000000000001", Subject: "Patient?identifier=" + v.Patient.Token(), Date: time.Now(), NoRelations: true,
	})
	if err != nil {
		return nil, err
	}
	fiche = bytes.ReplaceAll(fiche, []byte(rootDigits+"00000000"), []byte(rootDigits+markID))
	fiche = bytes.ReplaceAll(fiche, []byte(base64.StdEncoding.EncodeToString(v.Entry.Hash[:])), []byte(markHash))
	s := &submitter{raw: raw}
	for _, at := range places(raw, rootDigits+"00000000") {
		s.digits = append(s.digits, at+len(rootDigits))
	}
	bundle := []byte(strings.NewReplacer("@@FICHE@@", string(fiche), "@@SUBJECT@@", "Patient?identifier="+v.Patient.Token()).Replace(bundleOfOne))
	s.ready.New = func() any { return newReadyRequest(bundle, raw) }
	return s, nil
}

// newReadyRequest makes the request of a document from the Bundle with its marks.
func newReadyRequest(bundle, raw []byte) *readyRequest {
	before, after, _ := bytes.Cut(bundle, []byte(markData))
	body := base64.StdEncoding.AppendEncode(bytes.Clone(before), raw)
	r := &readyRequest{raw: bytes.Clone(raw), text: Post(nil, "/fhir", append(body, after...))}
	r.ids = places(r.text, markID)
	r.hash, r.data = places(r.text, markHash)[0], len(r.text)-len(after)-base64.StdEncoding.EncodedLen(len(raw))
	return r
}

// places finds all places of a mark.
func places(text []byte, mark string) (at []int) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(mark))
		if i < 0 {
			return at
		}
		at, from = append(at, from+i), from+i+len(mark)
	}
}

// fill writes the digits, and all that depends on them.
func (r *readyRequest) fill(s *submitter, digits string) {
	for _, at := range s.digits {
		copy(r.raw[at:], digits)
		from, to := at/3, min((at+idDigits+2)/3*3, len(r.raw))
		base64.StdEncoding.Encode(r.text[r.data+4*from:], r.raw[3*from:to])
	}
	for _, at := range r.ids {
		copy(r.text[at:], digits)
	}
	sum := sha1.Sum(r.raw) //nolint:gosec // see above
	base64.StdEncoding.Encode(r.text[r.hash:], sum[:])
}

const bundleOfOne = `{"resourceType":"Bundle","meta":{"profile":["https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-provide-document-bundle"]},"type":"transaction","entry":[
{"fullUrl":"urn:uuid:5e000000-0000-4000-8000-000000000001","request":{"method":"POST","url":"List"},"resource":{"resourceType":"List","contained":[{"resourceType":"Device","id":"source","deviceName":[{"name":"bench","type":"user-friendly-name"}]}],
"extension":[{"url":"https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType","valueCodeableConcept":{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_R209-TypeActivite/FHIR/TRE-R209-TypeActivite","code":"07"}]}},
{"url":"https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId","valueIdentifier":{"value":"urn:oid:1.2.250.1.999.5"}}],
"identifier":[{"use":"usual","system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.999.6.1@@ID@@@@"}],"status":"current","mode":"working","code":{"coding":[{"system":"https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes","code":"submissionset"}]},
"subject":{"reference":"@@SUBJECT@@"},"date":"2024-05-01T09:00:00+02:00","source":{"reference":"#source"},"entry":[{"item":{"reference":"urn:uuid:d0000000-0000-4000-8000-000000000001"}}]}},
{"fullUrl":"urn:uuid:d0000000-0000-4000-8000-000000000001","request":{"method":"POST","url":"DocumentReference"},"resource":@@FICHE@@},
{"fullUrl":"urn:uuid:b0000000-0000-4000-8000-000000000001","request":{"method":"POST","url":"Binary"},"resource":{"resourceType":"Binary","contentType":"text/xml","data":"@@DATA@@"}}]}`

// nextDigits gives the digits of the next document's id.
func (s *submitter) nextDigits() string {
	return fmt.Sprintf("%08d", s.next.Add(1)+int64(s.run)*1_000_000)
}

// document writes the next document into dst.
func (s *submitter) document(dst []byte) []byte {
	digits, raw := s.nextDigits(), append(dst[:0], s.raw...)
	for _, at := range s.digits {
		copy(raw[at:at+idDigits], digits)
	}
	return raw
}

// request appends the request of the next submission.
func (s *submitter) request(dst []byte) []byte {
	r := s.ready.Get().(*readyRequest)
	defer s.ready.Put(r)
	r.fill(s, s.nextDigits())
	return append(dst, r.text...)
}

// submission: ITI-65 with one CDA document of 100 KB, durable, beside the same bytes and rows written straight to the store; ITI-68 of 5 MB beside a bare file handler.
func (s *suite) submission() error {
	if err := s.provide(); err != nil {
		return err
	}
	return s.retrieve()
}

func (s *suite) provide() error {
	made, err := newSubmitter(DocumentN1(100 << 10))
	if err != nil {
		return err
	}
	const dir = "submission"
	srv, err := s.serve(dir)
	if err != nil {
		return err
	}
	if err := openRecord(s.ctx, srv, made.raw); err != nil {
		return err
	}
	rate, spread, p99, used, err := s.measureCPU(srv, Load{
		Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok,
		Request: func(dst []byte, _, _ int) []byte { return made.request(dst) },
	})
	if err != nil {
		return err
	}
	if err := srv.Stop(); err != nil {
		return err
	}
	stored := filepath.Join(s.dir, dir, "store")
	limit, each, err := s.rawDocuments(made, stored, false)
	if err != nil {
		return err
	}
	files, eachFile, err := s.rawDocuments(made, stored, true)
	if err != nil {
		return err
	}
	s.add(Line{Name: "ITI-65, one CDA document of 100 KB", Value: rate, Spread: spread, Unit: "/s", Limit: limit, LimitName: "the same bytes and rows straight to the store", Goal: 0.5 * limit,
		Note: "each " + used + "; straight to the store " + each})
	s.add(Line{Name: "ITI-65, the same", Value: rate, Spread: spread, Unit: "/s", Limit: files, LimitName: "the same rows to the store and each document to a file of its own", Note: "each " + eachFile})
	s.add(Line{Name: "ITI-65, p99 when saturated", Value: ms(p99), Unit: "ms"})
	return nil
}

// measureCPU is measure, and tells what processor time the server and its clients used for a request.
func (s *suite) measureCPU(srv *Server, l Load) (rate, spread float64, p99 time.Duration, used string, err error) {
	request := l.Request
	var n atomic.Int64
	l.Request = func(dst []byte, c, k int) []byte {
		n.Add(1)
		return request(dst, c, k)
	}
	server, err := srv.CPU()
	if err != nil {
		return 0, 0, 0, "", err
	}
	clients, err := ownCPU()
	if err != nil {
		return 0, 0, 0, "", err
	}
	if rate, spread, p99, err = s.measure(l); err != nil {
		return 0, 0, 0, "", err
	}
	requests := int(n.Load())
	serverAfter, err := srv.CPU()
	if err != nil {
		return 0, 0, 0, "", err
	}
	clientsAfter, err := ownCPU()
	return rate, spread, p99, "server " + serverAfter.Since(server).each(requests) + ", client " + clientsAfter.Since(clients).each(requests), err
}

// openRecord makes the record of the document's person.
func openRecord(ctx context.Context, srv *Server, raw []byte) error {
	d, err := cda.Parse(raw, cda.Limits{})
	if err != nil {
		return err
	}
	patient, err := metadata.InsPatient(&d.Header)
	if err != nil {
		return err
	}
	return put(ctx, http.MethodPost, srv, "Patient", "application/fhir+json", patient)
}

func put(ctx context.Context, method string, srv *Server, path, contentType string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+srv.Address+"/fhir/"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	return nil
}

// retrieve: ITI-68.
func (s *suite) retrieve() error {
	const size = 5 << 20
	content := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(r.Uint32())
	}
	copy(content, "%PDF-1.4\n")
	srv, err := s.serve("retrieve")
	if err != nil {
		return err
	}
	address, err := publishDocument(s.ctx, srv, content)
	if err != nil {
		return err
	}
	read := func(path string) Load {
		return Load{Accept: ok, Clients: s.Clients, Duration: s.Duration, Request: func(dst []byte, _, _ int) []byte {
			return append(append(append(dst, "GET "...), path...), " HTTP/1.1\r\nHost: localhost\r\n\r\n"...)
		}}
	}
	load := read("/fhir/" + address)
	load.Address = srv.Address
	rate, spread, _, err := s.measure(load)
	if err != nil {
		return err
	}
	if err := srv.Stop(); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "document.pdf")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	bare, err := Start(s.ctx, "bench", "--bare-file", file)
	if err != nil {
		return err
	}
	load = read("/document")
	load.Address = bare.Address
	limit, _, _, err := s.measure(load)
	if err != nil {
		return err
	}
	s.add(Line{Name: "ITI-68, document of 5 MB", Value: rate, Spread: spread, Unit: "/s", Limit: limit, LimitName: "bare file handler", Goal: 0.7 * limit})
	return bare.Stop()
}

// publishDocument stores a document (ITI-105) and gives where it is.
func publishDocument(ctx context.Context, srv *Server, content []byte) (string, error) {
	seed := []byte(seedN1)
	if err := openRecord(ctx, srv, seed); err != nil {
		return "", err
	}
	v := judge.Judge(seed, judge.Options{})
	reference, err := json.Marshal(map[string]any{
		"resourceType": "DocumentReference", "status": "current", "masterIdentifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7.5"},
		"subject": map[string]any{"identifier": map[string]any{"system": v.Patient.System(), "value": v.Patient.Number()}},
		"content": []any{map[string]any{"attachment": map[string]any{"contentType": "application/pdf", "data": content}}},
	})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+srv.Address+"/fhir/DocumentReference", bytes.NewReader(reference))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var made struct {
		Content []struct{ Attachment struct{ URL string } }
	}
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || len(made.Content) == 0 {
		return "", errors.Join(err, fmt.Errorf("publishing a document: %s", answer.Status))
	}
	_, path, _ := strings.Cut(made.Content[0].Attachment.URL, "/fhir/")
	return path, nil
}
