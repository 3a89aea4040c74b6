package insi

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// The message of the service: namespaces and names are those of its published exchanges (ServiceIdentiteCertifiee 1.0.0).
const (
	action       = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
	nsSOAP       = "http://www.w3.org/2003/05/soap-envelope"
	nsAddressing = "http://www.w3.org/2005/08/addressing"
	nsBAM        = "urn:siram:bam:ctxbam"
	nsLPS        = "urn:siram:lps:ctxlps"
	nsRequest    = "http://www.cnamts.fr/INSiRecSans"
	nsResult     = "http://www.cnamts.fr/INSiResultat"
)

// envelope is what one request says.
type envelope struct {
	id, context string
	at          time.Time
	software    Software
	query       Query
}

// request writes the message.
func request(e *envelope) ([]byte, error) {
	sex, ok := map[string]string{"male": "M", "female": "F"}[e.query.Sex]
	if !ok {
		return nil, errors.New("insi: the sex of a query is male or female")
	}
	w := &xmlWriter{}
	w.open("soap:Envelope", "xmlns:soap", nsSOAP, "xmlns:wsa", nsAddressing, "xmlns:ctxbam", nsBAM, "xmlns:ctxlps", nsLPS, "xmlns:ins", nsRequest)
	w.open("soap:Header")
	at := e.at.UTC().Format("2006-01-02T15:04:05.000Z")
	w.open("ctxbam:ContexteBAM", "Version", "01_02")
	w.leaf("ctxbam:Id", e.context)
	w.leaf("ctxbam:Temps", at)
	w.leaf("ctxbam:Emetteur", e.software.Sender)
	w.leaf("ctxbam:COUVERTURE", "")
	w.close("ctxbam:ContexteBAM")
	w.open("ctxlps:ContexteLPS", "Nature", "CTXLPS", "Version", "01_00")
	w.leaf("ctxlps:Id", e.context)
	w.leaf("ctxlps:Temps", at)
	w.leaf("ctxlps:Emetteur", e.software.Sender)
	w.open("ctxlps:LPS")
	w.leaf("ctxlps:IDAM", e.software.Authorisation, "R", "4")
	w.leaf("ctxlps:Version", e.software.Version)
	w.leaf("ctxlps:Instance", e.software.Instance)
	w.leaf("ctxlps:Nom", "urn:lps:"+e.software.Name+":"+e.software.Version)
	w.close("ctxlps:LPS")
	w.close("ctxlps:ContexteLPS")
	w.leaf("wsa:Action", action)
	w.leaf("wsa:MessageID", "uuid:"+e.id)
	w.close("soap:Header")
	w.open("soap:Body")
	w.open("ins:RECSANSVITALE")
	w.leaf("ins:NomNaissance", onTheWire(e.query.Family))
	w.leaf("ins:Prenom", givenOnWire(e.query.Given))
	w.leaf("ins:Sexe", sex)
	w.leaf("ins:DateNaissance", fullDate(e.query.BirthDate))
	if e.query.BirthPlace != "" {
		w.leaf("ins:LieuNaissance", e.query.BirthPlace)
	}
	w.close("ins:RECSANSVITALE")
	w.close("soap:Body")
	w.close("soap:Envelope")
	return []byte(w.b.String()), nil
}

// givenOnWire gives the first of a list; a composed name keeps its hyphen.
func givenOnWire(given string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(given), " ")
	return onTheWire(first)
}

// xmlWriter writes elements; text and attributes are escaped.
type xmlWriter struct{ b strings.Builder }

func (w *xmlWriter) open(name string, attributes ...string) {
	w.b.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		w.b.WriteString(" " + attributes[i] + `="`)
		w.text(attributes[i+1])
		w.b.WriteString(`"`)
	}
	w.b.WriteString(">")
}

func (w *xmlWriter) text(s string) { _ = xml.EscapeText(&w.b, []byte(s)) } // a Builder takes everything

func (w *xmlWriter) close(name string) { w.b.WriteString("</" + name + ">") }

func (w *xmlWriter) leaf(name, text string, attributes ...string) {
	w.open(name, attributes...)
	w.text(text)
	w.close(name)
}

// answer is what the service answers; elements are known by their namespace, whatever the prefix.
type answer struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Body    struct {
		Fault  *struct{} `xml:"http://www.w3.org/2003/05/soap-envelope Fault"`
		Result *struct {
			Code   string  `xml:"http://www.cnamts.fr/INSiResultat CR>CodeCR"`
			Person *person `xml:"http://www.cnamts.fr/INSiResultat INDIVIDU"`
		} `xml:"http://www.cnamts.fr/INSiResultat RESULTAT"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

type number struct {
	Number string `xml:"http://www.cnamts.fr/INSiResultat IdIndividu>NumIdentifiant"`
	Key    string `xml:"http://www.cnamts.fr/INSiResultat IdIndividu>Cle"`
	OID    string `xml:"http://www.cnamts.fr/INSiResultat OID"`
	Start  string `xml:"http://www.cnamts.fr/INSiResultat DateDeb"`
	End    string `xml:"http://www.cnamts.fr/INSiResultat DateFin"`
}

type person struct {
	Active  number   `xml:"http://www.cnamts.fr/INSiResultat INSACTIF"`
	Earlier []number `xml:"http://www.cnamts.fr/INSiResultat INSHISTO"`
	Traits  struct {
		Family string `xml:"http://www.cnamts.fr/INSiResultat NomNaissance"`
		Given  string `xml:"http://www.cnamts.fr/INSiResultat ListePrenom"`
		Sex    string `xml:"http://www.cnamts.fr/INSiResultat Sexe"`
		Date   string `xml:"http://www.cnamts.fr/INSiResultat DateNaissance"`
		Place  string `xml:"http://www.cnamts.fr/INSiResultat LieuNaissance"`
	} `xml:"http://www.cnamts.fr/INSiResultat TIQ"`
}

// result reads the answer.
func result(text []byte, mode ins.Mode) (*Identity, error) {
	var a answer
	if err := xml.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("%w: the answer is not the XML expected", ErrUnavailable)
	}
	switch r := a.Body.Result; {
	case a.Body.Fault != nil:
		return nil, fmt.Errorf("%w: it answered a fault", ErrUnavailable)
	case r == nil:
		return nil, fmt.Errorf("%w: the answer has no result", ErrUnavailable)
	case r.Code == "01":
		return nil, ErrNone
	case r.Code == "02":
		return nil, ErrSeveral
	case r.Code != "00" || r.Person == nil:
		return nil, fmt.Errorf("%w: the answer has a code that is not specified", ErrUnavailable)
	}
	return identity(a.Body.Result.Person, mode)
}

func identity(p *person, mode ins.Mode) (*Identity, error) {
	m, err := mode.Parse(p.Active.OID, p.Active.Number+p.Active.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	sex := map[string]string{"M": "male", "F": "female", "I": "unknown"}[p.Traits.Sex]
	if sex == "" {
		return nil, fmt.Errorf("%w: the sex has a code that is not specified", ErrUnavailable)
	}
	out := &Identity{INS: m, Traits: Traits{Family: p.Traits.Family, Given: p.Traits.Given, Sex: sex, BirthDate: p.Traits.Date, BirthPlace: p.Traits.Place}}
	for _, e := range p.Earlier {
		// What was a number once may break rules of today; such a one is left out, the person is known by the others.
		if m, err := mode.Parse(e.OID, e.Number+e.Key); err == nil {
			out.Earlier = append(out.Earlier, Earlier{INS: m, Start: e.Start, End: e.End})
		}
	}
	return out, nil
}
