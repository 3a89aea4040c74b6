package cda_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

const open, shut = `<ClinicalDocument xmlns="urn:hl7-org:v3">`, `</ClinicalDocument>`

func TestHostileDocumentsAreRefused(t *testing.T) {
	laughs := `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	wide := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ` a%d=""`, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ text, rule string }{
		"billion laughs":               {laughs + open + "&c;" + shut, cda.RuleDTD},
		"external entity":              {`<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + open + "&x;" + shut, cda.RuleDTD},
		"external DTD":                 {`<!DOCTYPE ClinicalDocument SYSTEM "http://127.0.0.1/d.dtd">` + open + shut, cda.RuleDTD},
		"parameter entity":             {`<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]>` + open + shut, cda.RuleDTD},
		"entity that is not declared":  {open + "&nbsp;" + shut, cda.RuleXML},
		"DTD within":                   {open + "<!DOCTYPE d>" + shut, cda.RuleDTD},
		"100,000 deep":                 {open + strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000) + shut, cda.RuleLimit},
		"100,000 deep, never closed":   {open + strings.Repeat("<a>", 100_000), cda.RuleLimit},
		"too many elements":            {open + strings.Repeat("<a/>", 300_001) + shut, cda.RuleLimit},
		"too many comments":            {open + strings.Repeat("<!---->", 1_000_001) + shut, cda.RuleLimit},
		"too many attributes":          {open + "<a" + wide(65) + "/>" + shut, cda.RuleLimit},
		"long attribute":               {open + `<a b="` + strings.Repeat("x", 1<<20) + `"/>` + shut, cda.RuleLimit},
		"long attribute, never closed": {open + `<a b="` + strings.Repeat("x", 1<<20), cda.RuleLimit},
		"duplicate attribute":          {open + `<id root="1.2" root="1.3"/>` + shut, cda.RuleDuplicate},
		"duplicate by namespace":       {open + `<id xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2"/>` + shut, cda.RuleDuplicate},
		"second root":                  {open + shut + open + shut, cda.RuleXML},
		"text after the root":          {open + shut + "x", cda.RuleXML},
		"text before the root":         {"x" + open + shut, cda.RuleXML},
		"prefix that is not declared":  {open + "<x:a/>" + shut, cda.RuleXML},
		"empty":                        {"", cda.RuleRoot},
		"white space":                  {" \n", cda.RuleRoot},
		"comment only":                 {"<!-- -->", cda.RuleRoot},
		"NUL":                          {open + "\x00" + shut, cda.RuleXML},
		"NUL as a reference":           {open + "&#0;" + shut, cda.RuleXML},
		"control character":            {open + "\x0b" + shut, cda.RuleXML},
		"not UTF-8":                    {open + "\xff" + shut, cda.RuleEncoding},
		"surrogates in UTF-8":          {open + "\xed\xa0\x80" + shut, cda.RuleEncoding},
		"overlong UTF-8":               {open + "\xc0\xbc" + shut, cda.RuleEncoding},
		"UTF-7":                        {`<?xml version="1.0" encoding="UTF-7"?>+ADw-ClinicalDocument+AD4-`, cda.RuleEncoding},
		"EBCDIC":                       {`<?xml version="1.0" encoding="IBM037"?>` + open + shut, cda.RuleEncoding},
		"declares UTF-16, is UTF-8":    {`<?xml version="1.0" encoding="UTF-16"?>` + open + shut, cda.RuleEncoding},
		"UTF-16 without mark":          {"\x3c\x00?\x00x\x00", cda.RuleXML},
		"UTF-16 that breaks off":       {"\xff\xfe<\x00C", cda.RuleEncoding},
		"XML 1.1":                      {`<?xml version="1.1"?>` + open + shut, cda.RuleXML},
		"PDF":                          {"%PDF-1.4\n" + open + shut, cda.RuleXML},
		"ZIP":                          {"PK\x03\x04\xff" + open + shut, cda.RuleEncoding},
		"HTML":                         {"<html><body>" + open + shut + "</body></html>", cda.RuleRoot},
		"crossed tags":                 {open + "<a><b></a></b>" + shut, cda.RuleXML},
		"]]> in text":                  {open + "]]>" + shut, cda.RuleXML},
		"< in attribute":               {open + `<a b="<"/>` + shut, cda.RuleXML},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cda.Parse([]byte(c.text), cda.Limits{})
			requireRule(t, err, c.rule)
		})
	}
}

// endless gives an attribute of a gigabyte without holding it.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestGigabyteAttributeIsRefusedUnread(t *testing.T) {
	source := &endless{1 << 30}
	before := heap()
	_, err := cda.Read(io.MultiReader(strings.NewReader(open+`<a b="`), source), cda.Limits{})
	requireRule(t, err, cda.RuleLimit)
	read := 1<<30 - source.left
	assert.LessOrEqual(t, read, cda.DefaultLimits().Bytes+1<<16)
	assert.Less(t, heap()-before, 3*cda.DefaultLimits().Bytes)
}

