package factor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// Passkeys makes and checks WebAuthn ceremonies. User verification is always required, so a passkey
// satisfies MFA alone (DESIGN §5.4), and so is a discoverable credential, so that whoever registers one as a
// second factor can sign in with it alone. The relying party is the host of the base URL.
type Passkeys struct {
	w         *webauthn.WebAuthn
	named     bool      // of a host of a tenant's own: its passkeys say so, those of the installation's address need not
	elsewhere *sync.Map // host → *Passkeys
}

// NewPasskeys prepares ceremonies for one origin.
func NewPasskeys(baseURL, name string) (*Passkeys, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	id := u.Hostname()
	if _, err := netip.ParseAddr(id); err == nil {
		// No passkey can belong to an address (WebAuthn §5.1.2): on a development machine that is called by
		// one, the browser refuses the ceremony, and everything else works.
		id = "localhost"
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Passkeys{w: w, elsewhere: &sync.Map{}}, nil
}

// At are the ceremonies of a host of a tenant's own, where other passkeys live; "" = these. Whoever names a host has made sure
// that it is one of theirs: each stays in memory.
func (p *Passkeys) At(host string) *Passkeys {
	if host == "" || p == nil {
		return p
	}
	if known, ok := p.elsewhere.Load(host); ok {
		return known.(*Passkeys)
	}
	u, err := url.Parse(p.Origin())
	if err != nil {
		return p
	}
	c := *p.w.Config
	c.RPID, c.RPOrigins = host, []string{tenantOrigin(u, host)}
	w, err := webauthn.New(&c)
	if err != nil {
		return p
	}
	made, _ := p.elsewhere.LoadOrStore(host, &Passkeys{w: w, named: true, elsewhere: p.elsewhere})
	return made.(*Passkeys)
}

// tenantOrigin is the origin with another host: scheme and port are the installation's.
func tenantOrigin(u *url.URL, host string) string {
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	return u.Scheme + "://" + host
}

// mine leaves out the passkeys that live at another host: a browser would not find them here.
func (p *Passkeys) mine(o PasskeyOwner) PasskeyOwner {
	var list [][]byte
	for _, b := range o.Credentials {
		host := FactsOf(b).Host
		if p.named && host == p.w.Config.RPID || !p.named && host == "" {
			list = append(list, b)
		}
	}
	o.Credentials = list
	return o
}

// stored is a passkey as it is kept: the host of a tenant's own that it lives at stands beside it.
type stored struct {
	*webauthn.Credential
	Host string `json:"host,omitempty"`
}

// Origin is where the ceremonies take place.
func (p *Passkeys) Origin() string { return p.w.Config.RPOrigins[0] }

// PasskeyOwner is the person of a ceremony. Credentials are the stored JSON of FinishRegister.
type PasskeyOwner struct {
	ID          string
	Name        string
	DisplayName string
	Credentials [][]byte
	// Handle is what the passkey to be checked calls them, "" = their id. It is another one when it came along with an
	// account that went into theirs; the caller has made sure of that.
	Handle string
}

// Registered is a new or used passkey: its id (base64url), its stored form and its counter.
type Registered struct {
	ID      string
	Stored  []byte
	Counter int64
	PasskeyFacts
}

// PasskeyFacts is what a passkey says of the device that keeps it.
type PasskeyFacts struct {
	AAGUID   string // the device's model, as a UUID; "" = it does not say
	Synced   bool   // may be on several devices of its owner (WebAuthn §6.1.3, backup eligible)
	Attested bool   // the model vouched for itself with a key of its maker's (§6.5.3)
	Host     string // of a tenant's own, where alone it works; "" = the installation's address
}

// FactsOf reads them from a passkey's stored form; the zero value where it is none.
func FactsOf(stored []byte) PasskeyFacts {
	var c webauthn.Credential
	var ours struct { // read by itself: a Credential unmarshals itself, and would take a struct around it along
		Host string `json:"host"`
	}
	if json.Unmarshal(stored, &c) != nil || json.Unmarshal(stored, &ours) != nil {
		return PasskeyFacts{}
	}
	f := factsOf(&c)
	f.Host = ours.Host
	return f
}

func factsOf(c *webauthn.Credential) PasskeyFacts {
	f := PasskeyFacts{Synced: c.Flags.BackupEligible}
	if id, err := uuid.FromBytes(c.Authenticator.AAGUID); err == nil && id != uuid.Nil {
		f.AAGUID = id.String()
	}
	// A statement that the passkey's own key signed (self attestation) says nothing about the model.
	switch metadata.AuthenticatorAttestationType(c.AttestationType) {
	case metadata.BasicFull, metadata.AttCA, metadata.AnonCA:
		f.Attested = true
	}
	return f
}

// PasskeyRules are which passkeys may be registered and used (R 4.5.3): those of a tenant's policy.
type PasskeyRules struct {
	Attested bool     // at registration only
	Allowed  []string // models; empty = any
	Blocked  []string
}

// Admits reports whether a passkey may be used, by its model. One that does not say its model is none of the
// allowed ones.
func (r PasskeyRules) Admits(f PasskeyFacts) bool {
	named := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return strings.EqualFold(strings.TrimSpace(id), f.AAGUID) })
	}
	return (len(r.Allowed) == 0 || f.AAGUID != "" && named(r.Allowed)) && (f.AAGUID == "" || !named(r.Blocked))
}

// ErrPasskeyRefused says that a passkey is of a kind that the tenant does not take.
var ErrPasskeyRefused = errors.New("factor: this kind of passkey is not allowed here")

type owner struct{ PasskeyOwner }

