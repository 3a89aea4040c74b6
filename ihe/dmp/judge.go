package dmp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Identity holds Patients to the rules of FR Core and of the INS when they are written: each for itself, against the version before, and against all other Patients. It is
// an interceptor of the repository.
type Identity struct {
	mode ins.Mode
}

// NewIdentity makes the rules for a server of the mode.
func NewIdentity(mode ins.Mode) *Identity { return &Identity{mode: mode} }

// Mode says whose numbers the server takes.
func (i *Identity) Mode() ins.Mode { return i.mode }

// BeforeWrite judges a Patient by itself. What is wrong makes one 422 fault with an issue for each.
func (i *Identity) BeforeWrite(_ context.Context, _ repository.Interaction, after *element.Resource) error {
	if after.Type() != "Patient" {
		return nil
	}
	j := &judge{mode: i.mode, patient: after.Root}
	j.identifiers()
	j.status()
	j.traits()
	if len(j.issues) == 0 {
		return nil
	}
	return fault.Of(http.StatusUnprocessableEntity, j.issues)
}

// judge gathers what is wrong with one Patient.
type judge struct {
	mode    ins.Mode
	patient *element.Element
	issues  []fault.Issue
	// held is the current INS, when there is a right one; claims that there is one, right or wrong.
	held   ins.Matricule
	claims bool
}

func (j *judge) wrong(code fault.Code, expression, format string, args ...any) {
	j.issues = append(j.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: expression, Diagnostics: fmt.Sprintf(format, args...)})
}

// identifiers judges those under INS systems, and that local ones can be told apart.
func (j *judge) identifiers() {
	found := insIdentifiers(j.patient)
	var real, other bool
	var nss []insIdentifier
	for n := range found {
		i := &found[n]
		path := element.Path(i.element)
		if spelled := i.element.ChildValue("system"); spelled != i.kind.System() {
			j.wrong(fault.Value, path+".system", "The system of an INS is written as a URN in resources: %s.", i.kind.System())
			j.claims = j.claims || i.current()
			continue
		}
		if i.kind.Real() {
			real = true
		} else {
			other = true
		}
		if i.nss {
			nss = append(nss, *i)
			continue
		}
		j.typed(i, path)
		m, err := j.mode.Parse(i.kind.System(), i.number)
		if err != nil {
			j.refused(err, path)
		}
		if i.current() {
			if j.claims {
				j.wrong(fault.BusinessRule, path, "A person has one INS at a time; the earlier one has the use old and a period.")
			}
			j.claims, j.held = true, m
		}
	}
	if real && other {
		j.wrong(fault.BusinessRule, "Patient.identifier", "Test identities and real ones never stand in one record.")
	}
	for n := range nss {
		if nss[n].number != j.held.Number() || nss[n].kind != j.held.Kind() {
			j.wrong(fault.BusinessRule, element.Path(nss[n].element),
				"An insured's number (type NH) under an INS system that is not the person's own INS may be another's: a search by INS would find the wrong person. Leave it out.")
		}
	}
	j.others()
}

// typed judges type and use (slices of fr-core-patient-ins).
func (j *judge) typed(i *insIdentifier, path string) {
	right := slices.ContainsFunc(slices.Collect(i.element.Child("type").Children("coding")), func(c *element.Element) bool {
		return c.ChildValue("system") == SystemIdentifierType && c.ChildValue("code") == i.kind.Code()
	})
	if !right {
		j.wrong(fault.Required, path+".type", "An identifier of the system %s has the type %s of %s.", i.kind.System(), i.kind.Code(), SystemIdentifierType)
	}
	want := "official"
	if i.kind == ins.NIA {
		want = "temp"
	}
	if i.use != want && i.use != "old" {
		j.wrong(fault.Value, path+".use", "The use of an identifier of type %s is %s, or old when another has taken its place.", i.kind.Code(), want)
	}
}

// refused tells what is wrong with a number, without the number.
func (j *judge) refused(err error, path string) {
	if e, ok := err.(*ins.Error); ok && e.Rule == ins.RuleMode { //nolint:errorlint // ins gives it bare
		j.wrong(fault.BusinessRule, path+".system", "%s", err.Error())
		return
	}
	j.wrong(fault.Value, path+".value", "%s", err.Error())
}

// others judges identifiers that are under no INS system: a type of INS does not belong there, and without system and value nobody can tell whose a local one is.
func (j *judge) others() {
	for e := range j.patient.Children("identifier") {
		if _, ok := ins.KindOf(e.ChildValue("system")); ok {
			continue
		}
		for c := range e.Child("type").Children("coding") {
			switch system, code := c.ChildValue("system"), c.ChildValue("code"); {
			case system == SystemIdentifierType && isINSType(code):
				j.wrong(fault.Value, element.Path(e)+".system", "%s", (&ins.Error{Rule: ins.RuleSystem}).Error())
				j.claims = true
			case system == SystemV2IdentifierType && code == "PI" && (e.ChildValue("system") == "" || e.ChildValue("value") == ""):
				j.wrong(fault.Required, element.Path(e), "A local identifier (type PI) has a system, which is the establishment's own, and a value.")
			}
		}
	}
}

