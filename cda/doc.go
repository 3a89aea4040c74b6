// Package cda reads and writes CDA R2 documents as the French CI-SIS frames them: a header around a body of level N1 (a PDF, an image, a text) or
// N3 (coded sections). Its rooms will be parse, header, check, metadata, extract, render and author. Nothing is built yet.
package cda
