package federation

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// skew is how far a provider's clock may be from ours.
const skew = 3 * time.Minute

// idTokenAlgorithms are what an id_token may be signed by: never none, never a secret that both sides know.
func idTokenAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
}

// verify checks an id_token (OpenID Connect Core §3.1.3.7) and gives its claims.
func (t *trip) verify(ctx context.Context, k preset, e endpoints, raw string, d Departure, accessToken string) (claims, *Refusal) {
	bad := func(reason string) (claims, *Refusal) { return nil, t.refuse(Invalid, "token", reason, nil) }
	if raw == "" {
		return bad("the answer holds no id_token; is “openid” among the scopes?")
	}
	c, alg, refusal := t.signed(ctx, e, raw)
	if refusal != nil {
		return nil, refusal
	}
	t.hops = append(t.hops, Hop{What: "token", Claims: c.names(), Verdict: "ok"})
	if wrong := k.wrongIssuer(e, t.p, c); wrong != "" {
		return bad(wrong)
	}
	if wrong := wrongAudience(c, t.p.ClientID); wrong != "" {
		return bad(wrong)
	}
	if wrong := wrongTime(c, t.n.Now(), d, k.byForce); wrong != "" {
		return bad(wrong)
	}
	switch sub, ok := c["sub"].(string); {
	case !ok || strings.TrimSpace(sub) == "":
		return bad("the id_token names nobody (sub is missing)")
	case len(sub) > 255:
		return bad("the id_token's sub is longer than 255 characters")
	}
	if nonce, said := c["nonce"]; said || !k.noNonce {
		if n, _ := nonce.(string); d.Nonce == "" || !same(n, d.Nonce) {
			return bad("the id_token's nonce is not the one that was sent along")
		}
	}
	if want, said := c["at_hash"]; said {
		if got, _ := want.(string); accessToken == "" || !same(got, hashOf(alg, accessToken)) {
			return bad("the id_token's at_hash does not fit the access token")
		}
	}
	return c, nil
}

// wrongIssuer compares the issuer exactly, or as the kind says.
func (k preset) wrongIssuer(e endpoints, p Provider, c claims) string {
	if k.issues != nil {
		return k.issues(e, p, c)
	}
	iss := c.text("iss")
	if iss != "" && iss == e.issuer {
		return ""
	}
	if p.Issuer == "" {
		for _, also := range k.alsoIssuers {
			if iss == also {
				return ""
			}
		}
	}
	return "the id_token's issuer is “" + words(iss) + "”; expected was “" + words(e.issuer) + "”"
}

// wrongAudience: the token is for us, and if it is for others too, it was issued to us (azp).
func wrongAudience(c claims, clientID string) string {
	aud := c.texts("aud")
	ours := false
	for _, a := range aud {
		ours = ours || a == clientID
	}
	azp, said := c["azp"]
	switch issuedTo, _ := azp.(string); {
	case !ours:
		return "the id_token is for “" + words(strings.Join(aud, ", ")) + "”, not for this client id"
	case said && issuedTo != clientID:
		return "the id_token was issued to “" + words(issuedTo) + "” (azp), not to this client id"
	case len(aud) > 1 && !said:
		return "the id_token is for several clients and does not say to which it was issued (azp)"
	}
	return ""
}

func wrongTime(c claims, now time.Time, d Departure, byForce bool) string {
	exp, ok := c.seconds("exp")
	iat, issued := c.seconds("iat")
	nbf, from := c.seconds("nbf")
	said, known := c.seconds("auth_time")
	at := func(t time.Time) string {
		return t.Format("15:04:05") + " UTC; here it is " + now.UTC().Format("15:04:05")
	}
	switch {
	case !ok:
		return "the id_token does not say when it expires (exp)"
	case !now.Before(exp.Add(skew)):
		return "the id_token expired at " + at(exp)
	case !issued:
		return "the id_token does not say when it was issued (iat)"
	case iat.After(now.Add(skew)):
		return "the id_token was issued in the future, at " + at(iat)
	case from && nbf.After(now.Add(skew)):
		return "the id_token is not valid before " + at(nbf)
	case d.Fresh && known && said.Before(d.At.Add(-skew)):
		return "a new sign-in was asked for; the provider says that the last one was at " + at(said)
	case d.Fresh && !known && byForce:
		return "a new sign-in was asked for; the id_token does not say when it was (auth_time)"
	}
	return ""
}