func isINSType(code string) bool {
	return slices.ContainsFunc(ins.Kinds(), func(k ins.Kind) bool { return k.Code() == code })
}

// status judges the identity status against the INS.
func (j *judge) status() {
	status, coding := statusOf(j.patient)
	path := "Patient.extension('" + extensionReliability + "')"
	if coding != nil {
		path = element.Path(coding)
		j.knownStatus(coding, status, path)
	}
	j.doubtful(status, path)
	switch {
	case j.claims && coding == nil:
		j.wrong(fault.Required, path, "A Patient with an INS has the extension fr-core-identity-reliability with the identityStatus VALI or QUAL: only a qualified identity holds an INS.")
	case j.claims && !status.MayHoldINS():
		j.wrong(fault.BusinessRule, path, "Only a qualified identity (identityStatus VALI or QUAL) holds an INS; leave the INS out until it is qualified.")
	case !j.claims && status.MayHoldINS():
		j.wrong(fault.BusinessRule, path, "An identity with the status VALI or QUAL has an INS as identifier (fr-core-1, fr-core-2); without one it is PROV.")
	}
}

// knownStatus judges the coding: v2-0445 has further codes, which say nothing of an INS.
func (j *judge) knownStatus(coding *element.Element, status Status, path string) {
	own := []Status{Provisional, Retrieved, Validated, Qualified}
	v20445 := []Status{
		Provisional, Validated, "VIDE", "DOUB", //nolint:misspell // the code
		"DESA", "DPOT", "DOUA", "COLP", "COLV", "FILI", "CACH", "ANOM", "IDVER", "RECD", "IDRA", "USUR", "HOMD", "HOMA", "INVA", "FICT", "DOUT",
	}
	switch system := coding.ChildValue("system"); {
	case system == SystemIdentityStatus && slices.Contains(own, status):
	case system == SystemV20445 && slices.Contains(v20445, status):
	default:
		j.wrong(fault.CodeInvalid, path, "An identityStatus is PROV, RECUP, VALI or QUAL of %s, or a code of %s.", SystemIdentityStatus, SystemV20445)
	}
}

// doubtful: an identity said to be doubtful (DOUT) or fictitious (FICT) stays provisional, and is not both.
func (j *judge) doubtful(status Status, path string) {
	said := map[string]bool{}
	for x := range j.patient.Children("extension") {
		if x.ChildValue("url") != extensionReliability {
			continue
		}
		for part := range x.Children("extension") {
			if part.ChildValue("url") == "comment" {
				for c := range part.Child("value").Children("coding") {
					said[c.ChildValue("code")] = true
				}
			}
		}
	}
	if (said["DOUT"] || said["FICT"]) && status != Provisional {
		j.wrong(fault.BusinessRule, path, "An identity with the comment DOUT or FICT has the identityStatus PROV.")
	}
	if said["DOUT"] && said["FICT"] {
		j.wrong(fault.BusinessRule, path, "An identity is doubtful (DOUT) or fictitious (FICT), not both.")
	}
}

// traits judges that all are there with an INS, or with the profile that asks for them.
func (j *judge) traits() {
	official := 0
	for name := range j.patient.Children("name") {
		if name.ChildValue("use") == "official" {
			official++
		}
	}
	t := TraitsOf(j.patient)
	if t.BirthPlace != "" && !inseeCode.MatchString(t.BirthPlace) {
		j.wrong(fault.Value, traitPaths[TraitBirthPlace], "The INSEE code of a birth place has five characters: 5 digits, 2A or 2B and 3 digits, or 99 and the country's 3 digits.")
	}
	if !j.claims && !claimsINS(j.patient) {
		return
	}
	t.each(func(name Trait, value string) bool {
		if value == "" {
			j.wrong(fault.Required, traitPaths[name], "An identity with an INS has five traits; the %s is missing.", name)
		}
		return true
	})
	if official != 1 {
		j.wrong(fault.Required, "Patient.name", "An identity with an INS has exactly one name with the use official, the birth name.")
	} else if officialName(j.patient).ChildValue("given") == "" {
		j.wrong(fault.Required, "Patient.name.where(use='official').given", "The official name has the first birth given name as given.")
	}
	if t.Sex == "other" {
		j.wrong(fault.Value, traitPaths[TraitSex], "The sex of an identity with an INS is male, female or unknown.")
	}
}

// claimsINS says that the content claims the profile of a Patient with an INS.
func claimsINS(patient *element.Element) bool {
	for p := range patient.Child("meta").Children("profile") {
		if url, _, _ := strings.Cut(p.Value, "|"); url == ProfilePatientINS {
			return true
		}
	}
	return false
}
