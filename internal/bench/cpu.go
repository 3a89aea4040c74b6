package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cpuModel reads the processor's name from /proc/cpuinfo.
func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// CPU is processor time that a process has used. On a machine that is shared it tells more of a change than the clock does.
type CPU struct{ User, System time.Duration }

// Since is what was used after an earlier reading.
func (c CPU) Since(before CPU) CPU { return CPU{c.User - before.User, c.System - before.System} }

// each words what one of n operations used.
func (c CPU) each(n int) string {
	one := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(max(n, 1)) }
	return fmt.Sprintf("%.2f ms user, %.2f ms system", one(c.User), one(c.System))
}

// ownCPU is what this process has used.
func ownCPU() (CPU, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return CPU{}, err
	}
	return CPU{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}, nil
}

// tick is the unit of processor time in /proc on Linux: USER_HZ is 100 on all its architectures that Go runs on.
const tick = 10 * time.Millisecond

// processCPU reads what a process has used from /proc.
func processCPU(pid int) (CPU, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return CPU{}, err
	}
	// The second field is the program's name in parentheses; utime and stime are the 14th and 15th.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return CPU{}, errors.New("/proc/PID/stat has too few fields")
	}
	var times [2]time.Duration
	for i := range times {
		n, err := strconv.ParseInt(fields[11+i], 10, 64)
		if err != nil {
			return CPU{}, err
		}
		times[i] = time.Duration(n) * tick
	}
	return CPU{times[0], times[1]}, nil
}
