package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func newExport() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "export OUT",
		Short: "Write the whole store (resources, versions, documents) to one tar file, also while a server runs on it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return export(cmd.Context(), cmd.OutOrStdout(), data, args[0])
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData, "data directory")
	return cmd
}

// export writes to a temporary neighbour first, so that OUT is whole or absent.
func export(ctx context.Context, out io.Writer, data, path string) error {
	if _, err := os.Stat(data); err != nil {
		return fmt.Errorf("the data directory %s cannot be read (--data names the server's): %w", data, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".carnet-export-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := exportTo(ctx, tmp, data); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	size, err := tmp.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	fmt.Fprintf(out, "exported %d bytes to %s\n", size, path)
	return nil
}

// exportTo asks the server that runs on the directory, over its control socket, or else reads the directory itself.
func exportTo(ctx context.Context, w io.Writer, data string) error {
	err := exportOnline(ctx, w, filepath.Join(data, controlSocket))
	if !errors.Is(err, errNoServer) {
		return err
	}
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Export(ctx, w)
}

const controlSocket = "control.sock"

var errNoServer = errors.New("no server runs on this directory")

// controlClient calls the server that runs on a data directory.
func controlClient(socket string) *http.Client {
	var d net.Dialer
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", socket)
	}}}
}

func exportOnline(ctx context.Context, w io.Writer, socket string) error {
	client := controlClient(socket)
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://control/export", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return errNoServer
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the running server answered %s to the export", resp.Status)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return err
	}
	if problem := resp.Trailer.Get("X-Carnet-Error"); problem != "" {
		return errors.New("the running server stopped the export: " + problem)
	}
	return nil
}

// serveControl answers tools of the same user on a Unix socket in the data directory (mode 0600) until the context ends: the export, and tokens of a sandbox.
func serveControl(ctx context.Context, socket string, s store.Store, secured *security) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", socket)
	if err != nil {
		return err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /export", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Carnet-Error")
		if err := s.Export(r.Context(), w); err != nil {
			w.Header().Set("X-Carnet-Error", err.Error())
		}
	})
	mux.HandleFunc("POST /token", secured.serveToken)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
