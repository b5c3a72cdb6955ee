package factor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkeys makes and checks WebAuthn ceremonies. User verification is always required, so a passkey
// satisfies MFA alone (DESIGN §5.4). The relying party is the host of the base URL.
type Passkeys struct{ w *webauthn.WebAuthn }

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
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Passkeys{w: w}, nil
}

// Origin is where the ceremonies take place.
func (p *Passkeys) Origin() string { return p.w.Config.RPOrigins[0] }

// PasskeyOwner is the person of a ceremony. Credentials are the stored JSON of FinishRegister.
type PasskeyOwner struct {
	ID          string
	Name        string
	DisplayName string
	Credentials [][]byte
}

// Registered is a new or used passkey: its id (base64url), its stored form and its counter.
type Registered struct {
	ID      string
	Stored  []byte
	Counter int64
}

type owner struct{ PasskeyOwner }

func (o owner) WebAuthnID() []byte          { return []byte(o.ID) }
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

// BeginRegister gives the options for the browser and the state to keep until the answer.
func (p *Passkeys) BeginRegister(o PasskeyOwner) (options, state []byte, err error) {
	var exclude []protocol.CredentialDescriptor
	for _, c := range (owner{o}).WebAuthnCredentials() {
		exclude = append(exclude, c.Descriptor())
	}
	creation, session, err := p.w.BeginRegistration(owner{o}, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, nil, err
	}
	return both(creation.Response, session)
}

// FinishRegister checks the browser's answer against the kept state.
func (p *Passkeys) FinishRegister(o PasskeyOwner, state, answer []byte) (Registered, error) {
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
	return registered(c)
}

// BeginAssert asks for one of the owner's passkeys.
func (p *Passkeys) BeginAssert(o PasskeyOwner) (options, state []byte, err error) {
	assertion, session, err := p.w.BeginLogin(owner{o}, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, err
	}
	return both(assertion.Response, session)
}

var errClone = errors.New("factor: the passkey's counter went backwards; it may have been copied")

// FinishAssert checks the browser's answer; a counter that went backwards is refused.
func (p *Passkeys) FinishAssert(o PasskeyOwner, state, answer []byte) (Registered, error) {
	var session webauthn.SessionData
	if err := json.Unmarshal(state, &session); err != nil {
		return Registered{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Registered{}, err
	}
	c, err := p.w.ValidateLogin(owner{o}, session, parsed)
	if err != nil {
		return Registered{}, err
	}
	if c.Authenticator.CloneWarning {
		return Registered{}, errClone
	}
	return registered(c)
}

func registered(c *webauthn.Credential) (Registered, error) {
	b, err := json.Marshal(c)
	return Registered{ID: base64.RawURLEncoding.EncodeToString(c.ID), Stored: b, Counter: int64(c.Authenticator.SignCount)}, err
}

func both(options, state any) ([]byte, []byte, error) {
	o, err := json.Marshal(options)
	if err != nil {
		return nil, nil, err
	}
	s, err := json.Marshal(state)
	return o, s, err
}
