package access

import (
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// conditions are what a resource of a record must satisfy to exist for the caller, by type, for all records to which the caller stands in the same way.
type conditions struct {
	reading *habilitation.Reading
	of      map[conditionKey]search.Expr
	rights  rights
}

type conditionKey struct {
	typ  string
	full bool
}

// rights are what else than documents the caller may see of a record.
type rights struct {
	existence, list, administrative, professionals, traces, ownTraces, sharing, related bool
	patient                                                                             string // of whom conditions speak by id; "": of any
}

// builder makes the conditions of one Reading.
type builder struct {
	a       *Access
	reading *habilitation.Reading
	known   []string // the types that matrix A names
	author  *authorship
}

func never() search.Expr { return search.Or{} }

// param gives a search parameter; nil when the server has none of the name.
func (b *builder) param(typ, code string) *search.Param {
	p, ok := b.a.o.Registry.Param(typ, code)
	if !ok {
		return nil
	}
	return p
}

// among is the condition that a token parameter has one of the codes, in any system: a type or a label means what it means however its system is spelled.
func (b *builder) among(p *search.Param, codes []string) search.Expr {
	if p == nil || len(codes) == 0 {
		return never()
	}
	all := make([]search.Code, len(codes))
	for i, code := range codes {
		all[i] = search.Code{Code: code, AnySystem: true}
	}
	return &search.Among{Param: p, Set: search.TokenSet(all)}
}

// tagged is among for tags of one system.
func (b *builder) tagged(p *search.Param, system string, codes []string) search.Expr {
	if p == nil || len(codes) == 0 {
		return never()
	}
	all := make([]search.Code, len(codes))
	for i, code := range codes {
		all[i] = search.Code{System: system, Code: code}
	}
	return &search.Among{Param: p, Set: search.TokenSet(all)}
}

// document is the condition on DocumentReference: the Reading's own sentence. With full, documents of which only the metadata exist are left out.
func (b *builder) document(full bool) search.Expr {
	const typ = "DocumentReference"
	r := b.reading
	own, structure := search.Expr(search.Or{}), search.Expr(search.Or{})
	if has(r.Own, full) {
		own = &search.Later{Expr: b.author.own[typ]}
	}
	if has(r.OwnStructure, full) {
		structure = &search.Later{Expr: b.author.structure[typ]}
	}
	var all search.And
	if states := b.states(typ); states != nil {
		all = append(all, search.Not{Expr: states})
	}
	label := b.a.types[typ].label
	masked := b.among(label, []string{string(habilitation.Masked)})
	switch r.Masked {
	case habilitation.MaskedAll:
	case habilitation.MaskedOwn:
		all = append(all, either(search.Not{Expr: masked}, own, structure))
	default:
		all = append(all, search.Not{Expr: masked})
	}
	if !has(r.Level, full) {
		return conjunction(append(all, either(own, structure)))
	}
	var of search.And
	if kinds := b.kinds(b.param(typ, "type"), b.param(typ, "category"), ""); kinds != nil {
		of = append(of, kinds)
	}
	for _, h := range r.Hidden {
		of = append(of, search.Not{Expr: b.hidden(typ, h)})
	}
	if len(of) > 0 {
		all = append(all, either(conjunction(of), own, structure))
	}
	return conjunction(all)
}

// has says whether a level lets something exist.
func has(l habilitation.Level, full bool) bool {
	return l == habilitation.Full || l == habilitation.Reference && !full
}

// either is a disjunction; nil where a part always holds.
func either(parts ...search.Expr) search.Expr {
	var out search.Or
	for _, p := range parts {
		if p == nil {
			return nil
		}
		if or, ok := p.(search.Or); ok {
			out = append(out, or...)
			continue
		}
		out = append(out, p)
	}
	if len(out) == 1 {
		return out[0]
	}
	if out == nil {
		out = search.Or{}
	}
	return out
}

// conjunction is nil for no condition.
func conjunction(parts search.And) search.Expr {
	var out search.And
	for _, p := range parts {
		if p == nil {
			continue
		}
		if and, ok := p.(search.And); ok {
			out = append(out, and...)
			continue
		}
		out = append(out, p)
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return out
}

// states is the condition that a document is in a state in which it does not exist; nil when it exists in all.
func (b *builder) states(typ string) search.Expr {
	var out search.Or
	for _, s := range b.reading.NotStates {
		switch s {
		case habilitation.Archived:
			out = append(out, b.among(b.param(typ, "isArchived"), []string{"true"}))
		case habilitation.Superseded:
			out = append(out, b.among(b.param(typ, "status"), []string{"superseded"}))
		case habilitation.Deleted:
			out = append(out, b.among(b.param(typ, "status"), []string{"entered-in-error"}))
		}
	}
	if out == nil {
		return nil
	}
	return either(out...)
}

// kinds is the condition that a document's type and class are in the Reading's; nil for all. A document of several types has none but those in the set: a translation opens nothing. The tag system is that of what was extracted
// from documents, "" for documents themselves.
func (b *builder) kinds(typ, class *search.Param, tag string) search.Expr {
	k := &b.reading.Kinds
	if k.Everything() {
		return nil
	}
	in := func(codes []string) search.Expr {
		if tag != "" {
			return b.tagged(typ, tag, codes)
		}
		return b.among(typ, codes)
	}
	readable := k.Types
	if k.AllTypes {
		readable = b.known
	}
	var out search.Or
	if len(readable) > 0 {
		named := search.And{in(readable)}
		if hidden := minus(b.known, readable); len(hidden) > 0 {
			named = append(named, search.Not{Expr: in(hidden)})
		}
		out = append(out, conjunction(named))
	}
	if !k.OtherTypes && (len(k.OtherTypesOfClasses) == 0 || class == nil) || class == nil && len(k.NotClasses) > 0 {
		return either(out...) // of extracted data the class is not known
	}
	other := search.And{search.Not{Expr: in(b.known)}}
	if !k.OtherTypes {
		other = append(other, b.among(class, k.OtherTypesOfClasses))
	}
	if len(k.NotTypes) > 0 {
		other = append(other, search.Not{Expr: in(k.NotTypes)})
	}
	if len(k.NotClasses) > 0 && class != nil {
		other = append(other, search.Not{Expr: b.among(class, k.NotClasses)})
	}
	return either(append(out, conjunction(other))...)
}

func minus(all, without []string) []string {
	drop := make(map[string]bool, len(without))
	for _, v := range without {
		drop[v] = true
	}
	var out []string
	for _, v := range all {
		if !drop[v] {
			out = append(out, v)
		}
	}
	return out
}

// hidden is the condition that a label hides a resource still.
func (b *builder) hidden(typ string, h habilitation.Hiding) search.Expr {
	labelled := b.among(b.a.types[typ].label, []string{string(h.Label)})
	if h.Months == 0 {
		return labelled
	}
	return search.And{labelled, search.Not{Expr: b.before(typ, h)}}
}

// before is the condition that a document was deposited before its label ceased to hide it. The deposit is not after the last change, which the server knows; the dates in the document are its author's word. What was extracted from a document, and the traces of acts on it, were written with the deposit or
// later, so the same holds for them. Of what was changed since, the server takes the label away when it is due (ihe/dmp/clockwork): from the document and, in the same commit, from what was extracted.
func (b *builder) before(typ string, h habilitation.Hiding) search.Expr {
	p := b.param(typ, "_lastUpdated")
	if p == nil || h.Since.IsZero() {
		return never()
	}
	at := h.Since.UnixMicro()
	return &search.Clause{Param: p, Operands: []search.Operand{{Prefix: search.Lt, Low: at, High: at + 1}}}
}

// data is the condition on clinical resources: what was extracted from a document, by the document's type and labels; what was not, where the Reading has clinical data.
func (b *builder) data(typ string) search.Expr {
	r := b.reading
	info := b.a.types[typ]
	if r.Level != habilitation.Full && !r.Data {
		return never()
	}
	var all search.And
	if r.Masked != habilitation.MaskedAll {
		all = append(all, search.Not{Expr: b.among(info.label, []string{string(habilitation.Masked)})})
	}
	for _, h := range r.Hidden {
		all = append(all, search.Not{Expr: b.hidden(typ, h)})
	}
	for _, s := range r.NotStates {
		if s == habilitation.Archived {
			all = append(all, search.Not{Expr: b.tagged(info.tag, systemDocumentState, []string{"archived"})})
		}
	}
	extracted := search.Expr(search.Or{})
	if r.Level == habilitation.Full {
		extracted = b.kinds(info.tag, nil, systemDocumentType)
	}
	fromDocument := &search.Clause{Param: info.tag, Operands: []search.Operand{{HasSystem: true, System: systemDocumentType}}}
	switch {
	case r.Data && extracted == nil:
	case r.Data:
		all = append(all, either(search.Not{Expr: fromDocument}, extracted))
	case extracted == nil:
		all = append(all, fromDocument)
	default:
		all = append(all, search.And{fromDocument, extracted})
	}
	return conjunction(all)
}

// list is the condition on submission sets and folders: one exists when none of its documents is hidden, or the caller made it. Other lists are clinical data.
func (b *builder) list() search.Expr {
	item := b.param("List", "item")
	if item == nil {
		return never()
	}
	visible := b.document(false)
	set := &search.Chain{Param: item, Target: "DocumentReference"}
	whole := search.And{set}
	if visible != nil {
		whole = append(whole, search.Not{Expr: &search.Chain{Param: item, Target: "DocumentReference", Inner: search.Not{Expr: visible}}})
	}
	made := search.Expr(search.Or{})
	if b.reading.Own != habilitation.Nothing {
		made = b.author.own["List"]
	}
	plain := b.data("List")
	other := search.Expr(search.Not{Expr: set})
	if plain != nil {
		other = search.And{search.Not{Expr: set}, plain}
	}
	return either(whole, other, made)
}
