package repository

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

// Validate is $validate (http://hl7.org/fhir/R4/resource-operation-validate.html): all issues that a write would meet, warnings and information too. Mode is "", create, update
// or delete (id is needed for the last two); res may be nil with mode delete or, with an id, for the stored resource. Nothing is written.
func (r *Repository) Validate(ctx context.Context, typ, id string, res *element.Resource, mode, profile string) ([]fault.Issue, error) {
	if err := r.known(ctx, Operation, typ); err != nil {
		return nil, err
	}
	if mode == "delete" {
		return r.validateDelete(ctx, typ, id)
	}
	if res == nil {
		if id == "" {
			return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation needs a resource, or to be called on a stored one.")
		}
		rec, err := r.Read(ctx, typ, id)
		if err != nil {
			return nil, err
		}
		if res, err = r.tree(rec); err != nil {
			return nil, err
		}
	}
	issues, err := r.validateContent(ctx, typ, id, res, mode)
	if err != nil {
		return nil, err
	}
	of, err := r.profileIssues(ctx, res.Root, profile)
	return append(issues, of...), err
}

func (r *Repository) validateContent(ctx context.Context, typ, id string, res *element.Resource, mode string) ([]fault.Issue, error) {
	if res.Type() != typ && typ != "" {
		return nil, fault.At(http.StatusBadRequest, fault.Invalid, res.Type(), "The resource's type is not that of the URL, which is "+typ+".")
	}
	issues := append([]fault.Issue(nil), res.Warnings...)
	what := Create
	switch mode {
	case "", "create", "profile":
	case "update":
		what = Update
		if err := agreeingID(res, id); err != nil {
			issues = append(issues, fault.From(err).Issues...)
		}
	default:
		return nil, fault.At(http.StatusBadRequest, fault.CodeInvalid, "Parameters.parameter", "The mode of $validate is create, update, delete or profile.")
	}
	for _, i := range r.o.Interceptors {
		if err := i.BeforeWrite(ctx, what, res); err != nil {
			if fault.From(err).Status >= http.StatusInternalServerError {
				return nil, err
			}
			issues = append(issues, fault.From(err).Issues...)
		}
	}
	issues = append(issues, r.o.Validator.Issues(ctx, res.Root, validate.Full)...)
	if res.Type() == "SearchParameter" {
		if err := r.params.check(res.Root); err != nil {
			issues = append(issues, fault.From(err).Issues...)
		}
	}
	return issues, nil
}

func (r *Repository) validateDelete(ctx context.Context, typ, id string) (issues []fault.Issue, err error) {
	if id == "" {
		return nil, fault.New(http.StatusBadRequest, fault.Required, "The mode delete needs a resource: call $validate on an instance.")
	}
	view, err := r.view(0)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	if _, err := r.readIn(ctx, view, typ, id); err != nil {
		return nil, err
	}
	draft := &draft{what: Delete, typ: typ, id: id}
	err = r.current(ctx, view, draft, Conditions{})
	if err == nil {
		err = r.settle(ctx, view, &decision{}, draft)
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Status < http.StatusInternalServerError {
		return f.Issues, nil
	}
	return nil, err
}

// Judge gives the faults that a write of the content would meet after reading: for readers that refuse it already and want to tell all at once.
func (r *Repository) Judge(root *element.Element) []fault.Issue {
	return r.o.Validator.Issues(context.Background(), root, validate.OnWrite)
}
