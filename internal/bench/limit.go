package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
)

// ServeBare runs the limit of reading: an echo handler without middleware that returns the same bytes, with the headers of a FHIR read, for every GET.
func ServeBare(ctx context.Context, out io.Writer, body []byte) error {
	e := echo.New()
	e.GET("/*", func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("ETag", `W/"1"`)
		h.Set("Last-Modified", "Mon, 23 Nov 2026 20:02:11 GMT")
		return c.Blob(http.StatusOK, "application/fhir+json;charset=utf-8", body)
	})
	return serveHandler(ctx, out, e)
}

// ServeFile runs the limit of retrieving documents: net/http's own handler of one file, for every GET.
func ServeFile(ctx context.Context, out io.Writer, file string) error {
	return serveHandler(ctx, out, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }))
}

func serveHandler(ctx context.Context, out io.Writer, h http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "bare handler listens on http://%s\n", l.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// FsyncRate is how often per second as many goroutines append 4 KiB to files of their own and fsync them, in total.
func FsyncRate(dir string, writers int, d time.Duration) (float64, error) {
	var n atomic.Int64
	errs := make([]error, writers)
	var wg sync.WaitGroup
	begin := time.Now()
	for w := range writers {
		wg.Go(func() {
			f, err := os.Create(filepath.Join(dir, fmt.Sprintf("fsync-%d", w)))
			if err != nil {
				errs[w] = err
				return
			}
			defer os.Remove(f.Name())
			defer f.Close()
			block := make([]byte, 4<<10)
			for time.Since(begin) < d {
				if _, err := f.Write(block); err != nil {
					errs[w] = err
					return
				}
				if err := f.Sync(); err != nil {
					errs[w] = err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return float64(n.Load()) / time.Since(begin).Seconds(), nil
}
