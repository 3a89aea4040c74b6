// Package scope is SMART App Launch 2.2 scopes (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html): what a client asks for and a token grants, what that permits,
// and which condition it sets on the resources of a type. Scopes only narrow: what their text does not say is not permitted, and what cannot be judged is refused.
package scope

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/repository"
)

// Context is whose data a scope is about.
type Context string

// The contexts: the record of the launch patient, what the user may see, what the client itself may see.
const (
	Patient Context = "patient"
	User    Context = "user"
	System  Context = "system"
)

// Letters are the interactions of a scope; they combine with |.
type Letters uint8

// The interactions in the order in which a scope writes them.
const (
	Create Letters = 1 << iota
	Read
	Update
	Delete
	Search
)

const allLetters = Create | Read | Update | Delete | Search

// String gives the letters as a scope has them ("rs").
func (l Letters) String() string {
	var b strings.Builder
	for i, letter := range "cruds" {
		if l&(1<<i) != 0 {
			b.WriteRune(letter)
		}
	}
	return b.String()
}

// Any is the type of a scope about all types.
const Any = "*"

// Resource is a scope about FHIR resources: patient/Observation.rs?category=laboratory.
type Resource struct {
	Context Context
	// Type is a resource type, or Any.
	Type    string
	Letters Letters
	// Params are the search parameters that a resource must match, all of them, decoded and in their order.
	Params [][2]string
	// V1 says that the scope was written as SMART 1.0 does (.read, .write, .*).
	V1 bool

	parsed *parsed // of Params
}

// The scopes that are not about resources.
const (
	Launch          = "launch"
	LaunchPatient   = "launch/patient"
	LaunchEncounter = "launch/encounter"
	OpenID          = "openid"
	FHIRUser        = "fhirUser"
	Profile         = "profile"
	OfflineAccess   = "offline_access"
	OnlineAccess    = "online_access"
)

// Bounds of what Parse takes.
const (
	MaxLength = 16 << 10 // bytes of the text
	MaxScopes = 256      // scopes in it
	MaxParams = 16       // search parameters of one scope
)

// Set is a set of scopes. It is immutable; the zero Set is empty. Parse makes one.
type Set struct {
	resources []Resource
	others    []string // launch, openid...
	unknown   []string
}

// Resources gives the scopes about resources, in canonical order. The slice must not be changed.
func (s Set) Resources() []Resource { return s.resources }

// Unknown gives the scopes that SMART does not define or that are ill-formed (patient/Observation.dus), as they were written. They permit nothing; a server drops them by Known.
func (s Set) Unknown() []string { return s.unknown }

// Known gives the set without the unknown scopes.
func (s Set) Known() Set { return Set{resources: s.resources, others: s.others} }

// Empty says that no known scope is in the set.
func (s Set) Empty() bool { return len(s.resources) == 0 && len(s.others) == 0 }

// Has says whether the set has a scope that is not about resources, such as OpenID or LaunchPatient.
func (s Set) Has(name string) bool {
	for _, o := range s.others {
		if o == name {
			return true
		}
	}
	return false
}

// HasContext says whether some scope about resources is of the context: one of Patient needs a launch patient.
func (s Set) HasContext(c Context) bool {
	for _, r := range s.resources {
		if r.Context == c {
			return true
		}
	}
	return false
}

// Permits says whether the set permits an interaction on a type at all, whichever the resource.
//
//   - read, vread, history-instance: r; create: c; update and patch: u (which may create, as SMART says); delete: d; search and history of types and system: s.
//   - transaction and batch are permitted as such: their entries are judged one by one.
//   - operation is what the repository asks for operations that read ($everything, $meta, $validate): r. Operations that write ask for the interactions that they carry out.
//   - typ "" (system level): some type must be permitted; what the interaction meets of other types is not shown.
//   - What belongs to nobody's record (Organization, Practitioner...) is read under patient/ scopes, and written under user/ and system/ only.
func (s Set) Permits(what repository.Interaction, typ string) bool {
	if what == repository.Transaction || what == repository.Batch {
		return true
	}
	letter := letterOf(what)
	for i := range s.resources {
		if r := &s.resources[i]; r.Letters&letter != 0 && r.about(typ, letter) {
			return true
		}
	}
	return false
}
