package repository

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// A Binary (http://hl7.org/fhir/R4/binary.html) is stored as its JSON without data, beside a blob with the bytes: documents stream in both directions and are
// never held whole.

// streamBuffer is the buffer between a request and a blob; maxBinaryRest bounds what a Binary may hold beside its data.
const (
	streamBuffer  = 64 << 10
	maxBinaryRest = 1 << 20
)

// WriteBinary stores raw bytes as a Binary (binary.html#rest): a create when id is "", otherwise an update. The content streams to the store's blobs.
func (r *Repository) WriteBinary(ctx context.Context, id, contentType, securityContext string, body io.Reader, c Conditions) (*Written, error) {
	if err := r.mayWriteBinary(ctx, id); err != nil {
		return nil, err
	}
	res, err := r.rawBinary(id, contentType, securityContext)
	if err != nil {
		return nil, err
	}
	blob, err := r.blobOf(ctx, func(w io.Writer) error {
		_, err := io.CopyBuffer(onlyWriter{w}, onlyReader{body}, make([]byte, streamBuffer))
		return err
	})
	if err != nil {
		return nil, err
	}
	if blob.Size == 0 {
		blob = nil // a Binary without data: the element cannot be empty
	}
	return r.writeBinary(ctx, id, res, blob, c)
}

// onlyWriter and onlyReader hide WriterTo and ReaderFrom, whose buffers are not bounded.
type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

func (r *Repository) mayWriteBinary(ctx context.Context, id string) error {
	if id == "" {
		return r.known(ctx, Create, "Binary")
	}
	if err := r.known(ctx, Update, "Binary"); err != nil {
		return err
	}
	return checkID(id)
}

// rawBinary makes the resource around raw content.
func (r *Repository) rawBinary(id, contentType, securityContext string) (*element.Resource, error) {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || !strings.Contains(media, "/") {
		return nil, fault.New(http.StatusUnsupportedMediaType, fault.Value, "The Content-Type is not a media type (type/subtype).")
	}
	text := []byte(`{"resourceType":"Binary"`)
	var bad error
	member := func(name, value, tail string) {
		var err error
		text = append(text, name...)
		if text, err = jsontext.AppendQuote(text, value); err != nil {
			bad = fault.Wrap(err, http.StatusBadRequest, fault.Value, "A header of the request is not UTF-8.")
		}
		text = append(text, tail...)
	}
	if id != "" {
		member(`,"id":`, id, "")
	}
	member(`,"contentType":`, contentType, "")
	if securityContext != "" {
		member(`,"securityContext":{"reference":`, securityContext, "}")
	}
	if bad != nil {
		return nil, bad
	}
	return element.ParseJSON(r.defs, append(text, '}'), element.Options{ExpectType: "Binary"})
}

// WriteBinaryResource stores a Binary that arrives as a FHIR resource with inline data, streaming (base64 decoded strictly on the way): a body of any size is never held.
func (r *Repository) WriteBinaryResource(ctx context.Context, id string, f Format, body io.Reader, c Conditions) (*Written, error) {
	if err := r.mayWriteBinary(ctx, id); err != nil {
		return nil, err
	}
	rest, blob, err := r.splitBinary(ctx, f, body)
	if err != nil {
		return nil, err
	}
	parse := element.ParseJSON
	if f == XML {
		parse = element.ParseXML
	}
	res, err := parse(r.defs, rest, element.Options{ExpectType: "Binary"})
	if err != nil {
		return nil, err
	}
	if blob != nil {
		dropData(res)
	}
	if id != "" {
		if err := agreeingID(res, id); err != nil {
			return nil, err
		}
	}
	return r.writeBinary(ctx, id, res, blob, c)
}

func (r *Repository) writeBinary(ctx context.Context, id string, res *element.Resource, blob *store.BlobRef, c Conditions) (*Written, error) {
	d := &draft{what: Create, typ: "Binary", res: res, blob: blob}
	if id != "" {
		d.what = Update
	}
	when, err := r.criteria(ctx, "Binary", c.IfNoneExist)
	if err != nil {
		return nil, err
	}
	if err := r.check(ctx, d); err != nil {
		return nil, err
	}
	if id != "" {
		return r.update(ctx, d, id, c)
	}
	return r.create(ctx, d, when)
}

// splitBinary takes a resource apart: the small rest, with a placeholder for the data, and the data in a blob (nil when there is none).
func (r *Repository) splitBinary(ctx context.Context, f Format, body io.Reader) (rest []byte, blob *store.BlobRef, err error) {
	sink := func(chars io.Reader) error {
		if blob != nil {
			return decodeBase64(io.Discard, chars) // a duplicate: the parser refuses it
		}
		var err error
		blob, err = r.blobOf(ctx, func(w io.Writer) error { return decodeBase64(w, chars) })
		return err
	}
	src := bufio.NewReaderSize(body, streamBuffer)
	if f == XML {
		s := &xmlSplitter{src: src, limit: maxBinaryRest, sink: sink}
		err = s.run()
		rest = s.rest
	} else {
		s := &jsonSplitter{src: src, limit: maxBinaryRest, sink: sink}
		err = s.run()
		rest = s.rest
	}
	switch {
	case errors.Is(err, errBadData):
		err = badData()
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fault.New(http.StatusBadRequest, fault.Structure, "The content ends before the resource does, or its data is not whole base64.")
	case errors.Is(err, errRestTooLong):
		err = fault.New(http.StatusRequestEntityTooLarge, fault.TooLong, "A Binary may hold at most 1 MiB beside its data.")
	}
	return rest, blob, err
}

