package embedded_test

import "log/slog"

// quiet is a logger for tests that break things on purpose.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
