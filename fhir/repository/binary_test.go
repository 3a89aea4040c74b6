package repository

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func (s *server) raw(rec *store.Record) (contentType, content string) {
	s.t.Helper()
	contentType, r, err := s.OpenBinary(ctx, rec)
	require.NoError(s.t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(s.t, err)
	require.EqualValues(s.t, len(b), r.Size())
	return contentType, string(b)
}

func (s *server) whole(rec *store.Record, f Format) string {
	s.t.Helper()
	var b bytes.Buffer
	require.NoError(s.t, s.WriteBinaryTo(ctx, &b, rec, f))
	return b.String()
}

func TestBinaryRaw(t *testing.T) {
	s := newServer(t)
	w, err := s.WriteBinary(ctx, "", "application/pdf; charset=\"x\"", "Patient/p1", strings.NewReader("%PDF-1.7"), Conditions{})
	require.NoError(t, err)
	require.Equal(t, 201, w.Status)
	require.NotContains(t, string(w.Record.Body), `"data"`)
	require.Contains(t, string(w.Record.Body), `"securityContext":{"reference":"Patient/p1"}`)
	contentType, content := s.raw(w.Record)
	require.Equal(t, `application/pdf; charset="x"`, contentType)
	require.Equal(t, "%PDF-1.7", content)
	id := w.Record.ID
	w, err = s.WriteBinary(ctx, id, "application/pdf; charset=\"x\"", "Patient/p1", strings.NewReader("%PDF-1.7"), Conditions{})
	require.NoError(t, err)
	require.EqualValues(t, 1, w.Record.Version, "identical bytes add no version")
	w, err = s.WriteBinary(ctx, id, "application/pdf; charset=\"x\"", "Patient/p1", strings.NewReader("%PDF-2.0"), Conditions{})
	require.NoError(t, err)
	require.EqualValues(t, 2, w.Record.Version)
	old, err := s.VRead(ctx, "Binary", id, "1")
	require.NoError(t, err)
	_, content = s.raw(old)
	require.Equal(t, "%PDF-1.7", content)
	w, err = s.WriteBinary(ctx, "empty", "text/plain", "", strings.NewReader(""), Conditions{})
	require.NoError(t, err)
	_, content = s.raw(w.Record)
	require.Empty(t, content)
	failing := errors.New("connection lost")
	_, err = s.WriteBinary(ctx, "", "text/plain", "", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(failing)), Conditions{})
	require.ErrorIs(t, err, failing)
	require.Len(t, s.search("Binary", ""), 2)
}

func TestBinaryResource(t *testing.T) {
	data := base64.StdEncoding.EncodeToString([]byte("hello?>hello?>"))
	for name, c := range map[string]struct {
		format Format
		text   string
	}{
		"json":              {JSON, `{"resourceType":"Binary","contentType":"text/plain","data":"` + data + `"}`},
		"data first":        {JSON, ` { "data" : "` + data + `" , "resourceType":"Binary", "contentType":"text/plain" } `},
		"escaped slash":     {JSON, `{"resourceType":"Binary","contentType":"text/plain","data":"` + strings.ReplaceAll(data, "/", `\/`) + `"}`},
		"escaped otherwise": {JSON, `{"resourceType":"Binary","contentType":"text/plain","d\u0061ta":"\u0061` + data[1:] + `"}`},
		"wrapped":           {JSON, `{"resourceType":"Binary","contentType":"text/plain","data":"` + data[:8] + `\r\n` + data[8:] + `\n"}`},
		"extended":          {JSON, `{"resourceType":"Binary","contentType":"text/plain","data":"` + data + `","_data":{"extension":[{"url":"http://x.test","valueCode":"y"}]}}`},
		"data elsewhere":    {JSON, `{"resourceType":"Binary","meta":{"tag":[{"system":"http://x.test/data","code":"data"}]},"contentType":"text/plain","data":"` + data + `"}`},
		"xml":               {XML, `<Binary xmlns="http://hl7.org/fhir"><contentType value="text/plain"/><data value="` + data + `"/></Binary>`},
		"xml quotes":        {XML, `<?xml version="1.0"?><!-- <data value="AAAA"/> --><f:Binary xmlns:f="http://hl7.org/fhir"><f:contentType value='text/plain'/><f:data value = '` + data[:4] + `&#10; &#x0A;` + data[4:] + `'></f:data></f:Binary>`},
		"xml extended":      {XML, `<Binary xmlns="http://hl7.org/fhir"><contentType value="text/plain"/><data id="a" value="` + data + `"><extension url="http://x.test"><valueCode value="y"/></extension></data></Binary>`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			for _, reader := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
				w, err := s.WriteBinaryResource(ctx, "", c.format, reader, Conditions{})
				require.NoError(t, err)
				require.NotContains(t, string(w.Record.Body), data[:8])
				_, content := s.raw(w.Record)
				require.Equal(t, "hello?>hello?>", content)
				var m map[string]any
				require.NoError(t, json.Unmarshal([]byte(s.whole(w.Record, JSON)), &m))
				require.Equal(t, data, m["data"])
				again, err := s.WriteBinaryResource(ctx, w.Record.ID, XML, strings.NewReader(s.whole(w.Record, XML)), Conditions{})
				require.NoError(t, err)
				require.EqualValues(t, 1, again.Record.Version, "the XML is the same resource: %s", s.whole(w.Record, XML))
				inline, err := s.Inline(ctx, w.Record)
				require.NoError(t, err)
				require.JSONEq(t, s.whole(w.Record, JSON), string(inline))
			}
		})
	}
}

