package consent

// shape says what a Consent of a category holds.
type shape struct {
	permit, deny bool // the types of provision that there are
	// actors: at least one, otherwise none. named: by identifier; linked: by a reference to a RelatedPerson; roles: by a profession without a name too.
	actors, named, linked, roles bool
	// kinds: class and code may choose documents; resources: class may name resource types too.
	kinds, resources bool
	until            bool // the period has an end
	actions          bool // access, correct
	purposes         bool
	nested           bool // exceptions
	word             bool // how the person's word was given
	code             bool // the digest of an access code
	reason           bool // a reason may be given
}

var shapes = map[Category]shape{
	CareTeam:          {permit: true, deny: true, actors: true, named: true, word: true},
	Moment:            {permit: true, actors: true, named: true, word: true},
	TreatingDoctor:    {permit: true, actors: true, named: true, word: true},
	Block:             {deny: true, actors: true, named: true},
	BreakGlass:        {permit: true, deny: true, purposes: true},
	Centre15:          {permit: true, deny: true, purposes: true},
	MaskedInEmergency: {permit: true, deny: true, purposes: true},
	AccessRule:        {deny: true, named: true, roles: true, kinds: true, nested: true},
	AccessCode:        {permit: true, kinds: true, until: true, code: true},
	Delegate:          {permit: true, actors: true, linked: true, named: true, actions: true},
	Application:       {permit: true, actors: true, named: true, kinds: true, resources: true, actions: true, until: true},
	Feeding:           {deny: true, kinds: true, named: true, reason: true},
	Visibility:        {permit: true, deny: true},
	Notifications:     {permit: true, deny: true},
	SecondaryUse:      {permit: true, deny: true, purposes: true},
}

// Systems of codes in a Consent.
const (
	systemScope  = "http://terminology.hl7.org/CodeSystem/consentscope"
	systemAction = "http://terminology.hl7.org/CodeSystem/consentaction"
	systemReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	systemTypes  = "http://hl7.org/fhir/resource-types"

	// ExtensionMeans is how the person's word was given (valueCode): oral, written or electronic.
	ExtensionMeans = "https://carnet-fhir.github.io/StructureDefinition/consent-means"
	// ExtensionCollector names the professional who took down the person's word for another (valueReference with an identifier, A5).
	ExtensionCollector = "https://carnet-fhir.github.io/StructureDefinition/consent-collector"
	// SystemAccessCode is the system of the Consent's identifier that holds the digest of an access code, see Digest.
	SystemAccessCode = "https://carnet-fhir.github.io/access-code-digest"
	// SystemRole has the roles of provision.actor for delegates: RoleDelegate and RoleAdministrator.
	SystemRole        = "https://carnet-fhir.github.io/CodeSystem/consent-role"
	RoleDelegate      = "delegate"
	RoleAdministrator = "administrator"
	// ExtensionReason is the legitimate reason of an opposition (valueString).
	ExtensionReason = "https://carnet-fhir.github.io/StructureDefinition/consent-reason"
)

// means are the ways in which a person gives her word (R1111-46: by any means).
var means = []string{"oral", "written", "electronic"}

// Limits on what one Consent lists, so that no record's rules grow beyond what a search plan holds.
const (
	maxActors     = 200
	maxKinds      = 200
	maxExceptions = 20
)