func heap() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestMemoryBudget holds what Parse allocates in all, which is more than it holds at any time, below the budget, for the shapes that cost most.
func TestMemoryBudget(t *testing.T) {
	const size = 10 << 20
	n1 := testdata(t, "n1-pdf.xml")
	at := bytes.Index(n1, []byte("</text>"))
	big := append(append(append([]byte{}, n1[:at]...), bytes.Repeat([]byte("QUJD"), size/4)...), n1[at:]...)
	for name, raw := range map[string][]byte{
		"a 10 MB payload":            big,
		"10 MB of tags":              []byte(open + strings.Repeat(`<observation classCode="OBS"/>`, 250_000) + shut),
		"10 MB of text and elements": []byte(open + strings.Repeat("<td>cellule de tableau, texte de cellule</td>\n", size/46) + shut),
		"the most elements":          []byte(open + strings.Repeat("<a/>", 299_999) + shut),
		"the most attributes":        []byte(open + strings.Repeat(`<a b="" c="" d=""/>`, 200_000) + shut),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			d, err := cda.Parse(raw, cda.Limits{})
			require.NoError(t, err)
			runtime.GC()
			runtime.ReadMemStats(&after)
			held, allocated := int(after.HeapAlloc)-int(before.HeapAlloc), int(after.TotalAlloc-before.TotalAlloc)
			t.Logf("%d bytes: %d MiB held, %d MiB allocated, budget %d MiB", len(raw), held>>20, allocated>>20, cda.MemoryBudget(len(raw))>>20)
			assert.Less(t, allocated, cda.MemoryBudget(len(raw)))
			assert.NotNil(t, d.Root)
		})
	}
}

func TestTruncatedAndFlippedDocumentsAreReadOrRefused(t *testing.T) {
	raw := testdata(t, "n1-pdf.xml")
	for n := 0; n < len(raw); n += 29 {
		_, err := cda.Parse(raw[:n], cda.Limits{})
		if strings.TrimSpace(string(raw[n:])) != "" {
			require.Error(t, err, "%d bytes", n)
		}
	}
	read := 0
	for i := 0; i < len(raw); i += 5 {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 1 << (i % 8)
		if d, err := cda.Parse(flipped, cda.Limits{}); err == nil {
			read++
			d.Path(d.Root)
			_, _ = d.Body.NonXML, d.Header.Patient()
		}
	}
	assert.Positive(t, read)
}

func TestBase64IsStrict(t *testing.T) {
	for content, good := range map[string]bool{
		"QUJD": true, " QU\n JD\t": true, "QUI=": true, "QQ==": true, "": true,
		"QUJ": false, "QUJD=": false, "QU=D": false, "QUI=QUI=": false, "QUJ*": false, "QUJ-": false, "QR==": false, "QUI=x": false,
	} {
		d := parse(t, []byte(open+`<component><nonXMLBody><text mediaType="text/plain" representation="B64">`+content+`</text></nonXMLBody></component>`+shut))
		whole, err := d.Body.NonXML.Content.Bytes()
		streamed, streamErr := io.ReadAll(d.Body.NonXML.Content.Reader())
		if !good {
			require.ErrorIs(t, err, cda.ErrBase64, content)
			require.ErrorIs(t, streamErr, cda.ErrBase64, content)
			continue
		}
		require.NoError(t, err, content)
		require.NoError(t, streamErr, content)
		assert.Equal(t, string(whole), string(streamed))
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"n1-pdf.xml", "n1-text.xml", "n3-ldl-ees.xml", "n3-vac-note.xml"} {
		f.Add(testdata(f, name))
	}
	f.Add([]byte(open + `<id root="1.2"/><x:y xmlns:x="urn:x" x:a="b"><![CDATA[<]]></x:y>` + shut))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := cda.Parse(raw, cda.Limits{Bytes: 1 << 20})
		if err != nil {
			requireAnyRule(t, err)
			return
		}
		for c := range cda.Elements(d.Root) {
			if d.Line(c) < 1 || !strings.HasPrefix(d.Path(c), "/ClinicalDocument/") {
				t.Fatal("an element has no place")
			}
		}
		if d.Body.NonXML != nil {
			_, _ = d.Body.NonXML.Content.Bytes()
		}
	})
}

func requireAnyRule(t *testing.T, err error) {
	var refused *cda.ParseError
	require.ErrorAs(t, err, &refused)
	require.NotEmpty(t, refused.Finding.Rule)
}
