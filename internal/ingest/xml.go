package ingest

import (
	"bytes"
	"encoding/xml"
)

// rootOf gives the local name of a document's root element and the value of its id element; both empty when it is not XML.
func rootOf(body []byte) (name, id string) {
	d := xml.NewDecoder(bytes.NewReader(body))
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			return name, id
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			if depth == 1 {
				name = t.Name.Local
			}
			if depth == 2 && t.Name.Local == "id" {
				return name, attribute(t, "value")
			}
		case xml.EndElement:
			depth--
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