func TestBinaryResourceRefuses(t *testing.T) {
	s := newServer(t)
	const head, xml = `{"resourceType":"Binary","contentType":"text/plain",`, `<Binary xmlns="http://hl7.org/fhir"><contentType value="x"/>`
	for text, status := range map[string]int{
		head + `"data":"AAA"}`:                                    400,
		head + `"data":"AB=="}`:                                   400,
		head + `"data":"AAAA=AAA"}`:                               400,
		head + `"data":"A-_A"}`:                                   400,
		head + `"data":""}`:                                       400,
		head + `"data":"AA==AAAA"}`:                               400,
		head + `"data":"AAAA`:                                     400,
		head + `"data":"AAAA"`:                                    400,
		head + `"data":"AAAA","data":"AAAA"}`:                     400,
		head + `"data":"\ud800"}`:                                 400,
		head + `"data":12}`:                                       422,
		head + `"data":null}`:                                     422,
		head + `"language":{"data":"AAAA"}}`:                      422,
		`{"resourceType":"Patient","data":"AAAA"}`:                422,
		`{"resourceType":"Binary","data":"AAAA"}`:                 422,
		`[{"data":"AAAA"}]`:                                       400,
		xml + `<data value="A&lt;=="/></Binary>`:                  400,
		xml + `<data value="AAAA`:                                 400,
		xml + `<data value="AAAA"/><data value="AAAA"/></Binary>`: 422,
		`<!DOCTYPE x [<!ENTITY a "b">]>` + xml + `</Binary>`:      400,
		`{"resourceType":"Binary","contentType":"` + strings.Repeat("x", maxBinaryRest) + `"}`: 413,
	} {
		f := JSON
		if text[0] == '<' {
			f = XML
		}
		_, err := s.WriteBinaryResource(ctx, "", f, strings.NewReader(text), Conditions{})
		require.Error(t, err, text[:min(len(text), 100)])
		if f := fault.From(err); f.Status != status {
			t.Errorf("%.100s: %d %v", text, f.Status, f)
		}
	}
	require.Empty(t, s.search("Binary", ""))
}

func TestBinaryInBundle(t *testing.T) {
	s := newServer(t)
	results, err := s.Transaction(ctx, []BundleEntry{
		s.named(uuid1, "POST", "Binary", `{"resourceType":"Binary","contentType":"text/plain","data":"aGVsbG8="}`),
		s.entry("POST", "DocumentReference", `{"resourceType":"DocumentReference","status":"current","content":[{"attachment":{"url":"`+uuid1+`"}}]}`),
	}, nil)
	require.NoError(t, err)
	rec, err := s.Read(ctx, "Binary", results[0].Record.ID)
	require.NoError(t, err)
	require.NotContains(t, string(rec.Body), "aGVsbG8=")
	_, content := s.raw(rec)
	require.Equal(t, "hello", content)
	require.Contains(t, string(results[1].Record.Body), `"url":"Binary/`+rec.ID+`"`)
}

