package extraction

import (
	"errors"
	"math"
	"strings"
)

// FINESS gives positions in the legal projections of the territories (decree 2019-165): Lambert 93 in the metropolis, UTM zones overseas, all on ellipsoids that are GRS 80 or as good as it.

// grs80 is the ellipsoid of RGF93 and of the overseas references: semi-major axis in metres and first eccentricity.
const (
	axis         = 6378137.0
	flattening   = 1 / 298.257222101
	eccentricity = 0.08181919104281579
)

var errProjection = errors.New("the position is in a projection that is not known")
var errOutside = errors.New("the position is outside of the territory")

// geographic turns coordinates (metres) of a projection by FINESS' name ("LAMBERT_93", "UTM_N20") into latitude and longitude (degrees).
func geographic(projection string, x, y float64) (lat, lon float64, err error) {
	if math.IsNaN(x) || math.IsNaN(y) || math.Abs(x) > 1e8 || math.Abs(y) > 1e8 {
		return 0, 0, errOutside
	}
	name := strings.ToUpper(strings.TrimSpace(projection))
	switch {
	case name == "LAMBERT_93" || name == "LAMBERT93":
		lat, lon = lambert93(x, y)
	case strings.HasPrefix(name, "UTM_"):
		zone, south, ok := utmZone(strings.TrimPrefix(name, "UTM_"))
		if !ok {
			return 0, 0, errProjection
		}
		lat, lon = utm(zone, south, x, y)
	default:
		return 0, 0, errProjection
	}
	if math.IsNaN(lat) || math.IsNaN(lon) || math.Abs(lat) > 90 || math.Abs(lon) > 180 {
		return 0, 0, errOutside
	}
	return lat, lon, nil
}

// utmZone reads "N20", "S40" and also "20N".
func utmZone(s string) (zone int, south, ok bool) {
	letter := strings.Trim(s, "0123456789")
	digits := strings.Trim(s, "NS")
	if letter != "N" && letter != "S" || len(digits) == 0 || len(digits) > 2 {
		return 0, false, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		zone = zone*10 + int(c-'0')
	}
	return zone, letter == "S", zone >= 1 && zone <= 60
}

// lambert93 inverts the Lambert conformal conic projection with two standard parallels, 44° and 49° (IGN, NTG 71: ALG0004 and ALG0002; constants of NTG 71, annex RGF93).
func lambert93(x, y float64) (lat, lon float64) {
	const (
		n    = 0.7256077650532670
		c    = 11754255.4260960
		xs   = 700000.0
		ys   = 12655612.0498760
		lon0 = 3 * math.Pi / 180
	)
	r := math.Hypot(x-xs, y-ys)
	gamma := math.Atan2(x-xs, ys-y)
	isometric := -math.Log(r/c) / n
	return degrees(latitudeOf(isometric)), degrees(lon0 + gamma/n)
}

// latitudeOf inverts the isometric latitude by iteration (ALG0002); it converges to a tenth of a millimetre within ten rounds.
func latitudeOf(isometric float64) float64 {
	phi := 2*math.Atan(math.Exp(isometric)) - math.Pi/2
	for range 20 {
		s := eccentricity * math.Sin(phi)
		next := 2*math.Atan(math.Pow((1+s)/(1-s), eccentricity/2)*math.Exp(isometric)) - math.Pi/2
		if math.Abs(next-phi) < 1e-12 {
			return next
		}
		phi = next
	}
	return phi
}

// utm inverts the universal transverse Mercator projection by Krüger's series to the third order of the third flattening, exact to a millimetre within a zone.
func utm(zone int, south bool, easting, northing float64) (lat, lon float64) {
	const (
		scale = 0.9996
		n     = flattening / (2 - flattening)
	)
	radius := axis / (1 + n) * (1 + n*n/4 + n*n*n*n/64)
	beta := [...]float64{n/2 - 2*n*n/3 + 37*n*n*n/96, n*n/48 + n*n*n/15, 17 * n * n * n / 480}
	delta := [...]float64{2*n - 2*n*n/3 - 2*n*n*n, 7*n*n/3 - 8*n*n*n/5, 56 * n * n * n / 15}
	if south {
		northing -= 10_000_000
	}
	xi, eta := northing/(scale*radius), (easting-500_000)/(scale*radius)
	xi0, eta0 := xi, eta
	for j, b := range beta {
		k := 2 * float64(j+1)
		xi0 -= b * math.Sin(k*xi) * math.Cosh(k*eta)
		eta0 -= b * math.Cos(k*xi) * math.Sinh(k*eta)
	}
	chi := math.Asin(math.Sin(xi0) / math.Cosh(eta0))
	phi := chi
	for j, d := range delta {
		phi += d * math.Sin(2*float64(j+1)*chi)
	}
	meridian := float64(zone*6-183) * math.Pi / 180
	return degrees(phi), degrees(meridian + math.Atan2(math.Sinh(eta0), math.Cos(xi0)))
}

func degrees(radians float64) float64 { return radians * 180 / math.Pi }
