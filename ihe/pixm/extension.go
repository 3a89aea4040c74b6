package pixm

import "github.com/carnet-fhir/carnet/fhir/rest"

const guide = "https://profiles.ihe.net/ITI/PIXm/"

const own = "https://carnet-fhir.github.io/OperationDefinition/"

// Extension adds the manager's operations to the server.
func (m *Manager) Extension() rest.Extension {
	return rest.Extension{
		Instantiates:         []string{guide + "CapabilityStatement/IHE.PIXm.Manager"},
		ImplementationGuides: []string{guide + "ImplementationGuide/ihe.iti.pixm"},
		Profiles:             map[string][]string{"Patient": {guide + "StructureDefinition/IHE.PIXm.Patient"}},
		Operations: []rest.Operation{
			{
				Code: "ihe-pix", Definition: guide + "OperationDefinition/IHE.PIXm.pix", Levels: rest.TypeLevel, Types: []string{"Patient"}, ReadOnly: true, Handle: m.query,
				Documentation: "ITI-83. Takes sourceIdentifier (system|value, an INS in every spelling) and targetSystem (repeating). Of a qualified identity the INS alone is given; a local identifier to who names its domain as targetSystem.",
			},
			{
				Code: "merge", Definition: own + "Patient-merge", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: m.merge,
				Documentation: "Takes source-patient and target-patient (Reference), or the same names with -identifier (Identifier). The source is subsumed: inactive, link replaced-by; what refers to it is moved to the target in the same commit.",
			},
			{
				Code: "unmerge", Definition: own + "Patient-unmerge", Levels: rest.InstanceLevel, Types: []string{"Patient"}, Handle: m.unmerge,
				Documentation: "Undoes a merge, on the subsumed Patient: what came with it is moved back.",
			},
			{
				Code: "link", Definition: own + "Patient-link", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: m.link(true),
				Documentation: "Takes the parameters of $merge: two Patients that may be one person point to each other (seealso); both stay in use.",
			},
			{Code: "unlink", Definition: own + "Patient-unlink", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: m.link(false), Documentation: "Undoes $link."},
		},
	}
}
