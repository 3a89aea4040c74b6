package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// slowest is the least speed, in bytes a second, that a body must keep up: below it, a client holds a connection rather than uses it.
const slowest = 16 * kilobyte

// patience is what a body may take besides the time that its length needs.
const patience = 30 * time.Second

// body opens the request's body: decompressed, and cut with a fault at the limit. The limit holds for what comes out of decompression, so that a small bomb
// does not become a large body.
func (x *exchange) body(limit int64) (io.Reader, error) {
	if x.r.ContentLength > limit {
		return nil, tooLong(size(limit))
	}
	var r io.Reader = &paced{x: x, r: x.r.Body, rc: http.NewResponseController(x.w), start: time.Now()}
	switch strings.ToLower(x.r.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, badGzip(err)
		}
		r = &gunzipped{z}
	default:
		return nil, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The Content-Encoding of the body must be gzip or identity.")
	}
	return &limited{r: r, left: limit, limit: limit}, nil
}

func badGzip(err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(http.StatusBadRequest, fault.Structure, "The body says it is gzip and is not.")
	}
	var corrupt interface{ Error() string }
	if errors.As(err, &corrupt) && strings.HasPrefix(corrupt.Error(), "flate:") {
		return fault.New(http.StatusBadRequest, fault.Structure, "The body's gzip is damaged.")
	}
	return err
}

type gunzipped struct{ z *gzip.Reader }

func (g *gunzipped) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = badGzip(err)
	}
	return n, err
}

// limited gives a fault, and not an end, where the limit is.
type limited struct {
	r           io.Reader
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		return 0, tooLong(size(l.limit))
	}
	l.left -= int64(n)
	return n, err
}

// paced moves the connection's read deadline with what arrives: a body of any length is in time while it comes faster than slowest.
type paced struct {
	x     *exchange
	r     io.Reader
	rc    *http.ResponseController
	start time.Time
	got   int64
	moved int64
}

func (p *paced) Read(b []byte) (int, error) {
	if p.got-p.moved >= megabyte {
		// A writer without deadlines (a test's recorder) has no slow clients either.
		_ = p.rc.SetReadDeadline(p.start.Add(patience + time.Duration((p.got+megabyte)/slowest)*time.Second))
		p.moved = p.got
	}
	n, err := p.r.Read(b)
	p.got += int64(n)
	if errors.Is(err, io.EOF) {
		_ = p.rc.SetReadDeadline(time.Time{}) // from now on net/http only listens whether the client goes away
	} else if err != nil && isTimeout(err) {
		_ = p.rc.SetWriteDeadline(time.Now().Add(patience)) // the body took the time of the answer too
		err = fault.Wrap(err, http.StatusRequestTimeout, fault.Timeout, "The body arrived too slowly.")
	} else if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fault.Wrap(err, http.StatusBadRequest, fault.Structure, "The body ended before its announced length.")
	} else if err != nil { // broken chunks, a broken connection: never the server's own trouble
		err = fault.Wrap(err, http.StatusBadRequest, fault.Structure, "The body cannot be read: its transfer encoding is damaged, or the connection broke.")
	}
	return n, err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// readAll reads a body into memory.
func (x *exchange) readAll(limit int64) ([]byte, error) {
	r, err := x.body(limit)
	if err != nil {
		return nil, err
	}
	if n := x.r.ContentLength; n > 0 && n <= megabyte && x.r.Header.Get("Content-Encoding") == "" {
		b := make([]byte, n)
		_, err := io.ReadFull(r, b)
		return b, err
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	return b.Bytes(), err
}

// resource reads and parses the request's body; typ is the type it must have, "" for any.
func (s *Server) resource(x *exchange, typ string, limit int64) (*element.Resource, error) {
	format, err := bodyFormat(x.r.Header)
	if err != nil {
		return nil, err
	}
	b, err := x.readAll(limit)
	if err != nil {
		return nil, err
	}
	return s.parse(format, b, typ)
}

func (s *Server) parse(format contentFormat, b []byte, typ string) (*element.Resource, error) {
	return s.parseWith(format, b, element.Options{ExpectType: typ, Judge: s.o.Repository.Judge})
}

func (s *Server) parseWith(format contentFormat, b []byte, o element.Options) (*element.Resource, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, fault.New(http.StatusBadRequest, fault.Structure, "The request needs a resource as its body.")
	}
	o.Owned = true // the body was read for this request
	if format == formatXML {
		return element.ParseXML(s.o.Definitions, b, o)
	}
	return element.ParseJSON(s.o.Definitions, b, o)
}

// size writes a limit for people.
func size(n int64) string {
	switch {
	case n%megabyte == 0:
		return strconv.FormatInt(n/megabyte, 10) + " MB"
	case n%kilobyte == 0:
		return strconv.FormatInt(n/kilobyte, 10) + " KB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
