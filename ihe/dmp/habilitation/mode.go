package habilitation

import (
	"fmt"
	"strings"
)

// AccessMode is a code of TRE_R248-ModeAcces.
type AccessMode string

// The access modes.
const (
	Normal     AccessMode = "normal"
	BreakGlass AccessMode = "bris_de_glace"
	Centre15   AccessMode = "centre_15" // régulation
)

// The OIDs of the access mode: that of TRE_R248-ModeAcces, and that of its value set JDV_J38, which the GIE's example messages write.
const (
	OIDAccessMode    = "1.2.250.1.213.1.1.4.336"
	OIDAccessModeGIE = "1.2.250.1.213.1.1.4.248"
)

// spellings are the codes as they are met, without case, "_" and "-".
var spellings = map[string]AccessMode{
	"normal": Normal, "brisdeglace": BreakGlass, "centre15": Centre15, "regulation": Centre15, "régulation": Centre15,
}

// ParseAccessMode reads a code of TRE_R248 in the spellings that are met: normal, bris_de_glace, brisDeGlace, centre_15, regulation. The system may be empty, one of the two OIDs, with urn:oid: or without, or the nomenclature's URL. An
// empty code is Normal.
func ParseAccessMode(system, code string) (AccessMode, error) {
	if oid := strings.TrimPrefix(system, "urn:oid:"); system != "" && oid != OIDAccessMode && oid != OIDAccessModeGIE && !strings.Contains(system, "TRE_R248-ModeAcces") {
		return "", fmt.Errorf("the access mode is a code of TRE_R248-ModeAcces (%s or %s)", OIDAccessMode, OIDAccessModeGIE)
	}
	if code == "" {
		return Normal, nil
	}
	m, ok := spellings[strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(code))]
	if !ok {
		return "", fmt.Errorf("the access modes are %s, %s and %s", Normal, BreakGlass, Centre15)
	}
	return m, nil
}
