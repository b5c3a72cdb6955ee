package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

// TokenPreviews makes the payloads that the next sign-in would give an app; the provider does.
type TokenPreviews interface {
	Preview(ctx context.Context, realm *openid.Realm, c *openid.Client, u openid.User, now time.Time) (openid.Preview, error)
}

func claimsHelp() views.Help {
	return views.Help{What: "A claim is one statement in a token: its name and a value. Besides what every token says, an application can learn attributes of the person, under names that suit it, and constants.",
		Do: "Add a claim, choose the attribute that fills it, and look at the preview below: it is made by the same code that makes real tokens. Claims are in the ID token, at the userinfo endpoint and in access tokens for this application's own API; nobody else gets them. A claim wins over a profile claim of the same name."}
}

// claimSection is the claims on the application's own page.
func claimSection(v *visit, a models.Application, base string) views.Section {
	t := &views.Table{Caption: "Claims", Columns: []views.Column{{Label: "Claim"}, {Label: "Comes from"}}}
	for _, m := range a.Spec.Claims {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(m.ClaimName()), plain(m.Words(v.dir.Definitions))}})
	}
	return views.Section{ID: "claims", Title: "Attributes and claims", Lead: "What this application learns about a person besides the profile that it asks for.",
		Table: t, Empty: "Nothing besides the profile.", Action: &views.Link{Label: "Claims and token preview", Href: base + "/claims"}}
}

// definitionsByName are the tenant's custom attributes in the order of their names.
func definitionsByName(v *visit) []userflow.Definition {
	list := slices.Collect(maps.Values(v.dir.Definitions))
	slices.SortFunc(list, func(a, b userflow.Definition) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return list
}

func (p *Portal) appClaims(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	base := v.appBase(a) + "/claims"
	who, err := p.previewed(c, v)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Attributes and claims", "What the tokens of “"+a.Name+"” say about a person.", claimsHelp(),
		views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: v.appBase(a)})
	if err != nil {
		return err
	}
	if v.may(access.AppWrite) {
		s.Primary = &views.Link{Label: "Add a claim", Href: base + "/new"}
	}
	preview, err := p.tokenPreview(c.UserContext(), v, a, who.person)
	if err != nil {
		return err
	}
	sections := []views.Section{claimList(v, a, base, preview), presetSection(v, a, base), p.personSection(v, base, who)}
	sections = slices.DeleteFunc(append(sections, previewSections(v, preview)...), func(s views.Section) bool { return s.Title == "" })
	if !v.may(access.AppWrite) {
		readOnly(&sections[0])
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

// claimList is the claims with what they say about the previewed person.
func claimList(v *visit, a models.Application, base string, preview *openid.Preview) views.Section {
	t := &views.Table{Caption: "Claims", Columns: []views.Column{{Label: "Claim"}, {Label: "Comes from"}, {Label: "Example"}}, Actions: true}
	for _, m := range a.Spec.Claims {
		example := views.Cell{Text: "Left out: no value", Tone: "soft"}
		if preview != nil {
			for _, c := range preview.Claims {
				if c.Name == m.ClaimName() && !c.Missing {
					example = code(jsonText(c.Value))
				}
			}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(m.ClaimName()), plain(m.Words(v.dir.Definitions)), example},
			Actions: []views.Action{{Label: "Edit", About: m.ClaimName(), Href: base + "/edit?name=" + url.QueryEscape(m.ClaimName())},
				{Label: "Remove", About: m.ClaimName(), Post: base + "/remove", Fields: map[string]string{"name": m.ClaimName()}}}})
	}
	s := views.Section{ID: "claims", Title: "Claims of this application", Lead: "In the ID token, at the userinfo endpoint, and in access tokens for this application's own API.",
		Table: t, Empty: "None yet: the application learns only the profile that it asks for."}
	if a.Spec.ClaimsPolicyID != "" {
		s.Lead += " They come from a claims mapping policy of the management API and follow it; a change here takes the application out of the policy."
	}
	if v.may(access.AppWrite) {
		s.Buttons = []views.Action{{Label: "Add a claim", Href: base + "/new"}, {Label: "Add a constant", Href: base + "/new?source=constant"},
			{Label: "Roles under another name", Href: base + "/new?source=roles"}, {Label: "Groups under another name", Href: base + "/new?source=groups"},
			{Label: "From an extension", Href: base + "/new?source=customClaimsProvider"}}
	}
	return s
}

// claimPreset is a claim that many applications want, one click away from being saved.
type claimPreset struct {
	mapping openid.ClaimMapping
	says    string
}

