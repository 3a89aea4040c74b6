package smart

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/carnet-fhir/carnet/store"
)

const (
	secretScheme   = "sha256:"
	minSecret      = 32 // characters
	clientSettings = "smart.clients"
	maxClientsFile = 8 << 20
	maxRegistered  = 500
)

// HashSecret gives the client_secret_hash of a secret. Secrets must be made at random, of at least 32 characters: that is why a fast hash will do.
func HashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return secretScheme + encode(h[:])
}

func (c *Client) isSecret(secret string) bool {
	return len(secret) >= minSecret && subtle.ConstantTimeCompare([]byte(HashSecret(secret)), []byte(c.SecretHash)) == 1
}

// Clients are the registered clients: those of the configuration, and those that registered themselves. It is safe for concurrent use.
type Clients struct {
	configured map[string]*Client

	mu         sync.RWMutex
	store      store.Store
	registered map[string]*Client
}

// ReadClients reads the registry of a server's configuration, {"clients": [...]}, and says everything that is wrong with it. own are clients of the server's own, beside those of the file.
func ReadClients(r io.Reader, own ...*Client) (*Clients, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxClientsFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxClientsFile {
		return nil, errors.New("smart: the registry of clients is longer than 8 MB")
	}
	var file struct {
		Clients []*Client `json:"clients"`
	}
	if err := strict(text, &file); err != nil {
		return nil, fmt.Errorf("smart: the registry of clients: %w", err)
	}
	return NewClients(append(file.Clients, own...)...)
}

// NewClients makes a registry.
func NewClients(clients ...*Client) (*Clients, error) {
	c := &Clients{configured: map[string]*Client{}, registered: map[string]*Client{}}
	var faults []error
	for n, client := range clients {
		if client == nil {
			faults = append(faults, fmt.Errorf("smart: clients[%d] is null", n))
			continue
		}
		if err := client.complete(); err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				faults = append(faults, fmt.Errorf("smart: clients[%d] (%q): %s", n, client.ID, line))
			}
		}
		if c.configured[client.ID] != nil {
			faults = append(faults, fmt.Errorf("smart: clients[%d] (%q): client_id occurs twice", n, client.ID))
		}
		c.configured[client.ID] = client
	}
	return c, errors.Join(faults...)
}

// Find gives a client by its id; nil when there is none.
func (c *Clients) Find(id string) *Client {
	if client := c.configured[id]; client != nil {
		return client
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.registered[id]
}

// All gives the clients in the order of their ids.
func (c *Clients) All() []*Client {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []*Client
	for _, client := range c.configured {
		out = append(out, client)
	}
	for id, client := range c.registered {
		if c.configured[id] == nil {
			out = append(out, client)
		}
	}
	slices.SortFunc(out, func(a, b *Client) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// bind reads those that registered themselves.
func (c *Clients) bind(s store.Store) error {
	text, err := setting(s, clientSettings)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.store = s
	if text == nil {
		return nil
	}
	var kept []*Client
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%w: the registered clients", store.ErrCorrupt)
	}
	for _, client := range kept {
		if err := client.complete(); err != nil {
			return fmt.Errorf("smart: a registered client: %w", err)
		}
		c.registered[client.ID] = client
	}
	return nil
}

var errTooManyClients = errors.New("smart: no more clients may register themselves")

// register keeps a client that registered itself.
func (c *Clients) register(ctx context.Context, client *Client) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.registered) >= maxRegistered {
		return errTooManyClients
	}
	return c.keep(ctx, append(c.list(), client))
}

// Remove forgets a client that registered itself; false when there is none. What it was granted before is Server.Revoke's to take back.
func (c *Clients) Remove(ctx context.Context, id string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.registered[id] == nil {
		return false, nil
	}
	return true, c.keep(ctx, slices.DeleteFunc(c.list(), func(o *Client) bool { return o.ID == id }))
}

func (c *Clients) list() []*Client {
	out := make([]*Client, 0, len(c.registered)+1)
	for _, client := range c.registered {
		out = append(out, client)
	}
	slices.SortFunc(out, func(a, b *Client) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// keep writes the registered clients and, once they are durable, lets them be found.
func (c *Clients) keep(ctx context.Context, clients []*Client) error {
	text, err := json.Marshal(clients)
	if err != nil {
		return err
	}
	if _, err := c.store.Commit(ctx, &store.Tx{Meta: map[string][]byte{clientSettings: text}}); err != nil {
		return err
	}
	next := map[string]*Client{}
	for _, client := range clients {
		next[client.ID] = client
	}
	c.registered = next
	return nil
}
