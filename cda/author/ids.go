package author

import (
	"regexp"
	"strings"

	"github.com/beevik/etree"
	"github.com/google/uuid"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// instance is an II.
type instance struct{ root, extension string }

// parseInstance reads "urn:oid:…", "urn:uuid:…", or the same without a prefix, with "^" and an extension where there is one.
func parseInstance(s string) (instance, bool) {
	root, ext, _ := strings.Cut(s, "^")
	if cut, ok := strings.CutPrefix(root, "urn:oid:"); ok {
		root = cut
	} else if cut, ok := strings.CutPrefix(root, "urn:uuid:"); ok {
		root = cut
	}
	return instance{root, ext}, isOID(root) || uuidForm.MatchString(root)
}

func (i instance) put(parent *etree.Element) {
	put(parent, "id", "extension", i.extension, "root", i.root)
}

func (i instance) String() string {
	if i.extension == "" {
		return i.root
	}
	return i.root + "^" + i.extension
}

// entryID is the id of an entry: the first identifier of the resource that CDA can carry, else a UUID made of the document's id and the resource's.
func entryID(document instance, ids []identifier, key string) instance {
	for _, id := range ids {
		switch {
		case id.Value == "":
		case id.System == "urn:ietf:rfc:3986":
			if i, ok := parseInstance(id.Value); ok {
				return i
			}
		case strings.HasPrefix(id.System, "urn:oid:") && isOID(id.System[len("urn:oid:"):]):
			return instance{id.System[len("urn:oid:"):], id.Value}
		}
	}
	return instance{root: derivedUUID(document, key)}
}

// derivedUUID is a UUID of version 5 (RFC 9562) under the namespace of OIDs.
func derivedUUID(document instance, key string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(document.String()+"#"+key)).String()
}
