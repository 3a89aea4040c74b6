package insi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/ins"
)

func answered(code, person string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiResultat"><CR><CodeCR>` +
		code + `</CodeCR><LibelleCR>x</LibelleCR></CR>` + person + `</RESULTAT></e:Body></e:Envelope>`
}

// onWire writes a person as the service does.
func onWire(p *Identity) string {
	id := func(m ins.Matricule) string {
		return "<IdIndividu><NumIdentifiant>" + m.Number()[:13] + "</NumIdentifiant><Cle>" + m.Number()[13:] + "</Cle></IdIndividu><OID>" + m.Kind().OID() + "</OID>"
	}
	sex := map[string]string{"male": "M", "female": "F"}[p.Traits.Sex]
	var earlier strings.Builder
	for _, e := range p.Earlier {
		earlier.WriteString("<INSHISTO>" + id(e.INS) + "<DateFin>" + e.End + "</DateFin></INSHISTO>")
	}
	return "<INDIVIDU><INSACTIF>" + id(p.INS) + "</INSACTIF>" + earlier.String() + "<TIQ><NomNaissance>" + p.Traits.Family + "</NomNaissance><ListePrenom>" + p.Traits.Given + "</ListePrenom><Sexe>" + sex +
		"</Sexe><DateNaissance>" + p.Traits.BirthDate + "</DateNaissance><LieuNaissance>" + p.Traits.BirthPlace + "</LieuNaissance></TIQ></INDIVIDU>"
}

func options(url string) ClientOptions {
	n := 0
	return ClientOptions{
		URL: url, Software: Software{Authorisation: "A<1>&2", Name: "carnet", Version: "1.0", Instance: "i-1", Sender: "sandbox@example.org"},
		Now: func() time.Time { return time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC) }, NewID: func() string { n++; return fmt.Sprintf("id-%d", n) },
	}
}

// The message is as the golden file has it, and the answer is read, over TLS with a client certificate.
func TestClientOverMutualTLS(t *testing.T) {
	who := people(t)[6]
	var got string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Header.Get("Content-Type") + "\n" + string(body)
		_, _ = io.WriteString(w, answered("00", onWire(&who)))
	}))
	certificate, pool := selfSigned(t)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	s.StartTLS()
	defer s.Close()

	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.Certificates = []tls.Certificate{certificate}
	o := options(s.URL)
	o.HTTP = &http.Client{Transport: transport}
	c, err := NewClient(o)
	require.NoError(t, err)
	found, err := c.Retrieve(ctx, Query{"Ḉelik-d’Été & fils", "Jean-œdipe Paul", "male", "1990-04", "2A004"})
	require.NoError(t, err)
	require.Equal(t, who, *found)
	requireFile(t, "testdata/request.xml", strings.ReplaceAll(got, "><", ">\n<")+"\n")

	ok, err := c.Verify(ctx, Verification{who.INS, who.Traits})
	require.NoError(t, err)
	require.True(t, ok)
	wrong := who.Traits
	wrong.BirthPlace = "2A005"
	ok, err = c.Verify(ctx, Verification{who.INS, wrong})
	require.NoError(t, err)
	require.False(t, ok, "what the service gives differs from what was asked")

	o.HTTP = s.Client() // without the certificate
	c, err = NewClient(o)
	require.NoError(t, err)
	_, err = c.Retrieve(ctx, Query{"X", "Y", "male", "1990-04-05", ""})
	require.ErrorIs(t, err, ErrUnavailable)
}

var rewrite = flag.Lookup("rewrite") // of the golden conversations

func requireFile(t *testing.T, name, got string) {
	t.Helper()
	if rewrite != nil && rewrite.Value.String() == "true" {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o600))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sandbox"}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// Whatever comes back, the client gives an identity, ErrNone, ErrSeveral or ErrUnavailable, and no error names a trait.
func TestClientAnswers(t *testing.T) {
	who := people(t)[0]
	real := strings.ReplaceAll(onWire(&who), ins.Test.OID(), ins.NIR.OID())
	for _, c := range []struct {
		name, answer string
		status       int
		want         error
	}{
		{"none", answered("01", ""), 200, ErrNone},
		{"several", answered("02", ""), 200, ErrSeveral},
		{"another code", answered("03", ""), 200, ErrUnavailable},
		{"a person is missing", answered("00", ""), 200, ErrUnavailable},
		{"a wrong key", answered("00", strings.Replace(onWire(&who), "<Cle>", "<Cle>9", 1)), 200, ErrUnavailable},
		{"a real number in a sandbox", answered("00", real), 200, ErrUnavailable},
		{"a sex that is none", answered("00", strings.Replace(onWire(&who), "<Sexe>F", "<Sexe>X", 1)), 200, ErrUnavailable},
		{"a fault", `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code/></e:Fault></e:Body></e:Envelope>`, 500, ErrUnavailable},
		{"SOAP 1.1", `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>`, 200, ErrUnavailable},
		{"no XML", "oops", 200, ErrUnavailable},
		{"an entity", `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`, 200, ErrUnavailable},
		{"not found", "", 404, ErrUnavailable},
		{"a redirect", "", 307, ErrUnavailable},
		{"far too much", strings.Repeat(" ", maxAnswer+1), 200, ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer s.Close()
			client, err := NewClient(options(s.URL))
			require.NoError(t, err)
			_, err = client.Retrieve(ctx, Query{who.Traits.Family, who.Traits.Given, who.Traits.Sex, who.Traits.BirthDate, ""})
			require.ErrorIs(t, err, c.want)
			for _, part := range []string{"LEGER", who.INS.Number(), "1968"} {
				require.NotContains(t, err.Error(), part)
			}
		})
	}
	_, err := NewClient(ClientOptions{})
	require.Error(t, err)
}

func FuzzResult(f *testing.F) {
	f.Add([]byte(answered("00", "")))
	f.Add([]byte(answered("02", "<INDIVIDU><INSACTIF><IdIndividu><NumIdentifiant>2680775056123</NumIdentifiant><Cle>30</Cle></IdIndividu></INSACTIF></INDIVIDU>")))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := result(text, ins.Sandbox)
		if err == nil {
			require.NoError(t, ins.Sandbox.Judge(got.INS))
			return
		}
		require.True(t, errors.Is(err, ErrNone) || errors.Is(err, ErrSeveral) || errors.Is(err, ErrUnavailable))
	})
}