// signed checks the signature with the provider's published keys and gives what was signed. Claims that come twice are
// refused: two readers could take different ones.
func (t *trip) signed(ctx context.Context, e endpoints, raw string) (claims, jose.SignatureAlgorithm, *Refusal) {
	bad := func(reason string, err error) (claims, jose.SignatureAlgorithm, *Refusal) {
		return nil, "", t.refuse(Invalid, "token", reason, err)
	}
	token, err := jose.ParseSignedCompact(raw, idTokenAlgorithms())
	if err != nil {
		if errors.As(err, new(*jose.ErrUnexpectedSignatureAlgorithm)) {
			return bad("the id_token is signed by an algorithm that is not accepted ("+words(err.Error())+"); RS256, PS256, ES256 and EdDSA are", err)
		}
		return bad("the id_token is not a signed JWT: "+words(err.Error()), err)
	}
	head := token.Signatures[0].Protected
	if typ, _ := head.ExtraHeaders[jose.HeaderType].(string); typ != "" && !strings.EqualFold(typ, "JWT") {
		return bad("the id_token is a token of another type: "+words(typ), nil)
	}
	body, refusal := t.opened(ctx, e, token, head)
	if refusal != nil {
		return nil, "", refusal
	}
	var c claims
	if err := json.Unmarshal(body, &c); err != nil || c == nil {
		return bad("the id_token's claims cannot be read: "+words(errorText(err)), err)
	}
	return c, jose.SignatureAlgorithm(head.Algorithm), nil
}

func errorText(err error) string {
	if err == nil {
		return "they are empty"
	}
	return err.Error()
}

// opened finds the key. A key id that nobody has heard of makes the keys be read again, as does a key that does not fit:
// providers change them, and some keep the id.
func (t *trip) opened(ctx context.Context, e endpoints, token *jose.JSONWebSignature, head jose.Header) ([]byte, *Refusal) {
	known := false
	for _, renew := range []bool{false, true} {
		keys, refusal := t.keys(ctx, e.keys, renew)
		if refusal != nil {
			return nil, refusal
		}
		known = false
		for _, key := range keys {
			if head.KeyID != "" && key.KeyID != "" && key.KeyID != head.KeyID || key.Algorithm != "" && key.Algorithm != head.Algorithm || key.Use != "" && key.Use != "sig" {
				continue
			}
			known = true
			if body, err := token.Verify(key.Key); err == nil {
				return body, nil
			}
		}
	}
	if known && head.KeyID != "" {
		return nil, t.refuse(Invalid, "token", "the id_token's signature does not fit the provider's key “"+words(head.KeyID)+"”", nil)
	}
	return nil, t.refuse(Invalid, "token", "the id_token is signed with a key that the provider does not publish (“"+words(head.KeyID)+"”)", nil)
}

// mostKeys bounds how many keys of a provider are tried.
const mostKeys = 50

func (t *trip) keys(ctx context.Context, from string, renew bool) ([]jose.JSONWebKey, *Refusal) {
	v, err := t.n.Cache.get(ctx, "keys "+t.n.Tenant+" "+from, t.n.Now, renew, func(ctx context.Context) (any, error) {
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if refusal := t.get(ctx, "keys", from, "", &set); refusal != nil {
			return nil, refusal
		}
		keys := publicKeys(set.Keys)
		if len(keys) == 0 {
			return nil, t.refuse(Unreachable, "keys", "the provider publishes no key that can be used", nil)
		}
		return keys, nil
	})
	if err != nil {
		return nil, t.again(err, "keys")
	}
	return v.([]jose.JSONWebKey), nil
}

// publicKeys leaves out what we do not understand; one strange key does not spoil the others.
func publicKeys(raw []json.RawMessage) []jose.JSONWebKey {
	var out []jose.JSONWebKey
	for _, r := range raw[:min(len(raw), mostKeys)] {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(r) == nil && k.Valid() && k.IsPublic() {
			out = append(out, k)
		}
	}
	return out
}

// hashOf is at_hash: the left half of the hash that goes with the signature (OpenID Connect Core §3.1.3.6).
func hashOf(alg jose.SignatureAlgorithm, s string) string {
	if alg == jose.EdDSA {
		h := sha512.Sum512([]byte(s))
		return base64.RawURLEncoding.EncodeToString(h[:32])
	}
	h := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h[:16])
}
