package render

import "strings"

// styleTokens are the values of styleCode, in lower case and without the x of extensions. Real documents write them in any case.
var styleTokens = map[string]style{
	"bold": bold, "italics": italic, "italic": italic, "underline": underline, "emphasis": emphasis, "bolditalics": bold | italic,
	"lrule": lineLeft, "rrule": lineRight, "toprule": lineTop, "botrule": lineBottom,
}

// listMarkers are the styleCode values of lists: the type of an ordered list's numbers, or the bullet.
var listMarkers = map[string]string{
	"arabic": "1", "littleroman": "i", "bigroman": "I", "littlealpha": "a", "bigalpha": "A",
	"disc": "disc", "circle": "circle", "square": "square",
}

func parseStyle(codes string) (s style, marker string) {
	for _, token := range strings.Fields(codes) {
		token = strings.ToLower(token)
		s |= styleTokens[token]
		if m, ok := listMarkers[token]; ok {
			marker = m
		}
	}
	return s, marker
}

func parseAlign(horizontal, vertical string) (s style) {
	switch strings.ToLower(strings.TrimSpace(horizontal)) {
	case "left", "justify":
		s |= alignLeft
	case "center":
		s |= alignCenter
	case "right", "char":
		s |= alignRight
	}
	switch strings.ToLower(strings.TrimSpace(vertical)) {
	case "top":
		s |= alignTop
	case "middle":
		s |= alignMiddle
	}
	return s
}

// isOrdered says whether a marker numbers its items.
func isOrdered(marker string) bool {
	switch marker {
	case "1", "a", "A", "i", "I":
		return true
	default:
		return false
	}
}
