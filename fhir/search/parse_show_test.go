package search

import (
	"fmt"
	"strings"
)

// showExpr writes a condition as tests state it.
func showExpr(x Expr) string {
	switch c := x.(type) {
	case And:
		return "and(" + showParts(c) + ")"
	case Or:
		return "or(" + showParts(c) + ")"
	case Not:
		return "not " + showExpr(c.Expr)
	case *Clause:
		name := c.Param.Code
		if c.TypeModifier != "" {
			name += ":" + c.TypeModifier
		}
		if c.Modifier != "" {
			name += ":" + string(c.Modifier)
		}
		var operands []string
		for i := range c.Operands {
			operands = append(operands, showOperand(c, &c.Operands[i]))
		}
		return name + "=" + strings.Join(operands, ",")
	case *Chain:
		return c.Param.Code + "->" + c.Target + "{" + showExpr(c.Inner) + "}"
	case *Has:
		return c.Source + "." + c.Param.Code + "<-{" + showExpr(c.Inner) + "}"
	case IDIn:
		return "id in " + strings.Join(c.IDs, ",")
	case InList:
		return "in list " + c.ID
	case InCompartment:
		return "in " + c.Type + "/" + c.ID
	case Text:
		if c.Content {
			return "content " + strings.Join(c.Words, "+")
		}
		return "text " + strings.Join(c.Words, "+")
	}
	return fmt.Sprintf("%T", x)
}

func showParts(parts []Expr) string {
	var out []string
	for _, p := range parts {
		out = append(out, showExpr(p))
	}
	return strings.Join(out, "; ")
}

func showOperand(c *Clause, o *Operand) string {
	prefix := string(o.Prefix)
	if prefix == "eq" {
		prefix = ""
	}
	switch {
	case c.Modifier == ModifierMissing:
		return fmt.Sprint(o.Bool)
	case c.Modifier == ModifierOfType:
		return o.System + "|" + o.Code + "|" + o.Value
	case c.Modifier == ModifierIdentifier:
		return showToken(o)
	case c.Modifier == ModifierExact:
		return o.String
	case c.Modifier == ModifierText, c.Param.Type == String:
		return prefix + o.Folded
	}
	switch c.Param.Type {
	case Token:
		return prefix + showToken(o)
	case Date:
		return prefix + showTime(o.Low) + ".." + showTime(o.High)
	case Number:
		return prefix + o.LowNumber.Text('f') + ".." + o.HighNumber.Text('f')
	case Quantity:
		return prefix + o.LowNumber.Text('f') + ".." + o.HighNumber.Text('f') + "|" + o.System + "|" + o.Unit
	case Reference:
		s := o.RefType + "/" + o.RefID
		if o.URL != "" {
			s = o.URL
		}
		if o.Version != "" {
			s += "|" + o.Version
		}
		return prefix + s
	case URI:
		return prefix + o.String
	case Special:
		return fmt.Sprintf("%v %v %.0f", o.Latitude, o.Longitude, o.Distance)
	case Composite:
		var parts []string
		for i := range o.Parts {
			parts = append(parts, showOperand(&Clause{Param: c.Param.Components[i].Param}, &o.Parts[i]))
		}
		return prefix + strings.Join(parts, "$")
	}
	return "?"
}

func showToken(o *Operand) string {
	if o.HasSystem {
		return o.System + "|" + o.Code
	}
	return o.Code
}
