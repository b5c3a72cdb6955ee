package federation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
)

// connector speaks OpenID Connect's code flow, and plain OAuth 2.0 where a kind has no id_tokens.
type connector struct{ preset }

func (x connector) Begin(ctx context.Context, n Net, p Provider, s Secrets, a Ask) (Way, Departure, error) {
	k := x.settled(p)
	t := &trip{n: n, p: p, s: s}
	e, refusal := t.locate(ctx, k)
	if refusal != nil {
		return Way{}, Departure{}, refusal
	}
	d := Departure{ProviderID: p.ID, State: a.State, At: n.Now(), Fresh: a.Fresh}
	q := url.Values{"response_type": {"code"}, "client_id": {p.ClientID}, "redirect_uri": {a.RedirectURI}, "scope": {k.scope(p)}, "state": {a.State}}
	var err error
	if k.read == nil {
		if d.Nonce, err = random(n.Random, 32); err != nil {
			return Way{}, d, err
		}
		q.Set("nonce", d.Nonce)
	}
	if !k.noPKCE {
		if d.Verifier, err = random(n.Random, 32); err != nil {
			return Way{}, d, err
		}
		sum := sha256.Sum256([]byte(d.Verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	if mode := or(p.ResponseMode, k.responseMode); mode != "" && mode != "query" {
		q.Set("response_mode", mode)
	}
	if hint := words(a.LoginHint); hint != "" {
		q.Set("login_hint", hint)
	}
	if a.Locale != "" && k.read == nil {
		q.Set("ui_locales", words(a.Locale))
	}
	switch {
	case a.Fresh && k.fresh != nil:
		k.fresh(q)
	case a.Fresh:
		q.Set("prompt", "login")
		q.Set("max_age", "0")
	}
	if k.ask != nil {
		k.ask(q, p, a)
	}
	to, err := url.Parse(e.authorization)
	if err == nil {
		err = n.Client.Check(n.Tenant, to)
	}
	if err != nil || to.Fragment != "" {
		return Way{}, d, t.refuse(SetUp, "authorize", "“"+words(e.authorization)+"” is no address to send people to", err)
	}
	for name, values := range to.Query() {
		if !q.Has(name) {
			q[name] = values
		}
	}
	to.RawQuery = q.Encode()
	return Way{Redirect: to.String(), Hops: t.hops}, d, nil
}

func (x connector) Finish(ctx context.Context, n Net, p Provider, s Secrets, a Answer) (Arrival, error) {
	arrival, refusal := x.finish(ctx, &trip{n: n, p: p, s: s}, a)
	if refusal != nil {
		return Arrival{}, refusal
	}
	return arrival, nil
}

func (x connector) finish(ctx context.Context, t *trip, a Answer) (Arrival, *Refusal) {
	k := x.settled(t.p)
	if refusal := t.answered(a); refusal != nil {
		return Arrival{}, refusal
	}
	e, refusal := t.locate(ctx, k)
	if refusal != nil {
		return Arrival{}, refusal
	}
	if wrong := k.wrongSender(e, t.p, a.Values); wrong != "" {
		return Arrival{}, t.refuse(Invalid, "callback", wrong, nil)
	}
	got, refusal := t.exchange(ctx, k, e, a)
	if refusal != nil {
		return Arrival{}, refusal
	}
	var c claims
	if k.read != nil {
		if got.Access == "" {
			return Arrival{}, t.refuse(Invalid, "token", "the answer holds no access token", nil)
		}
		c, refusal = k.read(ctx, t, e, got.Access)
	} else if c, refusal = t.verify(ctx, k, e, got.ID, a.Departure, got.Access); refusal == nil {
		refusal = t.enrich(ctx, k, e, c, got.Access)
	}
	if refusal != nil {
		return Arrival{}, refusal
	}
	if k.brought != nil {
		k.brought(a.Values, c)
	}
	id := k.identify(t.p, c.text("iss"), c)
	if len(got.ID) <= 8<<10 {
		id.IDTokenHint = got.ID
	}
	t.hops = append(t.hops, Hop{What: "mapping", Claims: known(id), Verdict: "ok"})
	return Arrival{Identity: id, Hops: t.hops, Raw: c}, nil
}

// wrongSender compares the iss parameter, by which a provider says that the answer is its own (RFC 9207): mix-up.
func (k preset) wrongSender(e endpoints, p Provider, v url.Values) string {
	iss, said := v.Get("iss"), v.Has("iss")
	switch {
	case !said && !e.saysIssuer:
		return ""
	case !said:
		return "the answer does not say whose it is (iss), though the provider promises it"
	case k.issues != nil: // many issuers; the id_token decides
		return ""
	}
	return k.wrongIssuerText("the answer says that it is from", iss, e, p)
}

func (k preset) wrongIssuerText(what, iss string, e endpoints, p Provider) string {
	if k.wrongIssuer(e, p, claims{"iss": iss}) == "" {
		return ""
	}
	return what + " “" + words(iss) + "”; expected was “" + words(e.issuer) + "”"
}

// enrich asks the userinfo endpoint for what the id_token does not tell. Its sub must be the same (OpenID Connect Core
// §5.3.2); what the id_token says stays. A provider whose userinfo does not work has still said who it is.
func (t *trip) enrich(ctx context.Context, k preset, e endpoints, c claims, accessToken string) *Refusal {
	if e.userInfo == "" || accessToken == "" || c.text(k.claim(t.p, "email")) != "" && c.text(k.claim(t.p, "displayName")) != "" {
		return nil
	}
	var more claims
	if t.get(ctx, "userinfo", e.userInfo, accessToken, &more) != nil {
		return nil
	}
	t.hops[len(t.hops)-1].Claims = more.names()
	if more.text("sub") != c.text("sub") {
		return t.refuse(Invalid, "userinfo", "userinfo is about another person than the id_token (sub)", nil)
	}
	// An address and the word about it come from one place.
	if c.text("email") == "" {
		delete(c, "email_verified")
	} else {
		delete(more, "email_verified")
	}
	for name, v := range more {
		if _, said := c[name]; !said && !protected(name) {
			c[name] = v
		}
	}
	return nil
}

// protected are the claims by which an id_token is judged: userinfo, which is not signed, never adds them.
func protected(name string) bool {
	switch name {
	case "iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "auth_time", "amr", "acr", "sid", "tid", "hd", "xms_edov":
		return true
	}
	return false
}

func known(id Identity) []string {
	out := []string{"subject"}
	if id.Email != "" {
		out = append(out, "email")
	}
	c := claims(id.Attributes)
	return append(out, c.names()...)
}

// Leave is RP-initiated logout. The hint is not always at hand, so the client names itself.
func (x connector) Leave(ctx context.Context, n Net, p Provider, s Secrets, a Parting) (string, error) {
	k := x.settled(p)
	place := or(p.EndSessionURL, k.endSession)
	if place == "" && (p.Discovery != "" || k.discovery != "") {
		e, refusal := (&trip{n: n, p: p, s: s}).locate(ctx, k)
		if refusal != nil {
			return "", refusal
		}
		place = e.endSession
	}
	if place == "" {
		return "", nil
	}
	to, err := url.Parse(place)
	if err == nil {
		err = n.Client.Check(n.Tenant, to)
	}
	if err != nil {
		return "", err
	}
	q := to.Query()
	q.Set("client_id", p.ClientID)
	if a.Identity.IDTokenHint != "" {
		q.Set("id_token_hint", a.Identity.IDTokenHint)
	}
	if a.ReturnTo != "" {
		q.Set("post_logout_redirect_uri", a.ReturnTo)
		q.Set("state", a.State)
	}
	to.RawQuery = q.Encode()
	return to.String(), nil
}
