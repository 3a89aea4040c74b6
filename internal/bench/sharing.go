package bench

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// documentsOf is how many documents each patient's record has.
const documentsOf = 200

// sharedRecord generates the documents of a number of records, whose documents come in turns, as they do: those of one patient lie far apart.
type sharedRecord struct {
	patients int
	ins      []string // system|value of each patient
	people   [][]byte
}

var insPattern = regexp.MustCompile(`"system":"(urn:oid:1\.2\.250\.1\.213\.1\.4\.1[01])","type":\{[^}]*\}\]\},"use":"official","value":"(\d[0-9AB]{14})"`)

// newSharedRecord makes the patients.
func newSharedRecord(patients int) *sharedRecord {
	r := &sharedRecord{patients: patients}
	g := synthetic.New(1)
	taken := map[string]bool{}
	for i := 0; len(r.people) < patients && i < 4*patients+100; i++ {
		p := g.Patient(i)
		m := insPattern.FindSubmatch(p.JSON)
		if m == nil || taken[string(m[2])] {
			continue // a number of the generator's may come twice, a person's may not
		}
		taken[string(m[2])] = true
		n := len(r.people)
		r.people = append(r.people, []byte(strings.Replace(string(p.JSON), `"id":"`+p.ID+`"`, fmt.Sprintf(`"id":"%s"`, r.patient(n)), 1)))
		r.ins = append(r.ins, string(m[1])+"|"+string(m[2]))
	}
	r.patients = len(r.people)
	return r
}

func (r *sharedRecord) patient(n int) string { return fmt.Sprintf("dp-%06d", n) }

var (
	sharedTypes      = []string{"11488-4", "34112-3", "11502-2", "18748-4", "57833-6", "60591-5", "34133-9", "11490-0"}
	sharedCategories = []string{"10", "10", "10", "31", "42", "11", "11", "10"}
	sharedSettings   = []string{"AMBULATOIRE", "ETABLISSEMENT"}
	sharedFamilies   = []string{"Roux", "Lebrun", "Faure", "Petit", "Le Goff", "Garnier", "Chevalier", "Masson", "Blanc", "Robin"}
)

const nos = "https://mos.esante.gouv.fr/NOS/"

// document gives the i-th document: a Binary of some hundred bytes and its DocumentReference in PDSm's shape, about 2.6 KB. Of each record one document in ten is superseded, one in twenty masked and one in ten archived.
func (r *sharedRecord) document(i int) (binary, reference string) {
	patient, n := i%r.patients, i/r.patients
	day := time.Date(2014, 1, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(n*18*24+patient%24) * time.Hour)
	k := (i*7 + n) % len(sharedTypes)
	status, label, archived := "current", `"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"`, "false"
	if n%10 == 3 {
		status = "superseded"
	}
	if n%20 == 7 {
		label = `"system":"` + nos + `TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument","code":"MASQUE_PS"`
	}
	if n%10 == 5 {
		archived = "true"
	}
	data := fmt.Sprintf("Document %d\n%s", i, strings.Repeat("texte ", 40))
	binary = fmt.Sprintf(`{"resourceType":"Binary","id":"db-%07d","contentType":"text/plain","data":%q}`, i, base64.StdEncoding.EncodeToString([]byte(data)))
	at := day.Format("2006-01-02T15:04:05+01:00")
	reference = fmt.Sprintf(`{"resourceType":"DocumentReference","id":"dd-%07d","meta":{"profile":["https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference"]},`+
		`"contained":[{"resourceType":"Practitioner","id":"p","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"8997%08d"}],"name":[{"family":%q,"given":["Camille"]}]},`+
		`{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"#p"},"specialty":[{"coding":[{"system":"%sTRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale","code":"SM54"}]}]},`+
		`{"resourceType":"Patient","id":"s","identifier":[{"system":"urn:oid:1.2.250.1.999.1","value":"IPP%d"}]}],`+
		`"extension":[{"url":"https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived","valueBoolean":%s}],`+
		`"masterIdentifier":{"use":"usual","system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.999.7.%d"},"identifier":[{"use":"official","system":"urn:ietf:rfc:3986","value":"urn:uuid:00000000-0000-4000-8000-%012d"}],`+
		`"status":%q,"type":{"coding":[{"system":"http://loinc.org","code":%q}]},"category":[{"coding":[{"system":"%sTRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument","code":%q}]}],`+
		`"subject":{"reference":"Patient/%s"},"date":%q,"author":[{"reference":"#r"}],"custodian":{"identifier":{"system":"urn:oid:1.2.250.1.71.4.2.2","value":"1750000001"}},`+
		`"securityLabel":[{"coding":[{%s}]}],`+
		`"content":[{"attachment":{"contentType":"text/plain","language":"fr-FR","url":"Binary/db-%07d","size":%d,"hash":"2jmj7l5rSw0yVb/vlWAYkK/YBwk=","title":"Compte rendu %d","creation":%q},`+
		`"format":{"system":"%sTRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode","code":"urn:ihe:iti:xds-sd:text:2008"}}],`+
		`"context":{"period":{"start":%q},"facilityType":{"coding":[{"system":"%sTRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite","code":"SA01"}]},`+
		`"practiceSetting":{"coding":[{"system":"%sTRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice","code":%q}]},"sourcePatientInfo":{"reference":"#s"}}}`,
		i, i%90_000_000, sharedFamilies[(i*3+n)%len(sharedFamilies)], nos, patient, archived, i, i, status, sharedTypes[k], nos, sharedCategories[k],
		r.patient(patient), at, label, i, len(data), i, at, nos, at, nos, nos, sharedSettings[i%2])
	return binary, reference
}