func (o owner) WebAuthnID() []byte {
	if o.Handle != "" {
		return []byte(o.Handle)
	}
	return []byte(o.ID)
}
func (o owner) WebAuthnName() string        { return o.Name }
func (o owner) WebAuthnDisplayName() string { return o.DisplayName }
func (o owner) WebAuthnCredentials() []webauthn.Credential {
	var out []webauthn.Credential
	for _, b := range o.Credentials {
		var c webauthn.Credential
		if json.Unmarshal(b, &c) == nil {
			out = append(out, c)
		}
	}
	return out
}

// BeginRegister gives the options for the browser and the state to keep until the answer. A model is asked to
// vouch for itself only where the rules name models: it is nobody's business otherwise.
func (p *Passkeys) BeginRegister(o PasskeyOwner, rules PasskeyRules) (options, state []byte, err error) {
	o = p.mine(o)
	var exclude []protocol.CredentialDescriptor
	for _, c := range (owner{o}).WebAuthnCredentials() {
		exclude = append(exclude, c.Descriptor())
	}
	attestation := protocol.PreferNoAttestation
	if rules.Attested || len(rules.Allowed) > 0 {
		attestation = protocol.PreferDirectAttestation
	}
	creation, session, err := p.w.BeginRegistration(owner{o}, webauthn.WithExclusions(exclude), webauthn.WithConveyancePreference(attestation))
	if err != nil {
		return nil, nil, err
	}
	return both(creation.Response, session)
}

// FinishRegister checks the browser's answer against the kept state. A kind of passkey that the rules do not
// take is ErrPasskeyRefused.
func (p *Passkeys) FinishRegister(o PasskeyOwner, state, answer []byte, rules PasskeyRules) (Registered, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal(state, &session); err != nil {
		return Registered{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Registered{}, err
	}
	c, err := p.w.CreateCredential(owner{o}, session, parsed)
	if err != nil {
		return Registered{}, err
	}
	if f := factsOf(c); !rules.Admits(f) || rules.Attested && !f.Attested {
		return Registered{}, ErrPasskeyRefused
	}
	return p.registered(c)
}

// Request is the options for a browser that may answer with any passkey of this host: nobody has said who
// they are, so none is named. The challenge is the caller's, who keeps it or can make it again.
func (p *Passkeys) Request(challenge []byte) (options []byte, err error) {
	return json.Marshal(struct {
		Challenge        protocol.URLEncodedBase64 `json:"challenge"`
		RPID             string                    `json:"rpId"`
		UserVerification string                    `json:"userVerification"`
	}{challenge, p.w.Config.RPID, string(protocol.VerificationRequired)})
}

// Claim is whose passkey an answer says to be, before anything is checked: the owner's id that was put on it
// when it was registered, and the passkey's own (base64url).
func Claim(answer []byte) (ownerID, passkeyID string, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", "", err
	}
	return string(parsed.Response.UserHandle), base64.RawURLEncoding.EncodeToString(parsed.RawID), nil
}

// FinishRequest checks the answer to Request for the person whose passkey it says to be.
func (p *Passkeys) FinishRequest(o PasskeyOwner, challenge, answer []byte) (Registered, error) {
	o = p.mine(o)
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Registered{}, err
	}
	session := webauthn.SessionData{Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: p.w.Config.RPID,
		UserVerification: protocol.VerificationRequired}
	_, c, err := p.w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		if string(handle) != string(owner{o}.WebAuthnID()) {
			return nil, errOwner
		}
		return owner{o}, nil
	}, session, parsed)
	if err != nil {
		return Registered{}, err
	}
	if c.Authenticator.CloneWarning {
		return Registered{}, errClone
	}
	return p.registered(c)
}

// BeginAssert asks for one of the owner's passkeys.
func (p *Passkeys) BeginAssert(o PasskeyOwner) (options, state []byte, err error) {
	if o = p.mine(o); len(o.Credentials) == 0 {
		return nil, nil, ErrNoPasskey
	}
	assertion, session, err := p.w.BeginLogin(owner{o}, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, err
	}
	return both(assertion.Response, session)
}

// ErrNoPasskey says that somebody has no passkey that works at this host.
var ErrNoPasskey = errors.New("factor: no passkey works here")

var errOwner = errors.New("factor: the passkey is somebody else's")

var errClone = errors.New("factor: the passkey's counter went backwards; it may have been copied")

// FinishAssert checks the browser's answer; a counter that went backwards is refused.
func (p *Passkeys) FinishAssert(o PasskeyOwner, state, answer []byte) (Registered, error) {
	o = p.mine(o)
	var session webauthn.SessionData
	if err := json.Unmarshal(state, &session); err != nil {
		return Registered{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Registered{}, err
	}
	if o.Handle != "" && string(session.UserID) == o.ID { // the ceremony began with the id that they have now
		session.UserID = []byte(o.Handle)
	}
	c, err := p.w.ValidateLogin(owner{o}, session, parsed)
	if err != nil {
		return Registered{}, err
	}
	if c.Authenticator.CloneWarning {
		return Registered{}, errClone
	}
	return p.registered(c)
}

func (p *Passkeys) registered(c *webauthn.Credential) (Registered, error) {
	s, f := stored{Credential: c}, factsOf(c)
	if p.named {
		s.Host, f.Host = p.w.Config.RPID, p.w.Config.RPID
	}
	b, err := json.Marshal(s)
	return Registered{ID: base64.RawURLEncoding.EncodeToString(c.ID), Stored: b, Counter: int64(c.Authenticator.SignCount), PasskeyFacts: f}, err
}

func both(options, state any) ([]byte, []byte, error) {
	o, err := json.Marshal(options)
	if err != nil {
		return nil, nil, err
	}
	s, err := json.Marshal(state)
	return o, s, err
}
