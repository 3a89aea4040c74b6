package extraction

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Places whose coordinates anybody can look up, to 60 metres or better.
func TestGeographicOfKnownPlaces(t *testing.T) {
	for _, c := range []struct {
		name, projection string
		x, y, lat, lon   float64
	}{
		{"origin of Lambert 93", "LAMBERT_93", 700000, 6600000, 46.5, 3},
		{"Notre-Dame de Paris", "LAMBERT_93", 652382, 6861747, 48.85297, 2.34992},
		{"Saint-Denis, town hall", "UTM_S40", 338790, 7690540, -20.8789, 55.4502},
		{"central meridian at the equator", "UTM_N20", 500000, 0, 0, -63},
	} {
		lat, lon, err := geographic(c.projection, c.x, c.y)
		require.NoError(t, err, c.name)
		assert.InDelta(t, c.lat, lat, 0.0025, c.name)
		assert.InDelta(t, c.lon, lon, 0.0025, c.name)
	}
	for _, bad := range []string{"", "NTF", "UTM_", "UTM_X20", "UTM_N99", "UTM_N20N"} {
		_, _, err := geographic(bad, 1, 1)
		assert.ErrorIs(t, err, errProjection, bad)
	}
	_, _, err := geographic("LAMBERT_93", math.NaN(), 1)
	assert.ErrorIs(t, err, errOutside)
}

// forward93 is the projection itself, from its definition (conformal conic, two standard parallels), written independently of the inverse.
func forward93(lat, lon float64) (x, y float64) {
	rad := math.Pi / 180
	phi1, phi2, phi0 := 44*rad, 49*rad, 46.5*rad
	e := math.Sqrt(2*flattening - flattening*flattening)
	m := func(p float64) float64 { return math.Cos(p) / math.Sqrt(1-e*e*math.Sin(p)*math.Sin(p)) }
	tau := func(p float64) float64 {
		return math.Tan(math.Pi/4-p/2) / math.Pow((1-e*math.Sin(p))/(1+e*math.Sin(p)), e/2)
	}
	n := (math.Log(m(phi1)) - math.Log(m(phi2))) / (math.Log(tau(phi1)) - math.Log(tau(phi2)))
	f := m(phi1) / (n * math.Pow(tau(phi1), n))
	rho := func(p float64) float64 { return axis * f * math.Pow(tau(p), n) }
	theta := n * (lon*rad - 3*rad)
	return 700000 + rho(lat*rad)*math.Sin(theta), 6600000 + rho(phi0) - rho(lat*rad)*math.Cos(theta)
}

func TestLambert93RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat, lon := rapid.Float64Range(41, 51.5).Draw(t, "lat"), rapid.Float64Range(-5.5, 10).Draw(t, "lon")
		x, y := forward93(lat, lon)
		gotLat, gotLon, err := geographic("LAMBERT_93", x, y)
		require.NoError(t, err)
		require.InDelta(t, lat, gotLat, 1e-7) // a centimetre
		require.InDelta(t, lon, gotLon, 1e-7)
	})
}

// forwardUTM is the transverse Mercator by Redfearn's series, another way than Krüger's.
func forwardUTM(lat, lon float64, zone int, south bool) (x, y float64) {
	rad := math.Pi / 180
	e2 := 2*flattening - flattening*flattening
	ep2 := e2 / (1 - e2)
	phi, dl := lat*rad, (lon-float64(zone*6-183))*rad
	n := axis / math.Sqrt(1-e2*math.Sin(phi)*math.Sin(phi))
	tt, c, a := math.Pow(math.Tan(phi), 2), ep2*math.Pow(math.Cos(phi), 2), math.Cos(phi)*dl
	m := axis * ((1-e2/4-3*e2*e2/64-5*e2*e2*e2/256)*phi - (3*e2/8+3*e2*e2/32+45*e2*e2*e2/1024)*math.Sin(2*phi) +
		(15*e2*e2/256+45*e2*e2*e2/1024)*math.Sin(4*phi) - (35*e2*e2*e2/3072)*math.Sin(6*phi))
	x = 0.9996*n*(a+(1-tt+c)*math.Pow(a, 3)/6+(5-18*tt+tt*tt+72*c-58*ep2)*math.Pow(a, 5)/120) + 500000
	y = 0.9996 * (m + n*math.Tan(phi)*(a*a/2+(5-tt+9*c+4*c*c)*math.Pow(a, 4)/24+(61-58*tt+tt*tt+600*c-330*ep2)*math.Pow(a, 6)/720))
	if south {
		y += 10_000_000
	}
	return x, y
}

func TestUTMRoundTrip(t *testing.T) {
	for _, zone := range []struct {
		name  string
		zone  int
		south bool
		lat   float64
	}{{"UTM_N20", 20, false, 15}, {"UTM_N22", 22, false, 4}, {"UTM_S40", 40, true, -21}, {"UTM_S38", 38, true, -12.8}, {"UTM_N21", 21, false, 46.8}} {
		for d := -2.5; d <= 2.5; d += 0.5 {
			lon := float64(zone.zone*6-183) + d
			x, y := forwardUTM(zone.lat, lon, zone.zone, zone.south)
			lat, gotLon, err := geographic(zone.name, x, y)
			require.NoError(t, err)
			require.InDelta(t, zone.lat, lat, 1e-6)
			require.InDelta(t, lon, gotLon, 1e-6)
		}
	}
}
