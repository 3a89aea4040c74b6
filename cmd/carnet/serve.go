package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

type serveFlags struct {
	listen, data, baseURL, security string
	identities                      string
	insi                            insiFlags
	demo                            bool
	tlsCert, tlsKey, clientCA       string
	logLevel, otlp, pprof           string
	drain, timeout                  time.Duration
	maxBody, maxBundle, maxBinary   int64
	notify                          []string
	secured                         securityOptions
	registration, trace, clientAuth string
}

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on (port 0 takes a free one)")
	flags.StringVar(&f.data, "data", defaultData, "data directory of the embedded store")
	flags.StringVar(&f.baseURL, "base-url", "", "FHIR base URL under which clients reach the server (default: from --listen)")
	flags.StringVar(&f.security, "security", "on", "on: callers need an access token, and see what the rules of the DMP let them see; off: every caller may do everything, on loopback addresses only")
	flags.StringVar(&f.secured.clients, "clients", "", "JSON file of the registered OAuth clients (see docs/guide.fr.md)")
	flags.StringVar(&f.secured.providers, "identity-providers", "", "JSON file of the identity providers: Pro Santé Connect, FranceConnect, appli carte Vitale (see docs/guide.fr.md); a sandbox has providers of its own besides")
	flags.StringVar(&f.secured.habilitation, "habilitation", "", "directory of tables of the matrice d'habilitation in the place of those that are built in")
	flags.StringVar(&f.secured.keyFile, "key-file", "", "file with the secret under which the store holds the signing keys, mode 0600; made when it is not there (default: keys.secret in the data directory)")
	flags.StringVar(&f.registration, "registration", "off", "on: applications may register themselves with the initial access token that lies in the data directory (registration-token)")
	flags.StringVar(&f.trace, "trace", "on", "off: accesses are not traced, in a sandbox only (to measure)")
	flags.StringVar(&f.identities, "identities", "", "sandbox (test and demonstration INS) or production (real ones); kept with the data for good (default: what the data directory was made with; sandbox for a new one)")
	flags.StringVar(&f.insi.url, "insi-url", "", "address of the national INS service (INSi); default: in a sandbox a registry of synthetic people, in production none")
	flags.StringVar(&f.insi.cert, "insi-cert", "", "PEM client certificate for --insi-url")
	flags.StringVar(&f.insi.key, "insi-key", "", "PEM private key of --insi-cert")
	flags.StringVar(&f.insi.authorisation, "insi-authorisation", "", "authorisation number of the software that is sent to --insi-url")
	flags.BoolVar(&f.demo, "demo", false, "load demo data into an empty store and print requests to paste")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "PEM certificate chain: serve HTTPS")
	flags.StringVar(&f.tlsKey, "tls-key", "", "PEM private key of --tls-cert")
	flags.StringVar(&f.clientCA, "client-ca", "", "PEM authorities of client certificates (mutual TLS)")
	flags.StringVar(&f.clientAuth, "client-auth", "require", "with --client-ca: require a client certificate of everybody, or request one, which clients that authenticate by certificate then show")
	flags.StringVar(&f.logLevel, "log", "info", "log level: debug, info, warn, error (info logs one line a request)")
	flags.StringVar(&f.otlp, "otlp", "", "OTLP/HTTP endpoint URL: send OpenTelemetry traces there")
	flags.StringVar(&f.pprof, "pprof", "", "loopback address on which to serve Go profiles, for instance 127.0.0.1:6060")
	flags.DurationVar(&f.drain, "drain", 15*time.Second, "how long requests under way may take after SIGTERM")
	flags.DurationVar(&f.timeout, "request-timeout", 30*time.Second, "time budget of one request")
	flags.Int64Var(&f.maxBody, "max-resource", 16<<20, "largest resource in bytes (413 above)")
	flags.Int64Var(&f.maxBundle, "max-bundle", 64<<20, "largest batch or transaction in bytes")
	flags.StringSliceVar(&f.notify, "notify-network", nil, "private network, as 10.1.0.0/16, in which subscriptions may notify receivers (default: none; in a sandbox this machine)")
	flags.Int64Var(&f.maxBinary, "max-binary", 512<<20, "largest Binary in bytes")
	return cmd
}

