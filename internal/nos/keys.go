package nos

import "strings"

// Rule is what an identifier must satisfy.
type Rule string

// The rules of national identifiers. Each is a sentence for the sender.
const (
	RuleRPPS       Rule = "An RPPS number has 11 digits."
	RuleRPPSKey    Rule = "The last digit of the RPPS number is not its key (Luhn): one of the digits was mistyped."
	RuleRPPSPrefix Rule = "An RPPS number has 11 digits: with the prefix 8 it is a national identifier and belongs under urn:oid:1.2.250.1.71.4.2.1."
	RuleADELI      Rule = "An ADELI number has 9 digits, the department's 2A, 2B or 9A to 9F included."
	RuleIDNPS      Rule = "A national identifier of a professional is a type digit and the number of that type: 8 and an RPPS, 0 and an ADELI, 3 or 5 or 1 or 4 or 6 and an internal one."
	RuleFINESS     Rule = "A FINESS number has 9 digits; only the second may be A or B (Corsica)."
	RuleFINESSKey  Rule = "The last digit of the FINESS number is not its key (Luhn): one of the digits was mistyped."
	RuleSIREN      Rule = "A SIREN has 9 digits."
	RuleSIRENKey   Rule = "The last digit of the SIREN is not its key (Luhn): one of the digits was mistyped."
	RuleSIRET      Rule = "A SIRET has 14 digits: the 9 of the SIREN and 5 of the establishment."
	RuleSIRETKey   Rule = "The last digit of the SIRET is not its key (Luhn; for La Poste the sum of the digits is a multiple of 5): one of the digits was mistyped."
	RuleIDNST      Rule = "A national identifier of a structure is a type digit and the number of that type: 1 and a FINESS, 2 and a SIREN, 3 and a SIRET, 0 and an ADELI with rank, 4 and an RPPS with rank."
	RuleRank       Rule = "A practice's number is the professional's RPPS (11 digits) or ADELI (9) followed by a rank of 3 digits."
	RuleTooShort   Rule = "The national identifier is too short to carry a number."
)

// CheckRPPS gives the rule that a number under SystemRPPS breaks, "" for none.
func CheckRPPS(v string) Rule {
	switch {
	case len(v) == 12 && v[0] == '8' && digits(v):
		return RuleRPPSPrefix
	case len(v) != 11 || !digits(v):
		return RuleRPPS
	case !luhn(v):
		return RuleRPPSKey
	}
	return ""
}

// CheckADELI judges a number of the ADELI register: the department's two characters and seven digits. It has a key, which the register does not publish a rule for.
func CheckADELI(v string) Rule {
	if len(v) != 9 || !digits(v[2:]) || !alnum(v[0]) || !alnum(v[1]) {
		return RuleADELI
	}
	return ""
}

// CheckIDNPS judges the national identifier of a person (PS_IdNat): its first digit says what follows (CI-SIS, annexe des identifiants).
func CheckIDNPS(v string) Rule {
	if len(v) < 2 {
		return RuleTooShort
	}
	switch v[0] {
	case '8':
		return CheckRPPS(v[1:])
	case '0':
		return CheckADELI(v[1:])
	case '1', '3', '4', '5', '6':
		return ""
	}
	return RuleIDNPS
}

// CheckFINESS judges the number of a legal entity (EJ) or establishment (ET): the two have one form. The key of Corsican numbers is not judged: how 2A and 2B count in it is not published.
func CheckFINESS(v string) Rule {
	if len(v) != 9 {
		return RuleFINESS
	}
	if v[0] == '2' && (v[1] == 'A' || v[1] == 'B') {
		if !digits(v[2:]) {
			return RuleFINESS
		}
		return ""
	}
	if !digits(v) {
		return RuleFINESS
	}
	if !luhn(v) {
		return RuleFINESSKey
	}
	return ""
}

// CheckSIREN judges the number of a legal unit.
func CheckSIREN(v string) Rule {
	switch {
	case len(v) != 9 || !digits(v):
		return RuleSIREN
	case !luhn(v):
		return RuleSIRENKey
	}
	return ""
}

// laPoste has more establishments than the key leaves room for: theirs satisfy another rule (INSEE).
const laPoste = "356000000"

// CheckSIRET judges the number of an establishment.
func CheckSIRET(v string) Rule {
	switch {
	case len(v) != 14 || !digits(v):
		return RuleSIRET
	case luhn(v):
		return ""
	case strings.HasPrefix(v, laPoste) && digitSum(v)%5 == 0:
		return ""
	}
	return RuleSIRETKey
}

// CheckSIRENE judges a number under SystemSIRENE, which holds SIREN and SIRET.
func CheckSIRENE(v string) Rule {
	if len(v) == 9 {
		return CheckSIREN(v)
	}
	return CheckSIRET(v)
}

// CheckIDNST judges the national identifier of a structure (Struct_IdNat).
func CheckIDNST(v string) Rule {
	if len(v) < 2 {
		return RuleTooShort
	}
	switch v[0] {
	case '1':
		return CheckFINESS(v[1:])
	case '2':
		return CheckSIREN(v[1:])
	case '3':
		return CheckSIRET(v[1:])
	case '0', '4':
		return CheckRank(v[1:])
	case '5', '6', '7', '8', '9':
		return ""
	}
	return RuleIDNST
}

// CheckRank judges the number of a practice, which is its holder's with a rank.
func CheckRank(v string) Rule {
	switch len(v) {
	case 14:
		if digits(v) {
			return ""
		}
	case 11, 12:
		if CheckADELI(v[:9]) == "" && digits(v[9:]) {
			return ""
		}
	}
	return RuleRank
}

// WithKey appends the Luhn key to digits; it is how RPPS, FINESS, SIREN and SIRET end.
func WithKey(body string) string {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return body + string(rune('0'+(10-sum%10)%10))
}

func luhn(v string) bool { return WithKey(v[:len(v)-1]) == v }

func digitSum(v string) int {
	sum := 0
	for i := range len(v) {
		sum += int(v[i] - '0')
	}
	return sum
}

func digits(v string) bool {
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return false
		}
	}
	return v != ""
}

func alnum(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' }
