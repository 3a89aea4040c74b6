package cda_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/carnet-fhir/carnet/cda"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return raw
}

func parse(t testing.TB, raw []byte) *cda.Document {
	t.Helper()
	d, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	return d
}

func TestHeaderOfAnN1(t *testing.T) {
	d := parse(t, testdata(t, "n1-pdf.xml"))
	h := &d.Header
	assert.Equal(t, cda.N1, d.Body.Level())
	assert.Equal(t, "2.25.202403110000000000000000000000001.1", h.ID.Root)
	assert.Equal(t, "11488-4", h.Code.Code)
	assert.True(t, h.HasTemplate("1.3.6.1.4.1.19376.1.2.20"))
	assert.Equal(t, "Compte rendu de consultation", h.Title.Value)
	p := h.Patient()
	require.NotNil(t, p)
	assert.Equal(t, "EXEMPLE", cda.Part(p.Name().Family, "BR"))
	assert.Equal(t, "LOUISE ANNE", cda.Part(p.Name().Given, ""))
	assert.Equal(t, "31555", p.BirthPlace.Address.County)
	assert.Equal(t, []string{"12 RUE DU MODELE", "31000 TOULOUSE"}, p.Addresses[0].Street())
	assert.Equal(t, []string{"4 RUE DES ESSAIS"}, h.Authors[0].Assigned.Addresses[0].Street())
	assert.Equal(t, "CENTRE D'ESSAI DE TOULOUSE", h.Custodian.Organization.Name())
	assert.Equal(t, "MME CAMILLE ESSAI-MARTIN DR", h.LegalAuthenticator.Assigned.Person.Name().String())
	assert.Equal(t, "AMBULATOIRE", h.MainAct().Performers[0].Assigned.Organization.Industry.Code)
	assert.Equal(t, "SA07", h.ComponentOf.Facility.Code.Code)
	assert.Equal(t, "DEM-7781", h.InFulfillmentOf[0].IDs[0].Extension)
	pdf, err := d.Body.NonXML.Content.Bytes()
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-1.4")))
}

func TestSectionsOfAnN3(t *testing.T) {
	d := parse(t, testdata(t, "n3-ldl-ees.xml"))
	var codes []string
	entries := 0
	d.Body.Structured.Walk(func(s *cda.Section) {
		codes = append(codes, s.Code.Code)
		entries += len(s.Entries)
	})
	assert.Equal(t, []string{"42349-1", "42346-7", "48765-2", "11348-0", "55112-7"}, codes)
	assert.Equal(t, 3, entries)
	medication := d.Body.Structured.Sections[1].Entries[0].Statement
	assert.True(t, cda.Is(medication, cda.NS, "substanceAdministration"))
	assert.Equal(t, "IVL_TS", cda.XSIType(cda.Child(medication, "effectiveTime")))
	assert.Equal(t, "/ClinicalDocument/component/structuredBody/component[2]/section/entry/substanceAdministration", d.Path(medication))
}

// TestPrefixesDoNotMatter reads one document under four spellings of its namespaces.
func TestPrefixesDoNotMatter(t *testing.T) {
	plain := string(testdata(t, "n3-ldl-ees.xml"))
	want := treeOf(parse(t, []byte(plain)).Root)
	prefixed := strings.NewReplacer("</", "</c:", "<", "<c:", `xmlns="`, `xmlns:c="`, `xsi:type="`, `xsi:type="c:`).Replace(strings.SplitN(plain, "?>", 2)[1])
	prefixed = strings.ReplaceAll(prefixed, "<c:/", "</")
	other := strings.NewReplacer("xmlns:xsi", "xmlns:i", "xsi:type", "i:type").Replace(plain)
	local := strings.Replace(plain, "<recordTarget>", `<recordTarget xmlns:unused="urn:x">`, 1)
	for name, text := range map[string]string{"prefix c": prefixed, "prefix i for xsi": other, "declaration below": local} {
		assert.Equal(t, want, treeOf(parse(t, []byte(text)).Root), name)
	}
}

// treeOf writes a tree with resolved names.
func treeOf(el *etree.Element) string {
	var b strings.Builder
	var write func(*etree.Element)
	write = func(el *etree.Element) {
		b.WriteString("{" + el.Space + "}" + el.Tag + "(")
		for _, a := range el.Attr {
			b.WriteString("{" + a.Space + "}" + a.Key + "=" + a.Value + " ")
		}
		for _, c := range el.Child {
			switch c := c.(type) {
			case *etree.Element:
				write(c)
			case *etree.CharData:
				b.WriteString(strings.TrimSpace(c.Data))
			}
		}
		b.WriteString(")")
	}
	write(el)
	return b.String()
}

