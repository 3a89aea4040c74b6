package rest

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// AccessLog says which requests are logged. The zero value logs all.
type AccessLog struct {
	Off bool
	// Sample logs one in so many successful requests; refusals of the server itself (5xx) and slow requests are always logged. 0 and 1: all.
	Sample int
	// Writer takes the lines as JSON, as slog's JSON handler would write them to it, many at a time; nil: they go through Options.Logger one by one.
	Writer io.Writer
	// Slow is the duration from which a request is always logged; 0: 1 s.
	Slow time.Duration
}

// accessLog writes one line a request, behind the requests' back: a slow log costs lines, never latency.
type accessLog struct {
	o       AccessLog
	log     *slog.Logger
	lines   chan line
	dropped atomic.Int64
	done    chan struct{}
	once    sync.Once
	stopped atomic.Bool
}

// line is what one request leaves in the log. It has no path, no query, no id: they are identities.
type line struct {
	at                           time.Time
	id, method, route, what, typ string
	status                       int
	bytes                        int64
	took                         time.Duration
	cause                        error
}

const accessLogBuffer = 8192

func newAccessLog(o AccessLog, log *slog.Logger) *accessLog {
	if o.Slow <= 0 {
		o.Slow = time.Second
	}
	a := &accessLog{o: o, log: log, lines: make(chan line, accessLogBuffer), done: make(chan struct{})}
	go a.run()
	return a
}

func (a *accessLog) wants(status int, took time.Duration) bool {
	if a.stopped.Load() || a.o.Off || !a.log.Enabled(context.Background(), level(status)) {
		return false
	}
	return a.o.Sample <= 1 || status >= http.StatusInternalServerError || took >= a.o.Slow || rand.IntN(a.o.Sample) == 0
}

func level(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelInfo
}

func (a *accessLog) add(l line) {
	select {
	case a.lines <- l:
	default:
		a.dropped.Add(1)
	}
}

func (a *accessLog) run() {
	defer close(a.done)
	var batch []byte
	for l := range a.lines {
		if l.id == "" && l.at.IsZero() { // the end
			a.flush(batch)
			return
		}
		if a.o.Writer == nil {
			a.write(&l)
		} else {
			batch = l.append(batch)
			if len(a.lines) == 0 || len(batch) >= 32*kilobyte { // nobody waits behind, or enough for one write
				a.flush(batch)
				batch = batch[:0]
			}
		}
		if n := a.dropped.Swap(0); n > 0 {
			a.log.Warn("the access log could not keep up", "lines lost", n)
		}
	}
}

func (a *accessLog) flush(batch []byte) {
	if len(batch) > 0 {
		_, _ = a.o.Writer.Write(batch) // a log that fails has nowhere to say so
	}
}

// append writes the line as JSON. All texts are the server's own, or checked: nothing needs escapes but the cause.
func (l *line) append(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = l.at.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"`...)
	b = append(b, level(l.status).String()...)
	b = append(b, `","msg":"request"`...)
	text := func(name, value string) {
		b = append(b, `,"`+name+`":"`...)
		b = append(b, value...)
		b = append(b, '"')
	}
	text("id", l.id)
	text("method", l.method)
	text("route", l.route)
	if l.what != "" {
		text("interaction", l.what)
	}
	if l.typ != "" {
		text("type", l.typ)
	}
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(l.status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, l.bytes, 10)
	b = append(b, `,"ms":`...)
	b = strconv.AppendFloat(b, float64(l.took.Microseconds())/1000, 'f', -1, 64)
	if l.cause != nil && l.status >= http.StatusInternalServerError {
		b = append(b, `,"cause":`...)
		b = appendText(b, l.cause.Error())
	}
	return append(b, "}\n"...)
}

func (a *accessLog) write(l *line) {
	r := slog.NewRecord(l.at, level(l.status), "request", 0)
	r.AddAttrs(slog.String("id", l.id), slog.String("method", l.method), slog.String("route", l.route))
	if l.what != "" {
		r.AddAttrs(slog.String("interaction", l.what))
	}
	if l.typ != "" {
		r.AddAttrs(slog.String("type", l.typ))
	}
	r.AddAttrs(slog.Int("status", l.status), slog.Int64("bytes", l.bytes), slog.Float64("ms", float64(l.took.Microseconds())/1000))
	if l.cause != nil && l.status >= http.StatusInternalServerError {
		r.AddAttrs(slog.String("cause", l.cause.Error()))
	}
	_ = a.log.Handler().Handle(context.Background(), r) // a log that fails has nowhere to say so
}

// close writes what is waiting.
func (a *accessLog) close() {
	a.once.Do(func() {
		a.stopped.Store(true)
		a.lines <- line{}
		<-a.done
	})
}
