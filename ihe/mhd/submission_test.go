package mhd_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// recipient makes a server that takes submissions, with three records: Patient/id-1 and id-2 are open, id-3 is closed.
func recipient(t testing.TB) *servertest.Server { return recipientOn(t, servertest.Options{}) }

func recipientOn(t testing.TB, o servertest.Options) *servertest.Server {
	t.Helper()
	return recipientTaking(t, o, 32<<10)
}

// recipientTaking is recipientOn for documents of up to so many bytes.
func recipientTaking(t testing.TB, o servertest.Options, longest int) *servertest.Server {
	t.Helper()
	records := dmp.NewRecords(ins.Sandbox)
	var s *servertest.Server
	var ids atomic.Int64
	var random atomic.Bool // servers that are opened again must not give the same ids again
	r := mhd.NewRecipient(mhd.Options{
		Records: records, MaxDocumentBytes: longest,
		NewID: func() string {
			if random.Load() {
				return uuid.NewString()
			}
			return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids.Add(1))
		},
		Now: func() time.Time { return s.Now() },
	})
	more := o
	o.Registry = func(reg *search.Registry) { require.NoError(t, reg.Use(mhd.SearchProfile())) }
	o.Repository = func(ro *repository.Options) {
		counted := ro.NewID
		ro.NewID = func() string {
			if random.Load() {
				return uuid.NewString()
			}
			return counted()
		}
		ro.Interceptors = append(ro.Interceptors, dmp.NewIdentity(ins.Sandbox), &mhd.MetadataRules{}, mhd.Guard{})
	}
	o.Made = func(made *servertest.Server) {
		s = made
		records.Bind(s.Repository)
		r.Bind(s.Repository)
		if more.Made != nil {
			more.Made(made)
		}
	}
	o.REST = func(ro *rest.Options) {
		ro.Extensions = append(ro.Extensions, mhd.SearchExtension(ro.Registry, ro.BaseURL), r.Extension())
		if more.REST != nil {
			more.REST(ro)
		}
	}
	s = servertest.New(t, o)
	if s.Do("GET", "/fhir/Patient/id-1", "").Code != http.StatusOK {
		openRecords(t, records)
	}
	random.Store(o.FS != nil)
	return s
}

// people are the persons of the records, with numbers of the test authority.
var people = []string{"2850731555042", "1850731555043", "2850731555044"}

func openRecords(t testing.TB, records *dmp.Records) {
	t.Helper()
	for i, body := range people {
		m, err := ins.New(ins.Test, body)
		require.NoError(t, err)
		sex := map[byte]string{'1': "male", '2': "female"}[body[0]]
		_, _, err = records.Open(context.Background(), dmp.Opening{INS: m, Traits: dmp.Traits{
			Family: "EXEMPLE", Given: "LOUISE ANNE", Sex: sex, BirthDate: "1985-07-14", BirthPlace: "31555",
		}})
		require.NoError(t, err)
		if i == 2 {
			_, err = records.Close(context.Background(), m, dmp.Closing{Date: "2024-04-01"})
			require.NoError(t, err)
		}
	}
}

const submissionCases = "testdata/submission/*.txt"

func TestSubmissions(t *testing.T) { servertest.Golden(t, submissionCases, recipient) }

// TestEveryRuleHasCases holds the registry of rules to the golden conversations: each has one that it lets pass and one that it stops.
func TestEveryRuleHasCases(t *testing.T) {
	cases := servertest.Cases(t, submissionCases)
	total := 0
	seen := map[string]bool{}
	for _, rule := range mhd.Rules() {
		n := cases[rule.ID]
		assert.Positive(t, n[0], "rule %s has no case that it lets pass", rule.ID)
		assert.Positive(t, n[1], "rule %s has no case that it stops", rule.ID)
		assert.False(t, seen[rule.ID], "two rules are named %s", rule.ID)
		assert.NotEmpty(t, rule.Source, rule.ID)
		assert.NotEmpty(t, rule.Text, rule.ID)
		seen[rule.ID] = true
		total += n[0] + n[1]
	}
	for id := range cases {
		assert.True(t, seen[id], "a case is for %s, which is no rule", id)
	}
	t.Logf("%d rules, %d cases", len(seen), total)
}

var caseLine = regexp.MustCompile(`(?m)^# rule (\S+) (ok|refused)`)

// TestCasesShowTheirRules keeps the cases honest: one that is stopped names the rule in its answer, one that passes does not.
func TestCasesShowTheirRules(t *testing.T) {
	files, err := filepath.Glob(submissionCases)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), "\n====\n") {
			request, answer, _ := strings.Cut(part, "\n----\n")
			for _, m := range caseLine.FindAllStringSubmatch(request, -1) {
				named := strings.Contains(answer, `"code": "`+m[1]+`"`)
				accepted := strings.HasPrefix(answer, "2")
				if m[2] == "ok" {
					assert.True(t, accepted && !named, "%s: %s is said to pass\n%s", file, m[1], request)
				} else {
					assert.True(t, named, "%s: %s is said to be stopped\n%s", file, m[1], request)
				}
			}
		}
	}
}
