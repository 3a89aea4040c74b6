package check

import (
	"context"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// schema runs xmllint.
func (x *External) schema(ctx context.Context, file string) []cda.Finding {
	_, said, _ := x.run(ctx, x.XMLLint, "--noout", "--nonet", "--huge", "--schema", x.Schema, file)
	answered := false
	var findings []cda.Finding
	for line := range strings.Lines(string(said)) {
		line = strings.TrimSpace(line)
		switch {
		case line == file+" validates", line == file+" fails to validate":
			answered = true
		case strings.HasPrefix(line, file+":"):
			if f, ok := readXMLLint(line[len(file)+1:]); ok {
				findings = append(findings, f)
			}
		}
	}
	if !answered {
		return []cda.Finding{failed("xmllint")}
	}
	return findings
}

// xmllintLine is "LINE: element NAME: Schemas validity error : MESSAGE".
var xmllintLine = regexp.MustCompile(`^(\d+): element ([^:]+): Schemas validity error : (.*)$`)

// values are what a message repeats of the document, which may be of a person.
var values = regexp.MustCompile(`(?i)(value|content) '[^']*'`)

func readXMLLint(line string) (cda.Finding, bool) {
	m := xmllintLine.FindStringSubmatch(line)
	if m == nil {
		return cda.Finding{}, false
	}
	n, _ := strconv.Atoi(m[1])
	message := strings.ReplaceAll(values.ReplaceAllString(m[3], "$1 '...'"), "{"+cda.NS+"}", "")
	return cda.Finding{Rule: RuleExternalSchema, Severity: cda.Error, Path: "//" + m[2], Line: n, Message: message}, true
}

const svrl = "http://purl.oclc.org/dsdl/svrl"

// schematron runs Saxon with one compiled schematron.
func (x *External) schematron(ctx context.Context, dir, file, schematron string) []cda.Finding {
	name := strings.TrimSuffix(filepath.Base(schematron), ".xsl")
	answer, _, err := x.run(ctx, x.Java, "-Xmx1g", "-Dhttp.proxyHost=127.0.0.1", "-Dhttp.proxyPort=9", "-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=9",
		"-Djava.io.tmpdir="+dir, "-cp", x.Saxon, "net.sf.saxon.Transform", "-s:"+file, "-xsl:"+schematron)
	if err != nil {
		return []cda.Finding{failed("the schematron " + name)}
	}
	findings, ok := readSVRL(name, answer)
	if !ok {
		return []cda.Finding{failed("the schematron " + name)}
	}
	return findings
}

// readSVRL reads the answer of a schematron (ISO/IEC 19757-3, annex D).
func readSVRL(name string, answer []byte) ([]cda.Finding, bool) {
	doc := etree.NewDocument()
	if doc.ReadFromBytes(answer) != nil || doc.Root() == nil || doc.Root().NamespaceURI() != svrl {
		return nil, false
	}
	var findings []cda.Finding
	for _, el := range doc.Root().ChildElements() {
		if el.Tag != "failed-assert" && el.Tag != "successful-report" {
			continue
		}
		text := ""
		for _, c := range el.ChildElements() {
			if c.Tag == "text" {
				text = strings.Join(strings.Fields(c.Text()), " ")
			}
		}
		findings = append(findings, cda.Finding{
			Rule: RuleExternalSchematron, Severity: severityOf(el), Path: readableLocation(el.SelectAttrValue("location", "")), Message: name + ": " + clippedTo(text, 400),
		})
	}
	return findings, true
}

// severityOf reads role or flag; without one of the usual words it is an error.
func severityOf(el *etree.Element) cda.Severity {
	switch strings.ToLower(el.SelectAttrValue("role", el.SelectAttrValue("flag", ""))) {
	case "warning", "warn":
		return cda.Warning
	case "info", "information", "informative", "hint":
		return cda.Information
	}
	return cda.Error
}

// location steps of compiled schematrons: *:name[namespace-uri()='...'][1].
var locationStep = regexp.MustCompile(`\*:([\w.-]+)\[namespace-uri\(\)='[^']*'\]`)

func readableLocation(location string) string { return locationStep.ReplaceAllString(location, "$1") }

func clippedTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
