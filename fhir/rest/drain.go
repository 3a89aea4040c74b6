package rest

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A client that is still sending when the connection closes gets a broken pipe and never reads why it was refused. So what is left of a refused body is read and thrown away, within bounds, before the answer goes out.
const (
	maxDrained    = 256 * megabyte
	drainedWithin = 20 * time.Second
)

// drain reads what is left of a body that is refused with the status. Who is not let in at all is not listened to, and who waits for "100 Continue" has sent nothing.
func (x *exchange) drain(status int) {
	switch {
	case status < http.StatusBadRequest || status >= http.StatusInternalServerError || x.r.Body == nil || x.r.ContentLength == 0:
		return
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == statusClientGone:
		return
	case x.r.Header.Get("Expect") != "":
		return
	}
	rc := http.NewResponseController(x.w)
	// A writer without deadlines (a test's recorder) has no slow clients either.
	_ = rc.SetReadDeadline(time.Now().Add(drainedWithin))
	_, err := io.CopyN(io.Discard, x.r.Body, maxDrained)
	_ = rc.SetReadDeadline(time.Time{})
	_ = rc.SetWriteDeadline(time.Now().Add(patience))
	if !errors.Is(err, io.EOF) {
		x.w.Header()["Connection"] = []string{"close"} // more is to come, which is no next request
	}
}
