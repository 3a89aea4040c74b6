package scope

// Within says whether every scope of s is granted by o, alone or by several of o's scopes together: what a refresh may ask for. A scope of another context is another scope: user/ does not stand for
// patient/. Unknown scopes count: they are within a set that has them.
func (s Set) Within(o Set) bool { return false }

// Intersect gives what both sets grant, unknown scopes left out: what a client asks for within what it is registered for, or what a user left of it.
func (s Set) Intersect(o Set) Set { return Set{} }
