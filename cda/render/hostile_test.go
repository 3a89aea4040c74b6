package render

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

// around puts a narrative and a title into a document.
func around(title, narrative, entries string) []byte {
	return []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="2.25.1"/><title>` + title +
		`</title><component><structuredBody><component><section><title>` + title + `</title><text>` + narrative + `</text>` + entries +
		`</section></component></structuredBody></component></ClinicalDocument>`)
}

func mediaEntry(id, mediaType, content string) string {
	return `<entry><observationMedia classCode="OBS" moodCode="EVN" ID="` + id + `"><value mediaType="` + mediaType + `" representation="B64">` + content +
		`</value></observationMedia></entry>`
}

const svgBase64 = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4="

// attacks are narratives that would run script, fetch something or break out of the page if markup of the source reached it.
var attacks = map[string]string{
	"script":             `<script>alert(1)</script>`,
	"html script":        `<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>`,
	"text script":        `&lt;script&gt;alert(1)&lt;/script&gt;`,
	"cdata script":       `<![CDATA[<script>alert(1)</script>]]>`,
	"javascript link":    `<linkHtml href="javascript:alert(1)">x</linkHtml>`,
	"mixed case":         `<linkHtml href="JaVaScRiPt:alert(1)">x</linkHtml>`,
	"tab in scheme":      `<linkHtml href="java&#9;script:alert(1)">x</linkHtml>`,
	"newline in scheme":  `<linkHtml href="&#10;javascript:alert(1)">x</linkHtml>`,
	"control in scheme":  `<linkHtml href="&#133;javascript:alert(1)">x</linkHtml>`,
	"entity in scheme":   `<linkHtml href="javascript&amp;#58;alert(1)">x</linkHtml>`,
	"vbscript":           `<linkHtml href="vbscript:msgbox(1)">x</linkHtml>`,
	"data link":          `<linkHtml href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</linkHtml>`,
	"file link":          `<linkHtml href="file:///etc/passwd">x</linkHtml>`,
	"user in link":       `<linkHtml href="https://bank.example@evil.example/">x</linkHtml>`,
	"quote in link":      `<linkHtml href='https://x.example/"onmouseover="alert(1)'>x</linkHtml>`,
	"event attribute":    `<content onclick="alert(1)" onmouseover='alert(1)'>x</content>`,
	"style attribute":    `<content style="background:url(javascript:alert(1))">x</content>`,
	"style expression":   `<td style="width:expression(alert(1))">x</td>`,
	"style code":         `<content styleCode='Bold" onclick="alert(1)'>x</content>`,
	"style element":      `<style>@import url(https://evil.example/x.css)</style>`,
	"link element":       `<link rel="stylesheet" href="https://evil.example/x.css"/>`,
	"img element":        `<img src="https://evil.example/x" onerror="alert(1)"/>`,
	"svg":                `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`,
	"math":               `<math xmlns="http://www.w3.org/1998/Math/MathML"><maction actiontype="statusline" xlink:href="javascript:alert(1)" xmlns:xlink="http://www.w3.org/1999/xlink">x</maction></math>`,
	"iframe":             `<iframe src="https://evil.example/"/>`,
	"object":             `<object data="https://evil.example/x.swf"/>`,
	"embed":              `<embed src="https://evil.example/x.swf"/>`,
	"form":               `<form action="https://evil.example/"><input name="x"/><button>Go</button></form>`,
	"base":               `<base href="https://evil.example/"/>`,
	"meta":               `<meta http-equiv="refresh" content="0;url=https://evil.example/"/>`,
	"comment":            `<!-- --><content>a</content><!--><script>alert(1)</script>-->`,
	"end of page":        `&lt;/div&gt;&lt;/section&gt;&lt;/main&gt;&lt;script&gt;alert(1)&lt;/script&gt;`,
	"id clash":           `<content ID="contenu">a</content><content ID="s1">b</content><linkHtml href="#contenu">c</linkHtml><linkHtml href="#s1">d</linkHtml>`,
	"id twice":           `<content ID="a">1</content><content ID="a">2</content><linkHtml href="#a">x</linkHtml>`,
	"id with quote":      `<content ID='a"b'>1</content><linkHtml href='#a"b'>x</linkHtml>`,
	"nested links":       `<linkHtml href="https://a.example/">a<linkHtml href="https://b.example/">b</linkHtml></linkHtml>`,
	"table in link":      `<linkHtml href="https://a.example/"><table><tr><td>a</td></tr></table></linkHtml>`,
	"text in table":      `<table>before<tr>in row<td>cell</td><content>odd</content></tr>after<paragraph>p</paragraph></table>`,
	"empty table":        `<table/><table><tbody/></table><table><caption>c</caption></table>`,
	"row alone":          `<tr><td>a</td></tr><td>b</td><item>c</item><caption>d</caption><thead><tr><th>e</th></tr></thead>`,
	"paragraph in":       `<paragraph>a<paragraph>b<list><item>c<table><tr><td><paragraph>d</paragraph></td></tr></table></item></list></paragraph></paragraph>`,
	"block in sub":       `<sub><paragraph>a</paragraph></sub><sup><table><tr><td>b</td></tr></table></sup><content styleCode="Bold"><list><item>c</item></list></content>`,
	"caption with table": `<table><caption>a<table><tr><td>b</td></tr></table></caption><tr><td>c</td></tr></table>`,
	"huge spans":         `<table><tr><td colspan="999999999" rowspan="-1">a</td><td colspan="0x10">b</td></tr></table>`,
	"footnotes":          `<footnoteRef IDREF="none"/><footnote ID="n">a<footnote ID="n">b</footnote></footnote><footnoteRef IDREF="n"/>`,
	"svg media":          `<renderMultiMedia referencedObject="svg"/>`,
	"html media":         `<renderMultiMedia referencedObject="html"/>`,
	"false png":          `<renderMultiMedia referencedObject="png"/>`,
	"false pdf":          `<renderMultiMedia referencedObject="pdf"/>`,
	"odd media type":     `<renderMultiMedia referencedObject="odd"/>`,
	"not base64":         `<renderMultiMedia referencedObject="bad"/>`,
}

var attackMedia = mediaEntry("svg", "image/svg+xml", svgBase64) + mediaEntry("html", "text/html", "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==") + mediaEntry("png", "image/png", svgBase64) +
	mediaEntry("pdf", "application/pdf", svgBase64) + mediaEntry("odd", `image/png&quot; onload=&quot;x`, svgBase64) + mediaEntry("bad", "image/png", "@@@@")

func TestAttacks(t *testing.T) {
	for name, narrative := range attacks {
		t.Run(name, func(t *testing.T) {
			raw := around("Titre", narrative, attackMedia)
			got := render(t, raw, Options{})
			assert.Empty(t, faults(got))
			inner := body(t, got)
			assert.Equal(t, shapeOf(t, inner), shapeOf(t, secondFence.Sanitize(inner)), "bluemonday takes something out")
			lower := strings.ToLower(strings.ReplaceAll(inner, "\t", ""))
			assert.NotContains(t, lower, "href=\"javascript")
			assert.NotContains(t, lower, "<script")
			nothingLostFrom(t, raw, got)
			assert.NotContains(t, Text(parse(t, raw)), "\x1b")
		})
	}
}

// nothingLostFrom is a weaker nothingLost for narratives that break the rules: each word of the text is on the page, in whatever place.
func nothingLostFrom(t *testing.T, raw, page []byte) {
	t.Helper()
	doc := parse(t, raw)
	shown := shapeOf(t, string(page))
	walk(doc.Body.Structured.Sections[0].Narrative, func(el *etree.Element) {
		for _, c := range el.Child {
			if text, ok := c.(*etree.CharData); ok {
				for _, word := range strings.Fields(text.Data) {
					assert.True(t, strings.Contains(shown, word), word)
				}
			}
		}
	})
}

// TestHeaderAttacks puts markup into each text of the header.
func TestHeaderAttacks(t *testing.T) {
	const evil = `&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;`
	raw := []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="` + evil + `"/><code code="` + evil + `" displayName="` + evil + `"/><title>` + evil +
		`</title><effectiveTime value="` + evil + `"/><setId root="` + evil + `"/><versionNumber value="` + evil + `"/><recordTarget><patientRole><id root="` + evil +
		`" extension="` + evil + `"/><addr>` + evil + `</addr><telecom value="javascript:` + evil + `"/><patient><name><family>` + evil + `</family></name><birthTime value="` +
		evil + `"/></patient></patientRole></recordTarget><author><assignedAuthor><code displayName="` + evil + `"/><assignedPerson><name><prefix>` + evil +
		`</prefix><given>` + evil + `</given></name></assignedPerson></assignedAuthor></author><component><nonXMLBody><text mediaType="` + evil +
		`" representation="B64">AAAA</text></nonXMLBody></component></ClinicalDocument>`)
	got := render(t, raw, Options{})
	assert.Empty(t, faults(got))
	assert.NotContains(t, string(got), "<script")
	assert.NotContains(t, string(got), "<img")
}

