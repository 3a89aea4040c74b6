package smart

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// launch is a client that a professional's software is about to open on a record.
type launch struct {
	client, subject, patient, intent string
}

var launchFields = fields{"client_id": 256, "patient": 64, "intent": 64}

var (
	logicalID = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	intentOf  = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
)

// makeLaunch makes the handle of an EHR launch (contextual call): the software of a professional, by an access token with the scope launch, names a client and a record, and gets the address to open in the professional's
// browser. The handle is for that client, that professional and one request. Whether the record may be opened is decided when the professional has signed in there: a handle opens nothing.
func (s *Server) makeLaunch(w http.ResponseWriter, r *http.Request) {
	session, err := s.o.Verifier.Request(r)
	if err != nil {
		s.fail(w, badToken())
		return
	}
	caller := s.o.Clients.Find(session.Client)
	if caller == nil || !caller.Launcher || !session.Scopes.Has(scope.Launch) || session.FHIRUser == "" {
		fault := refuse(http.StatusForbidden, "insufficient_scope", "A launch is made with the scope launch, by a client that is registered as a launcher, for the person who uses it.")
		fault.header = http.Header{"Www-Authenticate": {`Bearer realm="carnet", error="insufficient_scope", scope="launch"`}}
		s.fail(w, fault)
		return
	}
	form, fault := readForm(w, r, launchFields)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	client := s.o.Clients.Find(form.get("client_id"))
	switch {
	case client == nil || client.LaunchURI == "" || !client.may(GrantCode):
		s.fail(w, badRequest("The client_id is not that of a client with a launch_uri."))
		return
	case form.get("patient") != "" && !logicalID.MatchString(form.get("patient")):
		s.fail(w, badRequest("The patient is the logical id of a Patient."))
		return
	case session.Patient != "" && form.get("patient") != session.Patient:
		s.fail(w, badRequest("The patient is not the one that the access token is about."))
		return
	case form.get("intent") != "" && !intentOf.MatchString(form.get("intent")):
		s.fail(w, badRequest("The intent is a word."))
		return
	}
	handle := random(24)
	s.launches.put(hashed(handle), &launch{client: client.ID, subject: session.Subject, patient: form.get("patient"), intent: form.get("intent")})
	answerJSON(w, http.StatusCreated, map[string]any{
		"launch": handle, "iss": s.o.BaseURL, "url": s.launchURL(client, handle), "expires_in": int64(s.o.LaunchLifetime.Seconds()),
	})
}

func (s *Server) launchURL(c *Client, handle string) string {
	mark := "?"
	if strings.Contains(c.LaunchURI, "?") {
		mark = "&"
	}
	return c.LaunchURI + mark + url.Values{"iss": {s.o.BaseURL}, "launch": {handle}}.Encode()
}
