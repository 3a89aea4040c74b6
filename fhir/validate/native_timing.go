package validate

import (
	"github.com/carnet-fhir/carnet/fhir/element"
)

// nativeTiming holds the invariants of Timing.repeat (http://hl7.org/fhir/R4/datatypes.html#Timing).
func nativeTiming(key, _ string) native {
	switch key {
	case "tim-1":
		return needs("duration", "durationUnit")
	case "tim-2":
		return needs("period", "periodUnit")
	case "tim-4":
		return notNegative("duration")
	case "tim-5":
		return notNegative("period")
	case "tim-6":
		return needs("periodMax", "period")
	case "tim-7":
		return needs("durationMax", "duration")
	case "tim-8":
		return needs("countMax", "count")
	case "tim-9":
		return offsetNeedsEvent
	case "tim-10":
		return excludes("timeOfDay", "when")
	}
	return nil
}

func notNegative(name string) native {
	return func(_ *walker, e *element.Element) bool {
		c := e.Child(name)
		return c == nil || c.HasValue && sign(c.Value) >= 0
	}
}

// offsetNeedsEvent is tim-9: an offset goes with an event that is not a meal as such.
func offsetNeedsEvent(_ *walker, e *element.Element) bool {
	if !has(e, "offset") {
		return true
	}
	for c := range e.Children("when") {
		switch c.Value {
		case "C", "CM", "CD", "CV":
			return false
		}
	}
	return has(e, "when")
}
