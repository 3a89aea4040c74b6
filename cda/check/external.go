package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// Rules of findings that external tools make.
const (
	RuleExternalSchema     = "external-schema"     // xmllint with the official schema
	RuleExternalSchematron = "external-schematron" // Saxon with an official schematron, compiled to XSLT
	RuleExternalFailed     = "external-failed"     // a tool that was asked for did not answer: the document was not held to it
)

// External runs tools that the operator has beside Check: xmllint with an XML schema, Saxon with schematrons that were compiled to XSLT (their answer is SVRL).
// Documents are handed to them as files of a private temporary directory. The tools get no network (xmllint --nonet; Java with a proxy that leads nowhere), an
// environment of PATH alone, and a time limit each.
type External struct {
	Schema      string        // CDA_extended.xsd, "" for none
	Schematrons []string      // compiled schematrons, in the order of their names
	XMLLint     string        // program
	Java        string        // program
	Saxon       string        // JAR of Saxon-HE
	Timeout     time.Duration // of each tool on each document
}

// DefaultTimeout is how long a tool may take for one document.
const DefaultTimeout = 30 * time.Second

// OpenExternal looks in a directory for official files: CDA_extended.xsd (there or in schemas/), *.xsl (there or in schematron/), saxon*.jar. The file "tools" in it
// may name programs, a line each: "xmllint PATH", "java PATH", "saxon PATH"; xmllint and java are else taken from PATH. It is an error when there is nothing to run, or
// no program to run it with.
func OpenExternal(dir string) (*External, error) {
	x := &External{Timeout: DefaultTimeout, XMLLint: "xmllint", Java: "java"}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("check: %s is no directory of official files", dir)
	}
	for _, schema := range []string{"CDA_extended.xsd", filepath.Join("schemas", "CDA_extended.xsd")} {
		if _, err := os.Stat(filepath.Join(dir, schema)); err == nil && x.Schema == "" {
			x.Schema = filepath.Join(dir, schema)
		}
	}
	for _, pattern := range []string{"*.xsl", filepath.Join("schematron", "*.xsl")} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		x.Schematrons = append(x.Schematrons, found...)
	}
	sort.Strings(x.Schematrons)
	if jars, _ := filepath.Glob(filepath.Join(dir, "saxon*.jar")); len(jars) > 0 {
		x.Saxon = jars[0]
	}
	if err := x.readTools(filepath.Join(dir, "tools")); err != nil {
		return nil, err
	}
	return x, x.complete(dir)
}

func (x *External) readTools(file string) error {
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		tool, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		path = strings.TrimSpace(path)
		switch tool {
		case "xmllint":
			x.XMLLint = path
		case "java":
			x.Java = path
		case "saxon":
			x.Saxon = path
		case "":
		default:
			return fmt.Errorf("check: %s names the unknown tool %q", file, tool)
		}
	}
	return nil
}

func (x *External) complete(dir string) error {
	if x.Schema == "" && len(x.Schematrons) == 0 {
		return fmt.Errorf("check: %s holds neither CDA_extended.xsd nor compiled schematrons (*.xsl)", dir)
	}
	if x.Schema != "" {
		if _, err := exec.LookPath(x.XMLLint); err != nil {
			return fmt.Errorf("check: the schema needs xmllint: %w", err)
		}
	}
	if len(x.Schematrons) > 0 {
		if _, err := exec.LookPath(x.Java); err != nil {
			return fmt.Errorf("check: the schematrons need java: %w", err)
		}
		if _, err := os.Stat(x.Saxon); err != nil {
			return fmt.Errorf("check: the schematrons need saxon*.jar in %s, or a line \"saxon PATH\" in its file tools", dir)
		}
	}
	return nil
}

// Check runs the tools on a document. A tool that fails, or takes too long, gives a finding of RuleExternalFailed, which refuses: what was to be checked was not.
func (x *External) Check(ctx context.Context, doc *cda.Document) []cda.Finding {
	dir, err := os.MkdirTemp("", "carnet-check-")
	if err != nil {
		return []cda.Finding{failed("the temporary directory")}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "document.xml")
	raw, moved, err := bare(doc)
	if err != nil || os.WriteFile(file, raw, 0o600) != nil {
		return []cda.Finding{failed("the temporary file")}
	}
	var findings []cda.Finding
	if x.Schema != "" {
		findings = append(findings, x.schema(ctx, file)...)
	}
	for _, schematron := range x.Schematrons {
		findings = append(findings, x.schematron(ctx, dir, file, schematron)...)
	}
	for i := range findings {
		if moved {
			findings[i].Line = 0
		}
	}
	return findings[:min(len(findings), maxFindings)]
}

// bare gives the bytes that the official files are about: those of ClinicalDocument. Of a document within a style sheet or a signature they are written anew, and moved.
func bare(doc *cda.Document) (raw []byte, moved bool, err error) {
	if doc.Envelope == cda.Bare {
		return doc.Raw, false, nil
	}
	raw, err = withNamespaces(doc.Raw)
	return raw, true, err
}

// withNamespaces cuts the ClinicalDocument out of its envelope, with the declarations of namespaces that are in scope there.
func withNamespaces(raw []byte) ([]byte, error) {
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(raw); err != nil {
		return nil, err
	}
	var found *etree.Element
	for _, el := range tree.FindElements("//ClinicalDocument") {
		if el.NamespaceURI() == cda.NS {
			found = el
			break
		}
	}
	if found == nil {
		return nil, errors.New("check: no ClinicalDocument")
	}
	inner := found.Copy()
	for el := found.Parent(); el != nil; el = el.Parent() {
		for _, a := range el.Attr {
			if (a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns") && inner.SelectAttr(a.FullKey()) == nil {
				inner.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	out := etree.NewDocument()
	out.SetRoot(inner)
	return out.WriteToBytes()
}

func failed(what string) cda.Finding {
	return cda.Finding{Rule: RuleExternalFailed, Severity: cda.Error, Message: what + " failed, so that the document was not held to the official files"}
}

// maxOutput bounds what is read of a tool's answer.
const maxOutput = 4 << 20

// run gives what a tool says. The exit status says only that it found something, unless it says nothing at all.
func (x *External) run(ctx context.Context, program string, args ...string) (stdout, stderr []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.WaitDelay = time.Second
	out, said := &capped{}, &capped{}
	cmd.Stdout, cmd.Stderr = out, said
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	return out.Bytes(), said.Bytes(), err
}

// capped keeps the first maxOutput bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := maxOutput - c.Len(); room > 0 {
		_, _ = c.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
