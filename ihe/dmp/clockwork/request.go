package clockwork

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/store"
)

// Extension gives the operation by which the deletion of a closed record is asked for, and taken back. Who may call it is judged as any change of the Patient is.
func (s *Sweeper) Extension() rest.Extension {
	return rest.Extension{Operations: []rest.Operation{{
		Code: "dmp-deletion", Definition: "https://carnet-fhir.github.io/OperationDefinition/Patient-dmp-deletion", Levels: rest.InstanceLevel, Types: []string{"Patient"}, Handle: s.requested,
		Documentation: "Asks for the deletion of a closed record (requested true), or takes the request back (false). It is done within three months; until a week before their end it can be taken back.",
	}}}
}

func (s *Sweeper) requested(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	v := call.Value("requested")
	if v != "true" && v != "false" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes requested, true or false.")
	}
	if _, err := s.repo.Read(ctx, "Patient", call.ID); err != nil { // what the caller may not see is not there
		return nil, err
	}
	out, err := s.repo.Planned(dmp.Controlled(ctx), func(_ context.Context, look *repository.Lookup) ([]repository.BundleEntry, error) {
		rec, err := look.Read("Patient", call.ID)
		if err != nil {
			return nil, err
		}
		if rec == nil {
			return nil, fault.New(http.StatusNotFound, fault.NotFound, "There is no such Patient.")
		}
		res, err := look.Tree(rec)
		if err != nil {
			return nil, err
		}
		if _, closed := s.DeletionOf(rec.Body); !closed {
			return nil, fault.At(http.StatusConflict, fault.BusinessRule, "Patient.active", "Only a closed record is deleted: close it first.")
		}
		if err := s.mark(res, v == "true"); err != nil {
			return nil, err
		}
		return []repository.BundleEntry{{Method: http.MethodPut, URL: "Patient/" + rec.ID, Resource: res}}, nil
	})
	if err != nil {
		return nil, err
	}
	if f := out[0].Fault; f != nil {
		return nil, f
	}
	return &rest.OperationAnswer{Resource: out[0].Record.Body, Records: []*store.Record{out[0].Record}}, nil
}

// mark puts the request into a Patient, where there is none yet, or takes it away.
func (s *Sweeper) mark(res *element.Resource, requested bool) error {
	for x := range res.Root.Children("extension") {
		if x.ChildValue("url") != ExtensionDeletionRequest {
			continue
		}
		if requested {
			return nil // it counts from the first one
		}
		res.Changed()
		return res.Root.Remove(x)
	}
	if !requested {
		return nil
	}
	made, err := build(object{"resourceType": "Patient", "extension": list{object{"url": ExtensionDeletionRequest, "valueDateTime": instant(s.o.Now())}}})
	if err != nil {
		return err
	}
	x := made.Root.Child("extension")
	if err := made.Root.Remove(x); err != nil {
		return err
	}
	res.Changed()
	return res.Root.Add("extension", x)
}
