package dicom

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const study = "1.2.250.1.999.4.77"

func writers() map[string]Writer {
	return map[string]Writer{
		"explicit": {}, "implicit": {Implicit: true}, "explicit, delimited": {Undefined: true}, "implicit, delimited": {Implicit: true, Undefined: true},
	}
}

func TestReadKOS(t *testing.T) {
	for name, w := range writers() {
		t.Run(name, func(t *testing.T) {
			k, err := ReadKOS(w.File(SampleKOS(study, "ACC-7", "1.2.250.1.999.1")))
			require.NoError(t, err)
			assert.Equal(t, study+".9", k.Instance)
			require.Len(t, k.Studies, 1)
			s := k.Studies[0]
			assert.Equal(t, Study{UID: study, Series: 2, Instances: 3, URLs: []string{
				"https://pacs.example.org/wado/studies/" + study + "/series/" + study + ".1", "https://pacs.example.org/wado/studies/" + study + "/series/" + study + ".2",
			}, Locations: []string{"1.2.250.1.999.8.1"}}, s)
			assert.Equal(t, []Number{{"ACC-7", "1.2.250.1.999.1"}}, k.Accessions)
			assert.Equal(t, []Number{{"ORD-77", ""}}, k.Orders)
		})
	}
}

func TestWhatIsNoKOS(t *testing.T) {
	sample := SampleKOS(study, "A", "1.2")
	image := append([]Attribute{{Tag: tagSOPClass, VR: "UI", Value: "1.2.840.10008.5.1.4.1.1.2"}}, sample[1:]...)
	deep := []Attribute{{Tag: tagStudyInstance, VR: "UI", Value: study}}
	for range maxDepth + 2 {
		deep = []Attribute{{Tag: tagEvidence, VR: "SQ", Items: [][]Attribute{deep}}}
	}
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":            {nil, ErrNotDICOM},
		"text":             {[]byte(strings.Repeat("x", 200)), ErrNotDICOM},
		"image":            {Writer{}.File(image), ErrNotKOS},
		"big endian":       {Writer{Syntax: "1.2.840.10008.1.2.2"}.File(sample), ErrSyntax},
		"deflated":         {Writer{Syntax: "1.2.840.10008.1.2.1.99"}.File(sample), ErrSyntax},
		"nested":           {Writer{Undefined: true}.File(deep), ErrTooMuch},
		"nested, sized":    {Writer{Implicit: true}.File(deep), ErrTooMuch},
		"compressed image": {bytes.Replace(Writer{Syntax: "1.2.840.10008.1.2.4.90"}.File(nil), []byte("UI\x1e\x00"+kosClass+"\x00"), []byte("UI\x1a\x001.2.840.10008.5.1.4.1.1.2\x00"), 1), ErrNotKOS},
		"only preamble":    {Writer{}.File(nil)[:132], ErrSyntax},
		"no data set":      {Writer{}.File(nil), ErrNotKOS},
		"length too big":   {append(Writer{}.File(nil), 8, 0, 0x16, 0, 'U', 'I', 0xFF, 0x7F), ErrBroken},
	} {
		_, err := ReadKOS(c.raw)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestACutFileIsRefusedOrSaysLess(t *testing.T) {
	for name, w := range writers() {
		whole := w.File(SampleKOS(study, "ACC-7", "1.2.250.1.999.1"))
		for n := range whole {
			k, err := ReadKOS(whole[:n])
			if err == nil {
				assert.LessOrEqual(t, len(k.Studies), 1, "%s cut at %d", name, n)
			}
		}
	}
}

func TestPaddingRepertoiresAndUIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9 /-]{1,16}`).Draw(t, "accession")
		w := Writer{Implicit: rapid.Bool().Draw(t, "implicit"), Undefined: rapid.Bool().Draw(t, "undefined")}
		k, err := ReadKOS(w.File(SampleKOS(study, value, "1.2.3")))
		require.NoError(t, err)
		if trimmed := strings.TrimSpace(value); trimmed != "" {
			require.Equal(t, trimmed, k.Accessions[0].Value)
		}
	})
	latin := &element{value: []byte("\xC9lise ")}
	assert.Equal(t, "Élise", text(latin))
	assert.Empty(t, text(&element{value: []byte("a\nb")}))
	assert.Empty(t, text(&element{value: bytes.Repeat([]byte("a"), maxText+1)}))
	for _, bad := range []string{"", "1", "1..2", "1.02", ".1", "1.2.x", strings.Repeat("1.", 40) + "1"} {
		assert.Empty(t, uid(&element{value: []byte(bad)}), bad)
	}
}

func FuzzReadKOS(f *testing.F) {
	for _, w := range writers() {
		f.Add(w.File(SampleKOS(study, "ACC-7", "1.2.250.1.999.1")))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := ReadKOS(raw)
		if err != nil {
			return
		}
		if len(k.Studies) > maxStudies || len(k.Accessions) > maxNumbers {
			t.Fatal("the bounds do not hold")
		}
		for _, s := range k.Studies {
			if uid(&element{value: []byte(s.UID)}) != s.UID {
				t.Fatalf("%q is no UID", s.UID)
			}
		}
	})
}