func serve(ctx context.Context, out, errOut io.Writer, f *serveFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(errOut, &slog.HandlerOptions{Level: level}))
	floor := spareCollector()
	defer runtime.KeepAlive(floor)
	if f.pprof == "" {
		runtime.MemProfileRate = 0 // nobody can ask for the profile, and each large buffer is sampled with its stack
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", f.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	base := f.base(listener.Addr())
	in, err := f.open(base, log)
	if err != nil {
		return err
	}
	defer in.Close()
	if f.security == "on" {
		if err := inTheClear(base, in.layers.records.Mode(), log); err != nil {
			return err
		}
	}
	if in.layers.insi, err = f.insi.service(in.layers.records.Mode()); err != nil {
		return err
	}
	stopTracing, err := startTracing(ctx, f.otlp)
	if err != nil {
		return err
	}
	defer stopTracing()
	handler, secured, err := f.handler(ctx, in, base, log, rest.AccessLog{Writer: errOut, Off: level > slog.LevelInfo})
	if err != nil {
		return err
	}
	defer handler.Close()
	networks, err := prefixes(f.notify)
	if err != nil {
		return err
	}
	if err := in.layers.start(in, networks); err != nil {
		return err
	}
	if f.demo {
		if err := loadDemo(ctx, in); err != nil {
			return fmt.Errorf("loading the demo data: %w", err)
		}
	}
	if secured != nil {
		go secured.maintain(ctx, log)
	}
	go control(ctx, f.data, in.store, secured, log)
	if f.pprof != "" {
		if err := servePprof(ctx, f.pprof); err != nil {
			return err
		}
	}
	if err := f.announce(ctx, out, base, in.layers.records.Mode(), secured); err != nil {
		return err
	}
	return f.run(ctx, listener, handler, base, log)
}

// check refuses combinations that would not do what they say.
func (f *serveFlags) check() error {
	for flag, value := range map[string]string{"--security": f.security, "--registration": f.registration, "--trace": f.trace} {
		if value != "on" && value != "off" {
			return errors.New(flag + " is on or off")
		}
	}
	f.secured.registration, f.secured.untraced = f.registration == "on", f.trace == "off"
	if f.security == "off" && !loopback(f.listen) {
		return errors.New("--security off is refused on any address but loopback (127.0.0.1, ::1, localhost)")
	}
	if f.security == "off" && (f.secured.clients != "" || f.secured.providers != "" || f.secured.habilitation != "" || f.secured.registration) {
		return errors.New("--clients, --identity-providers, --habilitation and --registration need --security on")
	}
	if f.clientAuth != "require" && f.clientAuth != "request" {
		return errors.New("--client-auth is require or request")
	}
	if f.pprof != "" && !loopback(f.pprof) {
		return errors.New("--pprof is refused on any address but loopback")
	}
	if (f.tlsCert == "") != (f.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if f.clientCA != "" && f.tlsCert == "" {
		return errors.New("--client-ca needs --tls-cert and --tls-key")
	}
	if f.baseURL != "" {
		if u, err := url.Parse(f.baseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("--base-url is an absolute http or https URL such as https://example.org/fhir")
		}
	}
	return nil
}

// prefixes reads networks.
func prefixes(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		var err error
		if networks[i], err = netip.ParsePrefix(text); err != nil {
			return nil, fmt.Errorf("--notify-network: %w", err)
		}
	}
	return networks, nil
}

// loopback says whether an address with a port is this machine's own.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackName(host)
}

func (f *serveFlags) base(addr net.Addr) string {
	if f.baseURL != "" {
		return strings.TrimRight(f.baseURL, "/")
	}
	scheme := "http"
	if f.tlsCert != "" {
		scheme = "https"
	}
	return scheme + "://" + addr.String() + "/fhir"
}

// open opens the data directory, with access control unless it is off.
func (f *serveFlags) open(base string, log *slog.Logger) (*instance, error) {
	o := opening{baseURL: base, identities: f.identities, sizes: embedded.Options{Logger: log}}
	if f.security == "on" {
		o.secured = &f.secured
	}
	in, err := o.open(f.data)
	if err != nil {
		return nil, err
	}
	if f.secured.untraced && in.layers.records.Mode() != ins.Sandbox {
		return nil, errors.Join(errors.New("--trace off is refused with production identities: the law asks for the trace of every access"), in.Close())
	}
	return in, nil
}

