package extraction

import (
	"context"
	"errors"
	"io"
)

// annuaire reads a PS_LibreAcces_Personne_activite file.
type annuaire struct {
	*run
	people, activities, structures set
	// spared are people of whom a line was refused: what the server has of them is not closed.
	spared set
	// official are the structures that FINESS' own extraction made: they are better known there. places are those of them that have a Location.
	official, places set
	current          person
	open             bool
	dropped          bool // the lines of the current person are refused
}

// Annuaire imports the extraction of the Annuaire Santé at the path. The error says why it stopped early; the same call goes on from there.
func Annuaire(ctx context.Context, path string, o Options) (*Report, error) {
	r, err := begin(ctx, "annuaire", path, o)
	if err != nil {
		return nil, err
	}
	defer r.file.Close()
	a := &annuaire{run: r}
	if err := r.each(ctx, "Organization?_source="+SourceFINESS+"&_elements=id", func(e entry) { a.official.add(e.key) }); err != nil {
		return nil, err
	}
	if a.official.used > 0 {
		err = r.each(ctx, "Location?_source="+SourceFINESS+"&_elements=id", func(e entry) { a.places.add(e.key) })
		if err != nil {
			return nil, err
		}
	}
	return a.read(ctx)
}

func (a *annuaire) read(ctx context.Context) (*Report, error) {
	in := newLines(a.file)
	first, err := in.next()
	if err != nil {
		return a.abort(err)
	}
	layout, err := heading(first)
	if err != nil {
		return a.abort(err)
	}
	line := &row{layout: layout}
	for {
		text, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			if err := a.flush(); err != nil {
				return a.abort(err)
			}
			report, err := a.finish(ctx, position{in.offset, in.number}, func() error { return a.sweep(ctx) })
			if err != nil {
				return a.abort(err)
			}
			return report, nil
		case errors.Is(err, errLongLine):
			a.refuseLine(in.number, err)
			continue
		case err != nil:
			return a.abort(err)
		case text == "":
			continue
		}
		a.report.Lines++
		line.cells, line.number = fields(line.cells, text, '|'), in.number
		if err := a.take(ctx, line, in); err != nil {
			return a.abort(err)
		}
	}
}

// take reads one line; only what stops the import is an error.
func (a *annuaire) take(ctx context.Context, r *row, in *lines) error {
	if !r.fits() {
		a.refuseLine(r.number, errWidth)
		if national, err := whose(r); err == nil {
			a.spared.add(a.h.of("person", national).key)
		}
		return nil
	}
	national, err := whose(r)
	if err != nil {
		a.refuseLine(r.number, err)
		return nil
	}
	if !a.open || national != a.current.national {
		if err := a.flush(); err != nil {
			return err
		}
		if err := a.step(ctx, position{in.start, in.number - 1}); err != nil {
			return err
		}
		a.next(national, r)
	}
	if a.dropped {
		if a.current.line != r.number {
			a.refuseLine(r.number, errApart)
		}
		return nil
	}
	org, err := structureIdent(a.h, r)
	if err != nil {
		a.refuseLine(r.number, err)
		a.spared.add(a.current.ident.key)
		a.current.learn(r) // who the person is does not hang on where
		return nil
	}
	a.structure(org, r, in.start)
	a.current.add(a.h, r, org)
	return nil
}

// next begins the person of a line.
func (a *annuaire) next(national string, r *row) {
	a.open = true
	err := a.current.begin(a.h, national, r)
	a.dropped = err != nil
	if err == nil && !a.people.add(a.current.ident.key) {
		a.dropped, err = true, errApart
	}
	if err != nil {
		a.spared.add(a.current.ident.key)
		a.refuseLine(r.number, err)
		return
	}
	a.report.People++
}

// structure sends the structure of a line, the first time that it is met.
func (a *annuaire) structure(org ident, r *row, start int64) {
	if org.id == "" || !a.structures.add(org.key) {
		return
	}
	a.report.Structures++
	if a.sending(start) && !a.official.has(org.key) {
		a.put("Organization", org.id, organization(&a.w, org, r), r.number)
	}
}

// flush sends the current person and activities, when all lines are read.
func (a *annuaire) flush() error {
	if !a.open || a.dropped {
		a.open = false
		return nil
	}
	a.open = false
	p := &a.current
	sending := p.line > a.resume.Line
	if sending {
		a.put("Practitioner", p.ident.id, p.practitioner(&a.w), p.line)
	}
	for i := range p.acts {
		act := &p.acts[i]
		a.activities.add(act.ident.key)
		a.report.Activities++
		if !sending {
			continue
		}
		place := ""
		if act.place.id != "" && a.places.has(act.place.key) {
			place = act.place.id
		}
		a.put("PractitionerRole", act.ident.id, p.role(&a.w, act, place), act.line)
	}
	return nil
}

// sweep closes what an earlier extraction had and this one has not.
func (a *annuaire) sweep(ctx context.Context) error {
	day := a.o.Day.Format("2006-01-02")
	if err := a.run.close(ctx, "PractitionerRole", SourceAnnuaire, func(e entry) bool { return !a.activities.has(e.key) && !a.spared.has(e.person) }, ended(day)); err != nil {
		return err
	}
	if err := a.run.close(ctx, "Practitioner", SourceAnnuaire, func(e entry) bool { return !a.people.has(e.key) && !a.spared.has(e.key) }, inactive); err != nil {
		return err
	}
	if a.spared.used > 0 {
		return nil // the structures of refused lines are not known
	}
	return a.run.close(ctx, "Organization", SourceAnnuaire, func(e entry) bool { return !a.structures.has(e.key) }, inactive)
}
