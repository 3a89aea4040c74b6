package path

// Levels of operators, from the loosest (N1 §6.8). Some engines let is and as bind looser than comparison; the grammar does not.
const (
	levelImplies = iota + 1
	levelOr
	levelAnd
	levelMember
	levelEquality
	levelInequality
	levelUnion
	levelType
	levelAdd
	levelMultiply
	levelUnary
)

func binaryLevel(t token) int {
	switch t.kind {
	case tokenOperator:
		switch t.text {
		case "=", "~", "!=", "!~":
			return levelEquality
		case "<", ">", "<=", ">=":
			return levelInequality
		case "|":
			return levelUnion
		case "+", "-", "&":
			return levelAdd
		case "*", "/":
			return levelMultiply
		}
	case tokenIdentifier:
		switch t.text {
		case "implies":
			return levelImplies
		case "or", "xor":
			return levelOr
		case "and":
			return levelAnd
		case "in", "contains":
			return levelMember
		case "is", "as":
			return levelType
		case "div", "mod":
			return levelMultiply
		}
	default:
	}
	return 0
}
