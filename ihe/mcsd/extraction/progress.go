package extraction

import (
	"fmt"
	"io"
	"time"
)

// progress tells how an import goes: lines, rate and when it will end. A terminal has one line that is written over, anything else a line every ten seconds.
type progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	last     time.Time
	size     int64
	// from is where this run began.
	from position
}

func (p *progress) show(at position, sent int64, last bool) {
	now := time.Now()
	every := 10 * time.Second
	if p.terminal {
		every = time.Second
	}
	if p.out == nil || !last && now.Sub(p.last) < every {
		return
	}
	p.last = now
	spent := now.Sub(p.began).Seconds()
	rate := float64(at.Line-p.from.Line) / max(spent, 0.001)
	left := ""
	if done := at.Offset - p.from.Offset; done > 0 && !last {
		left = fmt.Sprintf(", encore %s", (time.Duration(spent * float64(p.size-at.Offset) / float64(done) * float64(time.Second))).Round(time.Second))
	}
	end := "\n"
	if p.terminal && !last {
		end = "\x1b[K\r"
	}
	fmt.Fprintf(p.out, "%d lignes lues (%.0f %%), %d ressources écrites, %.0f lignes/s%s%s", at.Line, 100*float64(at.Offset)/max(float64(p.size), 1), sent, rate, left, end)
}
