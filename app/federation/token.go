package federation

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokens are a token endpoint's answer (RFC 6749 §5.1, §5.2).
type tokens struct {
	Access      string `json:"access_token"`
	ID          string `json:"id_token"`
	Error       any    `json:"error"` // Facebook sends an object
	Description string `json:"error_description"`
}

// exchange turns the code into tokens.
func (t *trip) exchange(ctx context.Context, k preset, e endpoints, a Answer) (tokens, *Refusal) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {a.Values.Get("code")}, "redirect_uri": {a.RedirectURI}}
	if a.Departure.Verifier != "" {
		form.Set("code_verifier", a.Departure.Verifier)
	}
	header := http.Header{}
	if err := t.authenticate(k, e, form, header); err != nil {
		return tokens{}, t.refuse(SetUp, "token", words(err.Error()), err)
	}
	r, err := http.NewRequest(http.MethodPost, e.token, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, t.refuse(SetUp, "token", "“"+words(e.token)+"” is not an address", err)
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, refusal := t.call(ctx, "token", r)
	if refusal != nil {
		return tokens{}, refusal
	}
	var out tokens
	if answer.Status >= 300 && answer.Status < 400 || answer.Status >= 500 {
		return out, t.refuse(Unreachable, "token", fmt.Sprintf("%s answered with status %d%s", r.URL.Host, answer.Status, hintOf(answer.Status)), nil)
	}
	if refusal := t.decode("token", r.URL.Host, answer, &out); refusal != nil {
		return out, refusal
	}
	if out.Error != nil {
		return out, t.tokenError(out)
	}
	if answer.Status != http.StatusOK {
		return out, t.refuse(Declined, "token", fmt.Sprintf("%s answered with status %d", r.URL.Host, answer.Status), nil)
	}
	return out, nil
}

func (t *trip) tokenError(out tokens) *Refusal {
	code, _ := out.Error.(string)
	description := out.Description
	if o, ok := out.Error.(map[string]any); ok {
		code, _ = o["type"].(string)
		description, _ = o["message"].(string)
	}
	said := tokenRefused{code: words(code), description: words(description)}
	reason := "the code was not accepted: " + said.text()
	switch code {
	case "invalid_client", "unauthorized_client", "incorrect_client_credentials", "redirect_uri_mismatch":
		return t.refuse(SetUp, "token", reason+". Check the client id, the secret and the redirect URI at the provider", said)
	}
	return t.refuse(Declined, "token", reason, said)
}

// tokenRefused is the error that a token endpoint answered (RFC 6749 §5.2).
type tokenRefused struct{ code, description string }

func (e tokenRefused) Error() string { return "token endpoint: " + e.text() }

func (e tokenRefused) text() string {
	if e.description == "" {
		return e.code
	}
	return e.code + ": " + e.description
}

// authenticate says who we are by the way that is set, or by one that the provider takes.
func (t *trip) authenticate(k preset, e endpoints, form url.Values, header http.Header) error {
	secret := t.s.Client
	if k.secret != nil {
		var err error
		if secret, err = k.secret(t.n, t.p, t.s); err != nil {
			return err
		}
	}
	method := t.method(k, e)
	if secret == "" && method != NoSecret && method != PrivateKeyJWT {
		return errors.New("there is no client secret")
	}
	switch method {
	case SecretBasic: // both are form-encoded first (RFC 6749 §2.3.1)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(t.p.ClientID)+":"+url.QueryEscape(secret))))
		return nil
	case SecretPost:
		form.Set("client_id", t.p.ClientID)
		form.Set("client_secret", secret)
		return nil
	case NoSecret:
		form.Set("client_id", t.p.ClientID)
		return nil
	}
	key, alg := any([]byte(secret)), jose.HS256
	if method == PrivateKeyJWT {
		if t.s.Key == nil {
			return errors.New("there is no private key")
		}
		key = t.s.Key
		var err error
		if alg, err = algorithmOf(key); err != nil {
			return err
		}
	} else if len(secret) < 32 {
		return errors.New("client_secret_jwt needs a client secret of at least 32 characters")
	}
	id, err := random(t.n.Random, 16)
	if err != nil {
		return err
	}
	now := t.n.Now()
	// Every provider has a key of its own here, so naming the token endpoint as audience (OpenID Connect Core §9), which
	// all servers take, lets nobody use the assertion elsewhere.
	assertion, err := sign(alg, key, t.s.KeyID, jwt.Claims{Issuer: t.p.ClientID, Subject: t.p.ClientID, Audience: jwt.Audience{e.token}, ID: id,
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(2 * time.Minute))})
	if err != nil {
		return err
	}
	form.Set("client_id", t.p.ClientID)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return nil
}

// method is how we authenticate. Unset, it follows what the provider says it takes; the specification's default is
// client_secret_basic (Discovery §3).
func (t *trip) method(k preset, e endpoints) ClientAuth {
	switch {
	case t.p.ClientAuth != "":
		return t.p.ClientAuth
	case k.clientAuth != "":
		return k.clientAuth
	case t.s.Client == "" && t.s.Key != nil:
		return PrivateKeyJWT
	case t.s.Client == "":
		return NoSecret
	case len(e.authMethods) > 0 && !slices.Contains(e.authMethods, string(SecretBasic)) && slices.Contains(e.authMethods, string(SecretPost)):
		return SecretPost
	}
	return SecretBasic
}

func algorithmOf(key any) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		if k.Curve.Params().BitSize == 256 {
			return jose.ES256, nil
		}
	case ed25519.PrivateKey:
		return jose.EdDSA, nil
	}
	return "", errors.New("the private key is of a kind that cannot be used: RSA, P-256 or Ed25519")
}

func sign(alg jose.SignatureAlgorithm, key any, id string, c any) (string, error) {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if id != "" {
		options = options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(c).Serialize()
}

// random gives n random bytes as text.
func random(from io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(from, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
