// Package mcsd will hold the directory of professionals and structures (IHE mCSD) and its importers. Nothing is built yet.
package mcsd
