package repository

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
)

var (
	errBadData     = errors.New("repository: not base64")
	errRestTooLong = errors.New("repository: too much beside the data")
)

// unexpectedEnd makes the end of the input, met inside a token, an io.ErrUnexpectedEOF.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// peekSome gives what is buffered, reading more when nothing is.
func peekSome(src *bufio.Reader) ([]byte, error) {
	if src.Buffered() == 0 {
		if _, err := src.Peek(1); err != nil {
			return nil, err
		}
	}
	return src.Peek(src.Buffered())
}

// base64Chars reads the characters of a base64Binary (http://hl7.org/fhir/R4/datatypes.html#base64Binary) from chunks, without white space. It is strict about padding where
// the standard decoder, fed in pieces, is not: nothing follows it.
type base64Chars struct {
	next   func() ([]byte, error)
	chunk  []byte
	padded int
	count  int64
}

func (r *base64Chars) Read(p []byte) (int, error) {
	for {
		if len(r.chunk) == 0 {
			var err error
			if r.chunk, err = r.next(); err != nil {
				return 0, err
			}
		}
		n := r.plain(p)
		for len(r.chunk) > 0 && n < len(p) {
			c := r.chunk[0]
			r.chunk = r.chunk[1:]
			switch {
			case c == ' ' || c == '\t' || c == '\r' || c == '\n':
				continue
			case c == '=':
				if r.padded++; r.padded > 2 {
					return 0, errBadData
				}
			case r.padded > 0:
				return 0, errBadData
			}
			p[n] = c
			n++
		}
		if n > 0 {
			r.count += int64(n)
			return n, nil
		}
	}
}

// plain copies the characters at the chunk's beginning that need no care.
func (r *base64Chars) plain(p []byte) int {
	if r.padded > 0 {
		return 0
	}
	n := 0
	for most := min(len(p), len(r.chunk)); n < most && r.chunk[n] > ' ' && r.chunk[n] != '='; n++ {
	}
	copy(p, r.chunk[:n])
	r.chunk = r.chunk[n:]
	return n
}

// decodeBase64 copies the bytes that the characters stand for. Empty content and non-zero trailing bits are refused: what is stored must give back what came.
func decodeBase64(dst io.Writer, chars io.Reader) error {
	n, err := io.Copy(dst, base64.NewDecoder(base64.StdEncoding.Strict(), chars))
	var corrupt base64.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return errBadData
	case err != nil:
		return err
	case n == 0:
		return errBadData
	}
	return nil
}
