package rest

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/search"
)

// planExtension carries a search plan for programs; its parts are named as the columns of the text.
const planExtension = "https://carnet-fhir.github.io/StructureDefinition/search-plan"

// appendPlan writes the explanation of a search (__explain=true) as an OperationOutcome: one issue with the whole plan as text, and each step as an extension of it.
func appendPlan(dst []byte, p *search.Plan) []byte {
	dst = append(dst, `{"resourceType":"OperationOutcome","issue":[{"extension":[`...)
	for i := range p.Steps {
		step := &p.Steps[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"url":"`+planExtension+`","extension":[`...)
		comma := false
		text := func(url, v string) {
			if v == "" {
				return
			}
			if comma {
				dst = append(dst, ',')
			}
			comma = true
			dst = append(dst, `{"url":"`+url+`","valueString":`...)
			dst = appendText(dst, v)
			dst = append(dst, '}')
		}
		text("kind", step.Kind)
		text("type", step.Type)
		text("detail", step.Detail)
		number := func(url string, n int) {
			if n < 0 {
				return
			}
			if comma {
				dst = append(dst, ',')
			}
			comma = true
			dst = append(dst, `{"url":"`+url+`","valueInteger":`...)
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, '}')
		}
		number("estimate", step.Estimate)
		number("rows", step.Rows)
		dst = append(dst, `]}`...)
	}
	if len(p.Steps) > 0 {
		dst = append(dst, ',')
	}
	dst = append(dst, `{"url":"`+planExtension+`-cost","extension":[{"url":"rows","valueInteger":`...)
	dst = strconv.AppendInt(dst, int64(p.Rows), 10)
	dst = append(dst, `},{"url":"records","valueInteger":`...)
	dst = strconv.AppendInt(dst, int64(p.Records), 10)
	dst = append(dst, `}]}],"severity":"information","code":"informational","details":{"text":"Search plan"},"diagnostics":`...)
	dst = appendText(dst, planText(p))
	return append(dst, `}]}`...)
}

func planText(p *search.Plan) string {
	var b strings.Builder
	for i := range p.Steps {
		step := &p.Steps[i]
		b.WriteString(step.Kind)
		if step.Type != "" {
			b.WriteString(" " + step.Type)
		}
		if step.Detail != "" {
			b.WriteString(": " + step.Detail)
		}
		b.WriteString(" (")
		if step.Estimate >= 0 {
			b.WriteString("estimated " + strconv.Itoa(step.Estimate) + ", ")
		}
		b.WriteString("read " + strconv.Itoa(step.Rows) + ")\n")
	}
	b.WriteString("in all " + strconv.Itoa(p.Rows) + " rows and " + strconv.Itoa(p.Records) + " records read")
	return b.String()
}
