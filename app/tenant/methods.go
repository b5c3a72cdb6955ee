package tenant

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
)

// MethodsPolicy says which ways to confirm it's you there are at all in a directory, and for whom (R 4.1.1).
// The zero value has all of them for everybody. A user flow chooses among them.
type MethodsPolicy struct {
	Email    MethodRule  `json:"email,omitzero"`
	SMS      SMSRule     `json:"sms,omitzero"`
	TOTP     MethodRule  `json:"softwareOath,omitzero"`
	Passkey  PasskeyRule `json:"fido2,omitzero"`
	Recovery MethodRule  `json:"recovery,omitzero"`
}

// MethodRule switches one method. Groups are ids; no included group means everybody; excluded wins.
type MethodRule struct {
	Off     bool     `json:"off,omitempty"`
	Include []string `json:"includeGroups,omitempty"`
	Exclude []string `json:"excludeGroups,omitempty"`
}

// SMSRule adds to which countries texts go, by calling code (R 4.4.5). About 110 costly ones are off by
// default; Regions switches some of them on, Barred others off.
type SMSRule struct {
	MethodRule
	Regions []string `json:"includeRegions,omitempty"`
	Barred  []string `json:"excludeRegions,omitempty"`
	// DailyLimit is how many texts the directory sends in a day at most; 0 = the default of R 4.4.3.
	DailyLimit int `json:"dailyLimit,omitempty"`
}

// PasskeyRule adds which passkeys may be registered (R 4.5.3).
type PasskeyRule struct {
	MethodRule
	SelfServiceOff bool     `json:"selfServiceOff,omitempty"` // nobody registers one on the hosted pages
	Attested       bool     `json:"attested,omitempty"`       // only models that prove what they are
	Allowed        []string `json:"allowedAAGUIDs,omitempty"` // only these models; empty = any
	Blocked        []string `json:"blockedAAGUIDs,omitempty"`
}

// Allows reports whether somebody in these groups (nested ones counted) may use a method.
func (r MethodRule) Allows(groups []string) bool {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(id string) bool { return slices.Contains(groups, id) })
	}
	return !r.Off && (len(r.Include) == 0 || in(r.Include)) && !in(r.Exclude)
}

// ForEverybody reports whether no group decides.
func (r MethodRule) ForEverybody() bool { return !r.Off && len(r.Include)+len(r.Exclude) == 0 }

// Rule is the rule of a kind of factor (package factor's words); a kind without one is open to everybody.
func (p MethodsPolicy) Rule(kind string) MethodRule {
	switch kind {
	case "email":
		return p.Email
	case "sms":
		return p.SMS.MethodRule
	case "totp":
		return p.TOTP
	case "passkey":
		return p.Passkey.MethodRule
	case "recovery":
		return p.Recovery
	}
	return MethodRule{}
}

// byFlowName gives the rules by the names that user flows know the methods by.
func (p MethodsPolicy) byFlowName(method string) MethodRule {
	switch method {
	case "softwareOath":
		return p.TOTP
	case "fido2":
		return p.Passkey.MethodRule
	}
	return p.Rule(method)
}

