package bench

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// Line is one measured figure beside its limit and its goal.
type Line struct {
	Name  string
	Unit  string
	Value float64
	// Spread is (max-min)/median of the repeats of Value.
	Spread float64
	// Limit is the physical limit measured in the same run, 0 when the figure has none; LimitName says what it is.
	Limit     float64
	LimitName string
	// Goals: of the value, of its ratio to the limit (0: none); Below says that smaller is better.
	Goal, GoalRatio float64
	Below           bool
	Note            string
}

// Ratio is Value to Limit, 0 without a limit.
func (l Line) Ratio() float64 {
	if l.Limit == 0 {
		return 0
	}
	return l.Value / l.Limit
}

// Reached says whether the goals are met.
func (l Line) Reached() bool {
	if l.Below {
		return l.Goal == 0 || l.Value <= l.Goal
	}
	return l.Value >= l.Goal && (l.GoalRatio == 0 || l.Ratio() >= l.GoalRatio)
}

// median gives the median of the repeats and their spread.
func median(values []float64) (mid, spread float64) {
	slices.Sort(values)
	mid = values[len(values)/2]
	if mid == 0 {
		return 0, 0
	}
	return mid, (values[len(values)-1] - values[0]) / mid
}

// Print writes the lines as a Markdown table, under what they were measured on.
func Print(w io.Writer, machine string, lines []Line) {
	fmt.Fprintf(w, "\n%s\n\n", machine)
	fmt.Fprintln(w, "| figure | measured | spread | limit beside it | ratio | goal | reached | note |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|")
	for _, l := range lines {
		limit, ratio := "", ""
		if l.Limit > 0 {
			limit, ratio = fmt.Sprintf("%s (%s)", number(l.Limit), l.LimitName), fmt.Sprintf("%.2f", l.Ratio())
		}
		reached := ""
		if goal := l.goal(); goal != "" {
			reached = map[bool]string{true: "yes", false: "**no**"}[l.Reached()]
		}
		fmt.Fprintf(w, "| %s | %s %s | ±%.0f%% | %s | %s | %s | %s | %s |\n", l.Name, number(l.Value), l.Unit, 50*l.Spread, limit, ratio, l.goal(), reached, l.Note)
	}
}

func (l Line) goal() string {
	var parts []string
	sign := "≥"
	if l.Below {
		sign = "≤"
	}
	if l.Goal > 0 {
		parts = append(parts, sign+" "+number(l.Goal))
	}
	if l.GoalRatio > 0 {
		parts = append(parts, fmt.Sprintf("ratio ≥ %.2f", l.GoalRatio))
	}
	return strings.Join(parts, ", ")
}

func number(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// Machine describes what the figures were measured on.
func Machine() string {
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
