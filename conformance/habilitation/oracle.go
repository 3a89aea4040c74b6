package habilitation

import "strings"

// Relation is what makes a professional authorised.
type Relation string

// The relations of the care team (A2, A3), of a consent given at the moment (A4), and none.
const (
	Team   Relation = "care team"
	Moment Relation = "consent of the moment"
	None   Relation = "none"
)

// Marking is a document's visibility code.
type Marking string

// The markings of TRE_A07.
const (
	Normal        Marking = ""
	Masked        Marking = "MASQUE_PS"
	HiddenPatient Marking = "INVISIBLE_PATIENT"
	HiddenParents Marking = "INVISIBLE_REPRESENTANTS_LEGAUX"
)

// Mode is the access mode by its code in TRE_R248.
type Mode string

// The access modes.
const (
	Usual      Mode = "normal"
	BreakGlass Mode = "bris_de_glace"
	Centre15   Mode = "centre_15"
)

// Question asks whether a professional may read one document.
type Question struct {
	// Column is the one of matrix A, "" for a profession that has none; Doctor, Occupational (médecin du travail) and Treating (médecin traitant DMP) say which column of matrix B.
	Column                         string
	Doctor, Occupational, Treating bool
	Type                           Type
	Marking                        Marking
	Relation                       Relation
	Blocked                        bool
	Mode                           Mode
	Own                            bool // the professional is an author of the document
	// What the holder decided for emergencies.
	OpposedBreakGlass, OpposedCentre15, MaskedAllowed bool
	Closed                                            bool
}

// actorMode is the column of matrix B. A médecin traitant has no column of regulation: as another doctor.
func (q *Question) actorMode() string {
	mode := map[Mode]string{Usual: "normal", BreakGlass: "bris_de_glace", Centre15: "regulation"}[q.Mode]
	switch {
	case q.Occupational:
		return "medecin_du_travail/sans_objet"
	case q.Treating && q.Mode != Centre15:
		return "medecin_traitant/" + mode
	case q.Doctor:
		return "medecin_non_MT/" + mode
	}
	return "PS_non_medecin/" + mode
}

// MayRead answers from the rules: closed records (L6), blocks (A8), authorisation in normal mode (A1 to A5, A14) or no opposition in emergencies (E1, E2), matrix B with its footnotes, matrix A.
func (t *Tables) MayRead(q *Question) bool {
	if q.Closed || q.Blocked || !q.admitted() {
		return false
	}
	row := "Consulter un document non masqué"
	switch q.Marking {
	case Masked:
		row = "Consulter un document masqué"
	case HiddenPatient:
		row = "Consulter un document non visible du patient"
	case Normal, HiddenParents: // matrix B has no row for the latter: professionals read it (M5)
	}
	switch cell := t.Cell("TD3.2", row, q.actorMode()); {
	case cell == "oui":
	case cell == "oui(6)" && q.Own: // own documents only
	case cell == "oui(7)" && q.MaskedAllowed: // only if the person allowed masked documents in emergencies
	default:
		return false
	}
	return q.Own || q.Column != "" && q.Type.Reads[q.Column]
}

// admitted says whether the professional gets at the record at all.
func (q *Question) admitted() bool {
	switch q.Mode {
	case BreakGlass:
		return !q.OpposedBreakGlass
	case Centre15:
		return !q.OpposedCentre15
	case Usual:
	}
	return q.Treating || q.Relation != None
}

// Footnote is the number in a cell of matrix B, "" for none.
func Footnote(cell string) string {
	_, note, _ := strings.Cut(strings.TrimSuffix(cell, ")"), "(")
	return note
}
