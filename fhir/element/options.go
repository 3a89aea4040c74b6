package element

// Limits that hold when Options leaves them at zero.
const (
	DefaultMaxDepth    = 64
	DefaultMaxElements = 500_000
)

// MaxIssues is the most faults that one content is told of; the rest is only said to exist.
const MaxIssues = 100

// Options say what the codecs ask of the content they read. The zero value is strict, with the default limits.
type Options struct {
	// ExpectType is the resource type that the content must have; empty accepts any.
	ExpectType string
	// MaxDepth bounds how deep elements nest (the root is level 1).
	MaxDepth int
	// MaxElements bounds how many elements there may be, primitives included.
	MaxElements int
	// Lenient turns unknown elements, missing mandatory elements and ill-formed primitive values into warnings
	// (Resource.Warnings). Unknown elements are then left out of the tree and out of what is stored.
	// Content whose structure is broken is refused as ever.
	Lenient bool
	// Trusted is for content that the server itself stored: values, cardinality and narrative are not checked again.
	Trusted bool
}

func (o Options) withDefaults() Options {
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.MaxElements <= 0 {
		o.MaxElements = DefaultMaxElements
	}
	return o
}