// Groups are the ids of every group that some rule names, each once.
func (p MethodsPolicy) Groups() []string {
	var ids []string
	for _, r := range p.rules() {
		ids = append(append(ids, r.rule.Include...), r.rule.Exclude...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

type namedRule struct {
	name string
	rule MethodRule
}

func (p MethodsPolicy) rules() []namedRule {
	return []namedRule{{"email", p.Email}, {"sms", p.SMS.MethodRule}, {"softwareOath", p.TOTP}, {"fido2", p.Passkey.MethodRule}, {"recovery", p.Recovery}}
}

// Leaves says why a user flow would leave people without a usable second factor under this policy: the methods that
// it asks for are switched off, are for some groups only, or go by the channel of the first factor (DESIGN §5.4).
// nil = nobody is left without.
func (p MethodsPolicy) Leaves(f userflow.Flow) error {
	if f.MFA.Enforcement == userflow.MFAOff || len(f.MFA.Methods) == 0 {
		return nil // the flow's own rules speak of these
	}
	open := f
	open.MFA.Methods = slices.DeleteFunc(slices.Clone(f.MFA.Methods), func(m string) bool { return !p.byFlowName(m).ForEverybody() })
	if open.LeavesNobody() {
		return nil
	}
	return fault.BadField("mfa", "flow.mfa.policy", map[string]any{"flow": f.Name})
}

const (
	// dailyTexts is how many texts a directory sends in a day when it says nothing (R 4.4.3).
	dailyTexts    = 5000
	mostDaily     = 1_000_000
	mostRuleLists = 50 // groups in a rule
	mostModels    = 200
)

// Daily is how many texts the directory sends in a day at most.
func (r SMSRule) Daily() int {
	if r.DailyLimit > 0 {
		return r.DailyLimit
	}
	return dailyTexts
}

// Reaches reports whether texts go to a number in E.164, and under which calling code they count. Of the codes that
// somebody decided about the longest one that fits wins; one that is switched on and off is off.
func (r SMSRule) Reaches(number string) (code string, yes bool) {
	code = account.Called(number, append(slices.Concat(r.Regions, r.Barred), known()...))
	if code == "" {
		return account.CallingCode(number), false
	}
	decided := account.Called(number, slices.Concat(r.Regions, r.Barred, OffByDefault()))
	switch {
	case decided == "":
		return code, true
	case slices.Contains(r.Barred, decided):
		return code, false
	}
	return code, slices.Contains(r.Regions, decided)
}

func known() []string {
	var codes []string
	for _, c := range account.Callings() {
		codes = append(codes, c.Code)
	}
	return codes
}

// OffByDefault are the calling codes that texts go to only where an admin says so, because fraud with them is common
// (R 4.4.7).
func OffByDefault() []string {
	return strings.Fields(`93 213 244 374 994 880 375 501 229 975 591 387 359 226 257 238 855 237 235 269 243 242 225 385 53 253 593 20 503
		291 251 679 689 241 220 995 233 590 502 224 245 592 509 62 98 964 1876 962 254 686 383 965 996 266 231 218 261 265 223 222 230 262 691
		373 976 212 258 95 977 687 505 227 234 968 92 970 675 63 974 7 250 290 508 1784 685 377 966 221 232 1721 386 252 211 94 249 963 992 255
		670 672 228 690 216 993 256 380 971 998 678 84 967 260 263`)
}

var (
	codeShape  = regexp.MustCompile(`^[1-9][0-9]{0,3}$`) // R 4.4.5: at most four digits
	modelShape = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// Tidied is the policy as it is stored: lists sorted, each entry once, models in small letters.
func (p MethodsPolicy) Tidied() MethodsPolicy {
	tidy := func(list []string) []string {
		var out []string
		for _, s := range list {
			if s = strings.ToLower(strings.TrimSpace(s)); s != "" {
				out = append(out, s)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	for _, r := range []*MethodRule{&p.Email, &p.SMS.MethodRule, &p.TOTP, &p.Passkey.MethodRule, &p.Recovery} {
		r.Include, r.Exclude = tidy(r.Include), tidy(r.Exclude)
	}
	plus := func(list []string) []string {
		for i := range list {
			list[i] = strings.TrimPrefix(strings.TrimSpace(list[i]), "+")
		}
		return list
	}
	p.SMS.Regions, p.SMS.Barred = tidy(plus(slices.Clone(p.SMS.Regions))), tidy(plus(slices.Clone(p.SMS.Barred)))
	p.Passkey.Allowed, p.Passkey.Blocked = tidy(p.Passkey.Allowed), tidy(p.Passkey.Blocked)
	return p
}

// Validate says what an admin must mend. Whether the groups are there, and what becomes of the user flows, the store
// says (DESIGN §5.4).
func (p MethodsPolicy) Validate() error {
	var bad fault.Fields
	for _, r := range p.rules() {
		if len(r.rule.Include)+len(r.rule.Exclude) > mostRuleLists {
			bad.Add(r.name+".groups", "methods.groups.many", map[string]any{"count": mostRuleLists})
		}
		if slices.ContainsFunc(r.rule.Include, func(id string) bool { return slices.Contains(r.rule.Exclude, id) }) {
			bad.Add(r.name+".groups", "methods.groups.both", nil)
		}
	}
	for name, list := range map[string][]string{"sms.regions": p.SMS.Regions, "sms.barred": p.SMS.Barred} {
		for _, code := range list {
			if !codeShape.MatchString(code) || account.CallingCode(code+"0000000") == "" {
				bad.Add(name, "methods.sms.code", map[string]any{"code": code})
				break
			}
			if name == "sms.barred" && slices.Contains(p.SMS.Regions, code) {
				bad.Add(name, "methods.sms.both", map[string]any{"code": code})
				break
			}
		}
	}
	if p.SMS.DailyLimit < 0 || p.SMS.DailyLimit > mostDaily {
		bad.Add("sms.dailyLimit", "tenant.settings.range", map[string]any{"low": 1, "high": mostDaily})
	}
	for name, list := range map[string][]string{"fido2.allowed": p.Passkey.Allowed, "fido2.blocked": p.Passkey.Blocked} {
		if len(list) > mostModels {
			bad.Add(name, "methods.fido2.many", map[string]any{"count": mostModels})
		}
		for _, id := range list {
			if !modelShape.MatchString(id) {
				bad.Add(name, "methods.fido2.model", map[string]any{"model": fmt.Sprintf("%.40s", id)})
				break
			}
			if name == "fido2.blocked" && slices.Contains(p.Passkey.Allowed, id) {
				bad.Add(name, "methods.fido2.both", map[string]any{"model": id})
				break
			}
		}
	}
	return bad.Err()
}
