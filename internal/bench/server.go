package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Server is a process under test.
type Server struct {
	Address string // host:port
	// Ready is the time from the start of the process to its first line of output.
	Ready time.Duration
	cmd   *exec.Cmd
}

// Start runs this program with the arguments and waits for the line that names its address ("... listens on URL").
func Start(ctx context.Context, args ...string) (*Server, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server ended before it said its address: %w", err), cmd.Wait())
	}
	s := &Server{cmd: cmd, Ready: time.Since(begin)}
	go io.Copy(io.Discard, lines) //nolint:errcheck // ends with the process
	_, address, _ := strings.Cut(strings.TrimSpace(line), "listens on ")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.Join(fmt.Errorf("the server said no address: %q", line), s.Stop())
	}
	s.Address = u.Host
	return s, nil
}

// Memory is the resident set of the process in bytes.
func (s *Server) Memory() (int64, error) {
	return residentSet(s.cmd.Process.Pid)
}

// CPU is the processor time that the process has used.
func (s *Server) CPU() (CPU, error) { return processCPU(s.cmd.Process.Pid) }

// Stop sends SIGTERM and waits for the process to end; anything but exit status 0 is an error.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// residentSet reads VmRSS from /proc.
func residentSet(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, errors.New("no VmRSS in /proc")
}
