package smart

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goodClient = `{"client_id":"a","client_name":"A","redirect_uris":["https://a.example/cb"],"scope":"patient/*.rs"}`

func TestReadClients(t *testing.T) {
	clients, err := ReadClients(strings.NewReader(`{"clients":[` + goodClient + `]}`))
	require.NoError(t, err)
	a := clients.Find("a")
	require.NotNil(t, a)
	assert.Equal(t, AuthNone, a.AuthMethod)
	assert.Equal(t, []string{GrantCode, GrantRefresh}, a.GrantTypes)
	assert.Equal(t, "patient/*.rs", a.Scopes().String())
	assert.Nil(t, clients.Find("b"))
	assert.Len(t, clients.All(), 1)
}

// TestClientFaults holds every rule of a registration to a registration that breaks it, and nothing else.
func TestClientFaults(t *testing.T) {
	private, err := json.Marshal(clientKeys()["rsa"])
	require.NoError(t, err)
	hash := HashSecret(strings.Repeat("s", 40))
	for name, c := range map[string]struct{ change, says string }{
		"no id":                         {`"client_id":""`, "client_id is 1 to 200"},
		"an id with a quote":            {`"client_id":"a\"b"`, "client_id is 1 to 200"},
		"no name":                       {`"client_name":""`, "client_name is needed"},
		"no scope":                      {`"scope":""`, "scope lists the most"},
		"an unknown scope":              {`"scope":"patient/*.rs admin"`, "scopes that SMART does not define: admin"},
		"no redirection":                {`"redirect_uris":[]`, "redirect_uris are needed"},
		"a redirection without TLS":     {`"redirect_uris":["http://a.example/cb"]`, "redirect_uris[0] is not https"},
		"a script":                      {`"redirect_uris":["javascript:alert(1)"]`, "redirect_uris[0] is neither https nor"},
		"a data URI":                    {`"redirect_uris":["data:text/html,x"]`, "redirect_uris[0] is neither https nor"},
		"a wildcard":                    {`"redirect_uris":["https://*.a.example/cb"]`, "characters that it may not have"},
		"a fragment":                    {`"redirect_uris":["https://a.example/cb#"]`, "has a fragment"},
		"a user":                        {`"redirect_uris":["https://u@a.example/cb"]`, "without user and fragment"},
		"a way up":                      {`"redirect_uris":["https://a.example/x/../cb"]`, "has .. in its path"},
		"a parameter of the answer":     {`"redirect_uris":["https://a.example/cb?state=x"]`, "has a parameter of the answer's"},
		"a relative redirection":        {`"redirect_uris":["/cb"]`, "is no absolute URI"},
		"a launch without TLS":          {`"launch_uri":"http://a.example/launch"`, "launch_uri is not https"},
		"keys without TLS":              {`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"http://a.example/jwks"`, "jwks_uri is not https"},
		"an unknown grant":              {`"grant_types":["password","authorization_code"]`, "grant_types are"},
		"a redirection of no use":       {`"grant_types":["client_credentials"],"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://a.example/jwks"`, "of no use without"},
		"credentials by secret":         {`"grant_types":["authorization_code","client_credentials"],"token_endpoint_auth_method":"client_secret_basic","client_secret_hash":"` + hash + `"`, "SMART Backend Services"},
		"an unknown authentication":     {`"token_endpoint_auth_method":"client_secret_jwt"`, "token_endpoint_auth_method is none"},
		"a secret of a public client":   {`"client_secret_hash":"` + hash + `"`, "and nothing else"},
		"no secret":                     {`"token_endpoint_auth_method":"client_secret_basic"`, "and nothing else"},
		"a secret in the clear":         {`"token_endpoint_auth_method":"client_secret_basic","client_secret_hash":"secret"`, "client_secret_hash is sha256:"},
		"a short hash":                  {`"token_endpoint_auth_method":"client_secret_basic","client_secret_hash":"sha256:AAAA"`, "is not a SHA-256"},
		"no keys":                       {`"token_endpoint_auth_method":"private_key_jwt"`, "and nothing else"},
		"keys twice":                    {`"token_endpoint_auth_method":"private_key_jwt","jwks_uri":"https://a.example/jwks","jwks":` + string(publicKeys()), "and nothing else"},
		"a private key":                 {`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[` + string(private) + `]}`, "has a private key"},
		"no key in the set":             {`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[]}`, "has 0 keys"},
		"a shared secret as key":        {`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]}`, "neither RSA nor EC"},
		"a key without kid":             {`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}`, "without a kid"},
		"a weak key":                    {`"token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[{"kty":"RSA","kid":"1","e":"AQAB","n":"AMuY3lzYW5kcmVk"}]}`, "less than 2048 bits"},
		"a certificate by nothing":      {`"token_endpoint_auth_method":"tls_client_auth"`, "and nothing else"},
		"bound without authentication":  {`"tls_client_certificate_bound_access_tokens":true`, "is for clients that authenticate"},
		"a negative lifetime":           {`"refresh_token_lifetime":-1`, "not negative"},
		"an element that there is not":  {`"client_secret":"x"`, "unknown field"},
		"an element of the wrong shape": {`"redirect_uris":"https://a.example/cb"`, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			var client map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(goodClient), &client))
			var change map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte("{"+c.change+"}"), &change))
			for k, v := range change {
				client[k] = v
			}
			text, err := json.Marshal(map[string]any{"clients": []any{client}})
			require.NoError(t, err)
			_, err = ReadClients(strings.NewReader(string(text)))
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "\n", "one fault, said once")
		})
	}
}

func TestRegistryFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"twice":     {`{"clients":[` + goodClient + `,` + goodClient + `]}`, `clients[1] ("a"): client_id occurs twice`},
		"null":      {`{"clients":[null]}`, "clients[0] is null"},
		"not JSON":  {`{`, "the registry of clients"},
		"more text": {`{"clients":[]} {}`, "text follows"},
		"an array":  {`[]`, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadClients(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := ReadClients(strings.NewReader(`{"clients":[{"client_id":"x"}]}`))
	require.Error(t, err)
	assert.Greater(t, strings.Count(err.Error(), "\n"), 1, "everything that is wrong is said at once")
}

func TestRedirectionsOfApps(t *testing.T) {
	for _, good := range []string{"https://a.example", "https://a.example:8443/cb?tab=1", "http://127.0.0.1:4000/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb", "com.example.app://cb"} {
		assert.NoError(t, checkRedirect(good), good)
	}
	for _, bad := range []string{"", "https:", "https:a.example", "https:///cb", "http://localhost.evil.example/cb", "vbscript:x", "file:///etc", "myapp://cb", "https://a.example/\ncb", "https://a.example/c b", "//a.example/cb", "https://a.example\\@evil.example"} {
		assert.Error(t, checkRedirect(bad), bad)
	}
}

func TestSecrets(t *testing.T) {
	secret := strings.Repeat("s", minSecret)
	c := &Client{SecretHash: HashSecret(secret)}
	assert.True(t, c.isSecret(secret))
	assert.False(t, c.isSecret(secret+"s"))
	short := &Client{SecretHash: HashSecret("short")}
	assert.False(t, short.isSecret("short"), "a secret that can be guessed is none")
	assert.False(t, (&Client{}).isSecret(""))
}
