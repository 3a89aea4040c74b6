package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// tokenRequest asks for an access token of a sandbox: who it is for, and what it may do.
type tokenRequest struct {
	// As is ps:RPPS, cpe:IDNPS, patient:INS, representative:INS, es:FINESS, app:operator or app:CLIENT_ID.
	As, Scope string
	// Patient is an INS or a logical id.
	Patient, Mode, Justification string
	// Profession, Speciality, Section and Activity describe a professional whom the directory does not know.
	Profession, Speciality, Section, Activity string
	// Code is a temporary access code that the patient gave.
	Code     string
	Secret   bool
	Lifetime time.Duration
}

// tokenAnswer is the token with what is needed to use it.
type tokenAnswer struct {
	Token   string `json:"access_token"`
	Base    string `json:"base"`
	Expires int    `json:"expires_in"`
	Scope   string `json:"scope"`
	Patient string `json:"patient,omitempty"`
	// User is who it is for ("Practitioner/ps-0000").
	User string `json:"fhirUser,omitempty"`
	Name string `json:"name,omitempty"`
}

func newToken() *cobra.Command {
	var r tokenRequest
	var data, base, keyFile string
	var whole bool
	cmd := &cobra.Command{
		Use:   "token --as WHO",
		Short: "Make an access token for a synthetic person, professional or application of a sandbox",
		Long: `Make an access token that lives an hour at most, for servers with sandbox identities only. The server that runs on the data directory is asked over its control socket; when
none runs, the token is made with the keys in the directory.

WHO is one of

  ps:RPPS             a professional of the directory; with --profession also one whom it does not know
  cpe:IDNPS           who is no professional and acts for a structure (3010000024/0001)
  patient:INS         the holder of a record
  representative:INS  the same person, for the minor whose record --patient names
  es:FINESS           the certificate of an institution (indirect authentication)
  app:operator        who runs the server: loads and reads everything in a sandbox
  app:CLIENT_ID       an application that acts for the person whom --patient names`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := askToken(cmd.Context(), data, base, keyFile, &r)
			if err != nil {
				return err
			}
			if whole {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(answer)
			}
			fmt.Fprintln(cmd.OutOrStdout(), answer.Token)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.As, "as", "", "who the token is for")
	flags.StringVar(&data, "data", defaultData, "data directory of the server")
	flags.StringVar(&base, "base-url", "http://127.0.0.1:8080/fhir", "FHIR base URL for which the token is made when no server runs")
	flags.StringVar(&keyFile, "key-file", "", "the server's --key-file, when no server runs (default: keys.secret in the data directory)")
	flags.StringVar(&r.Scope, "scope", "", `SMART scopes, for instance "patient/*.rs" (default: everything that WHO may have)`)
	flags.StringVar(&r.Patient, "patient", "", "record in context: an INS or a logical id")
	flags.StringVar(&r.Mode, "mode", "", "access mode of a professional: normal, bris_de_glace (with --patient and --justification), centre_15")
	flags.StringVar(&r.Justification, "justification", "", "why the glass is broken; it is traced")
	flags.StringVar(&r.Profession, "profession", "", "TRE_G15 code of a professional whom the directory does not know (10: doctor)")
	flags.StringVar(&r.Speciality, "speciality", "", "TRE_R01 code of theirs (default for a doctor SM26)")
	flags.StringVar(&r.Section, "section", "", "section of the order of pharmacists (default for a pharmacist A)")
	flags.StringVar(&r.Activity, "activity", "", "TRE_R22 code of theirs (GENR08...)")
	flags.StringVar(&r.Code, "code", "", "temporary access code that the patient gave")
	flags.BoolVar(&r.Secret, "secret", false, "secret connection, for a minor's record")
	flags.DurationVar(&r.Lifetime, "lifetime", tokenLifetime, "how long the token lives")
	flags.BoolVar(&whole, "json", false, "print what belongs to the token too: base, scope, patient, expiry")
	return cmd
}

// askToken asks the server that runs on the directory, or makes the token from the directory itself.
func askToken(ctx context.Context, data, base, keyFile string, r *tokenRequest) (*tokenAnswer, error) {
	if r.As == "" {
		return nil, errors.New("name who the token is for: --as ps:RPPS, patient:INS, app:operator... (see --help)")
	}
	if _, err := os.Stat(data); err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be read (--data names the server's): %w", data, err)
	}
	answer, err := askTokenOnline(ctx, filepath.Join(data, controlSocket), r)
	if !errors.Is(err, errNoServer) {
		return answer, err
	}
	log := slog.New(slog.DiscardHandler)
	in, err := opening{baseURL: base, sizes: embedded.Options{Logger: log}, secured: &securityOptions{}}.open(data)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var f serveFlags
	options, err := f.options(in, base, log, rest.AccessLog{Off: true})
	if err != nil {
		return nil, err
	}
	secured, err := secure(ctx, in, data, securityOptions{keyFile: keyFile}, options)
	if err != nil {
		return nil, err
	}
	defer secured.Handler.Close()
	return secured.mint(ctx, r)
}

func askTokenOnline(ctx context.Context, socket string, r *tokenRequest) (*tokenAnswer, error) {
	client := controlClient(socket)
	defer client.CloseIdleConnections()
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control/token", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errNoServer
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(string(bytes.TrimSpace(text)))
	}
	var answer tokenAnswer
	return &answer, json.Unmarshal(text, &answer)
}

// serveToken answers askTokenOnline.
func (s *security) serveToken(w http.ResponseWriter, r *http.Request) {
	var request tokenRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&request); err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	if s == nil {
		http.Error(w, "the server runs with --security off: it takes no tokens and needs none", http.StatusConflict)
		return
	}
	answer, err := s.mint(r.Context(), &request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