// claimPresets are suggestions that fit the tenant's attributes and that the application does not have yet.
func claimPresets(v *visit, a models.Application) []claimPreset {
	var out []claimPreset
	add := func(m openid.ClaimMapping, says string) {
		if !slices.ContainsFunc(a.Spec.Claims, func(have openid.ClaimMapping) bool {
			return strings.EqualFold(have.Name, m.Name) || have.ID == m.ID && have.Transform == m.Transform
		}) &&
			!slices.ContainsFunc(out, func(p claimPreset) bool { return p.mapping.Name == m.Name }) {
			m.Source = openid.FromUser
			out = append(out, claimPreset{m, says})
		}
	}
	for _, d := range definitionsByName(v) {
		switch name := strings.ToLower(d.Name); {
		case d.DataType == userflow.Date && (strings.Contains(name, "birth") || strings.Contains(name, "born")):
			add(openid.ClaimMapping{ID: d.ID, Name: "birthdate"}, "birthdate from “"+d.Name+"”")
		case d.DataType == userflow.Phone:
			add(openid.ClaimMapping{ID: d.ID, Name: "phone_number"}, "phone_number from “"+d.Name+"”")
		}
		if short := shortName(d.ID); short != "" {
			add(openid.ClaimMapping{ID: d.ID, Name: short}, short+" from “"+d.Name+"”")
		}
	}
	add(openid.ClaimMapping{ID: "userName", Name: "nickname"}, "nickname from the user name")
	add(openid.ClaimMapping{ID: "jobTitle", Name: "job_title"}, "job_title from the job title")
	add(openid.ClaimMapping{ID: "country", Name: "country", Transform: openid.Uppercase}, "country in upper case")
	add(openid.ClaimMapping{ID: "mail", Name: "email_domain", Transform: openid.EmailDomain}, "email_domain from the email address")
	return out[:min(len(out), 8)]
}

// shortName is the last part of an API name, as a claim's name.
func shortName(id string) string {
	name := id[strings.LastIndexByte(id, '_')+1:]
	if openid.ReservedClaim(name) {
		return ""
	}
	return name
}

func presetSection(v *visit, a models.Application, base string) views.Section {
	if !v.may(access.AppWrite) || len(a.Spec.Claims) >= openid.MaxClaims {
		return views.Section{}
	}
	s := views.Section{ID: "presets", Title: "Often wanted", Lead: "Opens the form filled in; nothing is saved before you say so."}
	for _, x := range claimPresets(v, a) {
		s.Buttons = append(s.Buttons, views.Action{Label: x.says, Href: base + "/new?name=" + url.QueryEscape(x.mapping.Name) + "&id=" + url.QueryEscape(x.mapping.ID) + "&transform=" + url.QueryEscape(string(x.mapping.Transform))})
	}
	if len(s.Buttons) == 0 {
		return views.Section{}
	}
	return s
}

// previewedPerson is whom the preview is about.
type previewedPerson struct {
	person openid.User
	name   string // "" = the pretend customer
	search string
	found  []models.User
}

// previewed finds the person whom the address names: by id, or by a search that finds exactly one.
func (p *Portal) previewed(c *fiber.Ctx, v *visit) (previewedPerson, error) {
	who, id := previewedPerson{search: strings.TrimSpace(c.Query("person"))}, c.Query("user")
	if !v.may(access.UserRead) {
		who.search, id = "", ""
	}
	if id == "" && who.search != "" {
		page, err := v.tenant.Users(c.UserContext(), models.UserQuery{Search: who.search, Limit: 8})
		if err != nil {
			return who, err
		}
		if who.found = page.Items; len(who.found) == 1 {
			id = who.found[0].ID
		}
	}
	if id != "" {
		u, err := v.tenant.OpenIDUser(c.UserContext(), id)
		if err == nil {
			who.person, who.name = u, strings.TrimSpace(u.Name+" "+bracketed(u.PreferredUsername))
			return who, nil
		}
		if !fault.Is(err, fault.NotFound) {
			return who, err
		}
	}
	var err error
	who.person, err = openid.Sample(sampleAnswers(v), p.Now())
	return who, err
}

