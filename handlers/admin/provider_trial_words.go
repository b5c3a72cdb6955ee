package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/signin"
	"portico/models"
	views "portico/views/admin"
)

// provider_trial_words.go: a test's report as people read it.

func trialHelp() views.Help {
	return views.Help{What: "A test is a real sign-in at the provider with your own account there, up to the point where a customer would be let in. It makes no account and no session, and nobody else can see it.",
		Do: "Look at the verdict first. If it worked, compare who you are with what you expected, above all the subject and whether the address counts as proven. If not, do what the verdict says and test again. A provider that is off can be tested too."}
}

// trialVerdict is the sentence above everything.
func trialVerdict(x models.IdentityProvider, r federation.Report) views.Notice {
	if refusal := r.Refusal(); refusal != nil {
		a := federation.Advise(refusal)
		return views.Notice{Tone: "danger", Title: a.Title, Text: a.Do + " The reason: " + sentence(r.Reason)}
	}
	who := or(r.Identity.Email, r.Identity.Subject)
	if name, _ := r.Identity.Attributes["displayName"].(string); name != "" {
		who = name
	}
	text := "“" + x.Name + "” says that you are " + who + "."
	if !x.Enabled {
		text += " It is turned off: nobody else can sign in by it yet."
	}
	return views.Notice{Tone: "ok", Title: "It works", Text: text}
}

// trialIdentity is who the provider says somebody is, in our words, and what it is worth.
func trialIdentity(p federation.Provider, id federation.Identity) views.Section {
	second := "No second factor was said. Customers are asked for one where a policy demands it."
	switch {
	case id.MFA:
		second = "A second factor was shown there, and counts here."
	case p.TrustMFA:
		second = "It says none of the values that mean a second factor. Customers are asked for one here where a policy demands it."
	case len(id.AMR) > 0 || id.ACR != "":
		second = "Its word about second factors is not trusted (“Advanced settings”). Customers are asked for one here where a policy demands it."
	}
	rows := facts(fact("Subject", views.Cell{Kind: views.Code, Text: id.Subject}), fact("Kept under", code(id.Issuer)), fact("Address", plain(or(id.Email, "None was told"))), fact("Is it proven?", plain(provenWords(p, id))))
	for _, name := range []string{"displayName", "givenName", "surname"} {
		if s, _ := id.Attributes[name].(string); s != "" {
			rows = append(rows, fact(profileWord(name), views.Cell{Kind: views.Name, Text: s}))
		}
	}
	rows = append(rows, facts(fact("How they proved themselves (amr)", code(strings.Join(id.AMR, " "))), fact("Level (acr)", code(id.ACR)))...)
	rows = append(rows, fact("Second factor", plain(second)))
	if !id.AuthTime.IsZero() {
		rows = append(rows, fact("Signed in there", when(id.AuthTime)))
	}
	return views.Section{ID: "identity", Title: "Who you are to us", Summary: rows}
}

func provenWords(p federation.Provider, id federation.Identity) string {
	switch {
	case id.Email == "":
		return "There is no address. People are asked for one and prove it by a code."
	case id.EmailVerified && id.Authoritative:
		return "Yes, and the provider alone gives out addresses of this domain: it opens an account that is there already."
	case id.EmailVerified && p.TrustEmail:
		return "Yes, because you chose that its addresses are proven (“Advanced settings”)."
	case id.EmailVerified:
		return "Yes, the provider says so. Whoever has an account with it already shows once that it is theirs."
	}
	return "No: the provider does not say that it is verified. People prove it by a code here."
}

func profileWord(attribute string) string {
	return map[string]string{"displayName": "Name", "givenName": "Given name", "surname": "Family name"}[attribute]
}

// trialFirst says what a first sign-in with this identity would do in each flow that shows the provider.
func (p *Portal) trialFirst(c *fiber.Ctx, v *visit, x models.IdentityProvider, id federation.Identity) ([]views.Section, error) {
	lead, err := p.meets(c, v, id)
	if err != nil {
		return nil, err
	}
	var out []views.Section
	for _, f := range v.dir.Flows {
		shown := false
		for _, provider := range f.Providers {
			shown = shown || provider == x.ID
		}
		if !shown {
			continue
		}
		t := &views.Table{Caption: "Sign-up with “" + f.Name + "”", Columns: []views.Column{{Label: "Question"}, {Label: "Filled in with"}, {Label: "Then"}}}
		for _, field := range signin.FirstByProvider(*f, id) {
			said, then := plain("—"), "May stay empty"
			if field.Said != nil {
				said = views.Cell{Kind: views.Name, Text: fmt.Sprint(field.Said)}
				then = "Can be changed"
			} else if field.Required {
				then = "Has to be answered"
			}
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(attributeName(field.Attribute)), said, plain(then)}})
		}
		out = append(out, views.Section{ID: "first-" + f.ID, Title: "A first sign-in with “" + f.Name + "”", Lead: lead, Table: t, Empty: "The flow asks for nothing more: whoever comes is in."})
	}
	if len(out) == 0 {
		out = append(out, views.Section{ID: "first", Title: "A first sign-in", Says: []string{lead, "No user flow shows this provider yet. Open one, choose the tab “Identity providers”, add it and publish."}})
	}
	return out, nil
}

