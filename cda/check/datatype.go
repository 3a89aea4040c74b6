package check

import (
	"fmt"
	"strconv"
	"strings"
)

// simpleType is what an attribute may say.
type simpleType struct {
	name   string
	valid  func(string) bool
	values map[string]bool // of an enumeration
	list   *simpleType     // of the items of a list
	kind   idKind
}

// idKind tells the types of XML that speak of identifiers within the document.
type idKind uint8

const (
	noID idKind = iota
	isID
	isIDREF
	isIDREFS
)

func (g *grammar) addSimple(rest string) error {
	words := strings.Fields(rest)
	if len(words) < 3 {
		return fmt.Errorf("check: simple type %q", rest)
	}
	s := &simpleType{name: words[0]}
	switch words[1] {
	case "enum":
		s.values = map[string]bool{}
		for _, v := range words[2:] {
			s.values[v] = true
		}
	case "list":
		var err error
		if s.list, err = g.simple(words[2]); err != nil {
			return err
		}
	default:
		return fmt.Errorf("check: simple type %q", rest)
	}
	g.simples["@"+s.name] = s
	return nil
}

// simple finds a simple type: a native, or "@" and the name of one of the table.
func (g *grammar) simple(name string) (*simpleType, error) {
	if s, ok := g.simples[name]; ok {
		return s, nil
	}
	s := &simpleType{name: name}
	switch name {
	case "string":
		s.valid = func(string) bool { return true }
	case "st":
		s.valid = func(v string) bool { return v != "" }
	case "cs", "NMTOKEN", "NMTOKENS", "ID", "IDREF", "IDREFS":
		s.valid, s.kind = tokens[name].valid, tokens[name].kind
	case "bl":
		s.valid = func(v string) bool { v = trim(v); return v == "true" || v == "false" }
	case "boolean":
		s.valid = func(v string) bool { v = trim(v); return v == "true" || v == "false" || v == "1" || v == "0" }
	case "oid":
		s.valid = isOID
	case "uuid":
		s.valid = isUUID
	case "ruid":
		s.valid = isRUID
	case "uid":
		s.valid = isUID
	case "ts":
		s.valid = isTS
	case "int":
		s.valid = isInteger
	case "int_pos":
		s.valid = func(v string) bool {
			return isInteger(v) && !strings.HasPrefix(trim(v), "-") && strings.Trim(trim(v), "+0") != ""
		}
	case "real":
		s.valid = isReal
	case "probability":
		s.valid = func(v string) bool { f, err := strconv.ParseFloat(trim(v), 64); return err == nil && f >= 0 && f <= 1 }
	default:
		return nil, fmt.Errorf("check: simple type %q is unknown", name)
	}
	g.simples[name] = s
	return s, nil
}

var tokens = map[string]struct {
	valid func(string) bool
	kind  idKind
}{
	"cs": {isToken, noID}, "NMTOKEN": {isNMTOKEN, noID}, "NMTOKENS": {isNMTOKENS, noID},
	"ID": {isNCName, isID}, "IDREF": {isNCName, isIDREF}, "IDREFS": {isNCNames, isIDREFS},
}

// accepts says whether a value is of the type.
func (s *simpleType) accepts(value string) bool {
	switch {
	case s.values != nil:
		return s.values[value] || s.values[trim(value)]
	case s.list != nil:
		for _, item := range strings.Fields(value) {
			if !s.list.accepts(item) {
				return false
			}
		}
		return true
	}
	return s.valid(value)
}

// allowed describes the type for a message.
func (s *simpleType) allowed() string {
	switch {
	case s.list != nil:
		return "a list of: " + s.list.allowed()
	case len(s.values) > 0 && len(s.values) <= 16:
		return "one of " + strings.Join(sortedKeys(s.values), ", ")
	case s.values != nil:
		return "a code of " + s.name
	}
	return describe[s.name]
}

var describe = map[string]string{
	"st": "a text that is not empty", "cs": "a code without white space", "bl": "true or false", "boolean": "true or false", "oid": "an OID", "uuid": "a UUID",
	"ruid": "a letter, then letters, digits and hyphens", "uid": "an OID, a UUID or a registered identifier",
	"ts":  "YYYY, YYYYMM, YYYYMMDD or YYYYMMDDhhmm[ss[.ffff]] with a zone +zzzz or -zzzz",
	"int": "an integer", "int_pos": "an integer from 1", "real": "a decimal number", "probability": "a number from 0 to 1", "string": "a text",
	"NMTOKEN": "a name token", "NMTOKENS": "name tokens", "ID": "an XML identifier", "IDREF": "an XML identifier of this document", "IDREFS": "XML identifiers of this document",
}
