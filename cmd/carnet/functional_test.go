package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// The callers of matrix B's columns, and others whom they meet.
const (
	cellNurse        = "81300000009"
	cellDoctor       = "81300000017"
	cellOccupational = "81300000025"
	cellTreating     = "81300000033"
	cellStranger     = "81300000041" // author of documents that are nobody's in the test
	cellStaff        = "990000101/7"
	cellHospital     = "990000101"
	cellElsewhere    = "990000202"
)

// functional is the world of matrix B: two records that differ in whether masked documents may be read in emergencies, and a client for each column.
type functional struct {
	*securedServer
	n int
}

// column is one of matrix B.
type column struct {
	name      string
	actor     *rules.Actor
	identity  rules.Identifier // by which documents and Consents name the caller
	treating  bool
	structure bool // it acts for a structure: staff, certificates
}

func cellColumns(t *testing.T, names []string) []*column {
	hospital := rules.Identifier{System: nos.SystemFINESS, Value: cellHospital}
	people := map[string]*rules.Actor{
		"PS_non_medecin":     {Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: cellNurse}, Profession: "60", Authentication: rules.Direct},
		"medecin_non_MT":     {Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: cellDoctor}, Profession: "10", Speciality: "SM26", Authentication: rules.Direct},
		"medecin_du_travail": {Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: cellOccupational}, Profession: "10", Speciality: "SM25", Authentication: rules.Direct},
		"medecin_traitant":   {Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: cellTreating}, Profession: "10", Speciality: "SM26", Authentication: rules.Direct},
		"CPE_non_PS":         {Kind: rules.Staff, ID: rules.Identifier{System: nos.SystemIDNPS, Value: "3" + cellStaff}, Structure: hospital, Authentication: rules.Direct},
		"certificat_ES":      {Kind: rules.Institution, ID: hospital, Structure: hospital, Authentication: rules.Indirect},
	}
	modes := map[string]rules.AccessMode{"normal": rules.Normal, "sans_objet": rules.Normal, "regulation": rules.Centre15, "bris_de_glace": rules.BreakGlass}
	var list []*column
	for _, name := range names {
		who, mode, _ := strings.Cut(name, "/")
		require.Contains(t, people, who)
		require.Contains(t, modes, mode)
		a := *people[who]
		a.Mode = modes[mode]
		a.Justification = a.Mode == rules.BreakGlass
		c := &column{name: name, actor: &a, identity: a.ID, treating: who == "medecin_traitant", structure: who == "CPE_non_PS" || who == "certificat_ES"}
		if c.structure {
			c.identity = a.Structure
		}
		list = append(list, c)
	}
	return list
}

func newFunctional(t *testing.T) *functional {
	registry := filepath.Join(t.TempDir(), "clients.json")
	require.NoError(t, os.WriteFile(registry, []byte(`{"clients":[{"client_id":"test","client_name":"Logiciel","redirect_uris":["http://127.0.0.1:1/retour"],"launcher":true,"scope":"launch openid fhirUser user/*.cruds"}]}`), 0o600))
	f := &functional{securedServer: startSecured(t, securityOptions{untraced: true, clients: registry})}
	f.person("unknown", 57) // to everybody
	for n, patient := range []string{"strict", "lenient"} {
		f.person(patient, 21+10*n)
		bodies := [][]byte{said(t, consent.TreatingDoctor, patient, cellTreating, false)}
		for _, rpps := range []string{cellNurse, cellDoctor, cellOccupational} {
			bodies = append(bodies, said(t, consent.CareTeam, patient, rpps, false))
		}
		if patient == "lenient" {
			bodies = append(bodies, said(t, consent.MaskedInEmergency, patient, "", false))
		}
		f.put(bodies...)
	}
	return f
}

// of gives the client of a column for a record; bris de glace is for one.
func (f *functional) of(c *column, patient string) *habilitation.Client {
	context, user := "", "Practitioner/"+strings.ReplaceAll(c.actor.ID.Value, "/", "-")
	if c.actor.Mode == rules.BreakGlass {
		context = patient
	}
	if c.actor.Kind == rules.Institution {
		user = ""
	}
	return f.as(c.actor, "launch user/*.cruds", context, user)
}

// terms are the circumstances that the notes of matrix B speak of.
type terms struct {
	own, structure, fromPatient, lenient bool
}

func (k terms) String() string {
	return fmt.Sprintf("own %t, own structure's %t, patient's %t, masked allowed %t", k.own, k.structure, k.fromPatient, k.lenient)
}

func (k terms) patient() string {
	if k.lenient {
		return "lenient"
	}
	return "strict"
}

