package extraction

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// Fields of a line "structureet" of the FINESS extraction of establishments (etalab-cs1100502 and cs1100507).
const (
	etNumber = iota + 1
	etEntity
	etName
	etLongName
	etComplement
	etDistribution
	etStreetNumber
	etStreetType
	etStreet
	etStreetComplement
	etPlace // lieu-dit or post box
	etCommune
	etDepartment
	etDepartmentLabel
	etRouting // postal code and city
	etPhone
	etFax
	etCategory
	etCategoryLabel
	etGroup
	etGroupLabel
	etSIRET
	etFields = 31 // the last is the date of the latest change; some editions have further ones
)

var (
	errShort   = errors.New("a line structureet has at least 31 fields")
	errUnknown = errors.New("the line is neither structureet nor geolocalisation")
	errNoName  = errors.New("the establishment has no name")
	errTwice   = errors.New("the establishment is in the file twice")
)

// point is where an establishment is (WGS 84, degrees).
type point struct{ lat, lon float32 }

type finess struct {
	*run
	seen, located set
	points        map[uint64]point
	spared        bool
}

// FINESS imports an extraction of establishments at the path, with the positions of the same file. The error says why it stopped early; the same call goes on from there.
func FINESS(ctx context.Context, path string, o Options) (*Report, error) {
	r, err := begin(ctx, "finess", path, o)
	if err != nil {
		return nil, err
	}
	defer r.file.Close()
	f := &finess{run: r, points: map[uint64]point{}}
	// Positions stand behind all establishments: they are gathered first.
	if err := f.lines(ctx, f.locate); err != nil {
		return f.abort(err)
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return f.abort(err)
	}
	var end position
	err = f.lines(ctx, func(cells []string, at position, number int) error {
		end = position{at.Offset, number}
		f.establish(cells, at, number)
		return f.step(ctx, at)
	})
	if err != nil {
		return f.abort(err)
	}
	end.Offset = r.progress.size
	report, err := f.finish(ctx, end, func() error { return f.sweep(ctx) })
	if err != nil {
		return f.abort(err)
	}
	return report, nil
}

