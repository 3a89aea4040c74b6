package cda

import (
	"fmt"
	"io"
)

// Limits bound what one document may cost. A zero field takes the default.
type Limits struct {
	Bytes          int // of the document as received
	Depth          int // of elements
	Elements       int // in the document
	Attributes     int // of one element
	AttributeBytes int // of one attribute's value
	Nodes          int // elements, attributes, texts, comments and processing instructions together
}

// DefaultLimits hold every document of the CI-SIS with room to spare (the largest published example has 1.5 MB, the richest 5,600 elements, depth 22) and keep the memory
// of a parsed document below MemoryBudget.
func DefaultLimits() Limits {
	return Limits{Bytes: 32 << 20, Depth: 128, Elements: 300_000, Attributes: 64, AttributeBytes: 64 << 10, Nodes: 1_000_000}
}

// MemoryBudget is what parsing a document of that many bytes may allocate in all under DefaultLimits, beside the bytes themselves, and so more than it ever
// holds: six times its size for the text of the tree and the buffers of the decoder, and 320 bytes for each node that so many bytes can spell. A payload of
// 10 MB stays far below (80 MiB); the worst markup of 10 MB costs 366 MiB.
func MemoryBudget(size int) int {
	const perNode, bytesOfSmallestNode = 320, 4
	nodes := min(size/bytesOfSmallestNode, DefaultLimits().Nodes)
	return 6*size + nodes*perNode + 1<<20
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ set, def *int }{
		{&l.Bytes, &d.Bytes}, {&l.Depth, &d.Depth}, {&l.Elements, &d.Elements},
		{&l.Attributes, &d.Attributes}, {&l.AttributeBytes, &d.AttributeBytes}, {&l.Nodes, &d.Nodes},
	} {
		if *f.set <= 0 {
			*f.set = *f.def
		}
	}
	return l
}

// Read takes a document from a stream, never more than Limits.Bytes and one byte of it. A longer one is a *ParseError.
func Read(r io.Reader, limits Limits) ([]byte, error) {
	limits = limits.withDefaults()
	raw, err := io.ReadAll(io.LimitReader(r, int64(limits.Bytes)+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > limits.Bytes {
		return nil, tooBig(limits)
	}
	return raw, nil
}

func tooBig(limits Limits) *ParseError {
	return refuse(RuleLimit, 0, fmt.Sprintf("the document is longer than %d bytes, the most that is read", limits.Bytes))
}
