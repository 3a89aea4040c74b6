package smart

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

var hiddenFields = map[string]*regexp.Regexp{
	"transaction": regexp.MustCompile(`name="transaction" value="([^"]*)"`),
	"form":        regexp.MustCompile(`name="form" value="([^"]*)"`),
}

func byLength(secrets map[string]string) []string {
	var out []string
	for value := range secrets {
		if len(value) > 7 {
			out = append(out, value)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return out
}

// rememberJSON keeps what an answer gives, and the random names inside its tokens.
func (c *conversation) rememberJSON(body []byte) {
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil {
		return
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token", "launch", "client_secret"} {
		if value, ok := answer[name].(string); ok {
			c.learn(name, value)
		}
	}
	if id, ok := answer["client_id"].(string); ok && answer["client_id_issued_at"] != nil {
		c.learn("client_id", id)
	}
	for _, claims := range []map[string]any{payload(answer["access_token"]), payload(answer["id_token"]), answer} {
		for _, name := range []string{"sub", "grant_id", "at_hash", "sid"} {
			if value, ok := claims[name].(string); ok && len(value) > 15 {
				c.secrets[value] = name
			}
		}
	}
}

// payload gives the claims of a JWT.
func payload(token any) map[string]any {
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return nil
	}
	return out
}

// show writes an answer so that a person can read it: a redirection's parameters one by one, what a page says, JSON with the claims of its tokens.
func (c *conversation) show(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	out.WriteString(strconv.Itoa(w.Code) + " " + http.StatusText(w.Code) + "\n")
	for _, cookie := range w.Header().Values("Set-Cookie") {
		out.WriteString("Set-Cookie: " + cookie + "\n")
	}
	for _, name := range []string{"Www-Authenticate", "Cache-Control", "Access-Control-Allow-Origin"} {
		if v := w.Header().Get(name); v != "" && v != "no-store" {
			out.WriteString(name + ": " + v + "\n")
		}
	}
	if location := w.Header().Get("Location"); location != "" {
		out.WriteString(showURL(location))
	}
	body := w.Body.String()
	switch {
	case strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Code < 300 || strings.HasPrefix(body, "<!DOCTYPE"):
		out.WriteString("\n" + showPage(body))
	case strings.HasPrefix(body, "{"):
		out.WriteString("\n" + c.showJSON(w.Body.Bytes()) + "\n")
	}
	return c.hide(out.String())
}

func showURL(text string) string {
	head, query, _ := strings.Cut(text, "?")
	out := "Location: " + head + "\n"
	values, err := url.ParseQuery(query)
	if err != nil {
		return "Location: " + text + "\n"
	}
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out += "  ? " + name + " = " + strings.Join(values[name], " | ") + "\n"
	}
	return out
}

func (c *conversation) showJSON(body []byte) string {
	var answer map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	require.NoError(c.t, d.Decode(&answer))
	for _, name := range []string{"access_token", "id_token"} {
		if claims := payload(answer[name]); claims != nil {
			answer[name] = claims
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(c.t, e.Encode(answer))
	return strings.TrimSpace(out.String())
}

var (
	headPattern  = regexp.MustCompile(`(?s)^.*<main>|</main>.*$`)
	inputPattern = regexp.MustCompile(`<input type="(\w+)" name="([^"]*)" value="([^"]*)"([^>]*)>`)
	linkPattern  = regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>`)
	textPattern  = regexp.MustCompile(`<(input type="text"|textarea) name="([^"]*)"[^>]*>`)
	tagPattern   = regexp.MustCompile(`<[^>]*>`)
)

// showPage writes what a page says and asks, without its markup: [x] a ticked box, (o) a chosen one, [[name]] a field, {value} a button.
func showPage(page string) string {
	page = headPattern.ReplaceAllString(page, "")
	page = inputPattern.ReplaceAllStringFunc(page, func(tag string) string {
		m := inputPattern.FindStringSubmatch(tag)
		chosen := strings.Contains(m[4], "checked")
		switch {
		case m[1] == "hidden":
			return ""
		case m[1] == "checkbox" && chosen:
			return "[x] " + m[3] + ":"
		case m[1] == "checkbox":
			return "[ ] " + m[3] + ":"
		case chosen:
			return "(o) " + m[2] + "=" + m[3] + ":"
		}
		return "( ) " + m[2] + "=" + m[3] + ":"
	})
	page = textPattern.ReplaceAllString(page, "[[$2]] ")
	page = linkPattern.ReplaceAllString(page, "<$1> ")
	page = strings.ReplaceAll(page, "<http", "&lt;http")
	page = tagPattern.ReplaceAllString(page, "")
	var out strings.Builder
	for _, line := range strings.Split(html.UnescapeString(page), "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}
