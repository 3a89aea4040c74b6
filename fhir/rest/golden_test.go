package rest

import (
	"bufio"
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files from what the server answers")

// TestGolden plays each file of testdata against a fresh server: requests, each followed by ---- and its answer, divided by ====. Lines that begin with # before
// a request are comments. {next} and {first} in a request stand for the links of the last Bundle, {etag} for the last ETag.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			got := play(t, newRig(t), string(want))
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			requireSame(t, string(want), got)
		})
	}
}

// requireSame shows the first lines that differ: a whole file's difference says less.
func requireSame(t *testing.T, want, got string) {
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

func play(t *testing.T, r *rig, script string) string {
	var out strings.Builder
	last := map[string]string{}
	for i, part := range strings.Split(strings.TrimSpace(script), "\n====\n") {
		request, _, _ := strings.Cut(part, "\n----\n")
		request = strings.TrimSpace(request)
		if i > 0 {
			out.WriteString("\n====\n")
		}
		out.WriteString(request + "\n----\n")
		w := r.send(t, expand(uncommented(request), last))
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
}

// send plays one request, written as in HTTP.
func (r *rig) send(t *testing.T, request string) *httptest.ResponseRecorder {
	head, body, _ := strings.Cut(request, "\n\n")
	lines := bufio.NewScanner(strings.NewReader(head))
	require.True(t, lines.Scan(), "a request is missing")
	method, target, ok := strings.Cut(lines.Text(), " ")
	require.True(t, ok, lines.Text())
	var headers []string
	for lines.Scan() {
		headers = append(headers, lines.Text())
	}
	return r.do(method, strings.ReplaceAll(target, " ", "%20"), body, headers...)
}

var usual = map[string]string{
	"Cache-Control":          "private, no-cache",
	"Vary":                   "Accept, Accept-Encoding",
	"X-Content-Type-Options": "nosniff",
}

var planNumber = regexp.MustCompile(`("valueInteger": |estimated |read |in all |rows and )\d+`)

var pageToken1 = regexp.MustCompile(`_page=[A-Za-z0-9_-]+`)

func show(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	out.WriteString(strings.TrimSpace(strings.Join([]string{itoa(w.Code), http.StatusText(w.Code)}, " ")) + "\n")
	names := make([]string, 0, len(w.Header()))
	for name := range w.Header() {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := strings.Join(w.Header()[name], " | ")
		if name == "X-Request-Id" || name == "Content-Length" && w.Body.Len() > 0 || usual[name] == value {
			continue
		}
		out.WriteString(name + ": " + value + "\n")
	}
	for _, name := range []string{"Cache-Control", "Vary", "X-Content-Type-Options"} {
		if w.Header().Get(name) == "" {
			out.WriteString("(no " + name + ")\n")
		}
	}
	body := w.Body.Bytes()
	if bytes.HasPrefix(body, []byte("{")) && !bytes.Contains(body, []byte("\n")) {
		body = element.Indent(nil, body)
	}
	if len(body) > 0 {
		out.WriteString("\n")
		out.Write(body)
		out.WriteString("\n")
	}
	text := out.String()
	if strings.Contains(text, planExtension) { // what a search reads is the engine's to test
		text = planNumber.ReplaceAllString(text, "${1}N")
	}
	return pageToken1.ReplaceAllString(text, "_page=<sealed>")
}

func itoa(n int) string { return strconv.Itoa(n) }
