package search

import "github.com/carnet-fhir/carnet/store"

// Needs gives index entries of which a resource must have one to satisfy the condition; with none, no resource satisfies it. ok is false when there are no such entries, or when the
// condition looks at more than the resource itself: then a write of something else can change what it finds.
func (e *Engine) Needs(x Expr) (entries []store.Entry, ok bool) {
	switch x := x.(type) {
	case *Clause:
		return e.clauseNeeds(x)
	case And:
		for _, part := range x {
			c, plain := part.(*Clause)
			if !plain || !ownContent(c) {
				return nil, false
			}
			if !ok {
				entries, ok = e.clauseNeeds(c)
			}
		}
	}
	return entries, ok
}

// ownContent says whether a clause is judged by the resource's own content.
func ownContent(c *Clause) bool {
	return c.Param != nil && !c.Param.Building && c.Modifier == NoModifier
}

// clauseNeeds is Needs of one clause: tokens with system and code.
func (e *Engine) clauseNeeds(c *Clause) (entries []store.Entry, ok bool) {
	if !ownContent(c) || c.Param.Type != Token || c.Param.Code == "_id" {
		return nil, false
	}
	index := e.namesOf(c.Param).main
	for i := range c.Operands {
		o := &c.Operands[i]
		if !o.HasSystem || o.Code == "" {
			return nil, false
		}
		if !unclean(o.Code, o.System) {
			entries = append(entries, store.Entry{Index: index, Value: appendToken(nil, o.System, o.Code)})
		}
	}
	return entries, true
}
