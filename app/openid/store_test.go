package openid

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/record"
	"portico/app/tenant"
)

// memory is a store for tests that are not about the store.
type memory struct {
	mu     sync.Mutex
	keys   []StoredKey
	grants map[string]Grant
	used   map[string]bool
	user   User
	member Membership
	asked  []MembershipQuery
}

func newMemory() *memory {
	return &memory{grants: map[string]Grant{}, used: map[string]bool{}, user: User{ID: testUser, Enabled: true, Name: "Anna Berg", Email: "anna@example.com", PreferredUsername: "anna@example.com"}}
}

const (
	testTenant = "7d3a4c1e-0000-4000-8000-000000000001"
	testUser   = "7d3a4c1e-0000-4000-8000-000000000002"
	testClient = "7d3a4c1e-0000-4000-8000-000000000003"
	testBase   = "https://login.example.com"
)

func (m *memory) OpenID(string) Store { return m }

func (m *memory) AddOpenIDGrant(_ context.Context, g Grant) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants[g.ID] = g
	return nil
}

func (m *memory) OpenIDGrant(_ context.Context, id string) (Grant, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.grants[id]
	return g, ok, nil
}

func (m *memory) OpenIDHolding(ctx context.Context, id string) (Holding, bool, error) {
	g, ok, err := m.OpenIDGrant(ctx, id)
	return Holding{Grant: g, User: m.user}, ok, err
}

func (m *memory) OpenIDHoldingByCode(_ context.Context, hash []byte) (Holding, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.grants {
		if bytes.Equal(g.CodeHash, hash) {
			return Holding{Grant: g, User: m.user}, true, nil
		}
	}
	return Holding{}, false, nil
}

func (m *memory) OpenIDMembership(_ context.Context, q MembershipQuery) (Membership, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, q)
	return m.member, nil
}

func (m *memory) RedeemOpenIDCode(_ context.Context, r Redemption) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[r.GrantID]
	if !g.CodeUsedAt.IsZero() {
		return false, nil
	}
	g.CodeUsedAt, g.Scopes, g.RefreshHash, g.RefreshExpiresAt = r.Now, r.Scopes, r.RefreshHash, r.RefreshExpiresAt
	m.grants[r.GrantID] = g
	return true, nil
}

func (m *memory) RotateOpenIDRefresh(_ context.Context, r Rotation) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[r.GrantID]
	if !bytes.Equal(g.RefreshHash, r.Presented) {
		return false, nil
	}
	g.RefreshHash, g.RefreshPrevious, g.RotatedAt, g.RefreshExpiresAt = r.Successor, r.Presented, time.Now(), r.ExpiresAt
	m.grants[r.GrantID] = g
	return true, nil
}

func (m *memory) FoldSignIn(context.Context, record.SignIn) error { return nil }

func (m *memory) RevokeOpenIDGrant(_ context.Context, id, reason string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.grants[id]
	g.RevokedAt, g.RevokedFor = now, reason
	m.grants[id] = g
	return nil
}

func (m *memory) RevokeOpenIDSession(context.Context, string, string, time.Time) error { return nil }

func (m *memory) OpenIDSessionClients(context.Context, string) ([]SessionClient, error) {
	return nil, nil
}

func (m *memory) OpenIDKeys(context.Context) ([]StoredKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]StoredKey(nil), m.keys...), nil
}

func (m *memory) AddOpenIDKey(_ context.Context, _ audit.Actor, k StoredKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys = append(m.keys, k)
	return nil
}

func (m *memory) RetireOpenIDKey(_ context.Context, _ audit.Actor, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.keys {
		if m.keys[i].ID == id {
			m.keys[i].RetireAt = at
		}
	}
	return nil
}

func (m *memory) PurgeOpenIDKeys(context.Context, time.Time) error { return nil }

func (m *memory) UseOpenIDAssertion(_ context.Context, client string, hash []byte, _, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := client + string(hash)
	first := !m.used[k]
	m.used[k] = true
	return first, nil
}

func (m *memory) ParkOpenIDRequest(context.Context, []byte, string, time.Time, time.Time) error {
	return nil
}

func (m *memory) TakeOpenIDRequest(context.Context, []byte, time.Time) (string, bool, error) {
	return "", false, nil
}

func testMAC(purpose string, data []byte) []byte {
	m := hmac.New(sha256.New, []byte("key "+purpose))
	m.Write(data)
	return m.Sum(nil)
}

// testProvider is a provider with one client that has a secret ("secret"), over memory.
func testProvider(tb testing.TB) (*Provider, *Realm, *Client) {
	tb.Helper()
	p := New(Options{Stores: newMemory(), MAC: testMAC})
	c := &Client{ID: testClient, ObjectID: "object", TenantID: testTenant, Name: "App", Enabled: true, SigningAlg: ES256,
		RedirectURIs: []RedirectURI{{"https://app.example/cb", Web}, {"http://localhost", Native}, {"https://spa.example/", SPA}},
		Secrets:      []Secret{{ID: "1", Hash: sha256.Sum256([]byte("secret"))}}, Permissions: []string{"User.Read.All"}}
	return p, NewRealm(testBase, tenant.Tenant{ID: testTenant, Slug: "fernhill"}, map[string]*Client{c.ID: c}), c
}
