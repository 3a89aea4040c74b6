// Package pixm will hold IHE PIXm: identity cross-reference (ITI-83) and feed (ITI-104), with merge and link. Nothing is built yet.
package pixm
