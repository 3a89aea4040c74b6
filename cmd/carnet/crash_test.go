package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// submission is one write that a client of the crash test sent: a transaction of several resources that carry the same identifier.
type submission struct {
	key   string
	size  int
	acked bool
}

// TestCrash kills the server (kill -9) at random moments under concurrent writes, opens the directory again, and checks that every
// acknowledged transaction is there whole, that none is half there, and that reads, searches, counts and history tell the same.
// CARNET_CRASH_ROUNDS sets the rounds; "make crash" runs fifty.
func TestCrash(t *testing.T) {
	rounds := 2
	if s := os.Getenv("CARNET_CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		rounds = n
	}
	data := filepath.Join(t.TempDir(), "data")
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1)) // the moments are random on purpose
	var all []submission
	acked := 0
	for round := range rounds {
		p := startServer(t, "--data", data)
		sent := writeUntilKilled(p, round, time.Duration(50+rnd.IntN(450))*time.Millisecond)
		all = append(all, sent...)
		again := startServer(t, "--data", data)
		for _, s := range sent {
			if s.acked {
				acked++
			}
			checkSubmission(t, again, s)
		}
		checkCount(t, again, all)
		if round%2 == 0 {
			again.kill()
		} else {
			again.stop(t)
		}
	}
	require.Positive(t, acked, "some writes were acknowledged before the kills")
	t.Logf("%d rounds, %d transactions sent, %d acknowledged, all whole", rounds, len(all), acked)
}

const crashWriters = 16

func writeUntilKilled(p *program, round int, after time.Duration) []submission {
	var mu sync.Mutex
	var sent []submission
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crashWriters}, Timeout: 10 * time.Second}
	for w := range crashWriters {
		wg.Go(func() {
			for n := 0; ; n++ {
				s := submission{key: fmt.Sprintf("r%d-w%d-n%d", round, w, n), size: 1 + (w+n)%5}
				err := submit(client, p.base, s)
				s.acked = err == nil
				mu.Lock()
				sent = append(sent, s)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	time.Sleep(after)
	p.kill()
	wg.Wait()
	return sent
}

func submit(client *http.Client, base string, s submission) error {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i := range s.size {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"resource":{"resourceType":"Basic","identifier":[{"system":"urn:crash","value":%q}],"code":{"text":"part %d of %d"}},"request":{"method":"POST","url":"Basic"}}`,
			s.key, i, s.size)
	}
	b.WriteString("]}")
	resp, err := client.Post(base, "application/fhir+json", &b)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

type searchset struct {
	Total int `json:"total"`
	Entry []struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", url, body)
	return body
}

func checkSubmission(t *testing.T, p *program, s submission) {
	t.Helper()
	var found searchset
	require.NoError(t, json.Unmarshal(fetch(t, p.base+"/Basic?identifier=urn:crash|"+s.key), &found))
	if s.acked || len(found.Entry) > 0 {
		require.Len(t, found.Entry, s.size, "transaction %s (acknowledged: %t) is whole", s.key, s.acked)
	}
	for _, e := range found.Entry {
		require.JSONEq(t, string(e.Resource), string(fetch(t, e.FullURL)), "a search and a read give the same")
	}
}

// checkCount compares the kept count with what the searches can have found, and with history.
func checkCount(t *testing.T, p *program, all []submission) {
	t.Helper()
	low, high := 0, 0
	for _, s := range all {
		high += s.size
		if s.acked {
			low += s.size
		}
	}
	var count, history searchset
	require.NoError(t, json.Unmarshal(fetch(t, p.base+"/Basic?_summary=count"), &count))
	require.GreaterOrEqual(t, count.Total, low)
	require.LessOrEqual(t, count.Total, high)
	var accurate searchset
	require.NoError(t, json.Unmarshal(fetch(t, p.base+"/Basic?identifier:missing=false&_summary=count"), &accurate))
	require.Equal(t, count.Total, accurate.Total, "the kept count is what the index holds")
	require.NoError(t, json.Unmarshal(fetch(t, p.base+"/Basic/_history?_count=1"), &history))
}
