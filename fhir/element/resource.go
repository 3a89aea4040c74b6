package element

import (
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Resource is one resource with what is needed to store it as it was received. Whoever changes the tree calls Changed.
type Resource struct {
	Root *Element
	// Warnings are the faults that Options.Lenient let pass.
	Warnings []fault.Issue
	// Refused holds, by the index of the entry, what is wrong with resources of a batch (Options.Apart). They are in the tree as far as they could be read.
	Refused map[int]error

	src    string // the JSON text as received; "" when the tree is the only source
	tape   []node
	spaced bool
}

// NewResource wraps a tree that was built or read from XML.
func NewResource(root *Element) *Resource { return &Resource{Root: root} }

// Changed says that the tree was edited: from now on the resource is encoded from its tree.
func (r *Resource) Changed() { r.src, r.tape = "", nil }

// Type gives the resource type's name.
func (r *Resource) Type() string { return r.Root.Type.Name }

// ID gives the logical id that the content carries, or "".
func (r *Resource) ID() string { return r.Root.ChildValue("id") }

// VersionID gives meta.versionId, or "".
func (r *Resource) VersionID() string { return r.Root.Child("meta").ChildValue("versionId") }

// Compact gives the resource in JSON without insignificant whitespace, otherwise byte for byte as received.
func (r *Resource) Compact() []byte {
	if r.src == "" {
		return AppendJSON(nil, r.Root)
	}
	return r.appendValue(make([]byte, 0, len(r.src)), 0)
}

// appendValue copies the value of a node, without whitespace between its tokens.
func (r *Resource) appendValue(dst []byte, i int) []byte {
	n := &r.tape[i]
	switch n.kind {
	case nodeString, nodeKey:
		return append(dst, r.src[n.start-1:n.end+1]...)
	case nodeObject:
		if !r.spaced {
			break
		}
		dst = append(dst, '{')
		for k := i + 1; k < int(n.next); k = int(r.tape[k+1].next) {
			if k > i+1 {
				dst = append(dst, ',')
			}
			dst = r.appendMember(dst, k)
		}
		return append(dst, '}')
	case nodeArray:
		if !r.spaced {
			break
		}
		dst = append(dst, '[')
		for k := i + 1; k < int(n.next); k = int(r.tape[k].next) {
			if k > i+1 {
				dst = append(dst, ',')
			}
			dst = r.appendValue(dst, k)
		}
		return append(dst, ']')
	}
	return append(dst, r.src[n.start:n.end]...)
}

func (r *Resource) appendMember(dst []byte, key int) []byte {
	k, v := &r.tape[key], &r.tape[key+1]
	if !r.spaced {
		end := v.end
		if v.kind == nodeString {
			end++
		}
		return append(dst, r.src[k.start-1:end]...)
	}
	dst = append(dst, r.src[k.start-1:k.end+1]...)
	dst = append(dst, ':')
	return r.appendValue(dst, key+1)
}

// name gives the decoded member name of a key node.
func (r *Resource) name(key int) string {
	n := &r.tape[key]
	if n.flags&flagEscaped != 0 {
		return unescape(r.src[n.start:n.end])
	}
	return r.src[n.start:n.end]
}
