package ins

import "strings"

// Kind says under which authority a matricule was assigned. The systems are those of ANS, as listed by FR Core (fr-core-patient-ins).
type Kind uint8

// The kinds of matricule.
const (
	// NIR is a real person's number.
	NIR Kind = iota + 1
	// NIA is a real person's number while there is no NIR (numéro identifiant d'attente).
	NIA
	// Test is a number for tests (INS-NIR-TEST).
	Test
	// Demo is a number for demonstrations (INS-NIR-DEMO).
	Demo
)

// Kinds are all kinds.
var kinds = [...]struct{ oid, code, name string }{
	NIR:  {"1.2.250.1.213.1.4.8", "INS-NIR", "NIR"},
	NIA:  {"1.2.250.1.213.1.4.9", "INS-NIA", "NIA"},
	Test: {"1.2.250.1.213.1.4.10", "INS-NIR-TEST", "test NIR"},
	Demo: {"1.2.250.1.213.1.4.11", "INS-NIR-DEMO", "demonstration NIR"},
}

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{NIR, NIA, Test, Demo} }

func (k Kind) known() bool { return k >= NIR && k <= Demo }

// OID is the assigning authority as CDA and HL7 v2 write it ("1.2.250.1.213.1.4.8"); "" for no kind.
func (k Kind) OID() string {
	if !k.known() {
		return ""
	}
	return kinds[k].oid
}

const urn = "urn:oid:"

// System is the assigning authority as FHIR writes it ("urn:oid:1.2.250.1.213.1.4.8"); "" for no kind.
func (k Kind) System() string {
	if !k.known() {
		return ""
	}
	return urn + kinds[k].oid
}

// Code is the identifier type in FR Core's code system fr-core-cs-v2-0203 ("INS-NIR").
func (k Kind) Code() string {
	if !k.known() {
		return ""
	}
	return kinds[k].code
}

// String names the kind in a sentence.
func (k Kind) String() string {
	if !k.known() {
		return "unknown"
	}
	return kinds[k].name
}

// Real says that people's own numbers are of this kind.
func (k Kind) Real() bool { return k == NIR || k == NIA }

// KindOf finds the kind of a system in any spelling: the bare OID, its URN ("urn:oid:", whose first two parts compare without case, RFC 8141 §3.1), or the universal id of
// a CX or HD ("&1.2.250.1.213.1.4.8&ISO").
func KindOf(system string) (Kind, bool) {
	oid := system
	switch {
	case len(system) > len(urn) && strings.EqualFold(system[:len(urn)], urn):
		oid = system[len(urn):]
	case strings.HasPrefix(system, "&"):
		oid, _ = strings.CutSuffix(system[1:], "&ISO")
	}
	for k := NIR; k <= Demo; k++ {
		if kinds[k].oid == oid {
			return k, true
		}
	}
	return 0, false
}

// Spellings lists the forms in which a system is written for the same authority: what a search must take for one.
func (k Kind) Spellings() []string {
	return []string{k.System(), k.OID()}
}
