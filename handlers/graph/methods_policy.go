package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
)

// methodsPolicy is /policies/authenticationMethodsPolicy (graph.md §8): which second factors there are at all, and
// for whom. It is one object with a few configurations, read and written as the vendor's clients do.
type methodsPolicy struct{ a *API }

func (methodsPolicy) prefix() []string { return []string{"policies", "authenticationMethodsPolicy"} }

func readMethodPolicy() []access.Permission {
	return []access.Permission{access.MethodPolicyRead, access.PolicyRead, access.MethodPolicyWrite}
}

const (
	allUsers         = "all_users"
	methodsPolicyID  = "authenticationMethodsPolicy"
	methodConfigsSeg = "authenticationMethodConfigurations"
)

// methodConfiguration is one method: its id, the type that the vendor gives it, and the rule behind it.
type methodConfiguration struct {
	id, typ string
	rule    func(*tenant.MethodsPolicy) *tenant.MethodRule
	own     string // the product's name for it, in complaints
}

func methodConfigurations() []methodConfiguration {
	return []methodConfiguration{
		{"Email", "emailAuthenticationMethodConfiguration", func(p *tenant.MethodsPolicy) *tenant.MethodRule { return &p.Email }, "email"},
		{"Sms", "smsAuthenticationMethodConfiguration", func(p *tenant.MethodsPolicy) *tenant.MethodRule { return &p.SMS.MethodRule }, "sms"},
		{"SoftwareOath", "softwareOathAuthenticationMethodConfiguration", func(p *tenant.MethodsPolicy) *tenant.MethodRule { return &p.TOTP }, "softwareOath"},
		{"Fido2", "fido2AuthenticationMethodConfiguration", func(p *tenant.MethodsPolicy) *tenant.MethodRule { return &p.Passkey.MethodRule }, "fido2"},
	}
}

func (m methodsPolicy) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if rest = withoutCasts(rest); keys != nil {
		return nil, noSegment(methodsPolicyID)
	}
	var one *methodConfiguration
	switch {
	case len(rest) == 0:
	case !strings.EqualFold(rest[0].Name, methodConfigsSeg), len(rest) > 2:
		return nil, noSegment(rest[len(rest)-1].Name)
	default:
		id := rest[0].Keys[""]
		if len(rest) == 2 {
			id = rest[1].Name
		}
		if id == "" {
			return m.configurations(ctx, c)
		}
		for _, x := range methodConfigurations() {
			if strings.EqualFold(x.id, id) {
				one = &x
			}
		}
		if one == nil {
			return nil, notFound(id)
		}
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if !c.caller.may(readMethodPolicy()...) {
			return nil, denied()
		}
		t, err := c.tenant.Get(ctx)
		if err != nil {
			return nil, err
		}
		if one != nil {
			return c.entity("policies/authenticationMethodsPolicy/authenticationMethodConfigurations/$entity", shownConfiguration(*one, t.Settings.Methods)), nil
		}
		return c.entity("policies/authenticationMethodsPolicy/$entity", m.shown(t)), nil
	case http.MethodPatch:
		if !c.caller.may(access.MethodPolicyWrite) {
			return nil, denied()
		}
		return m.patch(ctx, c, one)
	case http.MethodDelete:
		if one == nil {
			return nil, wrongMethod(http.MethodGet, http.MethodPatch)
		}
		if !c.caller.may(access.MethodPolicyWrite) {
			return nil, denied()
		}
		return emptied(m.change(ctx, c, one, func(t *tenant.Tenant) error { one.reset(&t.Settings.Methods); return nil }))
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPatch)
}

func (m methodsPolicy) configurations(ctx context.Context, c *call) (*response, error) {
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return nil, wrongMethod(http.MethodGet)
	}
	if !c.caller.may(readMethodPolicy()...) {
		return nil, denied()
	}
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	return c.small(ctx, "policies/authenticationMethodsPolicy/authenticationMethodConfigurations", shownMethodConfigurations(t.Settings.Methods))
}

