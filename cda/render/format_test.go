package render

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

func TestFrenchDate(t *testing.T) {
	for in, want := range map[string]string{
		"2020": "2020", "202003": "mars 2020", "20200312": "12 mars 2020", "20200301": "1er mars 2020",
		"20200312111700+0100": "12 mars 2020 à 11 h 17", "202007121117+0200": "12 juillet 2020 à 11 h 17", "2020031211": "12 mars 2020 à 11 h",
		"20200312111700+0400": "12 mars 2020 à 11 h 17 (UTC+04:00)", "20200312111700.123+0100": "12 mars 2020 à 11 h 17",
		"20200312111700-0300": "12 mars 2020 à 11 h 17 (UTC-03:00)",
		"":                    "", "20201340": "20201340", "demain": "demain", "202": "202", "2020031299": "2020031299",
	} {
		assert.Equal(t, want, frenchDate(in), in)
	}
}

func TestFrenchPeriod(t *testing.T) {
	for want, in := range map[string][2]string{
		"": {"", ""}, "depuis le 1er mars 2020": {"20200301", ""}, "depuis mars 2020": {"202003", ""}, "jusqu’au 2 mars 2020": {"", "20200302"},
		"jusqu’à 2021": {"", "2021"}, "du 1er mars 2020 au 2 mars 2020": {"20200301", "20200302"}, "de 2019 à mars 2020": {"2019", "202003"},
		"le 1er mars 2020": {"20200301", "20200301"},
	} {
		assert.Equal(t, want, frenchPeriod(in[0], in[1]))
	}
}

func TestAge(t *testing.T) {
	for want, in := range map[string][2]string{
		"40 ans": {"19790328", "20200312111700+0100"}, "41 ans": {"19790312", "20200312"}, "3 jours": {"20200309", "20200312"}, "1 jour": {"20200311", "20200312"},
		"23 mois": {"20180313", "20200312"}, "2 ans": {"20180312", "20200312"}, "": {"1979", "20200312"},
	} {
		assert.Equal(t, want, age(in[0], in[1]))
	}
	assert.Empty(t, age("20210101", "20200312"), "not born yet")
}

func TestSafeLink(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.org/a?b=c&d=e": "https://example.org/a?b=c&d=e", "mailto:a@b.example?subject=x": "mailto:a@b.example", "tel:+33 5 00": "tel:+33500",
		"HTTP://EXAMPLE.org/": "http://EXAMPLE.org/", "http://example.org/wado?a=1 &b=2": "http://example.org/wado?a=1&b=2",
		"javascript:alert(1)": "", "//example.org/": "", "https:///x": "", "https:x": "", "data:text/html,x": "", "annexe.pdf": "", "https://u:p@example.org/": "", "": "",
	} {
		got, ok := safeLink(in)
		assert.Equal(t, want, got, in)
		assert.Equal(t, want != "", ok, in)
	}
}

// TestLanguage: what is not in French says so, by document or by section.
func TestLanguage(t *testing.T) {
	raw, err := os.ReadFile("testdata/markup.xml")
	require.NoError(t, err)
	changed := strings.Replace(string(raw), `<languageCode code="fr-FR"/>`, `<languageCode code="en-US"/>`, 1)
	got := string(render(t, []byte(changed), Options{}))
	assert.Empty(t, faults([]byte(got)))
	assert.Contains(t, got, `<h1 lang="en-US">`)
	assert.Contains(t, got, `<section class="niveau" lang="en-US" aria-labelledby="s1">`)
	assert.NotContains(t, string(render(t, []byte(strings.Replace(changed, "en-US", `en&quot; x=&quot;`, 1)), Options{})), "<h1 lang")
}

func TestPayloads(t *testing.T) {
	n1 := func(mediaType, representation, content string) []byte {
		return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title><component><nonXMLBody><text mediaType="` + mediaType + `" representation="` + representation +
			`">` + content + `</text></nonXMLBody></component></ClinicalDocument>`)
	}
	for name, c := range map[string]struct{ mediaType, representation, content, want string }{
		"pdf":           {"application/pdf", "B64", "JVBERi0xLjQK", `<object type="application/pdf"`},
		"text":          {"text/plain", "B64", "Q29tcHRlIHJlbmR1IDxiPg==", "Compte rendu &lt;b&gt;"},
		"latin text":    {"text/plain", "B64", "6XTp", "été"},
		"plain":         {"text/plain", "TXT", "en clair", "en clair"},
		"rtf":           {"text/rtf", "B64", "e1xydGYxfQ==", `download="document.rtf" href="data:text/rtf;base64,`},
		"jpeg":          {"image/jpeg", "B64", "/9j/4AAQ", `<img alt="Image jointe au document" src="data:image/jpeg;base64,`},
		"tiff":          {"image/tiff", "B64", "SUkqAAAA", `download="document.tiff"`},
		"false pdf":     {"application/pdf", "B64", "PHNjcmlwdD4=", `href="data:application/octet-stream;base64,`},
		"broken base64": {"application/pdf", "B64", "@@", "illisible"},
		"empty":         {"application/pdf", "B64", " ", "n’est pas dans le document"},
		"folded":        {"application/pdf", "B64", "JVBE\n  Ri0x\tLjQK", `<object type="application/pdf"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := render(t, n1(c.mediaType, c.representation, c.content), Options{})
			assert.Empty(t, faults(got))
			assert.Contains(t, string(got), c.want)
		})
	}
}

func TestTextOfExample(t *testing.T) {
	raw, err := os.ReadFile("../testdata/n1-text.xml")
	require.NoError(t, err)
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	data, err := doc.Body.NonXML.Content.Bytes()
	require.NoError(t, err)
	assert.Contains(t, Text(doc), strings.TrimSpace(string(data)))
}
