package extraction

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// FuzzAnnuaireLine: whatever stands in a line, it is refused or makes resources that the strict parser takes.
func FuzzAnnuaireLine(f *testing.F) {
	for _, l := range mixture(f)[1:] {
		if len(l) < 2000 {
			f.Add(l)
		}
	}
	f.Add(synthetic.New(1).ExtractionLine(7))
	layout, err := heading(synthetic.ExtractionHeading)
	require.NoError(f, err)
	defs := spec.R4()
	f.Fuzz(func(t *testing.T, text string) {
		in := newLines(strings.NewReader(text))
		text, err := in.next()
		if err != nil {
			return
		}
		r := &row{layout: layout, cells: fields(nil, text, '|'), number: 1}
		if !r.fits() {
			return
		}
		national, err := whose(r)
		if err != nil {
			return
		}
		h, w, p := newHasher(), &writer{}, &person{}
		if p.begin(h, national, r) != nil {
			return
		}
		org, err := structureIdent(h, r)
		if err != nil {
			return
		}
		p.add(h, r, org)
		made := [][]byte{p.practitioner(w)}
		if org.id != "" {
			made = append(made, organization(w, org, r))
		}
		for i := range p.acts {
			made = append(made, p.role(w, &p.acts[i], ""))
		}
		for _, m := range made {
			_, err := element.ParseJSON(defs, m, element.Options{})
			require.NoError(t, err, "%s", m)
		}
	})
}

// FuzzFINESSLine does the same for establishments.
func FuzzFINESSLine(f *testing.F) {
	for l := range strings.Lines(finessFile) {
		f.Add(l)
	}
	defs := spec.R4()
	f.Fuzz(func(t *testing.T, text string) {
		in := newLines(strings.NewReader(text))
		text, err := in.next()
		if err != nil {
			return
		}
		cells := fields(nil, text, ';')
		fin := &finess{run: &run{h: newHasher()}, points: map[uint64]point{}}
		at, located := point{}, false
		if p, err := positionOf(cells); err == nil {
			at, located = p, true
		}
		id, err := fin.judge(cells)
		if err != nil {
			return
		}
		w := &writer{}
		made := [][]byte{establishment(w, id, cells)}
		if located {
			made = append(made, location(w, id, id, at, cells))
		}
		for _, m := range made {
			_, err := element.ParseJSON(defs, m, element.Options{})
			require.NoError(t, err, "%s", m)
		}
	})
}
