package extension

import (
	"crypto/rsa"
	"crypto/subtle"
	"encoding/json"

	"github.com/go-jose/go-jose/v4"
)

// passwordSubmit asks about a password that does not fit an account which is still to be migrated (R 8.8). There is only
// one failure: the password counts as wrong.
func passwordSubmit() kind {
	return kind{event: PasswordSubmit, label: "Password submit", wire: "passwordSubmit",
		callout: "onPasswordSubmitCalloutData", response: "onPasswordSubmitResponseData",
		failures: []OnFailure{Block},
		consequence: map[OnFailure]string{
			Block: "If this API is down, customers whose password is not migrated yet cannot sign in with it.",
		},
		fill: func(d *Data, o *Occasion) *Failure {
			var f *Failure
			d.Encrypted, f = seal(o.Password)
			return f
		},
		actions: []action{
			{MigratePassword, "passwordSubmit.MigratePassword", carryOn},
			{UpdatePassword, "passwordSubmit.UpdatePassword", carryOn},
			{RetryPassword, "passwordSubmit.Retry", carryOn},
			{BlockPassword, "passwordSubmit.Block", blockPage},
		},
		verify: sameNonce,
		sample: func(o *Occasion) {
			o.User, o.Password = samplePerson(), &Submission{UserName: "mia.sample@example.com", Password: "not a real password", Nonce: "c2FtcGxlLW5vbmNl"}
		},
	}
}

// Names of what is encrypted (R 8.8.2).
type passwordContext struct {
	Password string `json:"user-password"`
	UserName string `json:"username"`
	Nonce    string `json:"nonce"`
}

// seal encrypts a password for the API alone (RFC 7516; RSA-OAEP with SHA-256 and AES-GCM). Keys below 2048 bits are
// refused by the library's caller: RFC 7518 §4.3 forbids them.
func seal(s *Submission) (string, *Failure) {
	if s == nil {
		return "", fail(HandlerUnexpected, "there is no password to ask about")
	}
	key, ok := s.Key.(*rsa.PublicKey)
	if !ok || key.N == nil || key.N.BitLen() < 2048 {
		return "", fail(ResourceNotFound, "the app registration of the API has no RSA certificate of 2048 bits or more to encrypt passwords with")
	}
	b, err := json.Marshal(passwordContext{s.Password, s.UserName, s.Nonce})
	if err != nil {
		return "", fail(HandlerUnexpected, "the password cannot be written")
	}
	e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.RSA_OAEP_256, Key: key, KeyID: s.KeyID}, (&jose.EncrypterOptions{}).WithType("JWT"))
	if err != nil {
		return "", fail(HandlerUnexpected, "the password cannot be encrypted")
	}
	jwe, err := e.Encrypt(b)
	if err != nil {
		return "", fail(HandlerUnexpected, "the password cannot be encrypted")
	}
	out, err := jwe.CompactSerialize()
	if err != nil {
		return "", fail(HandlerUnexpected, "the password cannot be encrypted")
	}
	return out, nil
}

// sameNonce: only who could decrypt the question can answer it, and only this one.
func sameNonce(data map[string]raw, o *Occasion) *Failure {
	var nonce string
	if b := data["nonce"]; b.null() || json.Unmarshal(b, &nonce) != nil || o.Password == nil || o.Password.Nonce == "" ||
		subtle.ConstantTimeCompare([]byte(nonce), []byte(o.Password.Nonce)) != 1 {
		return fail(InvalidBody, "the nonce is not the one that was sent")
	}
	return nil
}
