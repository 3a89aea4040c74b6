package mhd

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// Level is the profile that a submission is judged by. Levels combine with | in Rule.Levels.
type Level uint8

// The levels, from MHD's least to PDSm; the last two are of Simplified Publish.
const (
	Minimal Level = 1 << iota
	UnContained
	Comprehensive
	PDSm
	Simplified
	SimplifiedPDSm
)

const (
	inBundle  = Minimal | UnContained | Comprehensive | PDSm
	complete  = UnContained | Comprehensive | PDSm // XDS-complete metadata
	contained = Comprehensive | PDSm
	published = Simplified | SimplifiedPDSm
	anyLevel  = inBundle | published
)

// String names the profile.
func (l Level) String() string {
	switch l {
	case Minimal:
		return "MHD Minimal"
	case UnContained:
		return "MHD UnContained Comprehensive"
	case Comprehensive:
		return "MHD Comprehensive"
	case PDSm:
		return "PDSm Comprehensive"
	case Simplified:
		return "MHD Simplified Publish"
	case SimplifiedPDSm:
		return "PDSm Simplified Publish"
	}
	return "several profiles"
}

// bundleProfiles are the canonical URLs of Provide Document Bundle by what they ask for.
var bundleProfiles = map[string]Level{
	mhdBase + "/StructureDefinition/IHE.MHD.Minimal.ProvideBundle":                   Minimal,
	mhdBase + "/StructureDefinition/IHE.MHD.UnContained.Comprehensive.ProvideBundle": UnContained,
	mhdBase + "/StructureDefinition/IHE.MHD.Comprehensive.ProvideBundle":             Comprehensive,
	pdsmBase + "/StructureDefinition/pdsm-comprehensive-provide-document-bundle":     PDSm,
}

// publishProfiles are those of Simplified Publish.
var publishProfiles = map[string]Level{
	mhdBase + "/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference": Simplified,
	pdsmBase + "/StructureDefinition/pdsm-simplified-publish":                    SimplifiedPDSm,
}

// levelOf gives the strictest level that meta.profile claims; false when it claims none.
func levelOf(root *element.Element, profiles map[string]Level) (Level, bool) {
	best := Level(0)
	meta := root.Child("meta")
	if meta == nil {
		return 0, false
	}
	for p := range meta.Children("profile") {
		url := p.Value
		for i := range len(url) {
			if url[i] == '|' {
				url = url[:i] // the version of a canonical
				break
			}
		}
		best = max(best, profiles[url])
	}
	return best, best != 0
}