// loadShared puts the records of n documents through transactions of 500 resources.
func (s *suite) loadShared(srv *Server, r *sharedRecord, n int) (Sample, error) {
	const size = 250
	bundles := (n + size - 1) / size
	clients := min(4, bundles)
	sample, err := Load{
		Address: srv.Address, Clients: 1, Duration: 10 * time.Minute, Accept: ok, Limit: (r.patients + size - 1) / size,
		Request: func(dst []byte, _, k int) []byte {
			return Post(dst, "/fhir", transactionOf(func(add func(typ, id, json string)) {
				for i := k * size; i < min((k+1)*size, r.patients); i++ {
					add("Patient", r.patient(i), string(r.people[i]))
				}
			}))
		},
	}.Run(s.ctx)
	if err != nil {
		return sample, err
	}
	return Load{
		Address: srv.Address, Clients: clients, Duration: 4 * time.Hour, Accept: ok, Limit: (bundles + clients - 1) / clients,
		Request: func(dst []byte, c, k int) []byte {
			first := min(k*clients+c, bundles-1) * size
			return Post(dst, "/fhir", transactionOf(func(add func(typ, id, json string)) {
				for i := first; i < min(first+size, n); i++ {
					binary, reference := r.document(i)
					add("Binary", fmt.Sprintf("db-%07d", i), binary)
					add("DocumentReference", fmt.Sprintf("dd-%07d", i), reference)
				}
			}))
		},
	}.Run(s.ctx)
}

// transactionOf writes a transaction of updates-as-create.
func transactionOf(entries func(add func(typ, id, json string))) []byte {
	b := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	first := true
	entries(func(typ, id, json string) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(append(b, `{"resource":`...), json...)
		b = fmt.Appendf(b, `,"request":{"method":"PUT","url":"%s/%s"}}`, typ, id)
	})
	return append(b, "]}"...)
}

// sharedThink is the pause of a client between two requests in the measurement of latency: 64 clients that read documents, not 64 that saturate the machine.
const sharedThink = 100 * time.Millisecond

// sharing: ITI-67 for a patient with 200 documents, a page of 20, among few and many documents. Latency is measured with clients that pause, throughput with clients that do not.
func (s *suite) sharing() error {
	sizes := s.Documents
	if len(sizes) == 0 {
		sizes = []int{10_000, 100_000}
	}
	for _, n := range sizes {
		if err := s.shareAt(n); err != nil {
			return err
		}
	}
	return nil
}

// serveShared starts a server that holds n documents: those of an earlier run when they were kept, which the file "loaded" beside the store says; otherwise they are loaded, and how fast is a figure.
func (s *suite) serveShared(r *sharedRecord, n int, in string) (*Server, error) {
	data := filepath.Join(s.dir, fmt.Sprintf("sharing-%d", n))
	if s.Keep != "" {
		data = filepath.Join(s.Keep, fmt.Sprintf("sharing-%d", n))
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	srv, err := s.serveIn(data)
	if err != nil {
		return nil, err
	}
	mark := filepath.Join(data, "loaded")
	if _, err := os.Stat(mark); err == nil {
		return srv, nil
	}
	loaded, err := s.loadShared(srv, r, n)
	if err != nil {
		return nil, errors.Join(err, srv.Stop())
	}
	s.add(Line{Name: "bulk load of documents" + in, Value: float64(n) / loaded.Elapsed.Seconds(), Unit: "documents/s"})
	return srv, os.WriteFile(mark, nil, 0o600)
}

func (s *suite) shareAt(n int) error {
	in := fmt.Sprintf(", %d documents", n)
	r := newSharedRecord(max(1, n/documentsOf))
	srv, err := s.serveShared(r, n, in)
	if err != nil {
		return err
	}
	time.Sleep(settling)
	search := Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok,
		Request: func(dst []byte, c, k int) []byte {
			return Get(dst, "/fhir/DocumentReference?patient.identifier="+url.QueryEscape(r.ins[(c*7919+k*31)%r.patients])+"&status=current&_count=20")
		}}
	rate, spread, p99, err := s.measure(search)
	if err != nil {
		return err
	}
	s.add(Line{Name: "ITI-67, page of 20 of 200" + in, Value: rate, Spread: spread, Unit: "/s"})
	s.add(Line{Name: "ITI-67, p99 when saturated" + in, Value: ms(p99), Unit: "ms"})
	search.Think = sharedThink
	rate, _, p99, err = s.measure(search)
	if err != nil {
		return err
	}
	s.add(Line{Name: fmt.Sprintf("ITI-67, p99 at %.0f/s", rate) + in, Value: ms(p99), Unit: "ms", Goal: 10, Below: true})
	memory, err := srv.Memory()
	if err != nil {
		return err
	}
	s.add(Line{Name: "memory while serving" + in, Value: float64(memory) / 1e6, Unit: "MB", Goal: 1000, Below: true})
	return srv.Stop()
}
