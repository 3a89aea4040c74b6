package extraction

import (
	"errors"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// systemTechnical is ours: the directory gives each structure a technical identifier, without a system that a URL is published for.
const systemTechnical = "https://carnet-fhir.github.io/identifier/annuaire-structure"

// structureIdent gives the identity of the structure of a line: by its FINESS number, else its SIRET, else the directory's technical identifier; zero when the line names none.
func structureIdent(h *hasher, r *row) (ident, error) {
	finess, siret, technical := r.get(colFINESS), r.get(colSIRET), r.get(colStructure)
	if finess != "" {
		if rule := nos.CheckFINESS(finess); rule != "" {
			return ident{}, errors.New(string(rule))
		}
		return finessIdent(h, finess), nil
	}
	if siret != "" {
		if rule := nos.CheckSIRET(siret); rule != "" {
			return ident{}, errors.New(string(rule))
		}
	}
	switch {
	case siret != "":
		return h.of("siret", siret), nil
	case technical != "":
		return h.of("structure", technical), nil
	case r.get(colName) != "" || r.get(colPostcode) != "":
		return ident{}, errStructure
	}
	return ident{}, nil
}

func finessIdent(h *hasher, number string) ident { return h.of("finess", number) }
func placeIdent(h *hasher, number string) ident  { return h.of("place", number) }

// organization renders the structure of a line (as-organization).
func organization(w *writer, id ident, r *row) []byte {
	w.begin("Organization", id.id, SourceAnnuaire, nos.ProfileASStruct)
	w.open("identifier", '[')
	if finess := r.get(colFINESS); finess != "" {
		w.identifier("FINEG", nos.SystemFINESS, finess)
		w.identifier("IDNST", nos.SystemIDNST, "1"+finess)
	}
	if siret := r.get(colSIRET); nos.CheckSIRET(siret) == "" {
		w.identifier("SIRET", nos.SystemSIRENE, siret)
	}
	if siren := r.get(colSIREN); nos.CheckSIREN(siren) == "" {
		w.identifier("SIREN", nos.SystemSIRENE, siren)
	}
	w.identifier("", systemTechnical, r.get(colStructure))
	w.close(']')
	w.raw("active", "true")
	if c := concept(nos.SecteurActivite, r.get(colSector), r.get(colSectorLabel)); c.Code != "" {
		w.open("type", '[')
		w.concept(c)
		w.close(']')
	}
	name, trade := r.get(colName), r.get(colTrade)
	if name == "" {
		name, trade = trade, ""
	}
	if name == "" {
		name = strings.TrimSpace(r.get(colSectorLabel) + " " + r.get(colCommuneLabel))
	}
	w.text("name", name)
	if trade != "" && trade != name {
		w.open("alias", '[')
		w.text("", trade)
		w.close(']')
	}
	contacts(w, [...]string{"phone", r.get(colPhone), "phone", r.get(colPhone2), "fax", r.get(colFax), "email", r.get(colEmail)})
	street := join(r.get(colStreetNumber), r.get(colStreetRepeat), r.get(colStreetType), r.get(colStreet))
	address(w, [...]string{r.get(colRecipient), r.get(colPoint), street, r.get(colMention)}, city(r.get(colCommuneLabel), r.get(colCedex)), r.get(colPostcode), r.get(colCommune),
		country(r.get(colCountry), r.get(colCountryLabel)))
	legalEntity(w, r.get(colFINESSEJ))
	return w.end()
}

// legalEntity writes partOf as a logical reference: the extractions name the number of the entité juridique and nothing else of it.
func legalEntity(w *writer, number string) {
	if nos.CheckFINESS(number) != "" {
		return
	}
	w.open("partOf", '{')
	w.open("identifier", '{')
	w.open("type", '{')
	w.open("coding", '[')
	w.coding(nos.Concept{System: nos.IdentifierTypes, Code: "FINEJ"})
	w.close(']')
	w.close('}')
	w.text("system", nos.SystemFINESS)
	w.text("value", number)
	w.close('}')
	w.close('}')
}

// contacts writes telecom of pairs of system and value.
func contacts(w *writer, pairs [8]string) {
	if pairs[1] == "" && pairs[3] == "" && pairs[5] == "" && pairs[7] == "" {
		return
	}
	w.open("telecom", '[')
	for i := 0; i < len(pairs); i += 2 {
		w.contact(pairs[i], pairs[i+1])
	}
	w.close(']')
}

// address writes the address of a structure, an array for an Organization.
func address(w *writer, lines [4]string, city, postcode, insee, country string) {
	if lines == [4]string{} && city == "" && postcode == "" {
		return
	}
	w.open("address", '[')
	addressItem(w, "", lines, city, postcode, insee, country)
	w.close(']')
}

func addressItem(w *writer, name string, lines [4]string, city, postcode, insee, country string) {
	w.open(name, '{')
	if insee != "" {
		w.open("extension", '[')
		w.open("", '{')
		w.text("url", nos.ExtensionINSEE)
		w.open("valueCoding", '{')
		w.text("system", nos.Commune)
		w.text("code", insee)
		w.close('}')
		w.close('}')
		w.close(']')
	}
	w.text("use", "work")
	if lines != [4]string{} {
		w.open("line", '[')
		for _, l := range lines {
			w.text("", l)
		}
		w.close(']')
	}
	w.text("city", city)
	w.text("postalCode", postcode)
	w.text("country", country)
	w.close('}')
}

// country: France is 99000 or absent in the extraction; of others the label is what can be said without a table.
func country(code, label string) string {
	if code == "" || code == "99000" {
		return "FRA"
	}
	return label
}

// city: the cedex office stands for the commune when there is no label.
func city(commune, cedex string) string {
	if commune == "" {
		return cedex
	}
	return commune
}

func join(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}
