package balp_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

// The facts of the profiles, written down here for a second time from the guides: what the events of the package are held to.

const dcm = "http://dicom.nema.org/resources/ontology/DCM|"

type profileFacts struct {
	typ                     string
	subtypes                []string // one of them
	also                    string   // an IHE transaction that must stand beside, "" for none
	action                  string
	client, server          string
	users                   []string
	patient, data, query    bool
	dataRoles               []string
	closed                  bool // two entities and no more
	versioned, noDataDetail bool
}

const (
	balpSD   = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"
	mhdSD    = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/"
	tdeSD    = "https://interop.esante.gouv.fr/ig/fhir/tde/StructureDefinition/tde-auditevent"
	restType = "http://terminology.hl7.org/CodeSystem/audit-event-type|rest"
	ri       = "http://hl7.org/fhir/restful-interaction|"
	part     = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType|"
)

func facts() map[string]profileFacts {
	authors, all := []string{part + "AUT", part + "INF", part + "CST"}, []string{"4", "3", "20"}
	create := profileFacts{typ: restType, subtypes: []string{ri + "create"}, action: "C", client: dcm + "110153", server: dcm + "110152", users: authors, data: true, dataRoles: all}
	read := profileFacts{typ: restType, subtypes: []string{ri + "read", ri + "vread"}, action: "R", client: dcm + "110152", server: dcm + "110153", users: []string{part + "IRCP"}, data: true, dataRoles: all}
	update := profileFacts{typ: restType, subtypes: []string{ri + "update", ri + "patch"}, action: "U", client: dcm + "110153", server: dcm + "110152", users: authors, data: true, dataRoles: all, versioned: true}
	del := profileFacts{typ: restType, subtypes: []string{ri + "delete"}, action: "D", client: dcm + "110150", server: "http://terminology.hl7.org/CodeSystem/provenance-participant-type|custodian", users: authors, data: true, dataRoles: all, noDataDetail: true}
	query := profileFacts{typ: restType, subtypes: []string{ri + "search", ri + "search-type", ri + "search-system"}, action: "E", client: dcm + "110153", server: dcm + "110152", users: []string{part + "IRCP"}, query: true}
	out := map[string]profileFacts{}
	for name, f := range map[string]profileFacts{"Create": create, "Read": read, "Update": update, "Delete": del, "Query": query} {
		out[balpSD+"IHE.BasicAudit."+name] = f
		f.patient = true
		out[balpSD+"IHE.BasicAudit.Patient"+name] = f
	}
	with := func(f profileFacts, code string, roles ...string) profileFacts {
		f.patient, f.also = true, "urn:ihe:event-type-code|"+code
		if roles != nil {
			f.dataRoles = roles
		}
		return f
	}
	out[mhdSD+"IHE.MHD.FindDocumentLists.Audit.Responder"] = with(query, "ITI-66")
	out[mhdSD+"IHE.MHD.FindDocumentReferences.Audit.Responder"] = with(query, "ITI-67")
	out[mhdSD+"IHE.MHD.RetrieveDocument.Audit.Responder"] = with(read, "ITI-68", "3")
	out[mhdSD+"IHE.MHD.SimplifiedPublish.Audit.Recipient"] = with(create, "ITI-105")
	out[mhdSD+"IHE.MHD.ProvideBundle.Audit.Recipient"] = profileFacts{
		typ: dcm + "110107", subtypes: []string{"urn:ihe:event-type-code|ITI-65"}, action: "C", client: dcm + "110153", server: dcm + "110152", users: authors, patient: true, data: true, dataRoles: []string{"20"}, closed: true,
	}
	return out
}

func coded(c any) string { return fmt.Sprint(at(c, "system"), "|", at(c, "code")) }

