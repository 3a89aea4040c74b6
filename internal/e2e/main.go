// Command e2e checks, over HTTP alone and with no code of the server, that the documents of a directory are in a server as they should be: found by the person's INS (ITI-67),
// their bytes equal to the file (ITI-68), their metadata equal to those of a table of expected metadata (JSON, by file name). It prints a line for each difference.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

type code struct {
	Code string `json:"code"`
}

// expected is what the mapping from the header gives for one document.
type expected struct {
	MimeType, UniqueID, FormatCode, Title, CreationTime, LanguageCode, PatientID, ServiceStartTime, ServiceStopTime string
	Size                                                                                                            int
	TypeCode, ClassCode, ConfidentialityCode, PracticeSettingCode                                                   code
	HealthcareFacilityTypeCode                                                                                      code
	EventCodeList                                                                                                   []code
}

type concept struct {
	Coding []code `json:"coding"`
}

// reference is the part of a DocumentReference that is compared.
type reference struct {
	ID               string `json:"id"`
	MasterIdentifier struct {
		Value string `json:"value"`
	} `json:"masterIdentifier"`
	Type          concept   `json:"type"`
	Category      []concept `json:"category"`
	SecurityLabel []concept `json:"securityLabel"`
	Content       []struct {
		Attachment struct {
			ContentType, Language, URL, Hash, Title, Creation string
			Size                                              int
		} `json:"attachment"`
		Format code `json:"format"`
	} `json:"content"`
	Context struct {
		Event           []concept                   `json:"event"`
		Period          struct{ Start, End string } `json:"period"`
		FacilityType    concept                     `json:"facilityType"`
		PracticeSetting concept                     `json:"practiceSetting"`
	} `json:"context"`
}

func main() {
	server := flag.String("server", "http://127.0.0.1:8080/fhir", "FHIR base URL")
	table := flag.String("expected", "", "JSON of expected metadata, by file name")
	token := flag.String("token", "", "access token")
	flag.Parse()
	checked, wrong, err := run(&target{*server, *token}, *table, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: "+err.Error())
		os.Exit(2)
	}
	fmt.Printf("%d documents checked, %d differences\n", checked, wrong)
	if wrong > 0 || checked == 0 {
		os.Exit(1)
	}
}

// target is the server that is asked.
type target struct{ base, token string }

func run(server *target, table string, files []string) (checked, wrong int, err error) {
	text, err := os.ReadFile(table)
	if err != nil {
		return 0, 0, err
	}
	var all map[string]expected
	if err := json.Unmarshal(text, &all); err != nil {
		return 0, 0, err
	}
	for _, file := range files {
		want, ok := all[filepath.Base(file)]
		if !ok {
			return checked, wrong, errors.New("no expected metadata for " + filepath.Base(file))
		}
		differences, err := check(server, file, want)
		if err != nil {
			return checked, wrong, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		for _, d := range differences {
			fmt.Printf("%s: %s\n", filepath.Base(file), d)
		}
		checked++
		wrong += len(differences)
	}
	return checked, wrong, nil
}

func check(server *target, file string, want expected) ([]string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found, err := server.find(want)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return []string{fmt.Sprintf("%d entries are found by the person's INS and the document's id, 1 is wanted", len(found))}, nil
	}
	var d differences
	compare(&d, found[0], want, raw)
	got, contentType, err := server.get(found[0].Content[0].Attachment.URL)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(got, raw) {
		d = append(d, fmt.Sprintf("the bytes retrieved differ: %d for %d", len(got), len(raw)))
	}
	d.equal("content type", strings.TrimSpace(strings.Split(contentType, ";")[0]), want.MimeType)
	return d, nil
}

