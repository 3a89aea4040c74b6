package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/internal/bench"
)

func newBench() *cobra.Command {
	o := bench.Options{}
	var bare, bareFile string
	var soak time.Duration
	cmd := &cobra.Command{
		Use:   "bench [NAME...]",
		Short: "Measure throughput, latency and disk on this machine, each beside its physical limit",
		Long:  "Measure throughput, latency and disk on this machine, each beside its physical limit.\n\nNames: " + strings.Join(bench.Names(), ", "),
		RunE: func(cmd *cobra.Command, args []string) error {
			if bare != "" {
				return serveBare(cmd.Context(), cmd.OutOrStdout(), bare)
			}
			if bareFile != "" {
				return bench.ServeFile(cmd.Context(), cmd.OutOrStdout(), bareFile)
			}
			o.Names, o.Out = args, cmd.OutOrStdout()
			if soak > 0 {
				o.Duration = soak
				return bench.Soak(cmd.Context(), o)
			}
			return bench.Run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Clients, "clients", 64, "concurrent clients")
	flags.DurationVar(&o.Duration, "duration", 5*time.Second, "length of one measurement")
	flags.IntVar(&o.Repeats, "repeats", 3, "measurements of each figure; the median is given")
	flags.IntSliceVar(&o.Documents, "documents", []int{10_000, 100_000}, "numbers of documents in the store at which the group sharing searches")
	flags.IntVar(&o.Extraction, "extraction", 1_000_000, "lines of the synthetic extraction that the group directory imports")
	flags.StringVar(&o.Dir, "dir", "", "where to make the temporary data directory (default: the system's)")
	flags.StringVar(&o.Keep, "keep", "", "directory in which the stores of the group sharing stay, for later runs to measure without loading")
	flags.StringVar(&o.Pprof, "pprof", "", "loopback address on which the servers under test serve Go profiles")
	flags.DurationVar(&soak, "soak", 0, "instead keep a server under mixed load for so long, and print its rate and memory as they go")
	flags.StringVar(&bare, "bare", "", "serve the file's bytes from a bare handler: the limit of reading")
	flags.StringVar(&bareFile, "bare-file", "", "serve the file from net/http's file handler: the limit of retrieving documents")
	for _, name := range []string{"bare", "bare-file"} {
		if err := flags.MarkHidden(name); err != nil {
			cmd.PrintErrln(err)
		}
	}
	return cmd
}

func serveBare(ctx context.Context, out io.Writer, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return bench.ServeBare(ctx, out, body)
}
