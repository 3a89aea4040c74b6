package check

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

func official(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not at hand")
	}
	if _, err := os.Stat(filepath.Join(shared, "schemas", "CDA_extended.xsd")); err != nil {
		t.Skip("the published schema is not at hand")
	}
	return filepath.Join(shared, "schemas")
}

func TestExternalSchema(t *testing.T) {
	x, err := OpenExternal(official(t))
	require.NoError(t, err)
	raw, err := os.ReadFile(full)
	require.NoError(t, err)
	assert.Empty(t, x.Check(context.Background(), parse(t, raw)))
	broken := mutation{base: full, edits: "set recordTarget/patientRole/patient/birthTime value=14/07/1985"}.apply(t)
	findings := x.Check(context.Background(), parse(t, broken))
	require.NotEmpty(t, findings)
	for _, f := range findings {
		assert.Equal(t, RuleExternalSchema, f.Rule)
		assert.Equal(t, cda.Error, f.Severity)
		assert.NotContains(t, f.Message, "1985", "messages repeat no values of the document")
		assert.NotZero(t, f.Line)
	}
	enveloped := append([]byte(`<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">`), raw[len(`<?xml version="1.0" encoding="UTF-8"?>`):]...)
	enveloped = append(enveloped, "</xsl:stylesheet>"...)
	assert.Empty(t, x.Check(context.Background(), parse(t, enveloped)))
}

func TestExternalTooSlow(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "CDA_extended.xsd"), nil, 0o600))
	slow, done := filepath.Join(dir, "slow"), filepath.Join(dir, "done")
	require.NoError(t, os.WriteFile(slow, []byte("#!/bin/sh\nsleep 20\ntouch "+done+"\n"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tools"), []byte("xmllint "+slow+"\n"), 0o600))
	x, err := OpenExternal(dir)
	require.NoError(t, err)
	x.Timeout = 50 * time.Millisecond
	raw, err := os.ReadFile(full)
	require.NoError(t, err)
	assert.Equal(t, []string{RuleExternalFailed}, Errors(x.Check(context.Background(), parse(t, raw))))
	assert.NoFileExists(t, done, "nobody waited for it")
}

func TestExternalIncomplete(t *testing.T) {
	empty := t.TempDir()
	_, err := OpenExternal(empty)
	assert.ErrorContains(t, err, "neither")
	_, err = OpenExternal(filepath.Join(empty, "none"))
	assert.ErrorContains(t, err, "no directory")
	require.NoError(t, os.WriteFile(filepath.Join(empty, "a.xsl"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(empty, "tools"), []byte("java /bin/sh\n"), 0o600))
	_, err = OpenExternal(empty)
	assert.ErrorContains(t, err, "saxon")
	require.NoError(t, os.WriteFile(filepath.Join(empty, "tools"), []byte("moon /bin/sh\n"), 0o600))
	_, err = OpenExternal(empty)
	assert.ErrorContains(t, err, "unknown tool")
}

// TestExternalSchematron runs a program in the place of Java that answers as a compiled schematron does.
func TestExternalSchematron(t *testing.T) {
	const answer = `<svrl:schematron-output xmlns:svrl="http://purl.oclc.org/dsdl/svrl">
<svrl:failed-assert location="/*:ClinicalDocument[namespace-uri()='urn:hl7-org:v3'][1]" role="error"><svrl:text> setId
 is missing </svrl:text></svrl:failed-assert>
<svrl:successful-report location="/x" role="warning"><svrl:text>odd</svrl:text></svrl:successful-report>
<svrl:fired-rule/></svrl:schematron-output>`
	dir := t.TempDir()
	java := filepath.Join(dir, "java")
	require.NoError(t, os.WriteFile(java, []byte("#!/bin/sh\ncat <<'X'\n"+answer+"\nX\n"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "saxon-he.jar"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "minimal.xsl"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tools"), []byte("java "+java+"\n"), 0o600))
	x, err := OpenExternal(dir)
	require.NoError(t, err)
	raw, err := os.ReadFile(full)
	require.NoError(t, err)
	assert.Equal(t, []cda.Finding{
		{Rule: RuleExternalSchematron, Severity: cda.Error, Path: "/ClinicalDocument[1]", Message: "minimal: setId is missing"},
		{Rule: RuleExternalSchematron, Severity: cda.Warning, Path: "/x", Message: "minimal: odd"},
	}, x.Check(context.Background(), parse(t, raw)))
	require.NoError(t, os.WriteFile(java, []byte("#!/bin/sh\necho no\n"), 0o700))
	assert.Equal(t, []string{RuleExternalFailed}, Errors(x.Check(context.Background(), parse(t, raw))))
}
