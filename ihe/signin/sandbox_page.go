package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

// page shows who can be chosen. It has links, no form: what follows goes to another site, which a policy on forms would stop.
func (s *Sandbox) page(w http.ResponseWriter, q url.Values, people []Subject) {
	type entry struct{ Label, Detail, Href string }
	type group struct {
		Name    string
		Entries []entry
	}
	var groups []*group
	byName := map[string]*group{}
	query := url.Values{}
	for name, values := range q {
		query[name] = values
	}
	query.Del("q")
	for _, p := range people {
		g := byName[p.Group]
		if g == nil {
			g = &group{Name: p.Group}
			byName[p.Group], groups = g, append(groups, g)
		}
		query.Set("login_hint", p.Key)
		g.Entries = append(g.Entries, entry{p.Label, p.Detail, s.o.Issuer + "/authorize?" + query.Encode()})
	}
	query.Del("login_hint")
	deny := url.Values{"error": {"access_denied"}, "state": {q.Get("state")}, "iss": {s.o.Issuer}}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("X-Frame-Options", "DENY")
	_ = sandboxPage.Execute(w, map[string]any{
		"Title": s.o.Title, "Groups": groups, "Cancel": s.o.Redirect + "?" + deny.Encode(), "Action": s.o.Issuer + "/authorize", "Query": query, "Matching": q.Get("q"), "Style": pageStyle,
	})
}

var sandboxPage = template.Must(template.New("sandbox").Parse(`<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}} (bac à sable)</title><style>{{.Style}}</style></head>
<body><main>
<p class="note">Bac à sable : ces personnes n'existent pas. Aucune identité réelle n'est demandée.</p>
<h1>{{.Title}}</h1>
<p>Qui se connecte ?</p>
<form method="get" action="{{.Action}}">
{{range $name, $values := .Query}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<label for="q">Nom, RPPS ou matricule INS</label> <input id="q" name="q" value="{{.Matching}}" autocomplete="off" maxlength="60"> <button>Chercher</button>
</form>
{{range .Groups}}<h2>{{.Name}}</h2>
<ul>{{range .Entries}}<li><a href="{{.Href}}">{{.Label}}</a> <small>{{.Detail}}</small></li>{{end}}</ul>
{{else}}<p>Personne ne correspond.</p>
{{end}}<p><a href="{{.Cancel}}">Annuler</a></p>
</main></body></html>
`))

// pageStyle is the style of all pages of this package; pagePolicy lets it through and nothing else.
const pageStyle = template.CSS(`body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f5f5fe;color:#161616}main{max-width:46rem;margin:2rem auto;padding:1rem 2rem 2rem;background:#fff;border:1px solid #ddd}` +
	`h1{font-size:1.5rem}h2{font-size:1.05rem;margin:1.5rem 0 .3rem}ul{margin:0;padding-left:1.2rem}a{color:#000091}.note{background:#fff4e5;border-left:4px solid #b34000;padding:.5rem .8rem}` +
	`input,button{font:inherit;padding:.3rem .5rem}small{color:#555}`)

var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()
