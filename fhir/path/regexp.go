package path

import (
	"regexp"
	"regexp/syntax"
)

// Limits of regular expressions. RE2 runs in time linear in the text, with a factor that is the size of the program.
const (
	maxPattern = 1024
	maxProgram = 4096
)

// pattern is a compiled regular expression with an estimate of its program's size.
type pattern struct {
	*regexp.Regexp
	size int
}

// compileRegexp compiles a pattern; "." matches line ends too (N1 §5.6.8, single line mode).
func compileRegexp(text string) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, costFault("a regular expression is too long")
	}
	parsed, err := syntax.Parse("(?s)"+text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	size := programSize(parsed)
	if size > maxProgram {
		return nil, costFault("a regular expression is too large")
	}
	re, err := regexp.Compile("(?s)" + text)
	return &pattern{re, size}, err
}

// programSize estimates how many instructions a pattern compiles to: repetitions are written out.
func programSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<20)
}

// cost is what running the pattern over a text takes of the budget.
func (p *pattern) cost(text string) int { return 1 + len(text)*p.size/64 }
