package embedded

import (
	"encoding/hex"
	"fmt"

	"github.com/carnet-fhir/carnet/store"
)

// An export is a tar archive. It has, in this order,
//
//	manifest.json       what it is, the head and the index names
//	settings.json       the settings
//	blobs/HEX           each document, named by the SHA-256 of its bytes
//	versions/NUMBER     all versions, oldest first, in parts
//	end.json            how much there was, so that a cut archive is told
//
// In a part each version is one line of JSON, then as many bytes of body as the line says, then a newline.
const (
	exportName     = "carnet-export"
	exportVersion  = 1
	manifestName   = "manifest.json"
	settingsName   = "settings.json"
	endName        = "end.json"
	blobFolder     = "blobs/"
	versionsFolder = "versions/"
)

type manifestEntry struct {
	Export  string     `json:"export"`
	Version int        `json:"version"`
	Head    store.Time `json:"head"`
	Indexes []string   `json:"indexes"` // in the order of their numbers
}

type settingsEntry struct {
	Settings map[string][]byte `json:"settings"`
}

type endEntry struct {
	Versions int64 `json:"versions"`
	Blobs    int64 `json:"blobs"`
}

// versionEntry is the line before a version's body.
type versionEntry struct {
	Type    string       `json:"type"`
	ID      string       `json:"id"`
	RID     store.RID    `json:"rid"`
	Version uint64       `json:"version"`
	Time    store.Time   `json:"time"`
	Method  string       `json:"method"`
	Blob    *blobEntry   `json:"blob,omitempty"`
	Index   []indexEntry `json:"index,omitempty"`
	Bytes   int          `json:"bytes"`
}

type indexEntry struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

type blobEntry struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

var methodNames = map[store.Method]string{store.Created: "created", store.Updated: "updated", store.Deleted: "deleted"}

func methodOf(name string) (store.Method, error) {
	for method, known := range methodNames {
		if known == name {
			return method, nil
		}
	}
	return 0, fmt.Errorf("%w: a version of an unknown method", store.ErrCorrupt)
}

func digestOf(text string) (store.Digest, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(store.Digest{}) {
		return store.Digest{}, fmt.Errorf("%w: a digest that is none", store.ErrCorrupt)
	}
	return store.Digest(raw), nil
}
