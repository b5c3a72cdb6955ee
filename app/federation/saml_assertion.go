package federation

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"
)

// saml_assertion.go: what an assertion has to say to be about this person, now, here and for this request (SAML profiles
// §4.1.4.3).

// samlSkew is by how much a company's clock may be wrong.
const samlSkew = 3 * time.Minute

const statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

// expectation is what an answer is compared with.
type expectation struct {
	company   string // its entity id
	us        string // our entity id
	place     string // where the answer has to come to
	requestID string
	departed  time.Time
	fresh     bool
	now       time.Time
}

// shape looks at the whole answer before anything of it is believed: one Response, one assertion in the one place where
// it belongs, and signatures only where they are looked for. Wrapping (XSW) needs one of these.
func shape(root *etree.Element) error {
	if !is(root, nsProtocol, "Response") {
		return errors.New("the answer is no SAML response")
	}
	var wrong error
	found := 0
	every(root, func(e *etree.Element) {
		switch e.Tag {
		case "Response":
			if e != root {
				wrong = errors.New("the answer holds another response")
			}
		case "Assertion", "EncryptedAssertion":
			if found++; e.Parent() != root || e.NamespaceURI() != nsAssertion {
				wrong = errors.New("an assertion stands where none belongs")
			}
		case "Signature":
			if p := e.Parent(); p != root && !(p.Tag == "Assertion" && p.Parent() == root) || e.NamespaceURI() != nsSignature {
				wrong = errors.New("a signature stands where none belongs")
			} else if err := acceptable(e, attribute(p, "ID")); err != nil {
				wrong = err
			}
		}
	})
	if wrong == nil && found > 1 {
		wrong = errors.New("the answer holds more than one assertion")
	}
	return wrong
}

// envelope checks the response itself. Its signature may be missing, so nothing here lets anything in.
func (x expectation) envelope(root *etree.Element) error {
	issuer, err := issuerOf(root)
	if err != nil {
		return err
	}
	switch to, of := attribute(root, "Destination"), attribute(root, "InResponseTo"); {
	case attribute(root, "Version") != "2.0":
		return errors.New("the answer is not of SAML 2.0")
	case issuer != "" && issuer != x.company:
		return errors.New("the answer is from “" + words(issuer) + "”; expected was “" + words(x.company) + "”")
	case to != "" && to != x.place:
		return errors.New("the answer is meant for “" + words(to) + "” (Destination), not for us")
	case of != "" && !same(of, x.requestID):
		return errors.New("the answer is for another request than ours (InResponseTo)")
	}
	at, err := moment(root, "IssueInstant")
	if err != nil {
		return err
	}
	return x.issued(at)
}

func (x expectation) issued(at time.Time) error {
	switch {
	case at.IsZero():
		return errors.New("it does not say when it was made (IssueInstant)")
	case at.After(x.now.Add(samlSkew)):
		return errors.New("it was made in the future; is a clock wrong?")
	case at.Before(x.departed.Add(-samlSkew)):
		return errors.New("it was made before we asked; is a clock wrong?")
	}
	return nil
}

func issuerOf(e *etree.Element) (string, error) {
	issuer, err := only(e, nsAssertion, "Issuer")
	if err != nil {
		return "", err
	}
	return textOf(issuer)
}

// statusOf gives the two codes of a response and its message (SAML core §3.2.2).
func statusOf(root *etree.Element) (first, second, text string, err error) {
	status, err := only(root, nsProtocol, "Status")
	if err != nil || status == nil {
		return "", "", "", errors.New("the answer has not exactly one status")
	}
	code, err := only(status, nsProtocol, "StatusCode")
	if err != nil || code == nil {
		return "", "", "", errors.New("the answer has not exactly one status code")
	}
	if inner := children(code, nsProtocol, "StatusCode"); len(inner) > 0 {
		second = attribute(inner[0], "Value")
	}
	if m := children(status, nsProtocol, "StatusMessage"); len(m) > 0 {
		text = words(m[0].Text())
	}
	return attribute(code, "Value"), second, text, nil
}