// expected reads a cell: its notes, and the note * of the lines on archiving and deleting.
func (k terms) expected(cell string, line *habilitation.Right, c *column) bool {
	if !strings.HasPrefix(cell, "oui") {
		return false
	}
	if k.fromPatient && strings.HasPrefix(line.Transaction, "TD3.3") && (strings.HasPrefix(line.Transaction, "TD3.3c") || strings.HasPrefix(line.Transaction, "TD3.3d")) {
		return c.treating
	}
	if c.actor.Speciality == "SM25" && ofOthers[line.Transaction] {
		return k.own // matrix A, which must say yes too, has no column for the médecin du travail: of others' documents none exists for him
	}
	switch habilitation.Footnote(cell) {
	case "6", "8":
		return k.own
	case "7":
		return k.lenient
	case "5", "9": // what is searched in order to be deleted is what may be deleted
		return k.structure
	}
	return true // 1 to 4 are of the requests of their lines
}

// ofOthers are the lines that give rights on documents of others without any note.
var ofOthers = map[string]bool{"TD3.1-metadata": true, "TD3.1-reference": true, "TD3.3a-mask": true, "TD3.3b": true}

// document stores a fresh document in a state and with a mark.
func (f *functional) document(c *column, k terms, state string, mark habilitation.Marking) (id string) {
	f.t.Helper()
	f.n++
	id = fmt.Sprintf("cell-%d", f.n)
	d := written{id: id, unique: fmt.Sprintf("urn:oid:1.2.250.1.999.9.%d", f.n), patient: k.patient(), kind: reportCode, class: "10", author: byProfessional(nos.SystemIDNPS, "8"+cellStranger), state: state}
	switch {
	case k.fromPatient:
		d.kind, d.author = "DOCPAT03", nil
	case k.structure:
		d.author = byStructure(cellHospital)
	case k.own:
		d.author = byProfessional(c.identity.System, c.identity.Value)
	case c.structure:
		d.author = byStructure(cellElsewhere)
	}
	if mark == habilitation.HiddenPatient {
		d.date = stamp(time.Now().Add(-time.Hour))
	}
	if mark != habilitation.Normal {
		d.labels = []string{string(mark)}
	}
	return f.write(&d)
}

// probe carries out the transaction of a line for a column, and says whether the server permitted it.
type probe struct {
	state string
	mark  habilitation.Marking
	patch string // of the document
	act   func(f *functional, c *column, k terms) bool
}

const (
	labelN      = `[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}]`
	patchMask   = `[{"op":"replace","path":"/securityLabel","value":[{"coding":[{"system":"` + masksAt + `","code":"MASQUE_PS"}]}]}]`
	patchShow   = `[{"op":"replace","path":"/securityLabel","value":` + labelN + `}]`
	patchDelete = `[{"op":"replace","path":"/status","value":"entered-in-error"}]`
)

func patchArchived(value bool) string {
	return fmt.Sprintf(`[{"op":"add","path":"/extension","value":[{"url":%q,"valueBoolean":%t}]}]`, archivedURL, value)
}

// probes are by the transaction of matrix B's line.
func probes() map[string]probe {
	return map[string]probe{
		"TD0.1":                       {act: (*functional).authenticates},
		"TD0.2":                       {act: (*functional).tests},
		"TD0.3-declare":               {act: (*functional).declares},
		"TD0.3-withdraw":              {act: (*functional).withdraws},
		"TD0.3-leave-treating-doctor": {act: (*functional).leaves},
		"TD0.4":                       {act: (*functional).lists},
		"TD0.5":                       {act: (*functional).describes},
		"TD0.9":                       {act: (*functional).launches},
		"TD1.3a":                      {act: (*functional).administrative},
		"TD1.6":                       {act: (*functional).professionals},
		"TD2.1":                       {act: (*functional).feeds},
		"TD2.2":                       {act: (*functional).feeds},
		"TD3.1-metadata":              {act: (*functional).searches},
		"TD3.1-reference":             {act: (*functional).searches},
		"TD3.2":                       {},
		"TD3.2-masked":                {mark: habilitation.Masked},
		"TD3.2-invisible":             {mark: habilitation.HiddenPatient},
		"TD3.2-archived":              {state: "archived"},
		"TD3.2-superseded":            {state: "superseded"},
		"TD3.2-deleted":               {state: "deleted"},
		"TD3.3a-mask":                 {patch: patchMask},
		"TD3.3a-unmask":               {mark: habilitation.Masked, patch: patchShow},
		"TD3.3b":                      {mark: habilitation.HiddenPatient, patch: patchShow},
		"TD3.3d-archive":              {patch: patchArchived(true)},
		"TD3.3d-unarchive":            {state: "archived", patch: patchArchived(false)},
		"TD3.3c":                      {patch: patchDelete},
	}
}

