// Package conformance will hold black-box suites that see a server only over HTTP, and the rules by which the inspector names what a client broke. Nothing is built yet.
package conformance
