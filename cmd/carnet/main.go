// Command carnet is the server and its tools: serve, import, export, token, doctor, bench. See docs/guide.fr.md and README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker in releases.
var version = "dev"

// exitError is an error with the exit status that the command-line contract gives it.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "carnet: "+err.Error())
	var exit *exitError
	if errors.As(err, &exit) {
		os.Exit(exit.code)
	}
	os.Exit(2)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "carnet",
		Short:         "An HL7 FHIR R4 server for the shared health record",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newServe(), newImport(), newExport(), newDoctor(), newToken(), newBench())
	return root
}