// statusCode sorts a company's refusals by whose turn it is.
func statusCode(first, second string) Code {
	const at = "urn:oasis:names:tc:SAML:2.0:status:"
	switch {
	case second == at+"AuthnFailed" || second == at+"NoPassive":
		return Cancelled
	case second == at+"RequestDenied" || second == at+"UnknownPrincipal":
		return Declined
	case first == at+"Requester" || first == at+"VersionMismatch":
		return SetUp
	}
	return Declined
}

// said is what is read of an assertion that holds.
type said struct {
	id         string
	name       samlName
	index      string
	at         time.Time // of the sign-in there
	contexts   []string
	until      time.Time
	attributes []samlAttribute
}

type samlAttribute struct {
	name, friendly string
	values         []string
}

// read checks an assertion that a signature covers, and takes out what it says.
func (x expectation) read(a *etree.Element) (said, error) {
	out := said{id: attribute(a, "ID")}
	issuer, err := issuerOf(a)
	if err != nil {
		return out, err
	}
	switch {
	case attribute(a, "Version") != "2.0" || out.id == "":
		return out, errors.New("the assertion is not of SAML 2.0")
	case issuer != x.company:
		return out, errors.New("the assertion is from “" + words(issuer) + "”; expected was “" + words(x.company) + "”")
	}
	at, err := moment(a, "IssueInstant")
	if err != nil {
		return out, err
	}
	for _, check := range []func() error{
		func() error { return x.issued(at) },
		func() error { return x.conditions(a) },
		func() error { return x.subject(a, &out) },
		func() error { return x.signedIn(a, &out) },
		func() error { return out.take(a) },
	} {
		if err := check(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// conditions checks time and audience (SAML core §2.5.1). A condition that we do not know makes an assertion invalid.
func (x expectation) conditions(a *etree.Element) error {
	c, err := only(a, nsAssertion, "Conditions")
	if err != nil || c == nil {
		return errors.New("the assertion has not exactly one set of conditions")
	}
	if err := x.between(c, "the assertion"); err != nil {
		return err
	}
	restricted := false
	for _, e := range c.ChildElements() {
		switch {
		case is(e, nsAssertion, "AudienceRestriction"):
			restricted = true
			ours := false
			for _, audience := range children(e, nsAssertion, "Audience") {
				text, err := textOf(audience)
				if err != nil {
					return err
				}
				ours = ours || text == x.us
			}
			if !ours {
				return errors.New("the assertion is meant for others (Audience); expected was “" + words(x.us) + "”")
			}
		case is(e, nsAssertion, "OneTimeUse"), is(e, nsAssertion, "ProxyRestriction"):
		default:
			return errors.New("the assertion holds a condition that nobody here knows: " + words(e.Tag))
		}
	}
	if !restricted {
		return errors.New("the assertion does not say for whom it is meant (Audience)")
	}
	return nil
}

func (x expectation) between(e *etree.Element, what string) error {
	from, err := moment(e, "NotBefore")
	if err != nil {
		return err
	}
	until, err := moment(e, "NotOnOrAfter")
	if err != nil {
		return err
	}
	switch {
	case !from.IsZero() && from.After(x.now.Add(samlSkew)):
		return errors.New(what + " does not hold yet (NotBefore); is a clock wrong?")
	case !until.IsZero() && !x.now.Before(until.Add(samlSkew)):
		return errors.New(what + " holds no longer (NotOnOrAfter); is a clock wrong?")
	}
	return nil
}

// subject takes the name, and wants a bearer confirmation for this very request and place (SAML profiles §4.1.4.2): what
// nobody here asked for is never taken.
func (x expectation) subject(a *etree.Element, out *said) error {
	s, err := only(a, nsAssertion, "Subject")
	if err != nil || s == nil {
		return errors.New("the assertion has not exactly one subject")
	}
	name, err := only(s, nsAssertion, "NameID")
	if err != nil {
		return err
	}
	if name == nil && len(children(s, nsAssertion, "EncryptedID")) > 0 {
		return errors.New("the subject’s name is encrypted by itself; encrypt the whole assertion instead")
	}
	if name != nil {
		out.name = samlName{Format: attribute(name, "Format"), NameQualifier: attribute(name, "NameQualifier"), SPNameQualifier: attribute(name, "SPNameQualifier")}
		if out.name.Value, err = textOf(name); err != nil {
			return err
		}
	}
	why := errors.New("the assertion is not confirmed for a bearer")
	for _, c := range children(s, nsAssertion, "SubjectConfirmation") {
		if attribute(c, "Method") != "urn:oasis:names:tc:SAML:2.0:cm:bearer" {
			continue
		}
		var until time.Time
		if until, why = x.confirmed(c); why == nil {
			out.until = until
			return nil
		}
	}
	return why
}

func (x expectation) confirmed(c *etree.Element) (time.Time, error) {
	data, err := only(c, nsAssertion, "SubjectConfirmationData")
	if err != nil || data == nil {
		return time.Time{}, errors.New("the confirmation has no data")
	}
	until, err := moment(data, "NotOnOrAfter")
	if err != nil {
		return until, err
	}
	switch {
	case attribute(data, "Recipient") != x.place:
		return until, errors.New("the assertion is meant for “" + words(attribute(data, "Recipient")) + "” (Recipient), not for us")
	case attribute(data, "InResponseTo") == "":
		return until, errors.New("the assertion answers no request (InResponseTo); sign-ins that begin at the company are not taken")
	case !same(attribute(data, "InResponseTo"), x.requestID):
		return until, errors.New("the assertion is for another request than ours (InResponseTo)")
	case until.IsZero():
		return until, errors.New("the confirmation does not say how long it holds (NotOnOrAfter)")
	}
	return until, x.between(data, "the confirmation")
}

// signedIn reads how and when somebody proved themselves there.
func (x expectation) signedIn(a *etree.Element, out *said) error {
	all := children(a, nsAssertion, "AuthnStatement")
	if len(all) == 0 {
		return errors.New("the assertion does not say that somebody signed in (AuthnStatement)")
	}
	for _, s := range all {
		at, err := moment(s, "AuthnInstant")
		if err != nil {
			return err
		}
		end, err := moment(s, "SessionNotOnOrAfter")
		switch {
		case err != nil:
			return err
		case at.IsZero() || at.After(x.now.Add(samlSkew)):
			return errors.New("the time of the sign-in there is missing or in the future (AuthnInstant)")
		case x.fresh && at.Before(x.departed.Add(-samlSkew)):
			return errors.New("a new sign-in was asked for, and the provider signed nobody in anew (AuthnInstant)")
		case !end.IsZero() && !x.now.Before(end.Add(samlSkew)):
			return errors.New("the session there has ended (SessionNotOnOrAfter)")
		}
		if at.After(out.at) {
			out.at = at
		}
		out.index = or(out.index, attribute(s, "SessionIndex"))
		for _, c := range children(s, nsAssertion, "AuthnContext") {
			ref, err := only(c, nsAssertion, "AuthnContextClassRef")
			if err != nil {
				return err
			}
			text, err := textOf(ref)
			if err != nil {
				return err
			}
			if text != "" && len(text) <= 200 && len(out.contexts) < 20 {
				out.contexts = append(out.contexts, text)
			}
		}
	}
	return nil
}

// take reads the attributes: texts, a sane number of them.
func (s *said) take(a *etree.Element) error {
	for _, statement := range children(a, nsAssertion, "AttributeStatement") {
		for _, e := range children(statement, nsAssertion, "Attribute") {
			attr := samlAttribute{name: attribute(e, "Name"), friendly: attribute(e, "FriendlyName")}
			if attr.name == "" || slices.ContainsFunc(s.attributes, func(o samlAttribute) bool { return o.name == attr.name }) {
				return fmt.Errorf("the attribute “%s” has no name of its own", words(attr.name))
			}
			for _, v := range children(e, nsAssertion, "AttributeValue") {
				if len(v.ChildElements()) > 0 { // a name inside (eduPersonTargetedID), which nobody here maps
					continue
				}
				text, err := textOf(v)
				if err != nil {
					return err
				}
				attr.values = append(attr.values, text)
			}
			if s.attributes = append(s.attributes, attr); len(s.attributes) > 200 || len(attr.values) > 2000 {
				return errors.New("the assertion holds more than 200 attributes")
			}
		}
	}
	return nil
}
