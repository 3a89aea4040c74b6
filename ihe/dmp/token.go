package dmp

import (
	"strings"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// CanonicalToken gives an INS in a query the spelling of resources (search.RegistryOptions.CanonicalToken): its system as a bare OID or as the authority of a CX, or the whole CX of XDS in the place of the code,
// whatever its number is worth. Other tokens are left alone.
func CanonicalToken(system, code string) (string, string) {
	if system == "" {
		if !strings.Contains(code, "^^^") {
			return system, code
		}
		parts := strings.Split(code, "^")
		authority := strings.Split(parts[3], "&")
		if len(authority) != 3 || authority[2] != "ISO" {
			return system, code
		}
		if kind, ok := ins.KindOf(authority[1]); ok {
			return kind.System(), parts[0]
		}
		return system, code
	}
	if kind, ok := ins.KindOf(system); ok {
		return kind.System(), code
	}
	return system, code
}
