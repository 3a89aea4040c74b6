// Package render shows a CDA document to people: HTML in French, plain text, PDF. It takes documents of both levels, whatever sections they have,
// and shows all of their narrative, the header, the images and files inside.
//
// The source is hostile. A narrative is read into a closed set of nodes (CDA R2 4.3.5) and written anew; elements and attributes of the source never
// reach the output, only their text does, escaped. Links are kept when they lead to the web, a mailbox or a telephone; images when they are PNG, JPEG,
// GIF or WebP by name and by content. docs/design/rendering.md has the whole list.
package render