// lines calls yield with each line's fields, what stands before it, and its number.
func (f *finess) lines(ctx context.Context, yield func(cells []string, before position, number int) error) error {
	in := newLines(f.file)
	var cells []string
	for {
		text, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return err
		}
		cells = fields(cells, text, ';')
		if errors.Is(err, errLongLine) {
			cells = []string{"too long"}
		}
		if in.number == 1 && cells[0] == "finess" || text == "" && err == nil {
			continue
		}
		if err := yield(cells, position{in.start, in.number - 1}, in.number); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (f *finess) locate(cells []string, _ position, number int) error {
	if cells[0] != "geolocalisation" {
		return nil
	}
	p, err := positionOf(cells)
	if err != nil {
		f.refuseLine(number, err)
		return nil
	}
	f.points[finessIdent(f.h, cells[1]).key] = p
	return nil
}

// positionOf reads geolocalisation;number;x;y;source;date. The source's last part names the projection ("...,LAMBERT_93").
func positionOf(cells []string) (point, error) {
	if len(cells) < 5 {
		return point{}, errors.New("a line geolocalisation has a number, x, y and a source")
	}
	x, errX := strconv.ParseFloat(strings.ReplaceAll(cells[2], ",", "."), 64)
	y, errY := strconv.ParseFloat(strings.ReplaceAll(cells[3], ",", "."), 64)
	if errX != nil || errY != nil {
		return point{}, errors.New("the coordinates are no numbers")
	}
	source := strings.TrimRight(cells[4], ", ")
	lat, lon, err := geographic(source[strings.LastIndexByte(source, ',')+1:], x, y)
	return point{float32(lat), float32(lon)}, err
}

// establish sends an establishment and its place.
func (f *finess) establish(cells []string, before position, number int) {
	if cells[0] == "geolocalisation" {
		return
	}
	f.report.Lines++
	id, err := f.judge(cells)
	if err != nil {
		f.spared = true
		f.refuseLine(number, err)
		return
	}
	f.report.Structures++
	place := placeIdent(f.h, cells[etNumber])
	at, located := f.points[id.key]
	if located {
		f.located.add(place.key)
		f.report.Places++
	}
	if !f.sending(before.Offset) {
		return
	}
	f.put("Organization", id.id, establishment(&f.w, id, cells), number)
	if located {
		f.put("Location", place.id, location(&f.w, place, id, at, cells), number)
	}
}

func (f *finess) judge(cells []string) (ident, error) {
	switch {
	case cells[0] == "too long":
		return ident{}, errLongLine
	case cells[0] != "structureet":
		return ident{}, errUnknown
	case len(cells) < etFields:
		return ident{}, errShort
	}
	if rule := nos.CheckFINESS(cells[etNumber]); rule != "" {
		return ident{}, errors.New(string(rule))
	}
	if cells[etName] == "" && cells[etLongName] == "" {
		return ident{}, errNoName
	}
	id := finessIdent(f.h, cells[etNumber])
	if !f.seen.add(id.key) {
		return ident{}, errTwice
	}
	return id, nil
}

func (f *finess) sweep(ctx context.Context) error {
	if f.spared {
		return nil // what the refused lines were about is not known
	}
	if err := f.run.close(ctx, "Organization", SourceFINESS, func(e entry) bool { return !f.seen.has(e.key) }, inactive); err != nil {
		return err
	}
	return f.run.close(ctx, "Location", SourceFINESS, func(e entry) bool { return !f.located.has(e.key) },
		`[{"op":"replace","path":"/status","value":"inactive"}]`)
}

// establishment renders a line structureet (as-organization).
func establishment(w *writer, id ident, c []string) []byte {
	w.begin("Organization", id.id, SourceFINESS, nos.ProfileASStruct)
	w.open("identifier", '[')
	w.identifier("FINEG", nos.SystemFINESS, c[etNumber])
	w.identifier("IDNST", nos.SystemIDNST, "1"+c[etNumber])
	if nos.CheckSIRET(c[etSIRET]) == "" {
		w.identifier("SIRET", nos.SystemSIRENE, c[etSIRET])
	}
	w.close(']')
	w.raw("active", "true")
	if category := concept(nos.CategorieFINESS, c[etCategory], c[etCategoryLabel]); category.Code != "" {
		w.open("type", '[')
		w.concept(category)
		w.close(']')
	}
	name := c[etLongName]
	if name == "" {
		name = c[etName]
	}
	w.text("name", name)
	if c[etName] != "" && c[etName] != name {
		w.open("alias", '[')
		w.text("", c[etName])
		w.close(']')
	}
	contacts(w, [...]string{"phone", c[etPhone], "fax", c[etFax], "", "", "", ""})
	lines, town, postcode, insee := where(c)
	address(w, lines, town, postcode, insee, "FRA")
	legalEntity(w, c[etEntity])
	return w.end()
}

// location renders where an establishment is.
func location(w *writer, place, org ident, at point, c []string) []byte {
	w.begin("Location", place.id, SourceFINESS, "")
	w.open("identifier", '[')
	w.identifier("FINEG", nos.SystemFINESS, c[etNumber])
	w.close(']')
	w.text("status", "active")
	name := c[etLongName]
	if name == "" {
		name = c[etName]
	}
	w.text("name", name)
	w.text("mode", "instance")
	lines, town, postcode, insee := where(c)
	addressItem(w, "address", lines, town, postcode, insee, "FRA")
	w.open("position", '{')
	w.raw("longitude", strconv.FormatFloat(float64(at.lon), 'f', 5, 64))
	w.raw("latitude", strconv.FormatFloat(float64(at.lat), 'f', 5, 64))
	w.close('}')
	w.reference("managingOrganization", "Organization", org.id)
	return w.end()
}

// where gives the parts of an address: the routing line is a postal code and a city; the INSEE code is the department's two characters and the commune's three, with 9A to 9F for 971 to 976, whose communes have two.
func where(c []string) (lines [4]string, town, postcode, insee string) {
	lines = [4]string{c[etComplement], c[etDistribution], join(c[etStreetNumber], c[etStreetType], c[etStreet], c[etStreetComplement]), c[etPlace]}
	postcode, town, _ = strings.Cut(c[etRouting], " ")
	if len(postcode) != 5 {
		postcode, town = "", c[etRouting]
	}
	department, commune := c[etDepartment], c[etCommune]
	if len(department) == 2 && len(commune) == 3 {
		insee = department + commune
		if department[0] == '9' && department[1] >= 'A' && department[1] <= 'F' {
			insee = "97" + string(rune('1'+department[1]-'A')) + commune[1:]
		}
	}
	return lines, strings.TrimSpace(town), postcode, insee
}
