package admin

import (
	"crypto/rand"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"portico/app/fault"
	"portico/app/federation"
	"portico/handlers"
	"portico/handlers/hosted"
	"portico/models"
	views "portico/views/admin"
)

// providerRules are what this installation lets a provider be.
func (p *Portal) providerRules(v *visit) models.ProviderCheck {
	rules := federation.Rules{Elsewhere: p.Development, Ours: federation.OurNames(p.BaseURL, v.tenant.ID, v.dir.Tenant.Slug, v.dir.Tenant.Bases(p.BaseURL)...), Attributes: func(id string) bool { _, ok := v.dir.Definitions[id]; return ok },
		Reach: func(u *url.URL) error { return p.Net.Client.Check(v.dir.Tenant.Slug, u) }}
	return func(x federation.Provider, hasSecret, hasKey bool) error { return x.Check(rules, hasSecret, hasKey) }
}

// redirectURI is what has to be registered at a provider.
func (p *Portal) redirectURI(tenantID, providerID string) string {
	return strings.TrimSuffix(p.BaseURL, "/") + federation.CallbackPath(tenantID, providerID)
}

// ourFacts are what has to be told to a provider.
func (p *Portal) ourFacts(tenantID string, x federation.Provider) []views.Fact {
	if x.Kind == federation.SAML {
		return p.samlFacts(tenantID, x)
	}
	return facts(fact("Redirect URI", code(p.redirectURI(tenantID, x.ID))))
}

// hostFacts are what has to be told to a provider about the tenant's own hosts.
func (p *Portal) hostFacts(v *visit, x federation.Provider) []views.Fact {
	own := p.ownCallbacks(v.dir.Tenant, x.ID)
	if len(own) == 0 {
		return nil
	}
	label := "Redirect URIs at your own hosts"
	if x.Kind == federation.SAML {
		label = "ACS addresses at your own hosts (they are in the metadata, too)"
	}
	return facts(fact(label, views.Cell{Kind: views.Lines, List: own, Sub: "Register each of them, too: people come back to the host that they came from."}))
}

// setUpFields are the fields that a kind needs, and no others.
func setUpFields(x models.IdentityProvider) []views.Field {
	id, secret := clientLabels(x.Kind)
	f := []views.Field{{Name: "displayName", Label: "Name", Hint: "Stands on the button: “Continue with …”.", Value: x.Name}}
	if x.Kind == federation.Microsoft {
		choice, one := x.Directory, ""
		if choice == "" {
			choice = "common"
		} else if !x.Many() {
			choice, one = "one", x.Directory
		}
		f = append(f, views.Field{Kind: views.Radios, Name: "directory", Label: "Who may sign in", Options: directoryOptions(), Value: choice},
			views.Field{Name: "directoryId", Label: "Directory (tenant) ID", Hint: "Only for one company. Its admin finds it in Entra under “Overview”.", Value: one, Code: true, Optional: true})
	}
	if x.Kind == federation.OpenID {
		f = append(f, views.Field{Name: "discovery", Label: "Address of the metadata", Hint: "Ends in /.well-known/openid-configuration.", Type: "url", Value: x.Discovery, Code: true},
			views.Field{Name: "issuer", Label: "Issuer", Hint: "Exactly as the metadata say. Empty means the address above without its end.", Value: x.Issuer, Code: true, Optional: true})
	}
	if x.Kind == federation.SAML {
		return append(f, samlFields(x)...)
	}
	f = append(f, views.Field{Name: "clientId", Label: id, Value: x.ClientID, Code: true, AutoComplete: "off"})
	if x.Kind == federation.Apple {
		key := views.Field{Kind: views.TextArea, Name: "privateKey", Label: "Private key (.p8)", Hint: "The whole file, from BEGIN to END. It is sealed and never shown again.", Rows: 6, Code: true}
		if x.HasKey {
			key.Optional, key.Hint = true, "There is one. Empty means that it stays."
		}
		return append(f, views.Field{Name: "teamId", Label: "Team ID", Value: x.TeamID, Code: true}, views.Field{Name: "keyId", Label: "Key ID", Value: x.KeyID, Code: true}, key)
	}
	if x.Kind == federation.OpenID {
		f = append(f, views.Field{Kind: views.Select, Name: "clientAuth", Label: "How we prove who we are", Options: clientAuthOptions(), Value: string(x.ClientAuth)})
	}
	box := views.Field{Name: "clientSecret", Label: secret, Type: "password", Hint: "It is sealed and never shown again.", AutoComplete: "off", Optional: x.Kind == federation.OpenID}
	if x.HasSecret {
		box.Optional, box.Hint = true, "There is one; it ends in "+x.SecretHint+". Empty means that it stays."
	}
	f = append(f, box)
	if x.Kind == federation.OpenID || x.Kind == federation.Microsoft {
		day := ""
		if !x.SecretExpiresAt.IsZero() {
			day = x.SecretExpiresAt.Format("2006-01-02")
		}
		f = append(f, views.Field{Kind: views.Date, Name: "secretEnds", Label: "The secret’s last day", Hint: "Whoever looks after identity providers gets a mail 30, 7 and 1 days before, and on the day. Empty means that it does not end.", Value: day, Optional: true})
	}
	return f
}

