package path

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// typeTest decides whether an item is of a type.
type typeTest struct {
	fhir   *spec.Type // for elements; nil when the name is none of FHIR's
	system string     // for computed values; "" when the name is none of System's
}

// resolveType finds what a type specifier names. An unqualified name is a FHIR type for elements and a System type for
// computed values (Quantity is both).
func resolveType(defs *spec.Definitions, name string, pos int) (typeTest, error) {
	namespace, local, qualified := strings.Cut(name, ".")
	if !qualified {
		namespace, local = "", name
	}
	var t typeTest
	if namespace != "System" {
		if f := defs.Types[local]; f != nil && f.Kind != spec.Backbone {
			t.fhir = f
		}
	}
	if namespace != "FHIR" && isSystemType(local) {
		t.system = local
	}
	// the System namespace is closed: of a type that it does not have there are no items
	if t.fhir == nil && t.system == "" && namespace != "System" {
		return t, syntaxFault(pos, "%q is not a type of FHIR R4 or System", clip(name))
	}
	return t, nil
}

// clip shortens a name of the client's for a message.
func clip(name string) string {
	if len(name) > 64 {
		return strings.ToValidUTF8(name[:64], "") + "..."
	}
	return name
}

func isSystemType(name string) bool {
	switch name {
	case "Boolean", "Integer", "Decimal", "String", "Date", "DateTime", "Time", "Quantity", "Any":
		return true
	}
	return false
}

func (t typeTest) matches(it Item) bool {
	if n, ok := it.(Node); ok {
		return t.fhir != nil && descends(n.Type, t.fhir)
	}
	return t.system == "Any" || t.system != "" && t.system == typeOf(it).Name
}

func descends(t, from *spec.Type) bool {
	for ; t != nil; t = t.Base {
		if t == from {
			return true
		}
	}
	return false
}

// typeOf gives the type of an item as the type function shows it.
func typeOf(it Item) TypeInfo {
	switch v := it.(type) {
	case Node:
		if v.Type.Kind == spec.Backbone {
			return TypeInfo{"FHIR", "BackboneElement"}
		}
		return TypeInfo{"FHIR", v.Type.Name}
	case Boolean:
		return TypeInfo{"System", "Boolean"}
	case Integer:
		return TypeInfo{"System", "Integer"}
	case Decimal:
		return TypeInfo{"System", "Decimal"}
	case String:
		return TypeInfo{"System", "String"}
	case Date:
		return TypeInfo{"System", "Date"}
	case DateTime:
		return TypeInfo{"System", "DateTime"}
	case Time:
		return TypeInfo{"System", "Time"}
	case Quantity:
		return TypeInfo{"System", "Quantity"}
	default:
		return TypeInfo{"System", "TypeInfo"}
	}
}
