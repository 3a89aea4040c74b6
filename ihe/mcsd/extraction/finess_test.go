package extraction

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// finessFile has a hospital of the metropolis, a pharmacy of Réunion, a health centre of Corsica without a position, and lines that should not be.
const finessFile = `finess;etalab;111;2026-03-31
structureet;010000024;010780054;CH SYNTHETIQUE;CENTRE HOSPITALIER SYNTHÉTIQUE;;;900;RTE;DE PARIS;;;451;01;AIN;01440 VIRIAT;0353640001;0353640002;355;Centre Hospitalier (C.H.);1102;Centres Hospitaliers;73282932000074;8610Z;03;ARS;1;Etablissement public de santé;1979-02-13;1979-02-13;2020-02-04;
structureet;970400024;970400016;PHARMACIE DU PITON;;;;12;R;DES FLAMBOYANTS;BIS;BP 12;411;9D;REUNION;97400 ST DENIS;;;620;Pharmacie d'Officine;3301;Pharmacies d'Officine;;;;;;;2001-01-01;2001-01-01;2020-02-04;
structureet;2A0000014;2A0000006;CENTRE DE SANTE;CENTRE DE SANTÉ DU PORT;;;;;;;;004;2A;CORSE DU SUD;20000 AJACCIO;;;124;Centre de Santé;2201;Centres de Santé;;;;;;;2001-01-01;2001-01-01;2020-02-04;
structureet;010000025;010780054;CLE FAUSSE;;;;;;;;;451;01;AIN;01440 VIRIAT;;;355;C;1;C;;;;;;;2001-01-01;2001-01-01;2020-02-04;
structureet;010000024;010780054;DEUX FOIS;;;;;;;;;451;01;AIN;01440 VIRIAT;;;355;C;1;C;;;;;;;2001-01-01;2001-01-01;2020-02-04;
structureet;010000032;010780062;COURT
structurexx;1
geolocalisation;010000024;870215.0;6571590.5;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93;2026-03-30
geolocalisation;970400024;338790;7690540;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,UTM_S40;2026-03-30
geolocalisation;2A0000014;x;y;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93;2026-03-30
`

func TestFINESS(t *testing.T) {
	d := newDirectory(t)
	report, refused := d.loadFile(t, FINESS, write(t, "finess.csv", finessFile))
	golden(t, "finess.txt", strings.Join(d.content(t), "\n")+"\n")
	assert.Equal(t, []string{"the coordinates are no numbers", string(nos.RuleFINESSKey), errTwice.Error(), errShort.Error(), errUnknown.Error()}, refused)
	assert.Equal(t, 3, report.Structures)
	assert.Equal(t, 2, report.Places)
	before := d.versions(t)
	d.loadFile(t, FINESS, write(t, "finess.csv", finessFile))
	assert.Equal(t, before, d.versions(t))

	// The edition of the file in ISO-8859-1 says the same.
	var old []byte
	for _, r := range finessFile {
		old = append(old, byte(r))
	}
	latin := newDirectory(t)
	latin.loadFile(t, FINESS, write(t, "finess.csv", string(old)))
	assert.Equal(t, d.content(t), latin.content(t))
}

func TestFINESSRefresh(t *testing.T) {
	d := newDirectory(t)
	lines := strings.SplitAfter(finessFile, "\n")
	right := strings.Join(append(append([]string{}, lines[:4]...), lines[8:10]...), "")
	d.loadFile(t, FINESS, write(t, "a.csv", right))
	without := strings.Replace(right, lines[2], "", 1) // the pharmacy closed; its position is still there
	report, refused := d.loadFile(t, FINESS, write(t, "b.csv", without))
	require.Empty(t, refused)
	assert.Equal(t, 2, report.Closed) // the structure and its place
	answer := d.Server.Do("GET", "/fhir/Organization?identifier="+url.QueryEscape(nos.SystemFINESS+"|970400024"), "").Body.String()
	assert.Contains(t, answer, `"active":false`)
	answer = d.Server.Do("GET", "/fhir/Location?status=inactive", "").Body.String()
	assert.Contains(t, answer, `"total":1`)
}

// TestFINESSKnowsStructuresBetter: what FINESS says of a structure is not overwritten by the directory of professionals, who are found near it.
func TestFINESSKnowsStructuresBetter(t *testing.T) {
	d := newDirectory(t)
	d.loadFile(t, FINESS, write(t, "finess.csv", finessFile))
	_, refused := d.load(t, synthetic.ExtractionHeading, doctor(t, rppsOf(1), map[column]string{colFINESS: "010000024", colSIRET: "", colSIREN: "", colName: "CH"}))
	require.Empty(t, refused)
	answer := d.Server.Do("GET", "/fhir/Organization?identifier="+url.QueryEscape(nos.SystemFINESS+"|010000024"), "").Body.String()
	assert.Contains(t, answer, "CENTRE HOSPITALIER SYNTHÉTIQUE")
	near := url.QueryEscape("46.23|5.20|20|km")
	answer = d.Server.Do("GET", "/fhir/PractitionerRole?location.near="+near, "").Body.String()
	assert.Contains(t, answer, `"total":1`)
	answer = d.Server.Do("GET", "/fhir/PractitionerRole?location.near="+url.QueryEscape("48.85|2.35|20|km"), "").Body.String()
	assert.Contains(t, answer, `"total":0`)
}