// readSetUp lays the form onto a provider and its secrets.
func (p *Portal) readSetUp(c *fiber.Ctx, kind federation.Kind, hasKey bool, x *federation.Provider, s *models.ProviderSecret) error {
	x.Name, x.ClientID = typed(c, "displayName"), typed(c, "clientId")
	switch kind {
	case federation.SAML:
		return p.readSAML(c, x)
	case federation.Microsoft:
		if x.Directory = typed(c, "directory"); x.Directory == "one" {
			x.Directory = or(typed(c, "directoryId"), "one")
		}
	case federation.OpenID:
		x.Discovery, x.Issuer, x.ClientAuth = typed(c, "discovery"), typed(c, "issuer"), federation.ClientAuth(typed(c, "clientAuth"))
	case federation.Apple:
		x.TeamID, x.KeyID, s.Key = typed(c, "teamId"), typed(c, "keyId"), typed(c, "privateKey")
		return nil
	}
	s.Client = strings.TrimSpace(raw(c, "clientSecret"))
	if x.ClientAuth == federation.PrivateKeyJWT && !hasKey {
		var err error
		if s.Key, err = federation.NewKey(rand.Reader); err != nil {
			return err
		}
	}
	if kind == federation.OpenID || kind == federation.Microsoft {
		d, m, y := typed(c, "secretEnds.day"), typed(c, "secretEnds.month"), typed(c, "secretEnds.year")
		s.Expires = true
		if d+m+y != "" {
			at, err := time.Parse("2006-1-2", y+"-"+strings.TrimPrefix(m, "0")+"-"+strings.TrimPrefix(d, "0"))
			if err != nil {
				return fault.BadField("secretEnds", "export.from", nil)
			}
			s.ExpiresAt = at.Add(24*time.Hour - time.Second)
		}
	}
	return nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// providerFormPage shows a form below the steps that lead to its values.
func (p *Portal) providerFormPage(c *fiber.Ctx, x models.IdentityProvider, title string, f views.Form, problem error, crumbs ...views.Link) error {
	v := visitOf(c)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
		for i := range f.Fields {
			if f.Fields[i].Name == "privateKey" {
				f.Fields[i].Value = ""
			}
		}
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, kindWords(x.Kind)+".", providerHelp(), append(v.providerCrumbs(), crumbs...)...)
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if len(f.Problems) > 0 {
		status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
	}
	f.Main, f.Upload = true, x.Kind == federation.SAML // with a file of metadata
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: []views.Section{
		{ID: "steps", Title: "At " + thePlace(x.Kind), Says: providerSteps(x.Kind), Summary: append(p.ourFacts(v.tenant.ID, x.Provider), p.hostFacts(v, x.Provider)...)},
		{ID: "settings", Title: "Here", Form: &f}}}))
}

func (p *Portal) providerNew(c *fiber.Ctx) error {
	x := models.IdentityProvider{Provider: federation.Provider{ID: models.NewID(), Kind: federation.Kind(c.Query("kind"))}}
	if x.Name = federation.Label(x.Kind); x.Name == "" {
		v := visitOf(c)
		s, err := p.shell(c, "Add a provider", "Whose word shall count?", providerHelp(), v.providerCrumbs()...)
		if err != nil {
			return err
		}
		return p.detail(c, s, views.Detail{Sections: []views.Section{v.kindsToAdd()}})
	}
	if x.Kind == federation.OpenID || x.Kind == federation.SAML {
		x.Name = ""
	}
	return p.providerNewPage(c, x, nil)
}

func (p *Portal) providerNewPage(c *fiber.Ctx, x models.IdentityProvider, problem error) error {
	v := visitOf(c)
	fields := append([]views.Field{{Kind: views.Hidden, Name: "kind", Value: string(x.Kind)}, {Kind: views.Hidden, Name: "id", Value: x.ID}}, setUpFields(x)...)
	return p.providerFormPage(c, x, "Add "+federation.Label(x.Kind), views.Form{Action: v.providersBase(), Cancel: v.providersBase(), Submit: "Add provider", Fields: fields}, problem)
}