func (m methodsPolicy) shown(t tenant.Tenant) object {
	campaign := object{{"snoozeDurationInDays", 1}, {"state", "default"}, {"excludeTargets", []object{}}, {"includeTargets", []object{}}}
	return object{{"id", methodsPolicyID}, {"displayName", "Authentication methods policy"},
		{"description", "Which ways to confirm it’s you there are in this directory, and for whom."}, {"lastModifiedDateTime", nil}, {"policyVersion", "1.5"},
		{"policyMigrationState", "migrationComplete"}, {"reconfirmationInDays", nil},
		{"registrationEnforcement", object{{"authenticationMethodsRegistrationCampaign", campaign}}},
		{"authenticationMethodConfigurations", shownMethodConfigurations(t.Settings.Methods)},
		{"portico", object{{"rememberDays", t.Settings.RememberDays}, {"recovery", object{{"state", methodState(t.Settings.Methods.Recovery)}}}}}}
}

func shownMethodConfigurations(p tenant.MethodsPolicy) []object {
	var out []object
	for _, x := range methodConfigurations() {
		out = append(out, shownConfiguration(x, p))
	}
	return out
}

func methodState(r tenant.MethodRule) string {
	if r.Off {
		return "disabled"
	}
	return "enabled"
}

func shownConfiguration(x methodConfiguration, p tenant.MethodsPolicy) object {
	r := *x.rule(&p)
	excluded, included := []object{}, []object{}
	for _, id := range r.Exclude {
		excluded = append(excluded, object{{"id", id}, {"targetType", "group"}})
	}
	target := func(id string) object {
		o := object{{"targetType", "group"}, {"id", id}, {"isRegistrationRequired", false}}
		if x.id == "Sms" {
			o.add("isUsableForSignIn", false) // never a first factor (R 4.4.1)
		}
		return o
	}
	for _, id := range r.Include {
		included = append(included, target(id))
	}
	if len(r.Include) == 0 {
		included = append(included, target(allUsers))
	}
	o := object{{"@odata.type", "#microsoft.graph." + x.typ}, {"id", x.id}, {"state", methodState(r)}, {"excludeTargets", excluded}, {"includeTargets", included}}
	switch x.id {
	case "Email":
		o.add("allowExternalIdToUseEmailOtp", "default")
	case "Sms":
		o.add("portico", object{{"includeRegions", list(p.SMS.Regions)}, {"excludeRegions", list(p.SMS.Barred)}, {"dailyLimit", p.SMS.Daily()}})
	case "Fido2":
		restrictions := object{{"isEnforced", len(p.Passkey.Allowed)+len(p.Passkey.Blocked) > 0}, {"enforcementType", "allow"}, {"aaGuids", list(p.Passkey.Allowed)}}
		if len(p.Passkey.Allowed) == 0 && len(p.Passkey.Blocked) > 0 {
			restrictions[1].value, restrictions[2].value = "block", p.Passkey.Blocked
		}
		o.add("isAttestationEnforced", p.Passkey.Attested)
		o.add("isSelfServiceRegistrationAllowed", !p.Passkey.SelfServiceOff)
		o.add("defaultPasskeyProfile", nil)
		o.add("keyRestrictions", restrictions)
	}
	return o
}

// The bodies that a PATCH may hold. Annotations were taken off before.
type (
	targetBody struct {
		ID         string `json:"id"`
		Type       string `json:"targetType"`
		Required   bool   `json:"isRegistrationRequired"`
		ForSignIn  bool   `json:"isUsableForSignIn"`
		Registered any    `json:"authenticationMode"`
	}
	configurationBody struct {
		ID       string       `json:"id"`
		State    *string      `json:"state"`
		Include  []targetBody `json:"includeTargets"`
		Exclude  []targetBody `json:"excludeTargets"`
		External string       `json:"allowExternalIdToUseEmailOtp"`
		Attested *bool        `json:"isAttestationEnforced"`
		Self     *bool        `json:"isSelfServiceRegistrationAllowed"`
		Profile  any          `json:"defaultPasskeyProfile"`
		Keys     *keysBody    `json:"keyRestrictions"`
		Portico  *smsBody     `json:"portico"`
	}
	keysBody struct {
		Enforced bool     `json:"isEnforced"`
		Type     string   `json:"enforcementType"`
		AAGUIDs  []string `json:"aaGuids"`
	}
	smsBody struct {
		Regions *[]string `json:"includeRegions"`
		Barred  *[]string `json:"excludeRegions"`
		Daily   *int      `json:"dailyLimit"`
	}
	policyWide struct {
		RememberDays *int `json:"rememberDays"`
		Recovery     *struct {
			State string `json:"state"`
		} `json:"recovery"`
	}
)

