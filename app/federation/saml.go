package federation

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"
)

// samlConnector speaks SAML 2.0's web browser sign-in (SAML profiles §4.1) as a service provider. Only what we asked for
// is taken, so each answer fits one departure of one browser.
type samlConnector struct{}

func (samlConnector) Begin(ctx context.Context, n Net, p Provider, s Secrets, a Ask) (Way, Departure, error) {
	t := &trip{n: n, p: p, s: s}
	m, refusal := t.samlPlace(ctx, false)
	if refusal != nil {
		return Way{}, Departure{}, refusal
	}
	if len(inForce(m.Certificates, n.Now())) == 0 { // nobody is sent on a way that cannot end well
		return Way{}, Departure{}, t.refuse(SetUp, "metadata", noneInForce(m.Certificates), nil)
	}
	d := Departure{ProviderID: p.ID, State: a.State, At: n.Now(), Fresh: a.Fresh}
	var err error
	if d.RequestID, err = requestID(n.Random); err != nil {
		return Way{}, d, err
	}
	place := or(m.Redirect, m.Post)
	to, err := url.Parse(place)
	if err == nil {
		err = n.Client.Check(n.Tenant, to)
	}
	if err != nil || to.Fragment != "" {
		return Way{}, d, t.refuse(SetUp, "authorize", "“"+words(place)+"” is no address to send people to", err)
	}
	key := s.Key
	if !p.SignRequests && !m.WantsSigned {
		key = nil
	} else if key == nil {
		return Way{}, d, t.refuse(SetUp, "authorize", "there is no key to sign requests with", nil)
	}
	e := authnRequest(p, a, d.RequestID, place, n.Now())
	if m.Redirect == "" {
		way, err := posted(e, place, a.State, key)
		return way, d, err
	}
	link, err := redirected(e, to, a.State, key, samlHint(a.LoginHint))
	return Way{Redirect: link}, d, err
}

func (x samlConnector) Finish(ctx context.Context, n Net, p Provider, s Secrets, a Answer) (Arrival, error) {
	arrival, refusal := x.finish(ctx, &trip{n: n, p: p, s: s}, a)
	if refusal != nil {
		return Arrival{}, refusal
	}
	return arrival, nil
}

func (x samlConnector) finish(ctx context.Context, t *trip, a Answer) (Arrival, *Refusal) {
	root, refusal := t.samlAnswer(a)
	if refusal != nil {
		return Arrival{}, refusal
	}
	invalid := func(err error) *Refusal { return t.refuse(Invalid, "assertion", err.Error(), err) }
	want := expectation{company: t.p.EntityID, us: SAMLEntityID(t.p, a.RedirectURI), place: a.RedirectURI, requestID: a.Departure.RequestID,
		departed: a.Departure.At, fresh: a.Departure.Fresh, now: t.n.Now()}
	if want.requestID == "" || want.company == "" {
		return Arrival{}, t.refuse(Invalid, "callback", "nothing was asked of this provider", nil)
	}
	t.hops = append(t.hops, Hop{What: "assertion", Verdict: "ok"})
	if err := shape(root); err != nil {
		return Arrival{}, invalid(err)
	}
	if err := want.envelope(root); err != nil {
		return Arrival{}, invalid(err)
	}
	if refusal := t.samlStatus(root); refusal != nil {
		return Arrival{}, refusal
	}
	assertion, refusal := t.trusted(ctx, root)
	if refusal != nil {
		return Arrival{}, refusal
	}
	said, err := want.read(assertion)
	if err != nil {
		return Arrival{}, invalid(err)
	}
	c, err := said.claimsOf(t.p)
	if err != nil {
		return Arrival{}, invalid(err)
	}
	t.hops[len(t.hops)-1].Claims = c.names()
	if refusal := t.firstUse(ctx, said); refusal != nil {
		return Arrival{}, refusal
	}
	id := saml().identify(t.p, t.p.EntityID, c)
	id.IDTokenHint = said.name.hint()
	t.hops = append(t.hops, Hop{What: "mapping", Claims: known(id), Verdict: "ok"})
	return Arrival{Identity: id, Hops: t.hops, Raw: c}, nil
}