func (p *Portal) providerCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	v.asForm(c)
	x := models.IdentityProvider{Provider: federation.Provider{ID: typed(c, "id"), Kind: federation.Kind(typed(c, "kind")), Enabled: true, SignRequests: federation.Kind(typed(c, "kind")) == federation.SAML}}
	if federation.Label(x.Kind) == "" {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if _, err := uuid.Parse(x.ID); err != nil || len(x.ID) != 36 {
		x.ID = models.NewID()
	}
	var secret models.ProviderSecret
	err := p.readSetUp(c, x.Kind, false, &x.Provider, &secret)
	made := x
	if err == nil {
		made, err = v.tenant.CreateProvider(c.UserContext(), v.actor(c), x.Provider, secret, p.providerRules(v))
	}
	if err != nil {
		return p.providerNewPage(c, x, err)
	}
	return p.done(c, v.providerBase(made.ID), "“"+made.Name+"” is set up. Test the connection, then put it into a user flow.")
}

func (p *Portal) providerEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.providerEditPage(c, x, nil)
}

func (p *Portal) providerEditPage(c *fiber.Ctx, x models.IdentityProvider, problem error) error {
	at := visitOf(c).providerBase(x.ID)
	return p.providerFormPage(c, x, "Edit “"+x.Name+"”", views.Form{Action: at + "/edit", Cancel: at, Submit: "Save provider", Fields: setUpFields(x)}, problem, views.Link{Label: x.Name, Href: at})
}

func (p *Portal) providerSave(c *fiber.Ctx) error {
	v := visitOf(c)
	v.asForm(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	var sent federation.Provider
	var secret models.ProviderSecret
	if err := p.readSetUp(c, x.Kind, x.HasKey, &sent, &secret); err != nil {
		return p.providerEditPage(c, x, err)
	}
	_, err = v.tenant.UpdateProvider(c.UserContext(), v.actor(c), x.ID, func(y *federation.Provider, s *models.ProviderSecret) error {
		if x.Kind == federation.SAML {
			y.Name = sent.Name
			takeSAML(y, sent)
			return nil
		}
		y.Name, y.ClientID, y.Directory, y.TeamID, y.KeyID = sent.Name, sent.ClientID, sent.Directory, sent.TeamID, sent.KeyID
		if x.Kind == federation.OpenID {
			y.Discovery, y.Issuer, y.ClientAuth = sent.Discovery, sent.Issuer, sent.ClientAuth
		}
		*s = secret
		return nil
	}, p.providerRules(v))
	if err != nil {
		return p.providerEditPage(c, x, err)
	}
	return p.done(c, v.providerBase(x.ID), "“"+sent.Name+"” saved.")
}

// advancedFields are what most never need: what its word is worth, where its claims go, and its addresses.
func (p *Portal) advancedFields(x federation.Provider, hasSecret bool) []views.Field {
	f := []views.Field{{Kind: views.Heading, Label: "What its word is worth"},
		{Kind: views.Check, Name: "trustEmail", Label: "Its addresses are proven", Hint: "Only if it gives out every address that it tells, or checks each one. Otherwise people prove theirs by a code here.", Value: tick(x.TrustEmail)},
		{Kind: views.Check, Name: "trustMfa", Label: "A second factor shown there counts here", Hint: "Whoever proved themselves twice there is not asked again.", Value: tick(x.TrustMFA)},
		{Kind: views.TextArea, Name: "mfaValues", Label: "What it says when a second factor was shown", Hint: "Values of amr or acr, one per line. Empty means mfa and its well-known names.", Value: lines(x.MFAValues), Rows: 3, Code: true, Optional: true},
		{Kind: views.Heading, Label: "Profile"},
		{Kind: views.TextArea, Name: "claims", Label: "Where attributes come from", Hint: "One per line, our attribute = their claim, for example jobTitle = title. What is not named comes from the usual claims.", Value: pairs(x.Claims), Rows: 4, Code: true, Optional: true},
		{Kind: views.TextArea, Name: "refresh", Label: "When attributes are taken again", Hint: "One per line, attribute = never, whenEmpty or always. What is not named is taken when it is empty.", Value: pairs(x.Refresh), Rows: 3, Code: true, Optional: true},
		{Kind: views.Heading, Label: "Protocol"}}
	if x.Kind == federation.SAML {
		return append(f, samlAdvanced(x)...)
	}
	f = append(f, views.Field{Name: "scopes", Label: "Scopes", Hint: "Separated by spaces. Empty means " + strings.Join(federation.ScopesOf(x.Kind), " ") + ".", Value: strings.Join(x.Scopes, " "), Code: true, Optional: true})
	if x.Kind == federation.OpenID {
		f = append(f, views.Field{Kind: views.Radios, Name: "responseMode", Label: "How answers come back", Options: []views.Option{{Value: "query", Label: "In the address (query)"}, {Value: "form_post", Label: "In a form (form_post)"}}, Value: or(x.ResponseMode, "query")})
	}
	if x.Kind == federation.OpenID || p.Development {
		hint := ""
		if x.Kind != federation.OpenID {
			hint = "Development only: another server in its place, for tests."
			f = append(f, views.Field{Name: "issuer", Label: "Issuer", Hint: hint, Value: x.Issuer, Code: true, Optional: true})
		}
		for _, a := range [][3]string{{"authorizationUrl", "Sign-in address", x.AuthorizationURL}, {"tokenUrl", "Token address", x.TokenURL}, {"keysUrl", "Keys address (JWKS)", x.KeysURL}, {"userInfoUrl", "Userinfo address", x.UserInfoURL}, {"endSessionUrl", "Sign-out address", x.EndSessionURL}} {
			f = append(f, views.Field{Name: a[0], Label: a[1], Hint: hint, Type: "url", Value: a[2], Code: true, Optional: true})
		}
		if hasSecret {
			f = append(f, views.Field{Name: "clientSecret", Label: "Client secret, again", Type: "password", AutoComplete: "off", Optional: true, Hint: "Needed when the token or userinfo address changes: the secret is sent there."})
		}
	}
	return f
}

// leaveField is the switch for signing out at the provider too, with the address that has to be registered there.
func (p *Portal) leaveField(tenantID string, x federation.Provider) views.Field {
	back := strings.TrimSuffix(p.BaseURL, "/") + hosted.SignedOutPath(tenantID, x.ID)
	return views.Field{Kind: views.Check, Name: "upstreamLeave", Label: "Sign out at the provider too", Value: tick(x.UpstreamLeave),
		Hint: "Whoever came by it and signs out here is led to its sign-out and back, if it has one. Register " + back + " there as the address to return to. People are signed out here first, whatever happens there."}
}

// pairs writes a map as lines.
func pairs[V ~string](m map[string]V) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+" = "+string(m[k]))
	}
	return lines(out)
}

