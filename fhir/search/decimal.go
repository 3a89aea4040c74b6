package search

import "github.com/cockroachdb/apd/v3"

// Decimal is an exact decimal. The zero Decimal is absent (Valid is false).
type Decimal struct {
	Valid bool
	apd.Decimal
}
