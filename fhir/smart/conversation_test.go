package smart

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rewriting says that the test runs with -rewrite, the flag of internal/servertest.
func rewriting() bool { return flag.Lookup("rewrite").Value.String() == "true" }

// TestConversations plays testdata/conversations against fresh servers: what a person, an application and the server say to each other. A part is a request and, behind ----, the answer to it.
//
//	# text                    a comment
//	#! browser NAME           the requests that follow come from another browser
//	#! wait 5m                the clock moves
//	#! restart                the server is closed and opened on its data
//	#! withdraw               the policy says that authorizations no longer hold
//	#! save NAME as OTHER     keeps a value before it is overtaken
//	#! assertion NAME=VALUE.. makes {assertion} (see assertion_test.go); #! proof likewise {proof}
//
// Lines "? name = value" are the query, "name = value" behind an empty line the form. {code}, {transaction}, {form}, {access_token}... are the last that the server gave; answers show them as <code>.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			c := &conversation{t: t, world: newWorld(t, nil), jars: map[string]map[string]string{}, known: map[string]string{"verifier": testVerifier, "challenge": testChallenge}}
			got := c.play(string(want))
			if rewriting() {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			sameText(t, string(want), got)
		})
	}
}

const testVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B

const testChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

func sameText(t *testing.T, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for n := range w {
		if n >= len(g) || w[n] != g[n] {
			t.Fatalf("line %d:\nwant: %s\n got: %s", n+1, strings.Join(w[n:min(n+8, len(w))], "\n"), strings.Join(g[min(n, len(g)):min(n+8, len(g))], "\n"))
		}
	}
	t.Fatalf("%d lines are wanted, and %d came", len(w), len(g))
}

type conversation struct {
	t       *testing.T
	world   *world
	browser string
	jars    map[string]map[string]string // cookies, by browser
	known   map[string]string            // what the server gave, by name
	secrets map[string]string            // value to name
}

func (c *conversation) play(script string) string {
	var out strings.Builder
	c.secrets = map[string]string{}
	for n, part := range strings.Split(strings.TrimSpace(script), "\n====\n") {
		request, _, _ := strings.Cut(part+"\n", "\n----\n")
		request = strings.TrimSpace(request)
		if n > 0 {
			out.WriteString("\n====\n")
		}
		out.WriteString(request + "\n----\n" + c.say(request))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// say sends one request and shows the answer.
func (c *conversation) say(request string) string {
	for strings.HasPrefix(request, "#") {
		var line string
		line, request, _ = strings.Cut(request, "\n")
		if directive, ok := strings.CutPrefix(line, "#!"); ok {
			c.direct(strings.Fields(directive))
		}
	}
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(head, "\n")
	method, path, ok := strings.Cut(c.expand(lines[0]), " ")
	require.True(c.t, ok, request)
	var headers []string
	query := url.Values{}
	for _, line := range lines[1:] {
		if parameter, ok := strings.CutPrefix(line, "? "); ok {
			name, value, _ := strings.Cut(parameter, " = ")
			query.Add(name, c.expand(value))
			continue
		}
		headers = append(headers, c.expand(line))
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if body = strings.TrimSpace(body); body != "" && !strings.HasPrefix(body, "{") {
		form := url.Values{}
		for _, line := range strings.Split(body, "\n") {
			name, value, _ := strings.Cut(line, " = ")
			form.Add(strings.TrimSuffix(name, " ="), c.expand(value))
		}
		body = form.Encode()
		headers = append(headers, "Content-Type: application/x-www-form-urlencoded")
	}
	return c.send(method, strings.TrimPrefix(path, "http://test"), body, headers)
}

func (c *conversation) send(method, path, body string, headers []string) string {
	jar := c.jars[c.browser]
	if jar == nil {
		jar = map[string]string{}
		c.jars[c.browser] = jar
	}
	for name, value := range jar {
		headers = append(headers, "Cookie: "+name+"="+value)
	}
	w := c.world.Do(method, path, body, headers...)
	c.remember(w, jar)
	return c.show(w)
}

// direct carries out a directive.
func (c *conversation) direct(words []string) {
	switch words[0] {
	case "browser":
		c.browser = strings.Join(words[1:], "")
	case "wait":
		d, err := time.ParseDuration(words[1])
		require.NoError(c.t, err)
		c.world.Advance(d)
	case "restart":
		c.world.restart(c.t)
	case "withdraw":
		c.world.policy.withdrawn = true
	case "save":
		c.known[words[3]] = c.known[words[1]]
	case "assertion":
		c.known["assertion"] = c.assertion(words[1:])
		c.secrets[c.known["assertion"]] = "assertion"
	case "proof":
		c.known["proof"] = c.proof(words[1:])
	default:
		c.t.Fatalf("there is no directive %s", words[0])
	}
}

func (c *conversation) expand(text string) string {
	for name, value := range c.known {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// learn keeps a value that the server gave.
func (c *conversation) learn(name, value string) {
	if value == "" {
		return
	}
	c.known[name] = value
	c.secrets[value] = name
}

// fields pulls "name=value" words apart.
func wordsOf(words []string) map[string]string {
	out := map[string]string{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		out[name] = value
	}
	return out
}

func (c *conversation) remember(w *httptest.ResponseRecorder, jar map[string]string) {
	for _, cookie := range (&http.Response{Header: w.Header()}).Cookies() {
		jar[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(jar, cookie.Name)
		}
		c.secrets[cookie.Value] = cookie.Name
	}
	if u, err := url.Parse(w.Header().Get("Location")); err == nil {
		c.learn("code", u.Query().Get("code"))
		c.learn("transaction", u.Query().Get("transaction"))
		c.learn("transaction", u.Query().Get("nonce"))
	}
	for name, pattern := range hiddenFields {
		if m := pattern.FindStringSubmatch(w.Body.String()); m != nil {
			c.learn(name, m[1])
		}
	}
	c.rememberJSON(w.Body.Bytes())
}

// hide puts names in the places of secrets, the longest first.
func (c *conversation) hide(text string) string {
	for _, value := range byLength(c.secrets) {
		text = strings.ReplaceAll(text, value, "<"+c.secrets[value]+">")
		text = strings.ReplaceAll(text, url.QueryEscape(value), "<"+c.secrets[value]+">")
	}
	return text
}
