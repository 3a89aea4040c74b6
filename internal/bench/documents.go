package bench

import (
	"bytes"
	_ "embed" // the documents that the measured ones are grown from
	"encoding/base64"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda/judge"
)

//go:embed documents/n1.xml
var seedN1 string

//go:embed documents/n3.xml
var seedN3 string

// DocumentN1 gives a valid N1 document of about so many bytes around a PDF.
func DocumentN1(size int) []byte {
	payload := regexp.MustCompile(`(?s)(representation="B64">)[^<]*`)
	pdf := pdfOf(max(size-len(seedN1), 0) * 3 / 4)
	return []byte(payload.ReplaceAllString(seedN1, "${1}"+base64.StdEncoding.EncodeToString(pdf)))
}

// pdfOf gives a PDF of one empty page and a stream of n bytes.
func pdfOf(n int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(text string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), text)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", n, strings.Repeat("0123456789abcdef", n/16+1)[:n]))
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, xref)
	return b.Bytes()
}

// DocumentN3 gives a valid N3 document of about so many bytes: the rows and entries of its three coded sections many times over, each under its own ids.
func DocumentN3(size int) []byte {
	rows := regexp.MustCompile(`(?s)[ \t]*<tr><td>[^\n]*<content ID="(?:med|all|pb)-1">[^\n]*\n`)
	entries := regexp.MustCompile(`(?s)[ \t]*<entry>.*?</entry>\n`)
	grow := func(text string, pattern *regexp.Regexp, n int) string {
		return pattern.ReplaceAllStringFunc(text, func(one string) string {
			var b strings.Builder
			for i := 1; i <= n; i++ {
				b.WriteString(strings.NewReplacer(
					`"med-1"`, fmt.Sprintf(`"med-%d"`, i), `"all-1"`, fmt.Sprintf(`"all-%d"`, i), `"pb-1"`, fmt.Sprintf(`"pb-%d"`, i),
					`"#med-1"`, fmt.Sprintf(`"#med-%d"`, i), `"#all-1"`, fmt.Sprintf(`"#all-%d"`, i), `"#pb-1"`, fmt.Sprintf(`"#pb-%d"`, i),
					`-9E55-00000000`, fmt.Sprintf(`-9E55-%08X`, i),
				).Replace(one))
			}
			return b.String()
		})
	}
	once := 0
	for _, p := range []*regexp.Regexp{rows, entries} {
		for _, piece := range p.FindAllString(seedN3, -1) {
			once += len(piece)
		}
	}
	n := max(1, (size-len(seedN3)+once)/once)
	return []byte(grow(grow(seedN3, rows, n), entries, n))
}

// documents: CDA documents judged end to end in this process (parse, check, metadata, extraction), beside a bare etree parse of the same bytes, on all processors.
func (s *suite) documents() error {
	for _, d := range []struct {
		name string
		raw  []byte
	}{{"N1, 100 KB", DocumentN1(100 << 10)}, {"N3, 200 KB", DocumentN3(200 << 10)}} {
		if v := judge.Judge(d.raw, judge.Options{}); !v.Accepted {
			return fmt.Errorf("%s: the document is not accepted: %v", d.name, v.Findings)
		}
		var rates, bare []float64
		for range s.Repeats {
			rates = append(rates, s.onAll(func() { judge.Judge(d.raw, judge.Options{}) }))
			bare = append(bare, s.onAll(func() { _ = etree.NewDocument().ReadFromBytes(d.raw) }))
		}
		rate, spread := median(rates)
		limit, _ := median(bare)
		s.add(Line{Name: "CDA document judged, " + d.name, Value: rate, Spread: spread, Unit: "/s", Limit: limit, LimitName: "bare etree parse of the same bytes", Goal: 300})
	}
	return nil
}

// onAll runs work on all processors for the duration and gives its rate.
func (s *suite) onAll(work func()) float64 {
	var n atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for time.Since(begin) < s.Duration && s.ctx.Err() == nil {
				work()
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(begin).Seconds()
}