func bracketed(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

// sampleAnswers are what a pretend customer might have answered to the tenant's own questions.
func sampleAnswers(v *visit) map[string]any {
	out := map[string]any{}
	for id, d := range v.dir.Definitions {
		switch d.DataType {
		case userflow.Boolean:
			out[id] = true
		case userflow.Int:
			n := int64(42)
			if d.Low != nil && n < *d.Low {
				n = *d.Low
			}
			if d.High != nil && n > *d.High {
				n = *d.High
			}
			out[id] = n
		case userflow.Date:
			out[id] = "1990-05-17"
		case userflow.Phone:
			out[id] = "+4930123456"
		case userflow.Choice:
			if len(d.Options) > 0 {
				out[id] = d.Options[0].Value
			}
		default:
			out[id] = "Sample " + strings.ToLower(d.Name)
		}
	}
	return out
}

// tokenPreview makes the application's payloads from what is stored, not from a snapshot that may be older.
func (p *Portal) tokenPreview(ctx context.Context, v *visit, a models.Application, who openid.User) (*openid.Preview, error) {
	if p.Tokens == nil {
		return nil, nil
	}
	client, err := a.Client()
	if err != nil {
		return nil, err
	}
	clients := maps.Clone(v.dir.Clients)
	clients[client.ID] = client
	out, err := p.Tokens.Preview(ctx, openid.NewRealm(p.BaseURL, v.dir.Tenant, clients), client, who, p.Now())
	return &out, err
}

func (p *Portal) personSection(v *visit, base string, who previewedPerson) views.Section {
	s := views.Section{ID: "person", Title: "Whose token?"}
	s.Summary = []views.Fact{fact("Preview for", views.Cell{Kind: views.Name, Text: who.name})}
	if who.name == "" {
		s.Summary[0].Value = plain("A pretend customer with a value in every attribute")
	}
	if !v.may(access.UserRead) {
		return s
	}
	s.Form = &views.Form{Get: true, Action: base, Submit: "Show their token", Fields: []views.Field{
		{Name: "person", Label: "Find a person", Hint: "A name, an email address or an object ID. Nothing is written down about this.", Type: "search", Value: who.search, Optional: true}}}
	if who.name != "" {
		s.Action = &views.Link{Label: "Back to the pretend customer", Href: base}
	}
	if who.search != "" && who.name == "" {
		s.Table, s.Empty = &views.Table{Caption: "People found", Columns: []views.Column{{Label: "Name"}, {Label: "Email address"}}}, "Nobody was found. Try another part of the name or address."
		for _, u := range who.found {
			name := u.DisplayName
			if name == "" {
				name = u.ID
			}
			s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: name, Href: base + "?user=" + url.QueryEscape(u.ID) + "#preview"}, {Kind: views.Name, Text: u.Mail}}})
		}
	}
	return s
}

// previewSections are the table of reasons and the two payloads.
func previewSections(v *visit, preview *openid.Preview) []views.Section {
	if preview == nil {
		return nil
	}
	t := &views.Table{Caption: "Claims with their reasons", Columns: []views.Column{{Label: "Claim"}, {Label: "Value"}, {Label: "Why it is there"}, {Label: "Where"}}}
	for _, c := range preview.Claims {
		value := code(jsonText(c.Value))
		if c.Missing {
			value = views.Cell{Text: "Left out: no value", Tone: "soft"}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(c.Name), value, plain(whyWords(c, v.dir.Definitions)), plain(whereWords(c))}})
	}
	return []views.Section{
		{ID: "preview", Title: "Preview of the ID token", Lead: "If this person signed in now, with the scopes openid, profile and email and asking for this application's own API. What each sign-in decides anew stands as “…”.", Code: jsonBlock(preview.IDToken)},
		{ID: "access-token", Title: "Preview of the access token for the application's own API", Code: jsonBlock(preview.AccessToken)},
		{ID: "reasons", Title: "Why each claim is there", Table: t},
		{ID: "userinfo", Title: "Answer of the userinfo endpoint", Code: jsonBlock(preview.UserInfo)},
	}
}

func whyWords(c openid.PreviewClaim, definitions map[string]userflow.Definition) string {
	switch c.Why {
	case openid.ByMapping:
		words := c.Mapping.Words(definitions)
		if c.Replaces {
			words += "; in place of the profile's own"
		}
		return words
	case openid.ByRole:
		return "Roles of this application: " + strings.Join(c.Via, "; ")
	case openid.ByGroup:
		if strings.HasPrefix(c.Name, "_") {
			return "The person is in more groups than a token names: here the application can ask for them"
		}
		return "The application's setting about groups: " + strings.Join(c.Via, ", ")
	case openid.ByScope:
		return "The scope " + c.Scope + " asks for it"
	}
	if says, ok := protocolWords()[c.Name]; ok {
		return says
	}
	return "In every token of this kind"
}

