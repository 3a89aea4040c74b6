package extraction

import (
	"errors"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// SourceAnnuaire and SourceFINESS are meta.source of what the two extractions make.
const (
	SourceAnnuaire = "https://annuaire.esante.gouv.fr"
	SourceFINESS   = "https://finess.esante.gouv.fr"
)

// person gathers the lines of one professional, which stand together in the extraction.
type person struct {
	national string
	ident    ident
	line     int // the first
	name     [4]string
	jobs     []exercise
	acts     []activity
}

// exercise is a profession of a person with the savoir-faire that belong to it.
type exercise struct {
	profession, category nos.Concept
	skills               [][2]nos.Concept // type and savoir-faire
}

// activity is one situation of exercise: where and how a profession is exercised.
type activity struct {
	ident  ident
	line   int
	job    int // of person.jobs
	codes  [4]nos.Concept
	org    ident
	place  ident // the Location that FINESS gives the structure, if it does
	skills []nos.Concept
}

// problem is why a line is refused.
var (
	errWidth     = errors.New("the line has not as many fields as the heading")
	errIdentity  = errors.New("the national identification of the person is missing")
	errAgree     = errors.New("the identification is not the type followed by the number of the person")
	errName      = errors.New("the person has no name")
	errApart     = errors.New("the lines of this person do not stand together in the file: sort it by its third column")
	errStructure = errors.New("the structure has no number")
)

// whose gives the national identification of the person of a line, checked.
func whose(r *row) (string, error) {
	national := r.get(colNational)
	if national == "" {
		return "", errIdentity
	}
	if rule := nos.CheckIDNPS(national); rule != "" {
		return "", errors.New(string(rule))
	}
	if kind, number := r.get(colType), r.get(colNumber); number != "" && kind+number != national {
		return "", errAgree
	}
	return national, nil
}

func (p *person) begin(h *hasher, national string, r *row) error {
	*p = person{national: national, ident: h.about(national, "person", national), line: r.number, jobs: p.jobs[:0], acts: p.acts[:0]}
	p.name = [4]string{r.get(colFamily), r.get(colGiven), r.get(colCivilityCode), r.get(colTitleCode)}
	if p.name[0] == "" && p.name[1] == "" {
		return errName
	}
	return nil
}

// learn takes the profession and the savoir-faire of a line.
func (p *person) learn(r *row) (job int, skill nos.Concept) {
	job = p.job(r)
	skill = nos.Concept{Code: r.get(colSkill), Display: r.get(colSkillLabel)}
	if skill.Code != "" {
		skill.System = nos.SavoirFaireSystem(skill.Code)
		p.jobs[job].learn(nos.Concept{System: nos.TypeSavoirFaire, Code: r.get(colSkillType), Display: r.get(colSkillTypeLabel)}, skill)
	}
	return job, skill
}

// add takes a line of the person; org is the structure of the line, zero when it names none.
func (p *person) add(h *hasher, r *row, org ident) {
	at, skill := p.learn(r)
	if org.id == "" && r.get(colMode) == "" && r.get(colSector) == "" && r.get(colRole) == "" && r.get(colGenre) == "" {
		return // registered, without an activity
	}
	id := h.about(p.national, "activity", p.national, r.get(colProfession), r.get(colCategory), r.get(colMode), org.id, r.get(colSector), r.get(colSection), r.get(colRole), r.get(colGenre))
	for i := range p.acts {
		if p.acts[i].ident.key == id.key {
			p.acts[i].learn(skill)
			return
		}
	}
	a := activity{ident: id, line: r.number, job: at, org: org}
	if finess := r.get(colFINESS); finess != "" {
		a.place = placeIdent(h, finess)
	}
	a.codes = [4]nos.Concept{
		concept(nos.GenreActivite, r.get(colGenre), r.get(colGenreLabel)), concept(nos.ModeExercice, r.get(colMode), r.get(colModeLabel)),
		concept(nos.Section(r.get(colSection)).System, r.get(colSection), r.get(colSectionLabel)), concept(nos.FonctionSystem(r.get(colRole)), r.get(colRole), r.get(colRoleLabel)),
	}
	a.learn(skill)
	p.acts = append(p.acts, a)
}

func concept(system, code, display string) nos.Concept {
	if code == "" {
		return nos.Concept{}
	}
	return nos.Concept{System: system, Code: code, Display: display}
}

func (a *activity) learn(skill nos.Concept) {
	if skill.Code == "" {
		return
	}
	for _, s := range a.skills {
		if s.Code == skill.Code {
			return
		}
	}
	a.skills = append(a.skills, skill)
}

func (e *exercise) learn(kind, skill nos.Concept) {
	for _, s := range e.skills {
		if s[1].Code == skill.Code && s[0].Code == kind.Code {
			return
		}
	}
	e.skills = append(e.skills, [2]nos.Concept{kind, skill})
}

// job finds or adds the profession of a line.
func (p *person) job(r *row) int {
	code, category := r.get(colProfession), r.get(colCategory)
	for i := range p.jobs {
		if p.jobs[i].profession.Code == code && p.jobs[i].category.Code == category {
			return i
		}
	}
	// Of people in training (category E, étudiant) the same codes stand in TRE_G16.
	known, ok := nos.Profession(code, category == "E")
	if !ok {
		known, ok = nos.Profession(code, false)
	}
	if !ok {
		known = nos.Concept{System: nos.ProfessionSante, Code: code}
	}
	if label := r.get(colProfessionLabel); label != "" {
		known.Display = label
	}
	p.jobs = append(p.jobs, exercise{profession: known, category: concept(nos.CategorieProfession, category, r.get(colCategoryLabel))})
	return len(p.jobs) - 1
}

// practitioner renders the person (as-practitioner).
func (p *person) practitioner(w *writer) []byte {
	w.begin("Practitioner", p.ident.id, SourceAnnuaire, nos.ProfileASPerson)
	w.open("identifier", '[')
	if strings.HasPrefix(p.national, "8") {
		w.identifier("RPPS", nos.SystemRPPS, p.national[1:])
	}
	w.identifier("IDNPS", nos.SystemIDNPS, p.national)
	w.close(']')
	w.raw("active", "true")
	w.open("name", '[')
	w.open("", '{')
	w.text("use", "official")
	w.text("family", p.name[0])
	for i, part := range [...]string{"given", "prefix", "suffix"} {
		if p.name[i+1] != "" {
			w.open(part, '[')
			w.text("", p.name[i+1])
			w.close(']')
		}
	}
	w.close('}')
	w.close(']')
	if p.qualified() {
		w.open("qualification", '[')
		for _, j := range p.jobs {
			w.qualification(j.category, j.profession)
			for _, s := range j.skills {
				w.qualification(s[0], s[1])
			}
		}
		w.close(']')
	}
	return w.end()
}

func (p *person) qualified() bool {
	for _, j := range p.jobs {
		if j.profession.Code != "" || j.category.Code != "" || len(j.skills) > 0 {
			return true
		}
	}
	return false
}

func (w *writer) qualification(kind, what nos.Concept) {
	if kind.Code == "" && what.Code == "" {
		return
	}
	w.open("", '{')
	w.open("code", '{')
	w.open("coding", '[')
	for _, c := range [...]nos.Concept{kind, what} {
		if c.Code != "" {
			w.coding(c)
		}
	}
	w.close(']')
	w.close('}')
	w.close('}')
}

// role renders an activity (as-practitionerrole); place is the id of the structure's Location, "" when none is known.
func (p *person) role(w *writer, a *activity, place string) []byte {
	w.begin("PractitionerRole", a.ident.id, SourceAnnuaire, nos.ProfileASRole)
	w.raw("active", "true")
	w.reference("practitioner", "Practitioner", p.ident.id)
	if a.org.id != "" {
		w.reference("organization", "Organization", a.org.id)
	}
	if job := p.jobs[a.job]; job.profession.Code != "" || a.codes != [4]nos.Concept{} {
		w.open("code", '[')
		w.concept(job.profession, job.category)
		for _, c := range a.codes {
			w.concept(c)
		}
		w.close(']')
	}
	if len(a.skills) > 0 {
		w.open("specialty", '[')
		for _, s := range a.skills {
			w.concept(s)
		}
		w.close(']')
	}
	if place != "" {
		w.open("location", '[')
		w.reference("", "Location", place)
		w.close(']')
	}
	return w.end()
}