func (m methodsPolicy) patch(ctx context.Context, c *call, one *methodConfiguration) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	if one != nil {
		whole, err := json.Marshal(d.values)
		if err != nil {
			return nil, err
		}
		var b configurationBody
		if err := strict(one.id, whole, &b); err != nil {
			return nil, err
		}
		return emptied(m.change(ctx, c, one, func(t *tenant.Tenant) error { return layMethod(*one, b, d, &t.Settings.Methods) }))
	}
	var wide policyWide
	var configs []json.RawMessage
	for _, name := range d.names {
		switch raw := d.values[name]; name {
		case "portico":
			if err := strict(name, raw, &wide); err != nil {
				return nil, err
			}
		case methodConfigsSeg:
			if err := json.Unmarshal(raw, &configs); err != nil {
				return nil, badRequest("A collection was expected for property '"+name+"'.", name)
			}
		case "registrationEnforcement", "reconfirmationInDays", "id", "displayName", "description", "policyVersion", "lastModifiedDateTime", "policyMigrationState":
			// The vendor's clients send the whole object back; what Portico has no use for stays as it is.
		default:
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
	}
	err = m.change(ctx, c, nil, func(t *tenant.Tenant) error {
		if wide.RememberDays != nil {
			t.Settings.RememberDays = *wide.RememberDays
		}
		if wide.Recovery != nil {
			if wide.Recovery.State != "enabled" && wide.Recovery.State != "disabled" {
				return invalidValue("portico/recovery/state", ": enabled or disabled is expected")
			}
			t.Settings.Methods.Recovery.Off = wide.Recovery.State == "disabled"
		}
		for _, raw := range configs {
			doc, err := parseDocument(raw)
			if err != nil {
				return err
			}
			var b configurationBody
			if err := strict(methodConfigsSeg, raw, &b); err != nil {
				return err
			}
			found := false
			for _, x := range methodConfigurations() {
				if strings.EqualFold(x.id, b.ID) {
					found = true
					if err := layMethod(x, b, doc, &t.Settings.Methods); err != nil {
						return err
					}
				}
			}
			if !found {
				return invalidValue(methodConfigsSeg+"/id", ": Email, Sms, SoftwareOath or Fido2 is expected")
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	return c.entity("policies/authenticationMethodsPolicy/$entity", m.shown(t)), nil
}

// reset puts a method back to its default, with all that belongs to it alone.
func (x methodConfiguration) reset(p *tenant.MethodsPolicy) {
	switch x.id {
	case "Sms":
		p.SMS = tenant.SMSRule{}
	case "Fido2":
		p.Passkey = tenant.PasskeyRule{}
	default:
		*x.rule(p) = tenant.MethodRule{}
	}
}

// change stores what edit says. Complaints name the properties as the caller wrote them: of one configuration its
// own, of the whole policy with their path.
func (m methodsPolicy) change(ctx context.Context, c *call, one *methodConfiguration, edit func(*tenant.Tenant) error) error {
	var after tenant.MethodsPolicy
	_, err := c.tenant.Update(ctx, c.actor(), func(t *tenant.Tenant) error {
		err := edit(t)
		after = t.Settings.Methods
		return err
	})
	var said *fault.Error
	if !errors.As(err, &said) || len(said.Fields) == 0 {
		return err
	}
	named := *said
	named.Fields = slices.Clone(said.Fields)
	for i, f := range named.Fields {
		named.Fields[i].Name = complaintTarget(f, one, after)
	}
	return &named
}

// complaintTarget is the property that a complaint of the product is about.
func complaintTarget(f fault.Field, one *methodConfiguration, p tenant.MethodsPolicy) string {
	own, rest, _ := strings.Cut(f.Name, ".")
	i := slices.IndexFunc(methodConfigurations(), func(x methodConfiguration) bool { return x.own == own })
	if i < 0 {
		return f.Name
	}
	x := methodConfigurations()[i]
	switch rest {
	case "groups":
		r := x.rule(&p)
		rest = "includeTargets"
		if id, _ := f.Args["id"].(string); f.Key == "methods.groups.both" || id != "" && !slices.Contains(r.Include, id) || len(r.Include) == 0 {
			rest = "excludeTargets"
		}
	case "allowed", "blocked":
		rest = "keyRestrictions/aaGuids"
	case "regions":
		rest = "portico/includeRegions"
	case "barred":
		rest = "portico/excludeRegions"
	case "dailyLimit":
		rest = "portico/dailyLimit"
	}
	if one == nil {
		rest = methodConfigsSeg + "/" + x.id + "/" + rest
	}
	return rest
}

// layMethod lays what was sent onto a method; what was not sent stays.
func layMethod(x methodConfiguration, b configurationBody, d document, p *tenant.MethodsPolicy) error {
	sent := func(name string) bool { _, ok := d.values[name]; return ok }
	r := x.rule(p)
	if b.State != nil {
		switch *b.State {
		case "enabled", "disabled":
			r.Off = *b.State == "disabled"
		default:
			return invalidValue("state", ": enabled or disabled is expected")
		}
	}
	ids := func(name string, targets []targetBody, into *[]string) error {
		var out []string
		for _, t := range targets {
			switch {
			case t.Type != "" && t.Type != "group":
				return invalidValue(name+"/targetType", ": group is expected")
			case t.ForSignIn:
				return invalidValue(name+"/isUsableForSignIn", ": a text message is never the first factor")
			case strings.EqualFold(t.ID, allUsers) && name == "includeTargets":
				out = nil
			case strings.EqualFold(t.ID, allUsers):
				return invalidValue(name, ": all_users cannot be left out; switch the method off by its state")
			default:
				out = append(out, strings.ToLower(t.ID))
			}
		}
		*into = out
		return nil
	}
	if sent("includeTargets") {
		if err := ids("includeTargets", b.Include, &r.Include); err != nil {
			return err
		}
	}
	if sent("excludeTargets") {
		if err := ids("excludeTargets", b.Exclude, &r.Exclude); err != nil {
			return err
		}
	}
	if x.id != "Fido2" && (sent("keyRestrictions") || sent("isAttestationEnforced") || sent("isSelfServiceRegistrationAllowed")) {
		return badRequest("Only Fido2 has rules for passkeys.", "keyRestrictions")
	}
	if b.Attested != nil {
		p.Passkey.Attested = *b.Attested
	}
	if b.Self != nil {
		p.Passkey.SelfServiceOff = !*b.Self
	}
	if k := b.Keys; k != nil {
		p.Passkey.Allowed, p.Passkey.Blocked = nil, nil
		switch {
		case k.Type != "allow" && k.Type != "block" && (k.Type != "" || k.Enforced):
			return invalidValue("keyRestrictions/enforcementType", ": allow or block is expected")
		case k.Enforced && k.Type == "allow" && len(k.AAGUIDs) == 0: // it would read as "any"
			return invalidValue("keyRestrictions/aaGuids", ": no passkey at all would be allowed; name the models, or switch the method off by its state")
		case !k.Enforced:
		case k.Type == "block":
			p.Passkey.Blocked = k.AAGUIDs
		default:
			p.Passkey.Allowed = k.AAGUIDs
		}
	}
	if s := b.Portico; s != nil {
		if x.id != "Sms" {
			return badRequest("Only Sms has regions.", "portico")
		}
		if s.Regions != nil {
			p.SMS.Regions = *s.Regions
		}
		if s.Barred != nil {
			p.SMS.Barred = *s.Barred
		}
		if s.Daily != nil {
			p.SMS.DailyLimit = *s.Daily
		}
	}
	return nil
}
