package token

import (
	"fmt"
	"testing"
	"time"
)

// What a token costs a request: at its first use, afterwards, and with proofs.
func BenchmarkVerify(b *testing.B) {
	r := newRig(b)
	a := r.app()
	a.Extra = map[string]any{"https://example.test/actor": map[string]any{"kind": "professional", "profession": "10", "structure": "structure-1", "name": "someone with a name of usual length"}}
	text := r.minted(a)
	b.Run("first use", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.verifier.verify(text, r.clock()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		b.ReportMetric(float64(len(text)), "bytes")
		for b.Loop() {
			if err := r.try(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached in parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := r.try(text); err != nil {
					b.Error(err)
				}
			}
		})
	})
	req := request("GET", "/fhir/Patient/a?_format=json", "Authorization: Bearer "+text)
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.verifier.Request(req); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("DPoP", func(b *testing.B) {
		d := newDevice(b)
		a.Binding.JKT = d.jkt
		bound := r.minted(a)
		proofs := make([]string, 2000)
		for i := range proofs {
			proofs[i] = d.proof(b, r, "GET", testBase+"/Patient/a", bound)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			if i%len(proofs) == 0 {
				r.replays.memory = map[string]*seen{}
			}
			if _, err := r.verifier.Request(request("GET", "/fhir/Patient/a", "Authorization: DPoP "+bound, "DPoP: "+proofs[i%len(proofs)])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMint(b *testing.B) {
	r := newRig(b)
	b.ReportAllocs()
	for b.Loop() {
		r.minted(r.app())
	}
}

// A use is one commit; those that come together share it.
func BenchmarkUse(b *testing.B) {
	r := newRig(b)
	until := r.clock().Add(time.Minute)
	for i := range b.N {
		if err := r.replays.Use(ctx, "code", fmt.Sprint(i), until); err != nil {
			b.Fatal(err)
		}
	}
}