func TestDeepNarrative(t *testing.T) {
	for _, element := range []string{"content", "paragraph", "list", "item", "sub", "linkHtml"} {
		n := 100
		raw := around("Profond", strings.Repeat("<"+element+">", n)+"fond"+strings.Repeat("</"+element+">", n), "")
		got := render(t, raw, Options{})
		assert.Empty(t, faults(got), element)
		assert.Contains(t, string(got), "fond", element)
	}
	nested := strings.Repeat("<table><tr><td>", 40) + "fond" + strings.Repeat("</td></tr></table>", 40)
	got := render(t, around("Profond", nested, ""), Options{})
	assert.Empty(t, faults(got))
	assert.Contains(t, string(got), "fond")
}

func TestDeepSections(t *testing.T) {
	const n = 50
	var open, closing strings.Builder
	for i := range n {
		open.WriteString("<component><section><title>Niveau " + strconv.Itoa(i) + "</title>")
		closing.WriteString("</section></component>")
	}
	raw := []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title><component><structuredBody>` + open.String() + closing.String() + `</structuredBody></component></ClinicalDocument>`)
	got := render(t, raw, Options{})
	assert.Empty(t, faults(got))
	assert.Contains(t, string(got), "Niveau 49")
}

func TestEmptyDocument(t *testing.T) {
	got := render(t, []byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"/>`), Options{})
	assert.Empty(t, faults(got))
	assert.Contains(t, string(got), "Document sans titre")
}

func FuzzHTML(f *testing.F) {
	for _, narrative := range attacks {
		f.Add(around("Titre", narrative, attackMedia))
	}
	f.Add([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text mediaType="text/plain" representation="B64">YQ==</text></nonXMLBody></component></ClinicalDocument>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := cda.Parse(raw, cda.Limits{})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := HTML(&out, doc, Options{MaxBytes: 1 << 20}); err != nil {
			return
		}
		if found := faults(out.Bytes()); len(found) > 0 {
			t.Fatalf("%v\n%s", found, out.Bytes())
		}
		_ = Text(doc)
	})
}

func BenchmarkHTML(b *testing.B) {
	raw := around("Titre", strings.Repeat(`<table><thead><tr><th>Examen</th><th>Valeur</th></tr></thead><tbody><tr><td><content ID="a">Sodium</content></td><td>140 mmol/L</td></tr></tbody></table>`, 1000), "")
	doc := parse(b, raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		require.NoError(b, HTML(&out, doc, Options{}))
	}
}
