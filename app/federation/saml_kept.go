package federation

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"time"
)

// saml_kept.go: the last good metadata of a company outlive the program. Answers are checked here without asking the
// company, so people can sign in while its metadata cannot be read, also right after a restart. OpenID Connect needs no
// such copy: it has to reach the company for every sign-in.

// Shelf keeps what a provider published last, across restarts. What goes wrong with it is told to the log by whoever
// implements it, and changes nothing about a sign-in.
type Shelf interface {
	Keep(ctx context.Context, tenant, providerID string, document []byte)
	Kept(ctx context.Context, tenant, providerID string) []byte // nil = nothing
}

// keptSAML is a reading as it is written down. From and EntityID say of what: a provider that was set up anew since finds
// nothing.
type keptSAML struct {
	From         string    `json:"from"`
	At           time.Time `json:"at"`
	EntityID     string    `json:"entityId"`
	Redirect     string    `json:"redirect,omitempty"`
	Post         string    `json:"post,omitempty"`
	SignOut      string    `json:"signOut,omitempty"`
	WantsSigned  bool      `json:"wantsSigned,omitempty"`
	ValidUntil   time.Time `json:"validUntil,omitzero"`
	Certificates [][]byte  `json:"certificates"`
}

// keepSAML writes a good reading down.
func (t *trip) keepSAML(ctx context.Context, m SAMLMetadata) error {
	shelf := t.n.Cache.Shelf
	if shelf == nil || t.p.ID == "" {
		return nil
	}
	k := keptSAML{From: t.p.MetadataURL, At: t.n.Now(), EntityID: m.EntityID, Redirect: m.Redirect, Post: m.Post, SignOut: m.SignOut, WantsSigned: m.WantsSigned, ValidUntil: m.ValidUntil}
	for _, c := range m.Certificates {
		k.Certificates = append(k.Certificates, c.Raw)
	}
	doc, err := json.Marshal(k)
	if err != nil {
		return err
	}
	shelf.Keep(ctx, t.n.Tenant, t.p.ID, doc)
	return nil
}

// keptSAML finds the reading that still serves: of this very address and company, and no older than one in memory may be.
func (t *trip) keptSAML(ctx context.Context) (SAMLMetadata, time.Time, bool) {
	shelf := t.n.Cache.Shelf
	if shelf == nil || t.p.ID == "" {
		return SAMLMetadata{}, time.Time{}, false
	}
	var k keptSAML
	if doc := shelf.Kept(ctx, t.n.Tenant, t.p.ID); len(doc) == 0 || json.Unmarshal(doc, &k) != nil {
		return SAMLMetadata{}, time.Time{}, false
	}
	m := SAMLMetadata{EntityID: k.EntityID, Redirect: k.Redirect, Post: k.Post, SignOut: k.SignOut, WantsSigned: k.WantsSigned, ValidUntil: k.ValidUntil}
	for _, raw := range k.Certificates {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return SAMLMetadata{}, time.Time{}, false
		}
		m.Certificates = append(m.Certificates, c)
	}
	age := t.n.Now().Sub(k.At)
	if k.From != t.p.MetadataURL || k.EntityID != t.p.EntityID || age < -samlSkew || age > cacheStale || len(m.Certificates) == 0 || m.ended(t.n.Now()) {
		return SAMLMetadata{}, time.Time{}, false
	}
	return m, k.At, true
}
