package ins

import "strings"

// Rule is what a text must satisfy to be a matricule.
type Rule string

// The rules, in the order in which they are judged.
const (
	// RuleSystem: the system is one of the four authorities.
	RuleSystem Rule = "system"
	// RuleLength: 15 characters, without separators.
	RuleLength Rule = "length"
	// RuleCharacters: digits, except A or B as the second character of department 2A or 2B.
	RuleCharacters Rule = "characters"
	// RuleSex: 1 or 2; in a NIA and in test numbers also 3, 4, 7 and 8.
	RuleSex Rule = "sex"
	// RuleMonth: 01 to 12; 20 to 42 and 50 to 99 where the certificate is incomplete.
	RuleMonth Rule = "month"
	// RuleDepartment: 01 to 99, 2A, 2B; 971 to 979 and 980 to 989 overseas.
	RuleDepartment Rule = "department"
	// RuleCommune: not 000 (00 overseas); nor is a country's code.
	RuleCommune Rule = "commune"
	// RuleOrder: not 000.
	RuleOrder Rule = "order"
	// RuleKey: the key that the first 13 characters have.
	RuleKey Rule = "key"
	// RuleMode: the server takes numbers of this kind (see Mode).
	RuleMode Rule = "mode"
)

var sentences = map[Rule]string{
	RuleSystem:     "The system is none of an INS: urn:oid:1.2.250.1.213.1.4.8 (NIR), .9 (NIA), .10 (test) or .11 (demonstration).",
	RuleLength:     "An INS number has 15 characters, the key included, without spaces.",
	RuleCharacters: "An INS number is made of digits; only the department of birth may be 2A or 2B, in capitals.",
	RuleSex:        "The first digit of an INS number is 1 or 2 (a NIA or a test number may also have 3, 4, 7 or 8).",
	RuleMonth:      "The month of birth in an INS number (characters 4 and 5) is 01 to 12, or 20 to 42 or 50 to 99 where the birth certificate is incomplete.",
	RuleDepartment: "The department of birth in an INS number (characters 6 and 7) is 01 to 99, 2A or 2B; 97 is followed by 1 to 9.",
	RuleCommune:    "The commune or country of birth in an INS number (up to character 10) is not all zeros.",
	RuleOrder:      "The order number in an INS number (characters 11 to 13) is not 000.",
	RuleKey:        "The key of the INS number (characters 14 and 15) does not belong to its first 13 characters: one of them was mistyped.",
	RuleMode:       "The server does not take INS numbers of this kind.",
}

// Error says which rule a text breaks. It never carries the text.
type Error struct {
	Rule Rule
	// Kind is the kind refused, with RuleMode.
	Kind Kind
	Mode Mode
}

func broken(r Rule) error { return &Error{Rule: r} }

// Error is a sentence for the sender.
func (e *Error) Error() string {
	if e.Rule == RuleMode {
		return "A server in " + e.Mode.String() + " mode takes no INS of the kind " + e.Kind.String() + ": test identities and real ones never mix."
	}
	return sentences[e.Rule]
}

const (
	length = 15
	body   = 13
)

func check(kind Kind, number string) error {
	if len(number) != length {
		return broken(RuleLength)
	}
	if !characters(number) {
		return broken(RuleCharacters)
	}
	switch sex := number[0]; {
	case sex == '1' || sex == '2':
	case kind != NIR && strings.IndexByte("3478", sex) >= 0:
	default:
		return broken(RuleSex)
	}
	if !month(two(number[3:5])) {
		return broken(RuleMonth)
	}
	if rule := place(number[5:10]); rule != "" {
		return broken(rule)
	}
	if number[10:13] == "000" {
		return broken(RuleOrder)
	}
	if key, err := Key(number[:body]); err != nil || key != number[body:] {
		return broken(RuleKey)
	}
	return nil
}

// characters also sees bytes of longer UTF-8 sequences: 15 bytes are asked for, and none of them is a digit.
func characters(number string) bool {
	for i := range len(number) {
		switch c := number[i]; {
		case c >= '0' && c <= '9':
		case i == 6 && (c == 'A' || c == 'B') && number[5] == '2':
		default:
			return false
		}
	}
	return true
}

func month(n int) bool { return n >= 1 && n <= 12 || n >= 20 && n <= 42 || n >= 50 }

// place judges department and commune.
func place(code string) Rule {
	switch department := code[:2]; {
	case department == "00" || department == "97" && code[2] == '0':
		return RuleDepartment
	case department == "97" || department == "98":
		if code[3:] == "00" {
			return RuleCommune
		}
	case code[2:] == "000":
		return RuleCommune
	}
	return ""
}

func two(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// Key computes the two digits of the key of the first 13 characters.
func Key(first13 string) (string, error) {
	if len(first13) != body {
		return "", broken(RuleLength)
	}
	if !characters(first13) {
		return "", broken(RuleCharacters)
	}
	rest := 0
	for i := 0; i < body; i++ {
		if i == 5 && first13[6] >= 'A' { // 2A counts as 19, 2B as 18
			rest = (rest*100 + 19 - int(first13[6]-'A')) % 97
			i++
			continue
		}
		rest = (rest*10 + int(first13[i]-'0')) % 97
	}
	key := 97 - rest
	return string([]byte{'0' + byte(key/10), '0' + byte(key%10)}), nil
}
