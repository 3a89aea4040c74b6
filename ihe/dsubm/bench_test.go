package dsubm_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/dsubm"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// BenchmarkWrites holds that subscriptions do not slow writes: documents stored without a broker, and with one that nobody has subscribed to.
func BenchmarkWrites(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("broker %t", with), func(b *testing.B) {
			var broker *dsubm.Broker
			s := servertest.New(b, servertest.Options{
				Repository: func(o *repository.Options) {
					if with {
						broker = dsubm.NewBroker(o.Registry, dsubm.Options{Sandbox: true})
						o.Interceptors, o.Observers = append(o.Interceptors, broker), append(o.Observers, broker)
					}
				},
				Made: func(s *servertest.Server) {
					if with {
						require.NoError(b, broker.Start(s.Repository, s.Store, servertest.Base))
						b.Cleanup(func() { _ = broker.Close() })
					}
				},
			})
			n := 0
			for b.Loop() {
				n++
				w := s.Do(http.MethodPost, "/fhir/DocumentReference", fmt.Sprintf(`{"resourceType":"DocumentReference","status":"current","description":"%d","subject":{"reference":"Patient/pa"},"content":[{"attachment":{"url":"Binary/b"}}]}`, n))
				require.Equal(b, http.StatusCreated, w.Code)
			}
		})
	}
}
