package mhd_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// sharing makes a server with the searches and the metadata update of the profiles, and one person's record in it.
func sharing(t testing.TB) *servertest.Server {
	t.Helper()
	s := emptySharing(t)
	for _, line := range recordLines(t) {
		res, err := element.ParseJSON(spec.R4(), []byte(line), element.Options{})
		require.NoError(t, err)
		s.Put(t, res.Type()+"/"+res.ID(), line)
	}
	return s
}

func emptySharing(t testing.TB) *servertest.Server {
	t.Helper()
	return servertest.New(t, servertest.Options{
		Registry:   func(r *search.Registry) { require.NoError(t, r.Use(mhd.SearchProfile())) },
		Repository: func(o *repository.Options) { o.Interceptors = append(o.Interceptors, &mhd.MetadataRules{}) },
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, mhd.SearchExtension(o.Registry, o.BaseURL))
		},
	})
}

// recordLines gives the resources of the record, one JSON each.
func recordLines(t testing.TB) []string {
	t.Helper()
	f, err := os.Open("testdata/search/record.jsonl")
	require.NoError(t, err)
	defer f.Close()
	var lines []string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if text := strings.TrimSpace(in.Text()); text != "" {
			lines = append(lines, text)
		}
	}
	require.NoError(t, in.Err())
	return lines
}

// documentsIn reads a searchset of documents: their ids, the path of the first one's document, the total.
func documentsIn(t testing.TB, body []byte) (ids []string, address string, total int) {
	t.Helper()
	var bundle struct {
		Total int
		Entry []struct {
			Resource struct {
				ID      string
				Content []struct{ Attachment struct{ URL string } }
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &bundle))
	for _, e := range bundle.Entry {
		ids = append(ids, e.Resource.ID)
		if address == "" && len(e.Resource.Content) > 0 {
			address = strings.TrimPrefix(e.Resource.Content[0].Attachment.URL, "http://test")
		}
	}
	return ids, address, bundle.Total
}
