package habilitation

// Kind is what a caller is to the DMP.
type Kind string

// The kinds of actors. An Actor of another kind has no right at all.
const (
	Professional   Kind = "professional"   // of health or of the social sector, by its own means of identification
	Holder         Kind = "holder"         // the person whose record it is (titulaire)
	Representative Kind = "representative" // legal representative of a minor or of a protected adult
	Delegate       Kind = "delegate"       // aidant or relative, whom the holder lets act
	Administrator  Kind = "administrator"  // of the holder's profile in Mon espace santé
	Institution    Kind = "institution"    // certificate of an establishment (indirect authentication)
	Staff          Kind = "staff"          // who is no professional but acts for a structure (carte CPE)
	Application    Kind = "application"    // referenced application that acts for the holder with her consent
	Operator       Kind = "operator"       // who runs the server: reads no record
)

// Authentication is how a professional's identity reached the server (VIHF Authentification_mode).
type Authentication string

// The authentication modes. The empty one is Direct.
const (
	Direct             Authentication = "direct"
	Indirect           Authentication = "indirect"            // by the structure's certificate: the rights are the certificate's
	ReinforcedIndirect Authentication = "reinforced-indirect" // AIR, PDT-INF-606
)

// Identifier is a national identifier: a system and a value, as in FHIR.
type Identifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value,omitempty"`
}

// Zero says whether nothing is identified.
func (i Identifier) Zero() bool { return i == Identifier{} }

// Actor is who calls, as the identity provider says it. Its JSON is the token's claim https://carnet-fhir.github.io/dmp. The codes are those of the chosen situation of exercise: where a professional has several, the one that was chosen.
type Actor struct {
	Kind Kind       `json:"kind"`
	ID   Identifier `json:"id,omitzero"` // RPPS number, INS, or the client's identifier
	Name string     `json:"name,omitempty"`

	Profession         string `json:"profession,omitempty"`         // TRE_G15-ProfessionSante: 10, 21, 60...
	TrainingProfession string `json:"trainingProfession,omitempty"` // TRE_G16: an intern's
	Speciality         string `json:"speciality,omitempty"`         // TRE_R01 savoir-faire: SM26... Doctors have one
	Section            string `json:"section,omitempty"`            // TRE_G05 section of the order of pharmacists: A, G... Pharmacists have one
	Role               string `json:"role,omitempty"`               // TRE_R85-RolePriseCharge
	Activity           string `json:"activity,omitempty"`           // TRE_R22 genre d'activité: GENR08...
	SocialProfession   string `json:"socialProfession,omitempty"`   // TRE_R94
	Title              string `json:"title,omitempty"`              // TRE_R95 usager de titre

	Structure      Identifier     `json:"structure,omitzero"` // FINESS, SIRET... for which it acts
	Authentication Authentication `json:"authentication,omitempty"`

	Mode          AccessMode `json:"mode,omitempty"`          // "" is Normal
	Justification bool       `json:"justification,omitempty"` // of bris de glace: was given, and is in the trace
	Secret        bool       `json:"secret,omitempty"`        // connexion secrète (M2)
}
