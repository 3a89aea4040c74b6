package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// TestOfficialDefinitionsAreValid checks all resources of the R4 definitions; CARNET_DEFINITIONS is their directory.
func TestOfficialDefinitionsAreValid(t *testing.T) {
	dir := os.Getenv("CARNET_DEFINITIONS")
	if dir == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the official definitions are not checked")
	}
	found := map[string]int{}
	total := 0
	for _, file := range []string{
		"profiles-types.json", "profiles-resources.json", "profiles-others.json", "extension-definitions.json",
		"search-parameters.json", "valuesets.json", "v3-codesystems.json", "v2-tables.json", "conceptmaps.json",
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(text, &bundle))
		for _, entry := range bundle.Entry {
			var head struct{ ResourceType, FHIRVersion string }
			require.NoError(t, json.Unmarshal(entry.Resource, &head))
			if head.ResourceType == "StructureDefinition" && head.FHIRVersion != "4.0.1" {
				continue // SubscriptionStatus, which this distribution adds from R4B
			}
			total++
			for _, i := range check(entry.Resource) {
				found[i]++
			}
		}
	}
	var list []string
	for what, n := range found {
		list = append(list, fmt.Sprintf("%s (%d)", what, n))
	}
	sort.Strings(list)
	assert.Greater(t, total, 4000)
	assert.Empty(t, list, "of %d resources:\n%s", total, strings.Join(list, "\n"))
}

func check(src []byte) []string {
	r, err := element.ParseJSON(spec.R4(), src, element.Options{})
	var f *fault.Fault
	var list []fault.Issue
	name := ""
	if errors.As(err, &f) {
		list = f.Issues
	} else {
		list = validator.Issues(context.Background(), r.Root, OnWrite)
		name = r.Root.ChildValue("url")
	}
	var out []string
	for _, i := range errorsOf(list) {
		out = append(out, name+": "+i.Expression+": "+i.Diagnostics)
	}
	return out
}

// TestOfficialProfilesAreUsable reads each StructureDefinition of a resource as a profile, and holds one resource to its
// own base definition: what the definitions accept, their snapshot read as a profile accepts.
func TestOfficialProfilesAreUsable(t *testing.T) {
	dir := os.Getenv("CARNET_DEFINITIONS")
	if dir == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the official profiles are not read")
	}
	samples := map[string]*element.Element{"Patient": parse(t, patient), "Observation": parse(t, observation)}
	profiles := 0
	for _, file := range []string{"profiles-resources.json", "profiles-others.json", "extension-definitions.json"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(text, &bundle))
		for _, entry := range bundle.Entry {
			var head struct{ ResourceType, FHIRVersion, Kind, Name string }
			require.NoError(t, json.Unmarshal(entry.Resource, &head))
			if head.ResourceType != "StructureDefinition" || head.FHIRVersion != "4.0.1" || head.Kind == "logical" {
				continue
			}
			r, err := element.ParseJSON(spec.R4(), entry.Resource, element.Options{})
			require.NoError(t, err, head.Name)
			p, err := validator.Profile(r.Root)
			require.NoError(t, err, head.Name)
			profiles++
			if sample := samples[head.Name]; sample != nil {
				assert.Empty(t, errorsOf(p.Issues(context.Background(), sample)), head.Name)
			}
		}
	}
	assert.Greater(t, profiles, 500)
}
