package render

import (
	_ "embed"
	"io"
	"strconv"

	"github.com/carnet-fhir/carnet/cda"
)

//go:embed style.css
var styleSheet string

// HTML writes a document as one page of HTML5 in French that needs nothing else: no script, no remote file, its own style sheet, images and
// payload inside. Whatever the document holds passes through an allow-list: markup is never copied. It is to be served with
// ContentSecurityPolicy and the media type "text/html; charset=utf-8".
//
// Errors are *fault.Fault for an output beyond Options.MaxBytes, and what w gives. What was written before an error is not a whole page.
func HTML(out io.Writer, doc *cda.Document, o Options) error {
	o = o.withDefaults()
	p := newPage(doc, o)
	w := newWriter(out, o.MaxBytes)
	w.head(p)
	w.raw("<body>\n", `<a class="saut" href="#contenu">Aller au contenu du document</a>`, "\n")
	w.header(p)
	w.contents(p)
	w.raw(`<main id="contenu">`, "\n")
	w.payload(p)
	for _, s := range p.sections {
		if s.lang == "" {
			s.lang = p.lang
		}
		w.section(s, 2)
	}
	w.groups(p)
	w.raw("</main>\n")
	w.footer(p)
	w.raw("</body>\n</html>\n")
	w.flush()
	return w.err
}

func (w *writer) head(p *page) {
	w.raw("<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n", `<meta http-equiv="Content-Security-Policy" content="`,
		markup(metaPolicy), "\">\n", `<meta name="viewport" content="width=device-width, initial-scale=1">`, "\n",
		`<meta name="referrer" content="no-referrer">`, "\n", `<meta name="robots" content="noindex">`, "\n<title>")
	w.text(p.title)
	if p.created != "" {
		w.text(" – " + p.created)
	}
	w.raw("</title>\n<style>", markup(styleSheet), "</style>\n</head>\n")
}

func (w *writer) header(p *page) {
	w.raw(`<header class="entete">`, "\n")
	w.element("p", "genre", p.kind)
	w.raw("<h1")
	w.lang(p.lang)
	w.raw(">")
	w.text(p.title)
	w.raw("</h1>\n")
	w.element("p", "signature", p.byline)
	for _, n := range p.notices {
		w.element("p", "avis", n)
	}
	w.raw(`<section class="patient" aria-labelledby="patient">`, "\n", `<h2 id="patient"><span class="etiquette">Patient</span> `)
	w.text(p.banner.name)
	w.raw("</h2>\n")
	w.element("p", "naissance", p.banner.birth)
	w.facts(p.banner.facts, "traits")
	if len(p.banner.more) > 0 {
		w.raw("<details><summary>Coordonnées et autres identifiants</summary>\n")
		w.facts(p.banner.more, "liste")
		w.raw("</details>\n")
	}
	w.raw("</section>\n</header>\n")
}

// lang says in which language something is, when that is not French.
func (w *writer) lang(code string) {
	if code != "" {
		w.attr("lang", code)
	}
}

// element writes a text in an element, or nothing when there is none. name and class are the page's own.
func (w *writer) element(name, class markup, text string) {
	if text == "" {
		return
	}
	w.raw("<", name)
	if class != "" {
		w.raw(` class="`, class, `"`)
	}
	w.raw(">")
	w.text(text)
	w.raw("</", name, ">\n")
}

func (w *writer) facts(facts []fact, class markup) {
	if len(facts) == 0 {
		return
	}
	w.raw(`<dl class="`, class, `">`, "\n")
	for _, f := range facts {
		w.raw("<div><dt>")
		w.text(f.label)
		w.raw("</dt>")
		for _, v := range f.values {
			w.raw("<dd>")
			w.text(v)
			w.raw("</dd>")
		}
		w.raw("</div>\n")
	}
	w.raw("</dl>\n")
}

// contents writes the table of contents.
func (w *writer) contents(p *page) {
	if len(p.sections) == 0 {
		return
	}
	w.raw(`<nav class="sommaire" aria-labelledby="sommaire">`, "\n", `<h2 id="sommaire">Sommaire</h2>`, "\n")
	w.entries(p.sections)
	w.raw("</nav>\n")
}

func (w *writer) entries(sections []*section) {
	w.raw("<ol>\n")
	for _, s := range sections {
		w.raw("<li><a")
		w.attr("href", "#"+s.anchor)
		w.raw(">")
		w.text(s.title)
		w.raw("</a>")
		if len(s.children) > 0 {
			w.raw("\n")
			w.entries(s.children)
		}
		w.raw("</li>\n")
	}
	w.raw("</ol>\n")
}

// headings by level. HTML ends at six; deeper sections keep that and say their level.
var headings = [...][2]markup{2: {"<h2", "</h2>\n"}, 3: {"<h3", "</h3>\n"}, 4: {"<h4", "</h4>\n"}, 5: {"<h5", "</h5>\n"}, 6: {"<h6", "</h6>\n"}}

func (w *writer) section(s *section, level int) {
	tag := headings[min(level, len(headings)-1)]
	w.raw(`<section class="niveau"`)
	w.lang(s.lang)
	w.attr("aria-labelledby", s.anchor)
	w.raw(">\n", tag[0])
	w.attr("id", s.anchor)
	if level > 6 {
		w.number("aria-level", level)
	}
	w.raw(">")
	w.text(s.title)
	w.raw(tag[1])
	if !s.text.blank() {
		w.raw(`<div class="narratif">`)
		w.nodes(s.text.children, s.anchor)
		w.raw("</div>\n")
	} else if s.entries > 0 && len(s.loose) == 0 {
		w.element("p", "vide", "Cette section n’a pas de texte. Données codées : "+strconv.Itoa(s.entries)+".")
	}
	for _, a := range s.loose {
		w.attachment(a, "piece")
	}
	for _, c := range s.children {
		w.section(c, level+1)
	}
	w.raw("</section>\n")
}

func (w *writer) payload(p *page) {
	if p.payload == nil {
		return
	}
	w.raw(`<section class="niveau" aria-labelledby="corps">`, "\n", `<h2 id="corps">Contenu du document</h2>`, "\n")
	w.attachment(p.payload, "document")
	w.raw("</section>\n")
}

// groups writes who took part and in which circumstances.
func (w *writer) groups(p *page) {
	if len(p.groups) == 0 {
		return
	}
	w.raw(`<section class="contexte" aria-labelledby="contexte">`, "\n", `<h2 id="contexte">Intervenants et contexte</h2>`, "\n", `<div class="fiches">`, "\n")
	for _, g := range p.groups {
		w.raw(`<section class="fiche">`)
		w.element("h3", "", g.heading)
		for _, c := range g.cards {
			w.raw(`<div class="carte">`)
			w.element("p", "nom", c.title)
			w.facts(c.facts, "liste")
			w.raw("</div>\n")
		}
		w.raw("</section>\n")
	}
	w.raw("</div>\n</section>\n")
}

func (w *writer) footer(p *page) {
	w.raw("<footer>\n")
	w.facts(p.imprint, "liste")
	w.element("p", "", "Présentation du document CDA pour la lecture. Le document d’origine, conservé tel qu’il a été reçu, fait seul foi.")
	w.raw("</footer>\n")
}
