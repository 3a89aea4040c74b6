package main

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// childArgs makes the test binary run the program itself: tests start, kill and stop a real process.
const childArgs = "CARNET_TEST_ARGS"

func TestMain(m *testing.M) {
	if args := os.Getenv(childArgs); args != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		root := newRoot()
		root.SetArgs(strings.Split(args, "\x1f"))
		err := root.ExecuteContext(ctx)
		stop()
		if err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program is a running carnet process.
type program struct {
	cmd  *exec.Cmd
	base string // FHIR base URL
	said []string
}

// command prepares the program with arguments.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(args, "\x1f"))
	return cmd
}

// startServer runs "carnet serve" and waits for its address; the process is killed at the end of the test if it still runs.
func startServer(t *testing.T, args ...string) *program {
	t.Helper()
	cmd := command(t, append([]string{"serve", "--security", "off", "--listen", "127.0.0.1:0", "--log", "error"}, args...)...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	p := &program{cmd: cmd}
	t.Cleanup(func() { p.kill() })
	lines := bufio.NewScanner(out)
	deadline := time.AfterFunc(30*time.Second, func() { p.kill() })
	defer deadline.Stop()
	for lines.Scan() {
		p.said = append(p.said, lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "listens on "); ok {
			p.base = address
		}
		if strings.Contains(lines.Text(), "security") {
			break
		}
	}
	u, err := url.Parse(p.base)
	require.NoError(t, err)
	require.NotEmpty(t, u.Host, "the server said its address: %q", p.said)
	go func() {
		for lines.Scan() { //nolint:revive // drain
		}
	}()
	return p
}

// kill is kill -9.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// stop is SIGTERM, which must drain and exit 0.
func (p *program) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.cmd.Wait(), "SIGTERM exits 0")
}