// protocolWords says what the claims are for that no scope asks for.
func protocolWords() map[string]string {
	return map[string]string{
		"iss": "Who made the token", "aud": "Whom the token is for", "azp": "The application that asked for it", "client_id": "The application that asked for it",
		"azpacr": "How the application proved itself: 0 not, 1 by a secret, 2 by a key", "sub": "The person, as this application alone knows them",
		"oid": "The person, the same for every application of the tenant", "tid": "The tenant", "ver": "The shape of the token",
		"iat": "When it was made", "nbf": "From when it counts", "exp": "Until when it counts", "auth_time": "When the person last proved who they are",
		"amr": "How they proved it", "acr": "How strong that was", "nonce": "What the application sent along, against old tokens", "sid": "The session, named at sign-out",
		"at_hash": "Ties the access token to the ID token", "jti": "The token's own number", "uti": "The token's own number", "scp": "What the application may do for the person",
		"login_hint": "An opaque name of the account that the application may send back", "grant_id": "The sign-in that the token comes from",
	}
}

func whereWords(c openid.PreviewClaim) string {
	var out []string
	for _, x := range []struct {
		there bool
		where string
	}{{c.ID, "ID token"}, {c.Access, "access token"}, {c.UserInfo, "userinfo"}} {
		if x.there {
			out = append(out, x.where)
		}
	}
	if len(out) == 0 {
		return "Nowhere"
	}
	s := strings.Join(out, ", ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// jsonText is a value on one line.
func jsonText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func jsonBlock(v map[string]any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// claimForm is the form of one claim; was is its name until now, "" for a new one.
// known are the claims that extensions are known to give.
func claimForm(v *visit, base, was string, m openid.ClaimMapping, known []string) views.Form {
	f := views.Form{Action: base, Submit: "Save claim", Cancel: base, Fields: []views.Field{
		{Kind: views.Hidden, Name: "was", Value: was}, {Kind: views.Hidden, Name: "source", Value: string(m.Source)},
		{Name: "name", Label: "Name of the claim", Hint: "As the application reads it, for example home_type. Letters, digits and . _ : / -", Value: m.Name, Code: true}}}
	if was == "" {
		f.Submit = "Add claim"
	}
	if m.Source == openid.FromConstant {
		f.Fields = append(f.Fields, views.Field{Name: "value", Label: "Text", Hint: "The same in every token of this application, for every person.", Value: m.Value})
		return f
	}
	switch m.Source {
	case openid.FromRoles:
		return f
	case openid.FromProvider:
		any := ""
		if m.AnyType {
			any = "true"
		}
		f.Fields = append(f.Fields,
			v.knownClaims(known, m.ID),
			views.Field{Name: "id", Label: "Name in the API’s answer", Hint: "If it is not among those above.", Value: choose(slices.Contains(known, m.ID), "", m.ID), Code: true, Optional: len(known) > 0},
			views.Field{Kind: views.Radios, Name: "anyType", Label: "What it may be", Value: any, Options: []views.Option{
				{Value: "", Label: "A text or a list of texts"}, {Value: "true", Label: "Any JSON: also numbers, yes and no, and objects"}}})
		return f
	case openid.FromGroups:
		f.Fields = append(f.Fields, views.Field{Kind: views.Radios, Name: "id", Label: "What it says", Value: m.ID, Options: []views.Option{
			{Value: "", Label: "Object IDs of the groups"}, {Value: openid.GroupNames, Label: "Names of the groups"}}})
		return f
	}
	f.Fields = append(f.Fields,
		views.Field{Kind: views.Select, Name: "id", Label: "Attribute", Value: m.ID, Options: attributeOptions(v, "Choose an attribute")},
		views.Field{Kind: views.Select, Name: "transform", Label: "Transformation", Value: string(m.Transform), Options: transformOptions()},
		views.Field{Kind: views.Select, Name: "secondId", Label: "Joined with", Hint: "Only for “join with another attribute”.", Value: m.SecondID, Optional: true, Options: attributeOptions(v, "Nothing")},
		views.Field{Name: "separator", Label: "Separator", Hint: "Stands between the two. Put it into quotation marks when it begins or ends with a space.", Value: quoted(m.Separator), Optional: true})
	return f
}

// quoted keeps the spaces of a separator visible, and unquoted takes the marks away again: a form trims what
// is typed.
func quoted(s string) string {
	if s != strings.TrimSpace(s) {
		return "“" + s + "”"
	}
	return s
}

func unquoted(s string) string {
	for _, pair := range [][2]string{{"“", "”"}, {`"`, `"`}, {"„", "“"}} {
		if inner, ok := strings.CutPrefix(s, pair[0]); ok {
			if inner, ok = strings.CutSuffix(inner, pair[1]); ok && inner != "" {
				return inner
			}
		}
	}
	return s
}

func transformOptions() []views.Option {
	out := []views.Option{{Label: "None: as it is"}}
	for _, t := range openid.Transforms() {
		words := t.Words()
		if t == openid.Join {
			words = "join with another attribute"
		}
		out = append(out, views.Option{Value: string(t), Label: strings.ToUpper(words[:1]) + words[1:]})
	}
	return out
}

func attributeOptions(v *visit, none string) []views.Option {
	out := []views.Option{{Label: none}}
	for _, d := range definitionsByName(v) {
		out = append(out, views.Option{Value: d.ID, Label: d.Name + " (custom)"})
	}
	for _, b := range openid.BuiltinAttributes() {
		out = append(out, views.Option{Value: b.ID, Label: b.Label})
	}
	return out
}

func (p *Portal) appClaimNew(c *fiber.Ctx) error {
	m := openid.ClaimMapping{Source: openid.FromUser, ID: c.Query("id"), Name: c.Query("name"), Transform: openid.Transform(c.Query("transform"))}
	switch source := openid.ClaimSource(c.Query("source")); source {
	case openid.FromConstant, openid.FromRoles, openid.FromGroups, openid.FromProvider:
		m = openid.ClaimMapping{Source: source}
	}
	return p.claimPage(c, "", m, nil)
}

// appClaimEdit is the form of the claim that the address names; without a name, of a new one.
func (p *Portal) appClaimEdit(c *fiber.Ctx) error {
	if c.Query("name") == "" {
		return p.appClaimNew(c)
	}
	a, err := visitOf(c).app(c)
	if err != nil {
		return err
	}
	i := claimAt(a, c.Query("name"))
	if i < 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return p.claimPage(c, a.Spec.Claims[i].ClaimName(), a.Spec.Claims[i], nil)
}

func claimAt(a models.Application, name string) int {
	return slices.IndexFunc(a.Spec.Claims, func(m openid.ClaimMapping) bool { return m.ClaimName() == name })
}

func (p *Portal) claimPage(c *fiber.Ctx, was string, m openid.ClaimMapping, problem error) error {
	v, title := visitOf(c), "Add a claim"
	switch {
	case was != "":
		title = "Change the claim “" + was + "”"
	case m.Source == openid.FromConstant:
		title = "Add a constant"
	}
	var known []string
	if m.Source == openid.FromProvider {
		var err error
		if known, err = v.claimsKnown(c.UserContext()); err != nil {
			return err
		}
	}
	return p.appFormPage(c, title, problem, func(a models.Application, base string) views.Form {
		f := claimForm(v, base+"/claims", was, m, known)
		if at := claimAt(a, was); was != "" && at >= 0 {
			f.Fields = append(f.Fields, loadedFrom(c, a.Spec.Claims[at], problem))
		}
		return f
	})
}

// appClaimSave adds a claim or changes one; what is wrong with it stands beside its field.
func (p *Portal) appClaimSave(c *fiber.Ctx) error {
	v, was := visitOf(c), typed(c, "was")
	m := openid.ClaimMapping{Source: openid.ClaimSource(typed(c, "source")), Name: typed(c, "name"), ID: typed(c, "id"), Value: typed(c, "value"),
		Transform: openid.Transform(typed(c, "transform")), SecondID: typed(c, "secondId"), Separator: unquoted(typed(c, "separator")),
		AnyType: typed(c, "anyType") == "true"}
	if chosen := typed(c, "known"); m.Source == openid.FromProvider && chosen != "" {
		m.ID = chosen
	}
	at := 0
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		if was == "" {
			at, a.Spec.Claims = len(a.Spec.Claims), append(a.Spec.Claims, m)
			return nil
		}
		if at = claimAt(*a, was); at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		if err := unchanged(c, a.Spec.Claims[at]); err != nil {
			return err
		}
		a.Spec.Claims[at] = m
		return nil
	})
	if err != nil {
		return p.claimPage(c, was, m, ofClaim(err, at))
	}
	return p.done(c, v.appBase(a)+"/claims", "Claim “"+m.Name+"” of “"+a.Name+"” saved.")
}

// ofClaim names the complaints about one claim as its form names the fields.
func ofClaim(err error, at int) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		out.Fields[i].Name = strings.TrimPrefix(out.Fields[i].Name, fmt.Sprintf("claims[%d].", at))
	}
	return &out
}

func (p *Portal) appClaimRemove(c *fiber.Ctx) error {
	v, name := visitOf(c), typed(c, "name")
	a, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), c.Params("id"), func(a *models.Application) error {
		a.Spec.Claims = slices.DeleteFunc(a.Spec.Claims, func(m openid.ClaimMapping) bool { return m.ClaimName() == name })
		return nil
	})
	if err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"/claims", "Claim “"+name+"” removed from “"+a.Name+"”.")
}
