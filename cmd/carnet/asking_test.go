package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
)

// ask sends a request; patches are JSON Patch.
func (s *securedServer) ask(c *habilitation.Client, method, path string, body []byte) (int, []byte) {
	s.t.Helper()
	if method != http.MethodPatch {
		status, answer, err := c.Do(context.Background(), method, path, body)
		require.NoError(s.t, err)
		require.Less(s.t, status, 500, "%s %s: %s", method, path, answer)
		return status, answer
	}
	return s.send(c, method, s.base+"/"+path, "application/json-patch+json", body)
}

func (s *securedServer) send(c *habilitation.Client, method, address, media string, body []byte) (int, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, bytes.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", media)
	r.Header.Set("Authorization", "Bearer "+c.Token)
	a, err := s.http.Do(r)
	require.NoError(s.t, err)
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	require.NoError(s.t, err)
	require.Less(s.t, a.StatusCode, 500, "%s %s: %s", method, address, answer)
	return a.StatusCode, answer
}

// finds says whether a search's answer has a resource.
func (s *securedServer) finds(c *habilitation.Client, path, id string) bool {
	s.t.Helper()
	status, body := s.ask(c, http.MethodGet, path, nil)
	if status == http.StatusForbidden {
		return false
	}
	require.Equal(s.t, http.StatusOK, status, "%s: %s", path, body)
	var bundle struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	require.NoError(s.t, json.Unmarshal(body, &bundle))
	for _, e := range bundle.Entry {
		if e.Resource.ID == id {
			return true
		}
	}
	return false
}

// stored stores a Consent as the operator and gives its id.
func (s *securedServer) stored(body []byte) string {
	s.t.Helper()
	status, answer := s.ask(s.operator, http.MethodPost, "Consent", body)
	require.Equal(s.t, http.StatusCreated, status, "%s", answer)
	var head struct{ ID string }
	require.NoError(s.t, json.Unmarshal(answer, &head))
	return head.ID
}
