package main

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"sync"

	"github.com/carnet-fhir/carnet/ihe/insi"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// nationalPeople is how many synthetic people the sandbox's national registry knows; the demo's are the first of them.
const nationalPeople = 10_000

// sandboxINSi is the national service of a sandbox: a registry of synthetic people, made when it is first asked.
func sandboxINSi() insi.Service {
	return &lazyINSi{registry: sync.OnceValues(func() (*insi.Registry, error) {
		registry, err := insi.NewRegistry()
		if err != nil {
			return nil, err
		}
		g := synthetic.New(1)
		for i := range nationalPeople {
			t, err := g.Traits(i)
			if err != nil {
				return nil, err
			}
			sex := "male"
			if t.Female {
				sex = "female"
			}
			err = registry.Add(insi.Identity{INS: t.Matricule, Traits: insi.Traits{
				Family: t.Family, Given: strings.Join(t.Given, " "), Sex: sex, BirthDate: t.Born.Format("2006-01-02"), BirthPlace: t.PlaceCode,
			}})
			if err != nil {
				return nil, err
			}
		}
		return registry, nil
	})}
}

type lazyINSi struct {
	registry func() (*insi.Registry, error)
}

func (l *lazyINSi) Retrieve(ctx context.Context, q insi.Query) (*insi.Identity, error) {
	r, err := l.registry()
	if err != nil {
		return nil, err
	}
	return r.Retrieve(ctx, q)
}

func (l *lazyINSi) Verify(ctx context.Context, v insi.Verification) (bool, error) {
	r, err := l.registry()
	if err != nil {
		return false, err
	}
	return r.Verify(ctx, v)
}

// noINSi is the national service of a production server that was not told where it is.
type noINSi struct{}

func (noINSi) Retrieve(context.Context, insi.Query) (*insi.Identity, error) {
	return nil, insi.ErrUnavailable
}

func (noINSi) Verify(context.Context, insi.Verification) (bool, error) {
	return false, insi.ErrUnavailable
}

// defaultINSi is the national service of a server that was not told of one.
func defaultINSi(mode ins.Mode) insi.Service {
	if mode == ins.Production {
		return noINSi{}
	}
	return sandboxINSi()
}

// insiFlags say where the national service is.
type insiFlags struct {
	url, cert, key, authorisation string
}

// service gives the national service for a mode.
func (f *insiFlags) service(mode ins.Mode) (insi.Service, error) {
	if f.url == "" {
		if f.cert != "" || f.key != "" {
			return nil, errors.New("--insi-cert and --insi-key go with --insi-url")
		}
		return defaultINSi(mode), nil
	}
	o := insi.ClientOptions{URL: f.url, Mode: mode, Software: insi.Software{Authorisation: f.authorisation, Name: "carnet", Version: version, Instance: "carnet", Sender: "carnet"}}
	if (f.cert == "") != (f.key == "") {
		return nil, errors.New("--insi-cert and --insi-key go together")
	}
	if f.cert != "" {
		cert, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, err
		}
		o.Certificate = &cert
	}
	return insi.NewClient(o)
}
