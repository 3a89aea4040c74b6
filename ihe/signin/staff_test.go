package signin

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// TestStaff holds who acts for a structure apart from professionals.
func TestStaff(t *testing.T) {
	for id, want := range map[string]habilitation.Identifier{
		"3010000024/0001": {System: nos.SystemFINESS, Value: "010000024"},
		"3010000024/a/b":  {System: nos.SystemFINESS, Value: "010000024"},
		"3010000024":      {}, "3010000024/": {}, "301/1": {}, "899900000003": {}, "8999/1": {}, "0759912345": {}, "1010000024/1": {}, "2010000024/1": {}, "6010000024/1": {}, "/1": {}, "3/1": {}, "": {},
	} {
		p := Professional{System: nos.SystemIDNPS, ID: id}
		got, ok := p.Staff()
		assert.Equal(t, want, got, id)
		assert.Equal(t, want != habilitation.Identifier{}, ok, id)
		assert.Equal(t, ok, p.Actor(nil).Kind == habilitation.Staff, id)
	}
	nurse := Professional{System: nos.SystemIDNPS, ID: "3010000024/0001", Situations: []Situation{{Profession: "60"}}}
	_, ok := nurse.Staff()
	assert.False(t, ok, "somebody with a profession is a professional")
	rpps := Professional{System: nos.SystemRPPS, ID: "3010000024/0001"}
	_, ok = rpps.Staff()
	assert.False(t, ok)
}