// handler makes the HTTP server; the second result is nil with --security off.
func (f *serveFlags) handler(ctx context.Context, in *instance, base string, log *slog.Logger, access rest.AccessLog) (*rest.Server, *security, error) {
	options, err := f.options(in, base, log, access)
	if err != nil {
		return nil, nil, err
	}
	if f.security == "off" {
		server, err := rest.New(options)
		return server, nil, err
	}
	secured, err := secure(ctx, in, f.data, f.secured, options)
	if err != nil {
		return nil, nil, err
	}
	return secured.Handler, secured, nil
}

// options are those of the HTTP server without security.
func (f *serveFlags) options(in *instance, base string, log *slog.Logger, access rest.AccessLog) (rest.Options, error) {
	key, err := secretSetting(in.store, pageKeySetting)
	return rest.Options{
		Repository:     in.repository,
		Store:          in.store,
		Definitions:    in.definitions,
		Registry:       in.registry,
		BaseURL:        base,
		Logger:         log,
		AccessLog:      access,
		PageKey:        key,
		Version:        version,
		Tracing:        f.otlp != "",
		RequestTimeout: f.timeout,
		Limits:         rest.Limits{Resource: f.maxBody, Bundle: f.maxBundle, Binary: f.maxBinary},
		Extensions:     in.layers.extensions(in),
	}, err
}

// control serves the data directory's tools; a path too long for a Unix socket only costs the online export.
func control(ctx context.Context, data string, s store.Store, secured *security, log *slog.Logger) {
	if err := serveControl(ctx, filepath.Join(data, controlSocket), s, secured); err != nil {
		log.Warn("no control socket: export needs the server stopped", "error", err)
	}
}

func (f *serveFlags) announce(ctx context.Context, out io.Writer, base string, mode ins.Mode, secured *security) error {
	data, err := filepath.Abs(f.data)
	if err != nil {
		data = f.data
	}
	words := "off (every caller may do everything: loopback only)"
	if secured != nil {
		words = "on: access tokens, the rules of the DMP, every access traced"
		if f.secured.untraced {
			words = "on: access tokens, the rules of the DMP; accesses are NOT TRACED"
		}
	}
	fmt.Fprintf(out, "Carnet %s listens on %s\n  data directory  %s\n  security        %s\n", version, base, data, words)
	fmt.Fprintln(out, "  identities      "+identitiesTaken(mode))
	if !f.demo {
		return nil
	}
	if secured == nil {
		fmt.Fprint(out, demoRequests(base))
		return nil
	}
	text, err := secured.demoRequests(ctx, base)
	fmt.Fprint(out, text)
	return err
}

// identitiesTaken says whose INS the server takes.
func identitiesTaken(mode ins.Mode) string {
	if mode == ins.Production {
		return "production: INS of real people (NIR, NIA); test and demonstration numbers are refused"
	}
	return "sandbox: test and demonstration INS, and the fictitious numbers of published examples; real people's are refused"
}

// run serves until the context ends, then drains: no new connections, those under way have f.drain to finish.
func (f *serveFlags) run(ctx context.Context, l net.Listener, handler *rest.Server, base string, log *slog.Logger) error {
	var outer http.Handler = handler
	if f.security == "off" {
		outer = onlyOurName(handler, base)
	}
	server := rest.NewHTTPServer(outer, rest.HTTPServerOptions{Logger: log})
	if f.tlsCert != "" {
		config, err := f.tlsConfig()
		if err != nil {
			return err
		}
		server.TLSConfig = config
	}
	done := make(chan error, 1)
	go func() {
		if f.tlsCert != "" {
			done <- server.ServeTLS(l, "", "")
			return
		}
		done <- server.Serve(l)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	log.Info("draining", "for", f.drain.String())
	handler.Drain()
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		log.Warn("requests were still under way at the end of the drain", "error", err)
		return server.Close()
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (f *serveFlags) tlsConfig() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if f.clientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(f.clientCA)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("--client-ca holds no certificate")
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if f.clientAuth == "request" {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return config, nil
}
