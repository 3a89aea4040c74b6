package path

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"
)

// stringResult lays a computed string on the stack, within the limits.
func (ev *evaluator) stringResult(s string) (Collection, error) {
	if len(s) > maxText {
		return nil, costFault("a string grows too long")
	}
	return ev.one(String(s)), ev.spend(len(s) / 64)
}

// operands gives the string of the input and of the first argument.
func (c *call) operands(ev *evaluator, in Collection) (s, arg string, known bool, err error) {
	s, known, err = c.text(in)
	if err != nil {
		return "", "", false, err
	}
	arg, argKnown, err := ev.text(c.args[0], c.pos)
	if err == nil {
		err = ev.spend((len(s) + len(arg)) / 64)
	}
	return s, arg, known && argKnown, err
}

func indexOf(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, sub, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	return ev.runeIndex(s, strings.Index(s, sub)), nil
}

func lastIndexOf(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, sub, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	return ev.runeIndex(s, strings.LastIndex(s, sub)), nil
}

// runeIndex turns a position in bytes into one in characters.
func (ev *evaluator) runeIndex(s string, at int) Collection {
	if at > 0 {
		at = utf8.RuneCountInString(s[:at])
	}
	return ev.one(Integer(at))
}

func substring(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, known, err := c.text(in)
	if err != nil || !known {
		return nil, err
	}
	start, known, err := ev.integer(c.args[0], c.pos)
	if err != nil || !known || start < 0 {
		return nil, err
	}
	from := runeOffset(s, start)
	if from >= len(s) {
		return nil, nil
	}
	s = s[from:]
	if len(c.args) == 2 {
		n, known, err := ev.integer(c.args[1], c.pos)
		if err != nil {
			return nil, err
		}
		if known {
			s = s[:runeOffset(s, max(n, 0))]
		}
	}
	return ev.stringResult(s)
}

// runeOffset gives the position in bytes of the n-th character, or the length.
func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func startsWith(ev *evaluator, c *call, in Collection) (Truth, error) {
	return compareTexts(ev, c, in, strings.HasPrefix)
}

func endsWith(ev *evaluator, c *call, in Collection) (Truth, error) {
	return compareTexts(ev, c, in, strings.HasSuffix)
}

func containsText(ev *evaluator, c *call, in Collection) (Truth, error) {
	return compareTexts(ev, c, in, strings.Contains)
}

func compareTexts(ev *evaluator, c *call, in Collection, test func(s, sub string) bool) (Truth, error) {
	s, sub, known, err := c.operands(ev, in)
	if err != nil || !known {
		return Unknown, err
	}
	return truthOf(test(s, sub)), nil
}

func upper(ev *evaluator, c *call, in Collection) (Collection, error) {
	return mapText(ev, c, in, strings.ToUpper)
}

func lower(ev *evaluator, c *call, in Collection) (Collection, error) {
	return mapText(ev, c, in, strings.ToLower)
}

func trim(ev *evaluator, c *call, in Collection) (Collection, error) {
	return mapText(ev, c, in, strings.TrimSpace)
}

func mapText(ev *evaluator, c *call, in Collection, to func(string) string) (Collection, error) {
	s, known, err := c.text(in)
	if err != nil || !known {
		return nil, err
	}
	return ev.stringResult(to(s))
}

func replace(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, old, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	by, known, err := ev.text(c.args[1], c.pos)
	if err != nil || !known {
		return nil, err
	}
	if n := strings.Count(s, old); len(s)+n*(len(by)-len(old)) > maxText {
		return nil, costFault("a string grows too long")
	}
	return ev.stringResult(strings.ReplaceAll(s, old, by))
}

// pattern gives the call's regular expression, compiled before or now.
func (c *call) pattern(ev *evaluator, text string) (*pattern, error) {
	if c.regexp != nil {
		return c.regexp, nil
	}
	if err := ev.spend(maxProgram); err != nil {
		return nil, err
	}
	re, err := compileRegexp(text)
	if err != nil {
		return nil, evalFault(c.pos, "this is not a regular expression that the server can run")
	}
	return re, nil
}

// matches looks for the pattern anywhere in the string: ^ and $ anchor it.
func matches(ev *evaluator, c *call, in Collection) (Truth, error) {
	s, pattern, known, err := c.operands(ev, in)
	if err != nil || !known {
		return Unknown, err
	}
	re, err := c.pattern(ev, pattern)
	if err != nil {
		return Unknown, err
	}
	if err := ev.spend(re.cost(s)); err != nil {
		return Unknown, err
	}
	return truthOf(re.MatchString(s)), nil
}

