package mhd_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

const (
	olderID = "urn:ietf:rfc:3986|urn:oid:2.25.202403110000000000000000000000004.1"
	newerID = "urn:ietf:rfc:3986|urn:oid:2.25.202403110000000000000000000000014.1"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/submission/" + name)
	require.NoError(t, err)
	return string(b)
}

// replacement is a submission of a document with coded entries that replaces another one of the like: it writes, changes and deletes. Its CDA is followed by as many spaces: long documents have a file of their own, shorter ones share files.
func replacement(t testing.TB, spaces int) string {
	t.Helper()
	var bundle map[string]any
	require.NoError(t, json.Unmarshal([]byte(fixture(t, "cda-n3-left.json")), &bundle))
	entries := bundle["entry"].([]any)
	resource := func(i int) map[string]any { return entries[i].(map[string]any)["resource"].(map[string]any) }
	resource(0)["identifier"].([]any)[0].(map[string]any)["value"] = "urn:oid:1.2.250.1.999.6.702"
	target := map[string]any{"identifier": map[string]any{"system": "urn:ietf:rfc:3986", "value": olderID[len("urn:ietf:rfc:3986|"):]}}
	resource(1)["relatesTo"] = []any{map[string]any{"code": "replaces", "target": target}}
	lengthen(t, entries, spaces)
	out, err := json.Marshal(bundle)
	require.NoError(t, err)
	return string(out)
}

// lengthen puts spaces behind the document of a submission, and its new size and hash (SHA-1) into the metadata where they stand.
func lengthen(t testing.TB, entries []any, spaces int) {
	t.Helper()
	var document []byte
	for _, e := range entries {
		r := e.(map[string]any)["resource"].(map[string]any)
		if r["resourceType"] == "Binary" {
			var err error
			document, err = base64.StdEncoding.DecodeString(r["data"].(string))
			require.NoError(t, err)
			document = append(document, bytes.Repeat([]byte(" "), spaces)...)
			r["data"] = base64.StdEncoding.EncodeToString(document)
		}
	}
	require.NotEmpty(t, document)
	sum := sha1.Sum(document)
	for _, e := range entries {
		r := e.(map[string]any)["resource"].(map[string]any)
		if r["resourceType"] != "DocumentReference" {
			continue
		}
		attachment := r["content"].([]any)[0].(map[string]any)["attachment"].(map[string]any)
		for name, value := range map[string]any{"size": len(document), "hash": base64.StdEncoding.EncodeToString(sum[:])} {
			if _, there := attachment[name]; there {
				attachment[name] = value
			}
		}
	}
}

// sizes are how much longer the submitted document is made, and at how many moments at least its submission is not there yet (cut) or is refused (failed).
var sizes = []struct {
	name                string
	spaces, cut, failed int
}{{"in a shared file", 0, 2, 3}, {"in a file of its own", 300_000, 5, 5}}

// counts gives how many resources of each kind searches find.
func counts(t testing.TB, s *servertest.Server) map[string]int {
	t.Helper()
	out := map[string]int{}
	for name, query := range map[string]string{
		"older current":    "DocumentReference?status=current&identifier=" + olderID,
		"older superseded": "DocumentReference?status=superseded&identifier=" + olderID,
		"newer":            "DocumentReference?status=current&identifier=" + newerID,
		"sets":             "List?patient=id-1&code=submissionset&status=current",
		"binaries":         "Binary?_count=1",
		"older entries":    "Immunization?_source=urn:oid:2.25.202403110000000000000000000000004.1",
		"newer entries":    "Immunization?_source=urn:oid:2.25.202403110000000000000000000000014.1",
		"provenances":      "Provenance?_count=1",
	} {
		w := s.Do(http.MethodGet, "/fhir/"+query+"&_total=accurate", "")
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var found struct{ Total int }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
		out[name] = found.Total
	}
	return out
}

var (
	before = map[string]int{"older current": 1, "older superseded": 0, "newer": 0, "sets": 1, "binaries": 1, "older entries": 1, "newer entries": 0, "provenances": 1}
	after  = map[string]int{"older current": 0, "older superseded": 1, "newer": 1, "sets": 2, "binaries": 2, "older entries": 0, "newer entries": 1, "provenances": 1}
)

// faultyDisk counts the disk's writing operations (writes, syncs, creations, renames...), and does something at one of them.
type faultyDisk struct {
	vfs.FS
	armed atomic.Bool
	ops   atomic.Int64
	at    int64
	what  func() error
}

func (d *faultyDisk) wrap(fs vfs.FS) vfs.FS {
	d.FS = errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !d.armed.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		if n := d.ops.Add(1); n >= d.at {
			return d.what()
		}
		return nil
	}))
	return d.FS
}