func tokens(list any) []string {
	var out []string
	for _, c := range listOf(list) {
		out = append(out, coded(c))
	}
	return out
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// agentsOfType gives the agents whose type matches the pattern of a slice.
func agentsOfType(e object, typ string) []any {
	var out []any
	for _, a := range listOf(e["agent"]) {
		if slices.Contains(tokens(at(a, "type.coding")), typ) {
			out = append(out, a)
		}
	}
	return out
}

func entitiesOfType(e object, typ string) []any {
	var out []any
	for _, x := range listOf(e["entity"]) {
		if coded(at(x, "type")) == typ {
			out = append(out, x)
		}
	}
	return out
}

var registry = spec.R4()

// requireValid holds an event to R4, and to every profile that it claims.
func requireValid(t testing.TB, e object, raw []byte) {
	t.Helper()
	res, err := element.ParseJSON(registry, raw, element.Options{ExpectType: "AuditEvent"})
	require.NoError(t, err)
	for _, issue := range validate.New(registry).Issues(background, res.Root, validate.Full) {
		require.NotEqual(t, "error", string(issue.Severity), "%s: %s", issue.Expression, issue.Diagnostics)
	}
	require.NotEmpty(t, at(e, "period.start"), "TDE: when it occurred")
	require.NotEmpty(t, e["recorded"])
	require.NotEmpty(t, at(e, "source.observer.identifier.value"))
	claims := listOf(at(e, "meta.profile"))
	for _, claim := range claims {
		url := fmt.Sprint(claim)
		switch f, ok := facts()[url]; {
		case ok:
			requireProfile(t, e, f)
		case url == tdeSD:
			assert.LessOrEqual(t, len(listOf(e["subtype"])), 1, "TDE: subtype 0..1")
			assert.LessOrEqual(t, len(listOf(e["agent"])), 2, "TDE: agent 1..2")
		case url == balpSD+"IHE.BasicAudit.OAUTHaccessTokenUse.Minimal":
			users := agentsOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes|UserOauthAgent")
			require.Len(t, users, 1)
			require.Len(t, listOf(at(users[0], "policy")), 1)
			assert.True(t, strings.HasPrefix(at(users[0], "policy.0").(string), "urn:ietf:params:oauth:jti:"))
			assert.Equal(t, true, at(users[0], "requestor"))
		case url == balpSD+"IHE.IUA.71":
			requireIUA71(t, e)
		default:
			t.Errorf("a profile is claimed that the tests do not know: %s", url)
		}
	}
	if e["outcome"] != "0" {
		assert.Empty(t, claims, "the profiles are of successes")
	}
}

func requireProfile(t testing.TB, e object, f profileFacts) {
	t.Helper()
	assert.Equal(t, f.typ, coded(e["type"]))
	subtypes := tokens(e["subtype"])
	assert.True(t, slices.ContainsFunc(subtypes, func(s string) bool { return slices.Contains(f.subtypes, s) }), "%v", subtypes)
	if f.also != "" {
		assert.Contains(t, subtypes, f.also)
		assert.GreaterOrEqual(t, len(subtypes), 2)
	}
	assert.Equal(t, f.action, e["action"])
	assert.Equal(t, "0", e["outcome"])
	for side, typ := range map[string]string{"client": f.client, "server": f.server} {
		a := agentsOfType(e, typ)
		require.Len(t, a, 1, side)
		assert.NotEmpty(t, at(a[0], "who"), side)
		assert.NotEmpty(t, at(a[0], "network.address"), side)
		assert.Nil(t, at(a[0], "media"), side)
		assert.Equal(t, false, at(a[0], "requestor"), side)
	}
	assert.Equal(t, at(agentsOfType(e, f.server)[0], "who"), at(e, "source.observer"), "val-audit-source")
	for _, user := range agentsOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes|UserOauthAgent") {
		assert.True(t, slices.ContainsFunc(tokens(at(user, "type.coding")), func(s string) bool { return slices.Contains(f.users, s) }))
		assert.Nil(t, at(user, "network"))
		assert.NotEmpty(t, at(user, "who"))
	}
	patients := entitiesOfType(e, "http://terminology.hl7.org/CodeSystem/audit-entity-type|1")
	require.Len(t, patients, map[bool]int{true: 1}[f.patient], "patients")
	for _, p := range patients {
		assert.Equal(t, "http://terminology.hl7.org/CodeSystem/object-role|1", coded(at(p, "role")))
		assert.NotEmpty(t, at(p, "what"))
	}
	objects := entitiesOfType(e, "http://terminology.hl7.org/CodeSystem/audit-entity-type|2")
	require.Len(t, objects, 1, "data or query")
	role := fmt.Sprint(at(objects[0], "role.code"))
	if f.query {
		assert.Equal(t, "24", role)
		raw, err := base64.StdEncoding.DecodeString(at(objects[0], "query").(string))
		require.NoError(t, err)
		assert.NotEmpty(t, raw)
		for _, not := range []string{"what", "lifecycle", "detail"} {
			assert.Nil(t, at(objects[0], not))
		}
	} else {
		assert.Contains(t, f.dataRoles, role)
		assert.NotEmpty(t, at(objects[0], "what.reference"))
	}
	if f.versioned {
		assert.Contains(t, at(objects[0], "what.reference"), "/_history/")
	}
	if f.noDataDetail {
		assert.Nil(t, at(objects[0], "detail"))
	}
	if f.closed {
		assert.Len(t, listOf(e["entity"]), 2)
	}
	requests := entitiesOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType|XrequestId")
	assert.LessOrEqual(t, len(requests), 1)
	for _, r := range requests {
		assert.NotEmpty(t, at(r, "what.identifier.value"))
	}
}

func requireIUA71(t testing.TB, e object) {
	t.Helper()
	assert.Equal(t, dcm+"110114", coded(e["type"]))
	assert.Equal(t, []string{"urn:ihe:event-type-code|ITI-71"}, tokens(e["subtype"]))
	assert.Equal(t, "E", e["action"])
	assert.LessOrEqual(t, len(listOf(e["agent"])), 3)
	require.Len(t, agentsOfType(e, dcm+"110150"), 1)
	require.Len(t, agentsOfType(e, "https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes|AuthzOauthService"), 1)
	require.LessOrEqual(t, len(agentsOfType(e, part+"IRCP")), 1)
	require.Len(t, listOf(e["entity"]), 1)
	assert.Equal(t, "http://terminology.hl7.org/CodeSystem/audit-entity-type|2", coded(at(e, "entity.0.type")))
	assert.Contains(t, []any{"13", "24"}, at(e, "entity.0.role.code"))
	assert.NotEmpty(t, listOf(at(e, "entity.0.detail")))
}