func matchesFull(ev *evaluator, c *call, in Collection) (Truth, error) {
	s, pattern, known, err := c.operands(ev, in)
	if err != nil || !known {
		return Unknown, err
	}
	re, err := c.pattern(ev, "^(?:"+pattern+")$")
	if err != nil {
		return Unknown, err
	}
	if err := ev.spend(re.cost(s)); err != nil {
		return Unknown, err
	}
	return truthOf(re.MatchString(s)), nil
}

// groupNumbers finds "$1" in a substitution, which Go would read as part of a longer name.
var groupNumbers = regexp.MustCompile(`\$(\d+)`)

func replaceMatches(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, pattern, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	by, known, err := ev.text(c.args[1], c.pos)
	if err != nil || !known {
		return nil, err
	}
	if pattern == "" {
		return ev.stringResult(s)
	}
	re, err := c.pattern(ev, pattern)
	if err != nil {
		return nil, err
	}
	// every position may match, and a group may stand for the whole text
	if err := ev.spend(re.cost(s)); err != nil {
		return nil, err
	}
	groups := strings.Count(by, "$")
	if worst := (len(s) + 1) * (len(by) + 1 + groups*min(len(s), 64)); worst > 16*maxText {
		return nil, costFault("a string grows too long")
	}
	return ev.stringResult(re.ReplaceAllString(s, groupNumbers.ReplaceAllString(by, "$${$1}")))
}

func lengthOf(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, known, err := c.text(in)
	if err != nil || !known {
		return nil, err
	}
	return ev.one(Integer(utf8.RuneCountInString(s))), ev.spend(len(s) / 64)
}

func toChars(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, known, err := c.text(in)
	if err != nil || !known {
		return nil, err
	}
	out := ev.mark()
	for _, r := range s {
		if err := ev.push(String(string(r))); err != nil {
			return nil, err
		}
	}
	return ev.since(out), ev.spend(1)
}

func split(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, separator, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	out := ev.mark()
	for part := range strings.SplitSeq(s, separator) {
		if err := ev.push(String(part)); err != nil {
			return nil, err
		}
	}
	return ev.since(out), ev.spend(1)
}

func joinAll(ev *evaluator, c *call, in Collection) (Collection, error) {
	separator := ""
	if len(c.args) == 1 {
		var err error
		if separator, _, err = ev.text(c.args[0], c.pos); err != nil {
			return nil, err
		}
	}
	if len(in) == 0 {
		return nil, nil
	}
	var b strings.Builder
	for i, it := range in {
		if i > 0 {
			b.WriteString(separator)
		}
		s, known := textOf(it)
		if !known && systemValue(it) != nil {
			return nil, evalFault(c.pos, "the function join applies to strings, not to a %s", typeOf(it).Name)
		}
		b.WriteString(s)
		if b.Len() > maxText {
			return nil, costFault("a string grows too long")
		}
	}
	return ev.stringResult(b.String())
}

func encode(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, format, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	switch format {
	case "hex":
		return ev.stringResult(hex.EncodeToString([]byte(s)))
	case "base64":
		return ev.stringResult(base64.StdEncoding.EncodeToString([]byte(s)))
	case "urlbase64":
		return ev.stringResult(base64.URLEncoding.EncodeToString([]byte(s)))
	}
	return nil, nil
}

func decode(ev *evaluator, c *call, in Collection) (Collection, error) {
	s, format, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	var b []byte
	switch format {
	case "hex":
		b, err = hex.DecodeString(s)
	case "base64":
		b, err = base64.StdEncoding.DecodeString(s)
	case "urlbase64":
		b, err = base64.URLEncoding.DecodeString(s)
	default:
		return nil, nil
	}
	if err != nil || !utf8.Valid(b) {
		return nil, nil //nolint:nilerr // what does not decode is empty (N1: conversions that fail)
	}
	return ev.stringResult(string(b))
}

var (
	htmlEscapes   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")
	htmlUnescapes = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#39;", "'")
	jsonEscapes   = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	jsonUnescapes = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t")
)

func escapeText(ev *evaluator, c *call, in Collection) (Collection, error) {
	return replaceBy(ev, c, in, htmlEscapes, jsonEscapes)
}

func unescapeText(ev *evaluator, c *call, in Collection) (Collection, error) {
	return replaceBy(ev, c, in, htmlUnescapes, jsonUnescapes)
}

func replaceBy(ev *evaluator, c *call, in Collection, html, json *strings.Replacer) (Collection, error) {
	s, format, known, err := c.operands(ev, in)
	if err != nil || !known {
		return nil, err
	}
	switch format {
	case "html":
		return ev.stringResult(html.Replace(s))
	case "json":
		return ev.stringResult(json.Replace(s))
	}
	return nil, nil
}
