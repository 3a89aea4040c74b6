// Package cda reads CDA R2 documents as the French CI-SIS frames them: a header around a body of level N1 (a PDF, an image, a text) or N3 (coded sections).
//
// Parse gives a Document: the tree, the header as Go values, the body, and the place (path and line) of every element. It is the only way in for bytes from
// outside and holds the limits that keep a hostile document cheap. The rooms below it judge and use a Document: check, metadata, extract, render, judge; author
// writes documents.
//
// # The tree
//
// The tree is of github.com/beevik/etree with one difference: namespaces are resolved. Space of an element or attribute holds the namespace URI, not a prefix, as
// in encoding/xml; "" means none. Two documents that differ in prefixes only have equal trees. The value of xsi:type, a QName, is resolved too: types of the HL7
// namespace are bare ("IVL_TS"), others are "{uri}Name". Use Is, Child, Children, Attr and the Read functions of the data types; etree's own NamespaceURI and
// serialisation do not apply to such a tree (Document.Raw has the bytes as received).
//
// A Document may be read by several goroutines; nobody changes it.
package cda
