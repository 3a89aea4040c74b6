package extraction

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// Options of an import.
type Options struct {
	Server Server
	// Batch is how many resources go into one transaction (0: 500), Parallel how many transactions are under way (0: 2).
	Batch, Parallel int
	// Progress gets lines about how it goes, in French; nil: none. Terminal says that it may be written over.
	Progress io.Writer
	Terminal bool
	// Refused is told of each line that was not taken; nil: it is counted only. It is called by one goroutine at a time.
	Refused func(line int, reason string)
	// Day is the date of the extraction, when activities that it does not hold any more ended.
	Day time.Time
	// CloseAny lets an extraction close however much it does not mention; otherwise one that would close more than a tenth of what is there, and more than MuchClosed, is taken for truncated and closes nothing.
	CloseAny bool
	// MuchClosed is that number (0: 1,000).
	MuchClosed int
}

// Report says what an import did.
type Report struct {
	Lines, Refused, People, Activities, Structures, Places int
	// Resources is how many were sent and accepted; those that the server had already as they are made no new version.
	Resources int64
	// Closed is how many entries of an earlier extraction were ended.
	Closed int
	// Resumed is the line from which an interrupted import went on, 0 for none.
	Resumed int
	Elapsed time.Duration
}

// String is a summary in French.
func (r *Report) String() string {
	s := fmt.Sprintf("%d lignes lues en %s : %d professionnels, %d situations d'exercice, %d structures, %d lieux ; %d ressources acceptées, %d lignes refusées, %d entrées closes\n",
		r.Lines, r.Elapsed.Round(time.Second), r.People, r.Activities, r.Structures, r.Places, r.Resources, r.Refused, r.Closed)
	if r.Resumed > 0 {
		s = fmt.Sprintf("reprise à la ligne %d\n", r.Resumed) + s
	}
	return s
}

// run is one import under way.
type run struct {
	o        Options
	file     *os.File
	kind     string
	at       *checkpoint
	report   Report
	progress progress
	h        *hasher
	w        writer
	send     *sender
	// resume is where sending begins: what stands before was acknowledged by an earlier run and is only read.
	resume position
	// saved is when the checkpoint was written last.
	saved time.Time
}

// checkpointEvery bounds what an interrupted import reads again.
const checkpointEvery = 2 * time.Second

func begin(ctx context.Context, kind, path string, o Options) (*run, error) {
	if o.Batch == 0 {
		o.Batch = 500
	}
	if o.Parallel == 0 {
		o.Parallel = 2
	}
	if o.MuchClosed == 0 {
		o.MuchClosed = 1000
	}
	if o.Day.IsZero() {
		o.Day = time.Now()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	name, size, err := fingerprint(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	at, err := load(ctx, o.Server, kind)
	if err != nil {
		f.Close()
		return nil, err
	}
	r := &run{o: o, file: f, kind: kind, at: at, h: newHasher(), resume: at.resume(name), saved: time.Now()}
	r.report.Resumed = r.resume.Line
	r.progress = progress{out: o.Progress, terminal: o.Terminal, began: time.Now(), last: time.Now(), size: size, from: r.resume}
	r.send = newSender(o.Server, o.Batch, o.Parallel)
	r.send.refused = r.refuse
	r.send.covered = func(ctx context.Context, p position) error {
		r.at.at = p
		if time.Since(r.saved) < checkpointEvery {
			return nil
		}
		r.saved = time.Now()
		return r.at.save(ctx, o.Server)
	}
	return r, nil
}

// refuse counts and tells; it is called with the sender's lock held, or through refuseLine.
func (r *run) refuse(line int, reason string) {
	r.report.Refused++
	if r.o.Refused != nil {
		r.o.Refused(line, reason)
	}
}

func (r *run) refuseLine(line int, err error) {
	if line <= r.resume.Line {
		return // an earlier run told
	}
	r.send.mu.Lock()
	defer r.send.mu.Unlock()
	r.refuse(line, err.Error())
}

// sending says that what a line makes is to be sent, and not only remembered.
func (r *run) sending(start int64) bool { return start >= r.resume.Offset }

// put sends a resource that a line made.
func (r *run) put(typ, id string, json []byte, line int) {
	r.send.add(resource{typ: typ, id: id, json: json, line: line})
}

// step sends a full batch and shows progress; everything before the position is complete.
func (r *run) step(ctx context.Context, at position) error {
	if r.send.full() {
		if err := r.send.flush(ctx, at); err != nil {
			return err
		}
	}
	r.progress.show(at, r.send.total(), false)
	return ctx.Err()
}

// finish sends what is left, closes what the extraction does not hold any more, and notes that the file was read to its end.
func (r *run) finish(ctx context.Context, at position, sweeps func() error) (*Report, error) {
	err := r.send.flush(ctx, at)
	if wait := r.send.wait(); err == nil {
		err = wait
	}
	r.progress.show(at, r.send.total(), true)
	r.report.Resources = r.send.total()
	r.report.Elapsed = time.Since(r.progress.began)
	if err == nil && r.at.earlier {
		err = sweeps()
	}
	if err != nil {
		return &r.report, err
	}
	r.at.at, r.at.complete = at, true
	err = r.at.save(ctx, r.o.Server)
	r.report.Elapsed = time.Since(r.progress.began)
	return &r.report, err
}

// abort waits for what is under way, notes how far it got, and gives the error back.
func (r *run) abort(err error) (*Report, error) {
	// The caller's context may have ended; what was acknowledged is noted all the same.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = r.send.wait()              // err, or what followed from it
	_ = r.at.save(ctx, r.o.Server) // without it the import begins earlier again, and loses nothing
	r.report.Resources = r.send.total()
	r.report.Elapsed = time.Since(r.progress.began)
	return &r.report, err
}
