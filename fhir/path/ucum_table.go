package path

import "math/big"

// prefixes are UCUM's metric prefixes, as powers of ten.
var prefixes = map[string]int{
	"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
	"d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}

// atom is one unit symbol: its factor to base units as a fraction, its dimensions, and whether prefixes apply.
type atom struct {
	factor  string
	dims    dims
	metric  bool
	special string
}

func (a atom) unit() unit {
	r, ok := new(big.Rat).SetString(a.factor)
	if !ok {
		r = big.NewRat(1, 1)
	}
	u := unit{factor: r, dims: a.dims, special: a.special}
	switch a.special {
	case "Cel":
		u.special, u.offset = "", big.NewRat(27315, 100)
	case "[degF]":
		u.special, u.offset = "", big.NewRat(45967, 100)
	}
	return u
}

var (
	none         = dims{}
	length       = dims{meter: 1}
	area         = dims{meter: 2}
	volume       = dims{meter: 3}
	duration     = dims{second: 1}
	mass         = dims{gram: 1}
	force        = dims{meter: 1, gram: 1, second: -2}
	pressure     = dims{meter: -1, gram: 1, second: -2}
	energy       = dims{meter: 2, gram: 1, second: -2}
	power        = dims{meter: 2, gram: 1, second: -3}
	frequency    = dims{second: -1}
	amount       = dims{mole: 1}
	dose         = dims{meter: 2, second: -2}
	catalysis    = dims{mole: 1, second: -1}
	illumination = dims{candela: 1, radian: 2, meter: -2}
)

// atoms are the units that clinical content uses, from the tables of UCUM. A unit whose value is arbitrary ([iU], [arb'U])
// compares only with itself, which its special name makes sure of.
var atoms = map[string]atom{
	"m": {"1", length, true, ""}, "s": {"1", duration, true, ""}, "g": {"1", mass, true, ""}, "rad": {"1", dims{radian: 1}, true, ""},
	"K": {"1", dims{kelvin: 1}, true, ""}, "C": {"1", dims{coulomb: 1}, true, ""}, "cd": {"1", dims{candela: 1}, true, ""},
	"mol": {"1", amount, true, ""}, "eq": {"1", amount, true, "eq"}, "osm": {"1", amount, true, "osm"},

	"%": {"1/100", none, false, ""}, "[ppth]": {"1/1000", none, false, ""}, "[ppm]": {"1/1000000", none, false, ""},
	"[ppb]": {"1/1000000000", none, false, ""}, "[pptr]": {"1/1000000000000", none, false, ""}, "[pi]": {"3.1415926535897932384626433832795028841971693993751058209749445923", none, false, ""},

	"min": {"60", duration, false, ""}, "h": {"3600", duration, false, ""}, "d": {"86400", duration, false, ""}, "wk": {"604800", duration, false, ""},
	"mo": {"2629800", duration, false, ""}, "mo_j": {"2629800", duration, false, ""}, "mo_g": {"2629746", duration, false, ""}, "mo_s": {"2551442.976", duration, false, ""},
	"a": {"31557600", duration, false, ""}, "a_j": {"31557600", duration, false, ""}, "a_g": {"31556952", duration, false, ""}, "a_t": {"31556925.216", duration, false, ""},

	"l": {"1/1000", volume, true, ""}, "L": {"1/1000", volume, true, ""}, "ar": {"100", area, true, ""}, "t": {"1000000", mass, true, ""}, "u": {"1.6605402e-24", mass, true, ""},
	"Hz": {"1", frequency, true, ""}, "Bq": {"1", frequency, true, "Bq"}, "Ci": {"37000000000", frequency, true, "Bq"},
	"N": {"1000", force, true, ""}, "dyn": {"1/100", force, true, ""}, "gf": {"9.80665", force, true, ""},
	"Pa": {"1000", pressure, true, ""}, "bar": {"100000000", pressure, true, ""}, "atm": {"101325000", pressure, false, ""},
	"m[Hg]": {"133322000", pressure, true, ""}, "m[H2O]": {"9806650", pressure, true, ""}, "[psi]": {"6894757.293168361", pressure, false, ""},
	"J": {"1000", energy, true, ""}, "erg": {"1/10000", energy, true, ""}, "eV": {"1.60217733e-16", energy, true, ""},
	"cal": {"4184", energy, true, ""}, "cal_th": {"4184", energy, true, ""}, "cal_IT": {"4186.8", energy, true, ""}, "[Cal]": {"4184000", energy, false, ""}, "W": {"1000", power, true, ""},
	"A": {"1", dims{coulomb: 1, second: -1}, true, ""}, "V": {"1000", dims{meter: 2, gram: 1, second: -2, coulomb: -1}, true, ""},
	"F": {"1/1000", dims{meter: -2, gram: -1, second: 2, coulomb: 2}, true, ""}, "Ohm": {"1000", dims{meter: 2, gram: 1, second: -1, coulomb: -2}, true, ""},
	"S": {"1/1000", dims{meter: -2, gram: -1, second: 1, coulomb: 2}, true, ""}, "Wb": {"1000", dims{meter: 2, gram: 1, second: -1, coulomb: -1}, true, ""},
	"T": {"1000", dims{gram: 1, second: -1, coulomb: -1}, true, ""}, "H": {"1000", dims{meter: 2, gram: 1, coulomb: -2}, true, ""},
	"lm": {"1", dims{candela: 1, radian: 2}, true, ""}, "lx": {"1", illumination, true, ""}, "sr": {"1", dims{radian: 2}, true, ""},
	"Gy": {"1", dose, true, "Gy"}, "RAD": {"1/100", dose, true, "Gy"}, "Sv": {"1", dose, true, "Sv"}, "REM": {"1/100", dose, true, "Sv"},
	"kat": {"1", catalysis, true, ""}, "U": {"1/60000000", catalysis, true, ""}, "deg": {"0.0174532925199432957692369076848861271344287188854172545609719144", dims{radian: 1}, false, ""},
	"St": {"1/10000", dims{meter: 2, second: -1}, true, ""}, "P": {"100", dims{meter: -1, gram: 1, second: -1}, true, ""}, "[diop]": {"1", dims{meter: -1}, false, ""},

	"[in_i]": {"0.0254", length, false, ""}, "[ft_i]": {"0.3048", length, false, ""}, "[yd_i]": {"0.9144", length, false, ""}, "[mi_i]": {"1609.344", length, false, ""},
	"[nmi_i]": {"1852", length, false, ""}, "[in_us]": {"100/3937", length, false, ""}, "[ft_us]": {"1200/3937", length, false, ""}, "Ao": {"1e-10", length, false, ""}, "[Ch]": {"1/3000", length, false, ""},
	"[lb_av]": {"453.59237", mass, false, ""}, "[oz_av]": {"28.349523125", mass, false, ""}, "[gr]": {"0.06479891", mass, false, ""}, "[stone_av]": {"6350.29318", mass, false, ""}, "[dr_av]": {"1.7718451953125", mass, false, ""},
	"[gal_us]": {"0.003785411784", volume, false, ""}, "[qt_us]": {"0.000946352946", volume, false, ""}, "[pt_us]": {"0.000473176473", volume, false, ""}, "[cup_us]": {"0.0002365882365", volume, false, ""},
	"[foz_us]": {"0.0000295735295625", volume, false, ""}, "[tbs_us]": {"0.00001478676478125", volume, false, ""}, "[tsp_us]": {"0.00000492892159375", volume, false, ""}, "[drp]": {"5e-8", volume, false, ""},
	"[sin_i]": {"0.00064516", area, false, ""}, "[sft_i]": {"0.09290304", area, false, ""}, "[cin_i]": {"0.000016387064", volume, false, ""},

	"Cel": {"1", dims{kelvin: 1}, true, "Cel"}, "[degF]": {"5/9", dims{kelvin: 1}, false, "[degF]"}, "[pH]": {"1", none, false, "[pH]"}, "B": {"1", none, true, "B"},
	"[iU]": {"1", none, true, "[iU]"}, "[IU]": {"1", none, true, "[iU]"}, "[arb'U]": {"1", none, false, "[arb'U]"}, "[USP'U]": {"1", none, false, "[USP'U]"},
	"[CFU]": {"1", none, false, "[CFU]"}, "[PFU]": {"1", none, false, "[PFU]"}, "[GPL'U]": {"1", none, false, "[GPL'U]"}, "[MPL'U]": {"1", none, false, "[MPL'U]"},
	"[anti'Xa'U]": {"1", none, false, "[anti'Xa'U]"}, "[ELU]": {"1", none, false, "[ELU]"}, "[EID_50]": {"1", none, false, "[EID_50]"}, "[HPF]": {"1", none, false, "[HPF]"}, "[LPF]": {"100", none, false, "[HPF]"},
	"bit": {"1", none, true, "bit"}, "By": {"8", none, true, "bit"},
}
