package dryrun

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"portico/app/factor"
	"portico/app/signin"
)

// PretendPasskey is the value of the input "credential" by which the visitor uses a passkey: the answer of
// a device is made when the walk is told, because every telling asks another challenge.
const PretendPasskey = "pretend"

// device is the visitor's authenticator: one ES256 key pair that lives as long as the telling (WebAuthn
// Level 3 §6). It verifies its user, and attests nothing.
type device struct {
	origin  string
	id      []byte
	user    []byte
	key     *ecdsa.PrivateKey
	counter uint32
}

// options is what a ceremony asks of the device.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"` // of an assertion
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"` // of a registration
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	PublicKey *options `json:"publicKey"`
}

var errDevice = errors.New("dryrun: the device has no key")

// answer is what the device says to a ceremony.
func (d *device) answer(c signin.Ceremony) (string, error) {
	var o options
	if err := json.Unmarshal(c.Client, &o); err != nil {
		return "", err
	}
	if o.PublicKey != nil {
		o = *o.PublicKey
	}
	if c.Enrol {
		return d.register(o)
	}
	return d.assert(o)
}

func (d *device) register(o options) (string, error) {
	var err error
	if d.user, err = base64.RawURLEncoding.DecodeString(o.User.ID); err != nil {
		return "", err
	}
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return "", err
	}
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		return "", err
	}
	d.id, d.counter = make([]byte, 32), 0
	if _, err := rand.Read(d.id); err != nil {
		return "", err
	}
	public, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}) // COSE: EC2, ES256, P-256
	if err != nil {
		return "", err
	}
	attested := binary.BigEndian.AppendUint16(make([]byte, 16), uint16(len(d.id)))
	attested = append(append(attested, d.id...), public...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.data(o.RP.ID, attested)})
	if err != nil {
		return "", err
	}
	client, err := d.client("webauthn.create", o.Challenge)
	if err != nil {
		return "", err
	}
	return d.credential(map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(object), "transports": []string{"internal"}})
}

func (d *device) assert(o options) (string, error) {
	if d.key == nil {
		return "", errDevice
	}
	client, err := d.client("webauthn.get", o.Challenge)
	if err != nil {
		return "", err
	}
	data, hash := d.data(o.RPID, nil), sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		return "", err
	}
	return d.credential(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(d.user)})
}

// data is the authenticator data (§6.1): who asks, that the user is there and verified, how often it signed.
func (d *device) data(rpID string, attested []byte) []byte {
	flags := byte(0x05)
	if attested != nil {
		flags |= 0x40
	}
	d.counter++
	hash := sha256.Sum256([]byte(rpID))
	return append(binary.BigEndian.AppendUint32(append(hash[:], flags), d.counter), attested...)
}

func (d *device) client(kind, challenge string) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
}

func (d *device) credential(response map[string]any) (string, error) {
	b, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform"})
	return string(b), err
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// registered gives a pretend customer a passkey of the device.
func (d *device) registered(keys *factor.Passkeys, userID, name string) (signin.Credential, error) {
	owner := factor.PasskeyOwner{ID: userID, Name: name, DisplayName: name}
	client, server, err := keys.BeginRegister(owner, factor.PasskeyRules{})
	if err != nil {
		return signin.Credential{}, err
	}
	said, err := d.answer(signin.Ceremony{Enrol: true, Client: client})
	if err != nil {
		return signin.Credential{}, err
	}
	made, err := keys.FinishRegister(owner, server, []byte(said), factor.PasskeyRules{})
	return signin.Credential{ID: pretendPasskey, Kind: factor.Passkey, Lookup: made.ID, Secret: made.Stored, Counter: made.Counter}, err
}