// samlAnswer takes the response out of the form: it belongs to this departure and came in time.
func (t *trip) samlAnswer(a Answer) (*etree.Element, *Refusal) {
	t.hops = append(t.hops, Hop{What: "callback", Claims: names(a.Values), Verdict: "ok"})
	invalid := func(why string) (*etree.Element, *Refusal) { return nil, t.refuse(Invalid, "callback", why, nil) }
	for _, name := range []string{"SAMLResponse", "RelayState"} {
		if len(a.Values[name]) != 1 {
			return invalid("the answer has not exactly one “" + name + "”")
		}
	}
	switch {
	case a.Departure.ProviderID != t.p.ID:
		return invalid("the answer came to another provider's address than the one that was asked")
	case a.Departure.State == "" || !same(a.Values.Get("RelayState"), a.Departure.State):
		return invalid("the answer's RelayState is not the one that was sent along")
	case t.n.Now().Sub(a.Departure.At) > departureLasts:
		return invalid("the answer came more than 10 minutes after the departure")
	}
	raw, err := samlDecode(a.Values.Get("SAMLResponse"))
	if err != nil {
		return invalid(err.Error())
	}
	root, err := strictXML(raw)
	if err != nil {
		return invalid(err.Error())
	}
	return root, nil
}

// samlStatus tells of a provider that says no.
func (t *trip) samlStatus(root *etree.Element) *Refusal {
	first, second, text, err := statusOf(root)
	if err != nil {
		return t.refuse(Invalid, "assertion", err.Error(), err)
	}
	if first == statusSuccess {
		return nil
	}
	reason := "the provider answered " + words(first)
	if second != "" {
		reason += ", " + words(second)
	}
	if text != "" {
		reason += ": " + text
	}
	return t.refuse(statusCode(first, second), "assertion", reason, nil)
}

// trusted gives the assertion that a signature of the company covers. When no certificate fits, the metadata are read
// again: the company may have changed its own.
func (t *trip) trusted(ctx context.Context, root *etree.Element) (*etree.Element, *Refusal) {
	m, refusal := t.samlPlace(ctx, false)
	if refusal != nil {
		return nil, refusal
	}
	e, err := t.covered(root, m.Certificates)
	if err != nil && t.p.MetadataURL != "" {
		if m, refusal = t.samlPlace(ctx, true); refusal != nil {
			return nil, refusal
		}
		e, err = t.covered(root, m.Certificates)
	}
	if err != nil {
		return nil, t.refuse(Invalid, "assertion", err.Error(), err)
	}
	return e, nil
}

// covered finds the assertion and verifies what covers it: its own signature, or that of the response around it. Where
// both are there, both have to hold.
func (t *trip) covered(root *etree.Element, all []*x509.Certificate) (*etree.Element, error) {
	certificates := inForce(all, t.n.Now())
	if len(certificates) == 0 {
		return nil, errors.New(noneInForce(all))
	}
	sig, err := ownSignature(root)
	if err != nil {
		return nil, err
	}
	whole := root
	if sig != nil {
		if whole, err = signedElement(root, certificates, t.n.Now()); err != nil {
			return nil, fmt.Errorf("response: %w", err)
		}
		if err := shape(whole); err != nil {
			return nil, err
		}
	}
	held := append(children(whole, nsAssertion, "Assertion"), children(whole, nsAssertion, "EncryptedAssertion")...)
	if len(held) != 1 {
		return nil, errors.New("the answer holds no assertion")
	}
	assertion := held[0]
	switch {
	case assertion.Tag == "EncryptedAssertion":
		key, ok := t.s.Open.(*rsa.PrivateKey)
		if !ok {
			return nil, errors.New("the assertion is encrypted, and there is no key of ours for it")
		}
		if assertion, err = deciphered(assertion, key); err != nil {
			return nil, err
		}
		if err := alone(assertion); err != nil {
			return nil, err
		}
	case t.p.WantEncrypted:
		return nil, errors.New("the assertion is not encrypted, though it has to be")
	case sig != nil:
		// The assertion's own signature was made over it as it came; the verified response is written anew.
		if own := children(root, nsAssertion, "Assertion"); len(own) == 1 && len(children(own[0], nsSignature, "Signature")) > 0 {
			assertion = own[0]
		}
	}
	own, err := ownSignature(assertion)
	switch {
	case err != nil:
		return nil, err
	case own == nil && sig == nil:
		return nil, errors.New("neither the response nor the assertion is signed")
	case own == nil:
		return assertion, nil
	}
	if assertion, err = signedElement(assertion, certificates, t.n.Now()); err != nil {
		return nil, fmt.Errorf("assertion: %w", err)
	}
	return assertion, nil
}

