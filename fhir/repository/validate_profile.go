package repository

import (
	"context"
	"net/url"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

const baseProfiles = "http://hl7.org/fhir/StructureDefinition/"

// profileIssues checks a resource against the profile asked for, or, when none is, against those that its meta claims. Profiles are the
// StructureDefinitions stored on this server; what cannot be checked is said: as an error when it was asked for, as a warning when only claimed.
func (r *Repository) profileIssues(ctx context.Context, root *element.Element, asked string) ([]fault.Issue, error) {
	if asked != "" {
		return r.judgeProfile(ctx, root, asked, fault.Error, "Parameters.parameter")
	}
	var issues []fault.Issue
	for claimed := range root.Child("meta").Children("profile") {
		found, err := r.judgeProfile(ctx, root, claimed.Value, fault.Warning, element.Path(claimed))
		if err != nil {
			return nil, err
		}
		issues = append(issues, found...)
	}
	return issues, nil
}

func (r *Repository) judgeProfile(ctx context.Context, root *element.Element, canonical string, severity fault.Severity, where string) ([]fault.Issue, error) {
	canonical, version, _ := strings.Cut(canonical, "|")
	if canonical == baseProfiles+root.Type.Name {
		return nil, nil
	}
	profile, err := r.profile(ctx, canonical, version)
	if err != nil {
		return nil, err
	}
	if profile == nil {
		return []fault.Issue{{Severity: severity, Code: fault.NotSupported, Expression: where,
			Diagnostics: "The profile is not among the StructureDefinitions of this server; the resource was not checked against it."}}, nil
	}
	if profile.Type.Name != root.Type.Name {
		return []fault.Issue{{Severity: severity, Code: fault.Invalid, Expression: where, Diagnostics: "The profile is about " + profile.Type.Name + "."}}, nil
	}
	issues := profile.Issues(ctx, root)
	if profile.Unchecked > 0 {
		issues = append(issues, fault.Issue{Severity: fault.Information, Code: fault.Informational, Expression: where,
			Diagnostics: "The profile has slices that are not checked yet."})
	}
	return issues, nil
}

// profile finds the StructureDefinition of a canonical URL; nil when there is none, or none that the caller may see.
func (r *Repository) profile(ctx context.Context, canonical, version string) (p *validate.Profile, err error) {
	query := "url=" + url.QueryEscape(canonical)
	if version != "" {
		query += "&version=" + url.QueryEscape(version)
	}
	c, err := r.mandatoryCriteria(ctx, "StructureDefinition", query)
	if err != nil {
		return nil, err
	}
	view, err := r.view(0)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	found, err := c.find(ctx, view, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	definition, err := r.tree(found[0])
	if err != nil {
		return nil, err
	}
	return r.o.Validator.Profile(definition.Root)
}
