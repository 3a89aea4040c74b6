package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// matchText looks for all words in the narrative (_text) or in all strings of the resource (_content), as whole words without case and accents.
func matchText(c Text, root *element.Element) bool {
	missing := make(map[string]bool, len(c.Words))
	for _, word := range c.Words {
		missing[word] = true
	}
	if c.Content {
		findWords(root, missing)
	} else if div := root.Child("text").Child("div"); div != nil {
		strikeOut(plainText(div.Value), missing)
	}
	return len(missing) == 0
}

// findWords strikes out the words that occur below e. Binary data is no text.
func findWords(e *element.Element, missing map[string]bool) {
	for c := e.First; c != nil && len(missing) > 0; c = c.Next {
		if c.HasValue {
			switch {
			case c.Type.Name == "xhtml":
				strikeOut(plainText(c.Value), missing)
			case c.Type.Kind == spec.Primitive && c.Type.Name != "base64Binary":
				strikeOut(c.Value, missing)
			}
		}
		findWords(c, missing)
	}
}

func strikeOut(text string, missing map[string]bool) {
	for word := range strings.FieldsSeq(Fold(text)) {
		delete(missing, word)
	}
}

// plainText takes the markup out of a narrative; tags separate words.
func plainText(markup string) string {
	var b strings.Builder
	for markup != "" {
		before, after, found := strings.Cut(markup, "<")
		b.WriteString(before)
		b.WriteByte(' ')
		if !found {
			break
		}
		_, markup, _ = strings.Cut(after, ">")
	}
	return unescapeXML.Replace(b.String())
}

var unescapeXML = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#39;", "'", "&#160;", " ", "&nbsp;", " ", "&amp;", "&")