// alone refuses a decrypted assertion that holds others, or signatures in other places.
func alone(a *etree.Element) error {
	var wrong error
	every(a, func(e *etree.Element) {
		switch e.Tag {
		case "Assertion", "EncryptedAssertion", "Response":
			if e != a {
				wrong = errors.New("an assertion stands where none belongs")
			}
		case "Signature":
			if e.Parent() != a || e.NamespaceURI() != nsSignature {
				wrong = errors.New("a signature stands where none belongs")
			} else if err := acceptable(e, attribute(a, "ID")); err != nil {
				wrong = err
			}
		}
	})
	return wrong
}

func noneInForce(all []*x509.Certificate) string {
	var last time.Time
	for _, c := range all {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	if last.IsZero() {
		return "the provider has no certificate"
	}
	return "none of the provider’s certificates can be used; the last one ends on " + last.UTC().Format("2 January 2006")
}

// firstUse remembers an assertion for as long as it could come again (SAML profiles §4.1.4.5). Without a memory nothing is
// let in.
func (t *trip) firstUse(ctx context.Context, s said) *Refusal {
	if t.n.Once == nil {
		return t.refuse(SetUp, "assertion", "nothing here remembers which assertions were used", nil)
	}
	until := s.until.Add(samlSkew)
	if most := t.n.Now().Add(24 * time.Hour); until.After(most) {
		until = most
	}
	sum := sha256.Sum256([]byte(t.p.ID + "\x00" + t.p.EntityID + "\x00" + s.id))
	first, err := t.n.Once(ctx, t.n.Tenant, base64.RawURLEncoding.EncodeToString(sum[:]), until)
	switch {
	case err != nil:
		return t.refuse(Unreachable, "assertion", "it cannot be looked up whether the assertion was used before", err)
	case !first:
		return t.refuse(Invalid, "assertion", "the assertion was used before", nil)
	}
	return nil
}

// Leave is single logout that begins here (SAML profiles §4.4): signed, about the very name and session that the company
// said. Its answer comes to SAMLSignedOutURL, whatever ReturnTo says: that is what stands in our metadata.
func (samlConnector) Leave(ctx context.Context, n Net, p Provider, s Secrets, a Parting) (string, error) {
	t := &trip{n: n, p: p, s: s}
	m, refusal := t.samlPlace(ctx, false)
	if refusal != nil {
		return "", refusal
	}
	if m.SignOut == "" || s.Key == nil || a.Identity.IDTokenHint == "" {
		return "", nil
	}
	to, err := url.Parse(m.SignOut)
	if err == nil {
		err = n.Client.Check(n.Tenant, to)
	}
	if err != nil {
		return "", err
	}
	name, err := requestID(n.Random)
	if err != nil {
		return "", err
	}
	e, ok := logoutRequest(p, a.Identity, SAMLEntityID(p, a.RedirectURI), name, m.SignOut, n.Now())
	if !ok {
		return "", nil
	}
	return redirected(e, to, a.State, s.Key, nil)
}
