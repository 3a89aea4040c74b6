package leak

import (
	"net/http"
	"net/url"
)

type object = map[string]any

func (b *builder) reference(d *Document) object {
	return object{
		"resourceType": "DocumentReference", "id": d.ID, "status": "current", "subject": object{"reference": "Patient/" + b.w.Patient}, "description": "try",
		"content": []object{{"attachment": object{"contentType": "text/plain", "url": "Binary/" + d.Binary}}},
	}
}

// writes tries to change what must not be known of, and looks at how it is refused. A hidden document that is not there must be refused in the same words.
func (b *builder) writes(d *Document) {
	one := "DocumentReference?identifier=" + url.QueryEscape("urn:ietf:rfc:3986|"+d.Unique)
	patch := []object{{"op": "replace", "path": "/status", "value": "entered-in-error"}}
	jsonPatch := http.Header{"Content-Type": {"application/json-patch+json"}}
	for _, path := range []string{"DocumentReference/" + d.ID, one} {
		b.send(http.MethodPatch, path, patch, jsonPatch)
		b.send(http.MethodPatch, path, []object{{"op": "test", "path": "/status", "value": "current"}}, jsonPatch)
		b.send(http.MethodPatch, path, patch, http.Header{"Content-Type": {"application/json-patch+json"}, "If-Match": {`W/"7"`}})
		b.send(http.MethodPatch, path, object{"resourceType": "Parameters"}, nil)
		b.add(http.MethodDelete, path, nil, "")
		b.add(http.MethodDelete, path, http.Header{"If-Match": {`W/"7"`}}, "")
	}
	b.add(http.MethodDelete, "Binary/"+d.Binary, nil, "")
	b.add(http.MethodDelete, "List/"+d.List, nil, "")
	b.send(http.MethodPost, "DocumentReference/"+d.ID+"/$meta-add", object{"resourceType": "Parameters", "parameter": []object{{"name": "meta", "valueMeta": object{"tag": []object{{"code": "a"}}}}}}, nil)
	b.send(http.MethodPost, "DocumentReference/"+d.ID+"/$validate?mode=delete", object{"resourceType": "Parameters"}, nil)
	b.send(http.MethodPost, "DocumentReference/$validate", object{"resourceType": "Parameters", "parameter": []object{{"name": "resource", "resource": b.reference(d)}, {"name": "mode", "valueCode": "update"}}}, nil)
	b.send(http.MethodPut, one, b.reference(d), nil)
	b.send(http.MethodPut, "DocumentReference/"+d.ID, b.reference(d), http.Header{"If-Match": {`W/"7"`}})
	for _, kind := range []string{"batch", "transaction"} {
		for _, request := range []object{{"method": "DELETE", "url": "DocumentReference/" + d.ID}, {"method": "DELETE", "url": one}, {"method": "PUT", "url": one}} {
			entry := object{"request": request}
			if request["method"] == "PUT" {
				entry["resource"] = b.reference(d)
			}
			b.post("", object{"resourceType": "Bundle", "type": kind, "entry": []object{entry}}, nil)
		}
	}
}
