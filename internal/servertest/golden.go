package servertest

import (
	"bufio"
	"bytes"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files from what the server answers")

// Golden plays each file that matches the pattern against a fresh server: requests written as in HTTP, each followed by ---- and its answer, divided by ====.
// Run the test with -rewrite to write the answers anew, and read the difference.
//
// Lines that begin with # before a request are comments; "# rule NAME ok" and "# rule NAME refused" say which rule a case is for (see Cases). In a request {next} and
// {first} stand for the links of the last Bundle, {etag} for the last ETag, {location} for the last Location (a path). A body whose first line is @FILE is the
// file of that name beside the golden file; when a JSON Patch (RFC 6902; add, remove, replace) follows that line, it is applied to the file's JSON, so that a case
// shows only what is wrong with it.
func Golden(t *testing.T, pattern string, server func(t testing.TB) *Server) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			got := play(t, server(t), filepath.Dir(file), string(want))
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			requireSame(t, string(want), got)
		})
	}
}

var casePattern = regexp.MustCompile(`(?m)^# rule (\S+) (ok|refused)\b`)

// Cases counts, over the files that match the pattern, the cases of each rule: [0] those that are right, [1] those that are refused.
func Cases(t testing.TB, pattern string) map[string][2]int {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	out := map[string][2]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range casePattern.FindAllStringSubmatch(string(text), -1) {
			n := out[m[1]]
			if m[2] == "ok" {
				n[0]++
			} else {
				n[1]++
			}
			out[m[1]] = n
		}
	}
	return out
}

// requireSame shows the first lines that differ: a whole file's difference says less.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	request := ""
	for i := range w {
		if i > 0 && w[i-1] == "====" {
			request = w[i]
		}
		if i >= len(g) || w[i] != g[i] {
			t.Fatalf("line %d, of %q:\nwant: %s\n got: %s", i+1, request, strings.Join(w[i:min(i+6, len(w))], "\n"), strings.Join(g[min(i, len(g)):min(i+6, len(g))], "\n"))
		}
	}
	t.Fatalf("%d lines are wanted, and %d came", len(w), len(g))
}

func play(t *testing.T, s *Server, dir, script string) string {
	var out strings.Builder
	last := map[string]string{}
	for i, part := range strings.Split(strings.TrimSpace(script), "\n====\n") {
		request, _, _ := strings.Cut(part+"\n", "\n----\n")
		request = strings.TrimSpace(request)
		if i > 0 {
			out.WriteString("\n====\n")
		}
		out.WriteString(request + "\n----\n")
		w := s.send(t, dir, expand(uncommented(request), last))
		out.WriteString(show(w))
		remember(w, last)
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func uncommented(request string) string {
	for strings.HasPrefix(request, "#") {
		_, request, _ = strings.Cut(request, "\n")
	}
	return request
}

func expand(request string, last map[string]string) string {
	for name, value := range last {
		request = strings.ReplaceAll(request, "{"+name+"}", value)
	}
	return request
}

var linkPattern = regexp.MustCompile(`"relation":"(\w+)","url":"http://test([^"]*)"`)

func remember(w *httptest.ResponseRecorder, last map[string]string) {
	for _, m := range linkPattern.FindAllStringSubmatch(w.Body.String(), -1) {
		last[m[1]] = strings.ReplaceAll(m[2], `\u0026`, "&")
	}
	if tag := w.Header().Get("Etag"); tag != "" {
		last["etag"] = tag
	}
	if location, ok := strings.CutPrefix(w.Header().Get("Location"), "http://test"); ok {
		last["location"], _, _ = strings.Cut(location, "/_history/")
	}
}

// send plays one request, written as in HTTP.
func (s *Server) send(t *testing.T, dir, request string) *httptest.ResponseRecorder {
	head, body, _ := strings.Cut(request, "\n\n")
	lines := bufio.NewScanner(strings.NewReader(head))
	require.True(t, lines.Scan(), "a request is missing")
	method, target, ok := strings.Cut(lines.Text(), " ")
	require.True(t, ok, lines.Text())
	var headers []string
	for lines.Scan() {
		headers = append(headers, lines.Text())
	}
	return s.Do(method, strings.ReplaceAll(target, " ", "%20"), bodyOf(t, dir, body), headers...)
}

// bodyOf gives a request's body: itself, or the file that it names, patched.
func bodyOf(t *testing.T, dir, body string) string {
	name, ok := strings.CutPrefix(body, "@")
	if !ok {
		return body
	}
	name, edits, _ := strings.Cut(name, "\n")
	text, err := os.ReadFile(filepath.Join(dir, strings.TrimSpace(name)))
	require.NoError(t, err)
	if strings.TrimSpace(edits) == "" {
		return string(text)
	}
	patched, err := patchJSON(text, []byte(edits))
	require.NoError(t, err, edits)
	return string(patched)
}

var usual = map[string]string{
	"Cache-Control":          "private, no-cache",
	"Vary":                   "Accept, Accept-Encoding",
	"X-Content-Type-Options": "nosniff",
}

// planExtension and planNumber find the figures of a plan that __explain=true shows.
const planExtension = "https://carnet-fhir.github.io/StructureDefinition/search-plan"

var planNumber = regexp.MustCompile(`("valueInteger": |estimated |read |in all |rows and )\d+`)

var pageToken = regexp.MustCompile(`_page=[A-Za-z0-9_-]+`)

// show writes an answer: the status, the headers that are not the same on every answer, the body with FHIR JSON indented. Bytes that are not text are counted.
func show(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	out.WriteString(strings.TrimSpace(strconv.Itoa(w.Code)+" "+http.StatusText(w.Code)) + "\n")
	names := make([]string, 0, len(w.Header()))
	for name := range w.Header() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(w.Header()[name], " | ")
		if name == "X-Request-Id" || name == "Content-Length" && w.Body.Len() > 0 || usual[name] == value {
			continue
		}
		out.WriteString(name + ": " + value + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(usual)) {
		if w.Header().Get(name) == "" {
			out.WriteString("(no " + name + ")\n")
		}
	}
	body := w.Body.Bytes()
	switch {
	case len(body) == 0:
	case bytes.HasPrefix(body, []byte("{")) && !bytes.Contains(body, []byte("\n")):
		out.WriteString("\n" + string(element.Indent(nil, body)) + "\n")
	case bytes.ContainsFunc(body, func(r rune) bool { return r == 0 || r == '\uFFFD' }):
		out.WriteString("\n(" + strconv.Itoa(len(body)) + " bytes)\n")
	default:
		out.Write(append(append([]byte("\n"), body...), '\n'))
	}
	text := out.String()
	if strings.Contains(text, planExtension) { // what a search reads is the engine's to test
		text = planNumber.ReplaceAllString(text, "${1}N")
	}
	return pageToken.ReplaceAllString(text, "_page=<sealed>")
}