func TestEncodings(t *testing.T) {
	plain := string(testdata(t, "n1-text.xml"))
	want := treeOf(parse(t, []byte(plain)).Root)
	as := func(name string) string { return strings.Replace(plain, `encoding="UTF-8"`, `encoding="`+name+`"`, 1) }
	latin, err := charmap.ISO8859_1.NewEncoder().String(as("ISO-8859-1"))
	require.NoError(t, err)
	windows, err := charmap.Windows1252.NewEncoder().String(as("Windows-1252"))
	require.NoError(t, err)
	little, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(as("UTF-16"))
	require.NoError(t, err)
	big, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(as("UTF-16"))
	require.NoError(t, err)
	none := strings.Replace(plain, `<?xml version="1.0" encoding="UTF-8"?>`, "", 1)
	for name, text := range map[string]string{
		"ISO-8859-1": latin, "windows-1252": windows, "UTF-16LE": little, "UTF-16BE": big, "no declaration": none, "UTF-8 with BOM": "\xef\xbb\xbf" + plain,
	} {
		d := parse(t, []byte(text))
		assert.Equal(t, want, treeOf(d.Root), name)
		assert.Equal(t, text, string(d.Raw), "%s: the bytes as received are kept", name)
	}
}

func TestLinesAndPaths(t *testing.T) {
	raw := testdata(t, "n3-ldl-ees.xml")
	d := parse(t, raw)
	lines := strings.Split(string(raw), "\n")
	count := 0
	var visit func(*etree.Element)
	visit = func(el *etree.Element) {
		count++
		line := d.Line(el)
		require.Positive(t, line)
		require.Contains(t, lines[line-1], "<"+el.Tag)
		for c := range cda.Elements(el) {
			visit(c)
		}
	}
	visit(d.Root)
	assert.Greater(t, count, 200)
	assert.Equal(t, "/ClinicalDocument/templateId[3]", d.Path(d.Header.TemplateIDs[2].Element))
	assert.Equal(t, "/ClinicalDocument/recordTarget/patientRole/patient/name/family[2]", d.Path(d.Header.Patient().Name().Family[1].Element))
	assert.Zero(t, d.Line(nil))
	assert.Zero(t, d.Line(etree.NewElement("foreign")))
}

func TestPathsOfManySiblings(t *testing.T) {
	d := parse(t, []byte(open+strings.Repeat("<a/><b><c/></b>", 50_000)+shut))
	n := 0
	for c := range cda.Elements(d.Root) {
		n++
		require.Equal(t, fmt.Sprintf("/ClinicalDocument/%s[%d]", c.Tag, (n+1)/2), d.Path(c))
		require.Positive(t, d.Line(c))
	}
	assert.Equal(t, 100_000, n)
}

func TestEnvelopes(t *testing.T) {
	inner := strings.SplitN(string(testdata(t, "n3-vac-note.xml")), "?>", 2)[1]
	sheet := `<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"/>` + inner + `</xsl:stylesheet>`
	d := parse(t, []byte(sheet))
	assert.Equal(t, cda.AutoPresentable, d.Envelope)
	assert.Equal(t, "87273-9", d.Header.Code.Code)
	assert.Equal(t, "/ClinicalDocument/title", d.Path(d.Header.Title.Element))
	signed := `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:Object>` + inner + `</ds:Object></ds:Signature>`
	assert.Equal(t, cda.Signed, parse(t, []byte(signed)).Envelope)
	for _, text := range []string{
		`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`,
		strings.Replace(sheet, "</xsl:stylesheet>", inner+"</xsl:stylesheet>", 1),
		`<Patient xmlns="http://hl7.org/fhir"/>`, `<ClinicalDocument/>`, `<ClinicalDocument xmlns="urn:hl7-org:v2"/>`,
	} {
		_, err := cda.Parse([]byte(text), cda.Limits{})
		requireRule(t, err, cda.RuleRoot)
	}
}

func requireRule(t testing.TB, err error, rule string) {
	t.Helper()
	var refused *cda.ParseError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, rule, refused.Finding.Rule, refused.Finding.Message)
}
