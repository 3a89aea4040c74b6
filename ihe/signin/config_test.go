package signin

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProvidersAreReadStrictly(t *testing.T) {
	const good = `{"id":"psc","kind":"pro-sante-connect","issuer":"https://psc.example/realm","client_id":"c"}`
	configs, err := ReadConfigs(strings.NewReader("[" + good + "]"))
	require.NoError(t, err)
	assert.Equal(t, Config{ID: "psc", Kind: ProSanteConnect, Title: "Pro Santé Connect", Issuer: "https://psc.example/realm", ClientID: "c", Scopes: []string{"scope_all"}, ACR: "eidas1"}, configs[0])
	for name, c := range map[string]struct{ file, says string }{
		"no issuer":            {`[{"id":"psc","kind":"pro-sante-connect","client_id":"c"}]`, "issuer"},
		"an issuer in http":    {`[{"id":"psc","kind":"pro-sante-connect","issuer":"http://psc.example","client_id":"c"}]`, "https"},
		"discovery in http":    {`[{"id":"psc","kind":"pro-sante-connect","issuer":"https://psc.example","discovery":"http://psc.example/d","client_id":"c"}]`, "https"},
		"no client":            {`[{"id":"psc","kind":"pro-sante-connect","issuer":"https://psc.example"}]`, "client_id"},
		"an id with a slash":   {`[{"id":"a/b","kind":"pro-sante-connect","issuer":"https://psc.example","client_id":"c"}]`, "id"},
		"an unknown kind":      {`[{"id":"x","kind":"google","issuer":"https://x.example","client_id":"c"}]`, "kind"},
		"an unknown level":     {`[{"id":"x","kind":"franceconnect","acr":"haut","issuer":"https://x.example","client_id":"c"}]`, "acr"},
		"an unknown field":     {`[{"id":"x","kind":"franceconnect","secret":"y"}]`, "documented"},
		"no claim of the INS":  {`[{"id":"x","kind":"apcv","issuer":"https://x.example","client_id":"c"}]`, "ins_claim"},
		"an id twice":          {"[" + good + "," + strings.Replace(good, "psc.example", "other.example", 1) + "]", "twice"},
		"an issuer twice":      {"[" + good + "," + strings.Replace(good, `"psc"`, `"psc2"`, 1) + "]", "twice"},
		"more than one object": {"[" + strings.TrimSuffix(strings.Repeat(good+",", maxProviders+1), ",") + "]", "more than"},
	} {
		_, err := ReadConfigs(strings.NewReader(c.file))
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), c.says, name)
	}
}
