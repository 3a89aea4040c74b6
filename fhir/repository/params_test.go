package repository

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search"
)

func searchParameter(code, expression, status string) string {
	return fmt.Sprintf(`{"resourceType":"SearchParameter","id":%q,"url":"http://carnet.test/sp/%s","name":"X","status":%q,"description":"x","code":%q,"base":["Patient"],"type":"token","expression":%q}`,
		code, code, status, code, expression)
}

func (s *server) builtSoon(typ, code string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		p, ok := s.o.Registry.Param(typ, code)
		return ok && !p.Building
	}, 5*time.Second, 2*time.Millisecond)
}

func married(id, code string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"maritalStatus":{"coding":[{"code":%q}]}}`, id, code)
}

func TestCustomSearchParameter(t *testing.T) {
	s := newServer(t)
	for i := range 600 {
		s.put(married(fmt.Sprintf("p%d", i), "M"))
	}
	s.put(married("last", "S"))
	w := s.put(searchParameter("married", "Patient.maritalStatus", "draft"))
	require.Equal(t, 201, w.Status)
	_, known := s.o.Registry.Param("Patient", "married")
	require.False(t, known, "a draft is not registered")
	s.put(searchParameter("married", "Patient.maritalStatus", "active"))
	_, known = s.o.Registry.Param("Patient", "married")
	require.True(t, known, "registered when the request ends")
	s.put(married("meanwhile", "S"))
	s.builtSoon("Patient", "married")
	require.Equal(t, []string{"meanwhile", "last"}, s.search("Patient", "married=S"))
	require.Len(t, s.search("Patient", "married=M"), 600)

	s.stop()
	s.start()
	p, ok := s.o.Registry.Param("Patient", "married")
	require.True(t, ok)
	require.False(t, p.Building, "what was built stays so")
	require.Equal(t, []string{"meanwhile", "last"}, s.search("Patient", "married=S"))
	s.put(married("last", "D"))
	require.Equal(t, []string{"last"}, s.search("Patient", "married=D"))

	s.put(searchParameter("married", "Patient.gender", "active"))
	s.builtSoon("Patient", "married")
	require.Empty(t, s.search("Patient", "married=S"), "another expression, other rows")

	_, err := s.Delete(ctx, "SearchParameter", "married", Conditions{})
	require.NoError(t, err)
	params, err := search.SplitQuery("married=S")
	require.NoError(t, err)
	_, err = search.ParseQuery(s.o.Registry, search.Scope{Type: "Patient"}, params, search.ParseOptions{})
	refused(t, err, 400)
	s.stop()
	s.start()
	_, known = s.o.Registry.Param("Patient", "married")
	require.False(t, known)
}

// A server that stops while a parameter is being built goes on with it at the next start.
func TestCustomSearchParameterResumes(t *testing.T) {
	s := newServer(t)
	for i := range 300 {
		s.put(married(fmt.Sprintf("p%d", i), "M"))
	}
	s.params.stop() // no background work from here on
	s.params.done.Wait()
	s.put(searchParameter("married", "Patient.maritalStatus", "active"))
	p, ok := s.o.Registry.Param("Patient", "married")
	require.True(t, ok)
	require.True(t, p.Building)
	_, err := search.ParseQuery(s.o.Registry, search.Scope{Type: "Patient"}, [][2]string{{"married", "M"}}, search.ParseOptions{})
	require.Error(t, err, "searching while it is built is an error")
	s.stop()
	s.start()
	s.builtSoon("Patient", "married")
	require.Len(t, s.search("Patient", "married=M"), 300)
}

func TestCustomSearchParameterRefused(t *testing.T) {
	s := newServer(t)
	put := func(text string) error {
		res := parse(t, text)
		_, err := s.Update(ctx, "SearchParameter", res.ID(), res, Conditions{})
		return err
	}
	refused(t, put(searchParameter("broken", "Patient.(", "active")), 422)
	require.NoError(t, put(searchParameter("broken", "Patient.(", "draft")))
	refused(t, put(searchParameter("family", "Patient.gender", "active")), 409)
	require.NoError(t, put(searchParameter("mine", "Patient.gender", "active")))
	other := parse(t, searchParameter("mine", "Patient.gender", "active"))
	setID(other.Root, "second")
	_, err := s.Update(ctx, "SearchParameter", "second", other, Conditions{})
	refused(t, err, 409)
}

// Writers of SearchParameters and of what they index do not wait for each other, and what is written while a parameter comes is found by it.
func TestCustomSearchParameterAmongWriters(t *testing.T) {
	s := newServer(t)
	together(8, func(i int) {
		for k := range 40 {
			var text string
			if i < 2 {
				text = searchParameter(fmt.Sprintf("married%d", i), []string{"Patient.maritalStatus", "Patient.maritalStatus.coding"}[k%2], []string{"active", "active", "retired"}[(k+2)%3])
			} else {
				text = married(fmt.Sprintf("p%d-%d", i, k), "M")
			}
			res := parse(t, text)
			if _, err := s.Update(ctx, res.Type(), res.ID(), res, Conditions{}); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 2 {
		code := fmt.Sprintf("married%d", i)
		s.put(searchParameter(code, "Patient.maritalStatus", "active"))
		s.builtSoon("Patient", code)
		require.Len(t, s.search("Patient", code+"=M"), 240)
	}
}