func badData() error {
	return fault.At(http.StatusBadRequest, fault.Value, "Binary.data", "The data is not base64 (RFC 4648, with padding and no other characters than white space), or it is empty.")
}

// blobOf writes a blob.
func (r *Repository) blobOf(ctx context.Context, write func(io.Writer) error) (*store.BlobRef, error) {
	w, err := r.store.Blobs().Create(ctx)
	if err != nil {
		return nil, err
	}
	if err := write(w); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	ref, err := w.Commit()
	if err != nil {
		return nil, err
	}
	return &ref, nil
}

// moveData moves the inline data of a parsed Binary (in a bundle, or patched) to a blob.
func (r *Repository) moveData(ctx context.Context, d *draft) error {
	data := d.res.Root.Child("data")
	if data == nil || !data.HasValue {
		return nil
	}
	if d.blob != nil {
		dropData(d.res) // an earlier attempt moved it
		return nil
	}
	chars := &base64Chars{next: once(data.Value)}
	blob, err := r.blobOf(ctx, func(w io.Writer) error { return decodeBase64(w, chars) })
	if err != nil {
		if errors.Is(err, errBadData) || errors.Is(err, io.ErrUnexpectedEOF) {
			return badData()
		}
		return err
	}
	d.blob = blob
	dropData(d.res)
	return nil
}

// once gives a text as one chunk.
func once(text string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if text == "" {
			return nil, io.EOF
		}
		b := []byte(text)
		text = ""
		return b, nil
	}
}

// dropData takes the value of data out of the tree; an id or extensions on it stay.
func dropData(res *element.Resource) {
	data := res.Root.Child("data")
	if data == nil {
		return
	}
	data.Value, data.HasValue = "", false
	if data.First == nil {
		_ = res.Root.Remove(data) // it is a child: Child gave it
	}
	res.Changed()
}

// OpenBinary gives a Binary record's content type and bytes, for a raw answer and for ranges. An absent data gives an empty reader.
func (r *Repository) OpenBinary(ctx context.Context, rec *store.Record) (contentType string, content store.BlobReader, err error) {
	res, err := r.tree(rec)
	if err != nil {
		return "", nil, err
	}
	contentType = res.Root.ChildValue("contentType")
	if rec.Blob == nil {
		return contentType, emptyBlob{strings.NewReader("")}, nil
	}
	content, err = r.store.Blobs().Open(ctx, rec.Blob.Digest)
	return contentType, content, err
}

type emptyBlob struct{ *strings.Reader }

func (emptyBlob) Close() error { return nil }

// WriteBinaryTo writes a Binary record as a FHIR resource with its data inline, streaming.
func (r *Repository) WriteBinaryTo(ctx context.Context, w io.Writer, rec *store.Record, f Format) error {
	before, after := rec.Body, []byte(nil)
	if rec.Blob != nil {
		before, after = rec.Body[:len(rec.Body)-1], []byte(`"}`)
		before = append(before[:len(before):len(before)], `,"data":"`...)
	}
	if f == XML {
		var err error
		if before, after, err = r.binaryXML(rec); err != nil {
			return err
		}
	}
	if _, err := w.Write(before); err != nil {
		return err
	}
	if rec.Blob != nil {
		if err := r.writeBase64(ctx, w, rec.Blob); err != nil {
			return err
		}
	}
	_, err := w.Write(after)
	return err
}

// binaryXML gives the XML before and behind the data.
func (r *Repository) binaryXML(rec *store.Record) (before, after []byte, err error) {
	// The mark is valid base64, so that it can stand as the value, and unlikely to stand elsewhere; it is looked for from the end, where data is.
	const mark = "Q2FybmV0+dGhlIGRhdGEgZ29lcyBoZXJl"
	res, err := r.tree(rec)
	if err != nil {
		return nil, nil, err
	}
	if rec.Blob == nil {
		return element.AppendXML(nil, res.Root), nil, nil
	}
	data := res.Root.Child("data")
	if data == nil {
		p, _ := res.Root.Type.Property("data")
		data = &element.Element{Name: "data", Type: p.Type, Def: p.Element, Offset: -1}
		res.Root.Append(data)
	}
	data.Value, data.HasValue = mark, true
	text := element.AppendXML(nil, res.Root)
	i := bytes.LastIndex(text, []byte(mark))
	return text[:i:i], text[i+len(mark):], nil
}

func (r *Repository) writeBase64(ctx context.Context, w io.Writer, ref *store.BlobRef) (err error) {
	blob, err := r.store.Blobs().Open(ctx, ref.Digest)
	if err != nil {
		return err
	}
	defer closing(blob, &err)
	buffered := bufio.NewWriterSize(w, streamBuffer)
	enc := base64.NewEncoder(base64.StdEncoding, buffered)
	if _, err := io.CopyBuffer(onlyWriter{enc}, onlyReader{blob}, make([]byte, streamBuffer)); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// Inline gives a record's JSON as clients see it: Body itself, or for a Binary with a blob the Body with its data (for bundles; bounded by Options.MaxResourceBytes).
func (r *Repository) Inline(ctx context.Context, rec *store.Record) ([]byte, error) {
	if rec.Blob == nil || rec.Type != "Binary" {
		return rec.Body, nil
	}
	size := int64(len(rec.Body)) + 16 + (rec.Blob.Size+2)/3*4
	if size > int64(r.o.MaxResourceBytes) {
		return nil, fault.New(http.StatusForbidden, fault.TooLong, "A Binary is too large to be given inside another resource or to be patched. Read it by itself.")
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	err := r.WriteBinaryTo(ctx, b, rec, JSON)
	return b.Bytes(), err
}
