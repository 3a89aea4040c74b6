package ingest

import "context"

// Do sends a request to a path under the base (query included) and gives the status and the answer's body.
func (t Target) Do(ctx context.Context, method, path, contentType string, body []byte) (int, []byte, error) {
	return t.send(ctx, method, path, contentType, body)
}