// run carries out a probe; what a server answers to a change must be what it did.
func (p probe) run(f *functional, c *column, k terms) bool {
	f.t.Helper()
	if p.act != nil {
		return p.act(f, c, k)
	}
	id, client := f.document(c, k, p.state, p.mark), f.of(c, k.patient())
	if p.patch == "" {
		status, body := f.ask(client, http.MethodGet, "Binary/b-"+id, nil)
		require.Contains(f.t, []int{http.StatusOK, http.StatusNotFound}, status, "%s", body)
		return status == http.StatusOK
	}
	_, before := f.ask(f.operator, http.MethodGet, "DocumentReference/"+id, nil)
	status, answer := f.ask(client, http.MethodPatch, "DocumentReference/"+id, []byte(p.patch))
	require.Contains(f.t, []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound}, status, "%s", answer)
	_, after := f.ask(f.operator, http.MethodGet, "DocumentReference/"+id, nil)
	assert.Equal(f.t, status == http.StatusOK, !bytes.Equal(before, after), "%s: what is answered is what is done", c.name)
	return status == http.StatusOK
}

// cases are the circumstances in which a line is asked about.
func (p probe) cases(transaction string, c *column) []terms {
	if p.act != nil && !strings.HasPrefix(transaction, "TD3.1") {
		return []terms{{}, {lenient: true}}
	}
	list := []terms{{}, {lenient: true}}
	if c.structure {
		list = append(list, terms{structure: true}, terms{structure: true, lenient: true})
	} else {
		list = append(list, terms{own: true}, terms{own: true, lenient: true})
	}
	if strings.HasPrefix(transaction, "TD3.3c") || strings.HasPrefix(transaction, "TD3.3d") {
		list = append(list, terms{fromPatient: true}, terms{fromPatient: true, lenient: true})
	}
	return list
}

// onlyAsked says whether a cell has no request of its own: feeding by staff and by others, metadata and references are the same requests.
func onlyAsked(transaction string, c *column) bool {
	switch transaction {
	case "TD2.1":
		return c.actor.Kind == rules.Staff
	case "TD2.2":
		return c.actor.Kind != rules.Staff
	case "TD3.1-metadata":
		return c.structure
	}
	return false
}

// explained gives what $habilitation says of each transaction: whether it is permitted, under some condition.
func (f *functional) explained(c *column, k terms) map[string]bool {
	status, body := f.ask(f.of(c, k.patient()), http.MethodGet, "Patient/"+k.patient()+"/$habilitation", nil)
	require.Equal(f.t, http.StatusOK, status, "%s: %s", c.name, body)
	var answer struct {
		Parameter []struct {
			Name string
			Part []struct {
				Name, ValueCode string
				ValueBoolean    bool
			}
		}
	}
	require.NoError(f.t, json.Unmarshal(body, &answer))
	out := map[string]bool{}
	for _, p := range answer.Parameter {
		if p.Name != "transaction" {
			continue
		}
		code := ""
		for _, part := range p.Part {
			switch part.Name {
			case "code":
				code = part.ValueCode
			case "permit":
				out[code] = part.ValueBoolean
			}
		}
	}
	return out
}

// TestFunctionalRights asks the server over HTTP about every cell of matrix B, in every circumstance that its notes speak of, and compares $habilitation with every cell.
func TestFunctionalRights(t *testing.T) {
	f, tables, all := newFunctional(t), oracle(t), probes()
	require.Len(t, tables.Rights, len(all))
	cells, requests, asked, listed := 0, 0, 0, 0
	for _, c := range cellColumns(t, tables.ActorModes) {
		for _, k := range []terms{{}, {lenient: true}} {
			said := f.explained(c, k)
			for i := range tables.Rights {
				line := &tables.Rights[i]
				cell := line.Cells[c.name]
				want := strings.HasPrefix(cell, "oui") && (habilitation.Footnote(cell) != "7" || k.lenient)
				permitted, ok := said[line.Transaction]
				assert.True(t, ok, "$habilitation names %s", line.Transaction)
				assert.Equal(t, want, permitted, "$habilitation: %s %s is %q, %s", line.Transaction, c.name, cell, k)
				listed++
			}
		}
		for i := range tables.Rights {
			line := &tables.Rights[i]
			p, ok := all[line.Transaction]
			require.True(t, ok, line.Transaction)
			cells++
			if onlyAsked(line.Transaction, c) {
				asked++
				continue
			}
			for _, k := range p.cases(line.Transaction, c) {
				got := p.run(f, c, k)
				assert.Equal(t, k.expected(line.Cells[c.name], line, c), got, "%s (%s) by %s: the cell is %q; %s", line.Transaction, line.Action, c.name, line.Cells[c.name], k)
				requests++
			}
		}
	}
	assert.Equal(t, 26*12, cells)
	t.Logf("%d cells: %d by %d transactions over HTTP, %d that have no request of their own by $habilitation, none skipped; $habilitation compared %d times", cells, cells-asked, requests, asked, listed)
}