// submitOn stores the older document on a disk, and then submits the newer one with the disk armed.
func submitOn(t *testing.T, d *faultyDisk, fs vfs.FS, spaces int) (status int) {
	t.Helper()
	s := recipientTaking(t, servertest.Options{FS: d.wrap(fs), Sync: true, MayFail: true}, 1<<20)
	w := s.Do(http.MethodPost, "/fhir", fixture(t, "cda-n3.json"))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(t, before, counts(t, s))
	d.armed.Store(true)
	w = s.Do(http.MethodPost, "/fhir", replacement(t, spaces))
	d.armed.Store(false)
	return w.Code
}

// requireWhole opens what is left of the disk: the submission is there whole or not at all.
func requireWhole(t *testing.T, fs vfs.FS, n int64, spaces int) (there bool) {
	t.Helper()
	s := recipientTaking(t, servertest.Options{FS: fs, Sync: true}, 1<<20)
	defer s.Close()
	got := counts(t, s)
	if got["newer"] == 0 {
		require.Equal(t, before, got, "at operation %d", n)
	} else {
		require.Equal(t, after, got, "at operation %d", n)
	}
	var found struct {
		Entry []struct {
			Resource struct {
				Content []struct{ Attachment struct{ URL string } }
			}
		}
	}
	w := s.Do(http.MethodGet, "/fhir/DocumentReference?patient=id-1&status=current,superseded", "")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &found))
	for _, e := range found.Entry {
		w := s.Do(http.MethodGet, e.Resource.Content[0].Attachment.URL[len("http://test"):], "")
		require.Equal(t, http.StatusOK, w.Code, "a document that is referred to can be read, at operation %d", n)
	}
	w = s.Do(http.MethodPost, "/fhir", replacement(t, spaces))
	require.Equal(t, http.StatusOK, w.Code, "the submission can be sent again: %s", w.Body.String())
	require.Equal(t, after, counts(t, s), "at operation %d, after sending it again", n)
	return got["newer"] == 1
}

// TestPowerCutDuringSubmission takes the power away at every operation that writes to the disk while a submission is committed; of what was not synced nothing, a half or all is there.
func TestPowerCutDuringSubmission(t *testing.T) {
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) { cutPower(t, size.spaces, size.cut) })
	}
}

func cutPower(t *testing.T, spaces, least int) {
	whole, none := 0, 0
	for n := int64(1); ; n++ {
		fs := vfs.NewCrashableMem()
		var once sync.Mutex
		var crashed *vfs.MemFS
		d := &faultyDisk{at: n}
		d.what = func() error {
			once.Lock()
			defer once.Unlock()
			if crashed == nil {
				crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[n%3], RNG: rand.New(rand.NewPCG(1, uint64(n)))})
			}
			return nil
		}
		require.Equal(t, http.StatusOK, submitOn(t, d, fs, spaces))
		once.Lock()
		left := crashed
		once.Unlock()
		if left == nil { // more than a submission needs
			require.True(t, requireWhole(t, fs.CrashClone(vfs.CrashCloneCfg{}), n, spaces), "what was acknowledged is there")
			break
		}
		if requireWhole(t, left, n, spaces) {
			whole++
		} else {
			none++
		}
	}
	require.Greater(t, none, least, "the power was cut before the commit: at the document's writes and syncs, and those of the log")
	t.Logf("%d moments with none of it, %d with all", none, whole)
}

// TestDiskErrorDuringSubmission lets every writing operation from the n-th on fail. A submission that was not acknowledged is there whole or not at all.
func TestDiskErrorDuringSubmission(t *testing.T) {
	for _, size := range sizes {
		t.Run(size.name, func(t *testing.T) { failDisk(t, size.spaces, size.failed) })
	}
}

func failDisk(t *testing.T, spaces, least int) {
	refused := 0
	for n := int64(1); ; n++ {
		fs := vfs.NewCrashableMem()
		d := &faultyDisk{at: n, what: func() error { return errorfs.ErrInjected }}
		var status int
		t.Run("", func(t *testing.T) {
			status = submitOn(t, d, fs, spaces)
		})
		left := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(2, uint64(n)))})
		there := requireWhole(t, left, n, spaces)
		if status == http.StatusOK {
			require.True(t, there, "what was acknowledged is there")
			break
		}
		require.GreaterOrEqual(t, status, http.StatusInternalServerError)
		refused++
	}
	require.Greater(t, refused, least)
	t.Logf("%d operations at which the disk failed", refused)
}