// Whatever the bytes and the pieces in which they come, they come back.
func TestBinaryRoundTrip(t *testing.T) {
	s := newServer(t)
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 1, 3000).Draw(t, "content")
		piece := rapid.IntRange(1, 700).Draw(t, "piece")
		f := rapid.SampledFrom([]Format{JSON, XML}).Draw(t, "format")
		data := base64.StdEncoding.EncodeToString(content)
		text := fmt.Sprintf(`{"resourceType":"Binary","contentType":"a/b","data":%q}`, data)
		if f == XML {
			text = fmt.Sprintf(`<Binary xmlns="http://hl7.org/fhir"><contentType value="a/b"/><data value=%q/></Binary>`, data)
		}
		w, err := s.WriteBinaryResource(ctx, "", f, pieces{strings.NewReader(text), piece}, Conditions{})
		require.NoError(t, err)
		_, r, err := s.OpenBinary(ctx, w.Record)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.Equal(t, content, got)
	})
}

type pieces struct {
	io.Reader
	n int
}

func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(p.n, len(b))]) }

func FuzzSplitBinary(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"Binary","contentType":"a/b","data":"AAAA"}`, `{"data":"\u0041AAA"}`, `{"a":{"data":"x"},"data":null}`,
		`<Binary xmlns="http://hl7.org/fhir"><contentType value="x"/><data value="AAAA"/></Binary>`, `<a><![CDATA[<data value=""]]><data id='1' value='A&#65;AA'/></a>`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, text []byte, xml bool) {
		format := JSON
		if xml {
			format = XML
		}
		w, err := s.WriteBinaryResource(ctx, "", format, bytes.NewReader(text), Conditions{})
		if err != nil {
			if !isRefusal(err) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := s.WriteBinaryTo(ctx, &b, w.Record, JSON); err != nil {
			t.Fatal(err)
		}
		again, err := s.WriteBinaryResource(ctx, w.Record.ID, JSON, &b, Conditions{})
		if err != nil || again.Record.Version != 1 {
			t.Fatalf("not the same again: %v", err)
		}
	})
}

// 100 MB go in as a FHIR resource in JSON and come out again, and less in XML, while the heap stays small. It needs the disk: the file system in memory would be measured too.
func TestBinaryStreams100MB(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 120 MB")
	}
	st, err := embedded.Open(t.TempDir(), embedded.Options{NoSync: true})
	require.NoError(t, err)
	defer st.Close()
	r, err := New(options(st))
	require.NoError(t, err)
	defer r.Close()
	runtime.GC()
	var base runtime.MemStats
	runtime.ReadMemStats(&base)
	peak := watchHeap()
	for f, size := range map[Format]int{JSON: 100 << 20, XML: 20 << 20} {
		begin, end := `{"resourceType":"Binary","contentType":"application/dicom","data":"`, `"}`
		if f == XML {
			begin, end = `<Binary xmlns="http://hl7.org/fhir"><contentType value="application/dicom"/><data value="`, `"/></Binary>`
		}
		chars := &repeated{text: "q83vASNFZ4mrze8BI0VniavN7wEjRWeJ", left: size / 3 * 4}
		w, err := r.WriteBinaryResource(ctx, "", f, io.MultiReader(strings.NewReader(begin), chars, strings.NewReader(end)), Conditions{})
		require.NoError(t, err)
		require.EqualValues(t, size/3*3, w.Record.Blob.Size)
		var n counter
		require.NoError(t, r.WriteBinaryTo(ctx, &n, w.Record, f))
		require.Greater(t, int64(n), int64(size/3*4))
	}
	most := peak()
	t.Logf("heap at rest %d MB, most while streaming %d MB", base.HeapInuse>>20, most>>20)
	require.Less(t, most, base.HeapInuse+32<<20)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// repeated reads a text again and again.
type repeated struct {
	text string
	at   int
	left int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && n < r.left {
		k := copy(p[n:min(len(p), r.left)], r.text[r.at:])
		r.at = (r.at + k) % len(r.text)
		n += k
	}
	r.left -= n
	return n, nil
}

// watchHeap samples the heap until the function that it gives is called, which gives the most seen.
func watchHeap() func() uint64 {
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return most.Load()
	}
}