// readPairs reads such lines.
func readPairs[V ~string](s string) map[string]V {
	var out map[string]V
	for _, line := range splitLines(s) {
		k, value, _ := strings.Cut(line, "=")
		if out == nil {
			out = map[string]V{}
		}
		out[strings.TrimSpace(k)] = V(strings.TrimSpace(value))
	}
	return out
}

func (p *Portal) providerAdvanced(c *fiber.Ctx) error {
	x, err := visitOf(c).tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.providerAdvancedPage(c, x, nil)
}

func (p *Portal) providerAdvancedPage(c *fiber.Ctx, x models.IdentityProvider, problem error) error {
	v := visitOf(c)
	at := v.providerBase(x.ID)
	f := views.Form{Action: at + "/advanced", Cancel: at, Submit: "Save settings", Fields: append(p.advancedFields(x.Provider, x.HasSecret), p.leaveField(v.tenant.ID, x.Provider))}
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Advanced settings", "Most providers work without any of these.", providerHelp(), append(v.providerCrumbs(), views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) providerAdvancedSave(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	_, err = v.tenant.UpdateProvider(c.UserContext(), v.actor(c), x.ID, func(y *federation.Provider, s *models.ProviderSecret) error {
		y.TrustEmail, y.TrustMFA, y.UpstreamLeave, y.MFAValues = ticked(c, "trustEmail"), ticked(c, "trustMfa"), ticked(c, "upstreamLeave"), splitLines(typed(c, "mfaValues"))
		y.Claims, y.Refresh = readPairs[string](typed(c, "claims")), readPairs[federation.Refresh](typed(c, "refresh"))
		if x.Kind == federation.SAML {
			readSAMLAdvanced(c, y)
			return nil
		}
		y.Scopes = strings.Fields(typed(c, "scopes"))
		if x.Kind == federation.OpenID {
			y.ResponseMode = typed(c, "responseMode")
		}
		if x.Kind != federation.OpenID && p.Development {
			y.Issuer = typed(c, "issuer")
		}
		if x.Kind == federation.OpenID || p.Development {
			y.AuthorizationURL, y.TokenURL, y.KeysURL, y.UserInfoURL, y.EndSessionURL = typed(c, "authorizationUrl"), typed(c, "tokenUrl"), typed(c, "keysUrl"), typed(c, "userInfoUrl"), typed(c, "endSessionUrl")
			s.Client = strings.TrimSpace(raw(c, "clientSecret"))
		}
		return nil
	}, p.providerRules(v))
	if err != nil {
		return p.providerAdvancedPage(c, x, err)
	}
	return p.done(c, v.providerBase(x.ID), "Settings of “"+x.Name+"” saved.")
}

// thePlace is where the steps of a kind are taken.
func thePlace(k federation.Kind) string {
	if k == federation.OpenID || k == federation.SAML {
		return "the company"
	}
	return federation.Label(k)
}