// find is ITI-67 by the person's INS, which a POST keeps out of the URL.
func (t *target) find(want expected) ([]reference, error) {
	number, rest, _ := strings.Cut(want.PatientID, "^^^&")
	authority, _, _ := strings.Cut(rest, "&")
	form := url.Values{"patient.identifier": {"urn:oid:" + authority + "|" + number}, "status": {"current,superseded"}, "identifier": {masterIdentifier(want.UniqueID)}}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, t.base+"/DocumentReference/_search", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, _, err := t.send(r)
	if err != nil {
		return nil, err
	}
	var bundle struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(body, &bundle); err != nil {
		return nil, err
	}
	var out []reference
	for _, e := range bundle.Entry {
		var one reference
		if err := json.Unmarshal(e.Resource, &one); err != nil {
			return nil, err
		}
		if len(one.Content) == 1 {
			out = append(out, one)
		}
	}
	return out, nil
}

func masterIdentifier(uniqueID string) string {
	root, extension, ok := strings.Cut(uniqueID, "^")
	if ok {
		return "urn:oid:" + root + "|" + extension
	}
	return "urn:ietf:rfc:3986|urn:oid:" + root
}

type differences []string

func (d *differences) equal(what, got, want string) {
	if got != want {
		*d = append(*d, fmt.Sprintf("%s is %q, %q is wanted", what, got, want))
	}
}

func compare(d *differences, got reference, want expected, raw []byte) {
	a, hash := got.Content[0].Attachment, sha1.Sum(raw)
	d.equal("type", first(got.Type), want.TypeCode.Code)
	d.equal("category", first(got.Category...), want.ClassCode.Code)
	d.equal("format", got.Content[0].Format.Code, want.FormatCode)
	d.equal("title", a.Title, want.Title)
	d.equal("language", a.Language, want.LanguageCode)
	d.equal("hash", a.Hash, base64.StdEncoding.EncodeToString(hash[:]))
	d.equal("size", fmt.Sprint(a.Size), fmt.Sprint(want.Size))
	d.equal("creation", moment(a.Creation), momentV3(want.CreationTime))
	d.equal("service start", moment(got.Context.Period.Start), momentV3(want.ServiceStartTime))
	d.equal("service stop", moment(got.Context.Period.End), momentV3(want.ServiceStopTime))
	d.equal("security label", first(got.SecurityLabel...), want.ConfidentialityCode.Code)
	d.equal("facility type", first(got.Context.FacilityType), want.HealthcareFacilityTypeCode.Code)
	d.equal("practice setting", first(got.Context.PracticeSetting), want.PracticeSettingCode.Code)
	var events, wanted []string
	for _, e := range got.Context.Event {
		events = append(events, first(e))
	}
	for _, e := range want.EventCodeList {
		wanted = append(wanted, e.Code)
	}
	slices.Sort(events)
	slices.Sort(wanted)
	d.equal("events", strings.Join(events, " "), strings.Join(wanted, " "))
}

func first(concepts ...concept) string {
	for _, c := range concepts {
		if len(c.Coding) > 0 {
			return c.Coding[0].Code
		}
	}
	return ""
}

// moment and momentV3 give a time of FHIR and of HL7 v3 in one spelling: UTC when it has a zone, of its own precision otherwise.
func moment(s string) string {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at.UTC().Format(time.RFC3339)
	}
	return s
}

func momentV3(s string) string {
	for _, layout := range []string{"20060102150405-0700", "200601021504-0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC().Format(time.RFC3339)
		}
	}
	switch len(s) {
	case 8:
		return s[:4] + "-" + s[4:6] + "-" + s[6:]
	case 12, 14: // without a zone: metropolitan France
		if paris, err := time.LoadLocation("Europe/Paris"); err == nil {
			if at, err := time.ParseInLocation("20060102150405"[:len(s)], s, paris); err == nil {
				return at.UTC().Format(time.RFC3339)
			}
		}
	}
	return s
}

func (t *target) get(address string) (body []byte, contentType string, err error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return nil, "", err
	}
	return t.send(r)
}

func (t *target) send(r *http.Request) (body []byte, contentType string, err error) {
	if t.token != "" {
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer w.Body.Close()
	body, err = io.ReadAll(w.Body)
	if err == nil && w.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", w.Status, cmp.Or(string(body[:min(len(body), 300)]), "no body"))
	}
	return body, w.Header.Get("Content-Type"), err
}