// meets says whom the identity would meet. Whether somebody has an account is told to those alone who may read people.
func (p *Portal) meets(c *fiber.Ctx, v *visit, id federation.Identity) (string, error) {
	newcomer := "Somebody new with this identity signs up:"
	switch {
	case id.Email == "" || !id.EmailVerified:
		newcomer = "Somebody new with this identity proves an address by a code, and then signs up:"
	case !v.may(access.UserRead):
		newcomer = "Somebody new with this identity signs up; whoever has an account with the address connects it:"
	}
	if !v.may(access.UserRead) {
		return newcomer, nil
	}
	store := models.SignInStores{Store: p.Store}.SignIns(v.tenant.ID)
	bearer, err := store.AccountByFederated(c.UserContext(), id.Issuer, id.Subject)
	if err != nil {
		return "", err
	}
	if bearer.ID != "" {
		return "You have this identity here already (" + or(bearer.DisplayName, bearer.Mail) + "): you would be signed in to that account, and be asked for required answers that it lacks. Somebody new would see this:", nil
	}
	canonical, err := account.CanonicalEmail(id.Email)
	if err != nil || !id.EmailVerified {
		return newcomer, nil
	}
	has, err := store.AccountByEmail(c.UserContext(), canonical)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	if has.ID == "" {
		return newcomer, nil
	}
	if id.Authoritative {
		return "An account has this address. The provider alone gives out such addresses, so you would be signed in to it, and the identity connected. Somebody new would see this:", nil
	}
	return "An account has this address. You would show once that it is yours, by its password or a code, and the identity would be connected to it. Somebody new would see this:", nil
}

func hopWord(what string) string {
	return or(map[string]string{"discovery": "Metadata read", "metadata": "Metadata read", "keys": "Keys read", "authorize": "Away at the provider", "callback": "Its answer", "token": "Token", "userinfo": "Userinfo read",
		"mapping": "Put into our words", "assertion": "Assertion checked", "emails": "Addresses read"}[what], what)
}

// trialHops are the steps with their times. Of claims they hold the names alone.
func trialHops(hops []federation.Hop) views.Section {
	t := &views.Table{Caption: "Steps", Columns: []views.Column{{Label: "Step"}, {Label: "Result"}, {Label: "Time", Num: true}, {Label: "Where"}, {Label: "Names that came"}}}
	for _, h := range hops {
		result := badge("ok", "Good")
		if h.Verdict != "" && h.Verdict != "ok" {
			result = views.Cell{Kind: views.Badge, Tone: "danger", Text: "Wrong", Sub: h.Verdict}
		}
		took := "—"
		if h.Duration > 0 {
			took = h.Duration.Round(time.Millisecond).String()
		}
		name := hopWord(h.What)
		if h.What == "token" && h.Place == "" && len(h.Claims) > 0 {
			name = "id_token checked"
		}
		where := code(h.Place)
		if h.Status != 0 {
			where.Sub = fmt.Sprintf("Status %d", h.Status)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{plain(name), result, {Kind: views.Num, Text: took}, where, code(strings.Join(h.Claims, " "))}})
	}
	return views.Section{ID: "steps", Title: "Steps", Table: t, Empty: "It came to none."}
}

func trialClaims(list []federation.Claim) views.Section {
	t := &views.Table{Caption: "Claims as they came", Columns: []views.Column{{Label: "Claim"}, {Label: "Value"}}}
	for _, x := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(x.Name), code(x.Value)}})
	}
	return views.Section{ID: "claims", Title: "Claims as they came", Lead: "To map one to an attribute, enter it under “Advanced settings”. Tokens and secrets are never shown.", Table: t}
}

// testWarnings say in the list what is not known to work.
func testWarnings(x models.IdentityProvider, s models.ProviderState) []string {
	switch {
	case s.TestedAt.IsZero():
		return []string{"Never tested"}
	case s.TestCode == federation.Cancelled:
		return []string{"The last test was cancelled"}
	case s.TestCode != "":
		return []string{"The last test failed on " + s.TestedAt.Format("2 January 2006") + ": " + s.TestReason}
	case s.Stale:
		return []string{"Changed since the last test"}
	}
	return nil
}

// testNotices say it on the provider's own page, with what to do.
func testNotices(x models.IdentityProvider, s models.ProviderState) []views.Notice {
	switch {
	case s.TestedAt.IsZero():
		return []views.Notice{{Tone: "info", Title: "Not tested yet", Text: "Choose “Test connection” before customers meet it: it shows what comes back, and what is wrong if something is."}}
	case s.TestCode != "" && s.TestCode != federation.Cancelled && !s.Stale:
		return []views.Notice{{Tone: "warn", Title: "The last test failed on " + s.TestedAt.Format("2 January 2006 at 15:04 UTC"), Text: federation.Advise(&federation.Refusal{Code: s.TestCode, Reason: s.TestReason}).Title + ". The reason: " + sentence(s.TestReason)}}
	case s.Stale:
		return []views.Notice{{Tone: "info", Title: "Changed since the last test", Text: "Test the connection again."}}
	}
	return nil
}

func testWords(s models.ProviderState) views.Cell {
	if s.TestedAt.IsZero() {
		return plain("Never")
	}
	cell := when(s.TestedAt)
	cell.Sub = "It worked"
	if s.TestCode != "" {
		cell.Sub = "It failed"
	}
	return cell
}

// peopleWords is a bounded count.
func peopleWords(n int) string {
	if n > 10000 {
		return "More than 10,000"
	}
	return strconv.Itoa(n)
}
