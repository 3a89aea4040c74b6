package signin

import (
	"strings"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// Staff says whether somebody is no professional but acts for a structure (carte CPE: a medical secretary), and for which. Such a person is numbered within the structure: the national identifier is the type of the structure's number, that number, a slash and
// the internal one (CI-SIS, annexe des identifiants: 3 FINESS, 4 SIREN, 5 SIRET). Somebody with a profession is a professional, however numbered. What Pro Santé Connect says of holders of a CPE was not seen: the identifier is what is relied on.
func (p *Professional) Staff() (structure habilitation.Identifier, ok bool) {
	if p.System != nos.SystemIDNPS || len(p.ID) < 2 {
		return structure, false
	}
	number, internal, _ := strings.Cut(p.ID[1:], "/")
	if internal == "" {
		return structure, false
	}
	for n := range p.Situations {
		var a habilitation.Actor
		p.Situations[n].describe(&a)
		if a.Profession+a.TrainingProfession+a.SocialProfession+a.Title != "" {
			return structure, false
		}
	}
	digit, known := map[byte]string{'3': "1", '4': "2", '5': "3"}[p.ID[0]] // of the identifier of a structure (IDNST)
	if !known {
		return structure, false
	}
	return institution(digit + number)
}
