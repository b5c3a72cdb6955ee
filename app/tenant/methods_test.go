package tenant

import (
	"slices"
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
)

func TestWhereTextsGo(t *testing.T) {
	for _, c := range []struct {
		rule   string
		number string
		is     SMSRule
		code   string
		yes    bool
	}{
		{"an ordinary country", "+4915112345678", SMSRule{}, "49", true},
		{"a costly one", "+93701234567", SMSRule{}, "93", false},
		{"a costly one, switched on", "+93701234567", SMSRule{Regions: []string{"93"}}, "93", true},
		{"an ordinary one, switched off", "+4915112345678", SMSRule{Barred: []string{"49"}}, "49", false},
		{"North America", "+12025550123", SMSRule{}, "1", true},
		{"Jamaica is costly although it begins with 1", "+18765550123", SMSRule{}, "1876", false},
		{"Jamaica, switched on", "+18765550123", SMSRule{Regions: []string{"1876"}}, "1876", true},
		{"the longer code decides: the Bahamas without North America", "+12425550123", SMSRule{Barred: []string{"1"}, Regions: []string{"1242"}}, "1242", true},
		{"North America off takes its islands along", "+12425550123", SMSRule{Barred: []string{"1"}}, "1242", false},
		{"an area that an admin names", "+12125550123", SMSRule{Barred: []string{"1212"}}, "1212", false},
		{"on and off at once is off", "+4915112345678", SMSRule{Regions: []string{"49"}, Barred: []string{"49"}}, "49", false},
		{"nobody's code", "+9991234567", SMSRule{}, "", false},
		{"no number", "", SMSRule{}, "", false},
	} {
		code, yes := c.is.Reaches(c.number)
		if code != c.code || yes != c.yes {
			t.Errorf("%s: %q %v", c.rule, code, yes)
		}
	}
	for _, code := range OffByDefault() {
		if account.CallingCode("+"+code+"0000000") == "" {
			t.Errorf("%s is nobody's", code)
		}
	}
	if n := len(OffByDefault()); n < 110 || n > 120 {
		t.Errorf("%d codes are off by default", n)
	}
}

func TestMethodsPolicyIsChecked(t *testing.T) {
	model := "2fc0579f-8113-47ea-b116-bb5a8db9202a"
	for name, c := range map[string]struct {
		is    MethodsPolicy
		field string
	}{
		"nothing said":                  {MethodsPolicy{}, ""},
		"a group let in and kept out":   {MethodsPolicy{TOTP: MethodRule{Include: []string{"a"}, Exclude: []string{"a"}}}, "softwareOath.groups"},
		"too many groups":               {MethodsPolicy{Email: MethodRule{Include: make([]string, 51)}}, "email.groups"},
		"no country's code":             {MethodsPolicy{SMS: SMSRule{Regions: []string{"999"}}}, "sms.regions"},
		"five digits":                   {MethodsPolicy{SMS: SMSRule{Regions: []string{"18761"}}}, "sms.regions"},
		"words":                         {MethodsPolicy{SMS: SMSRule{Barred: []string{"de"}}}, "sms.barred"},
		"in both lists":                 {MethodsPolicy{SMS: SMSRule{Regions: []string{"93"}, Barred: []string{"93"}}}, "sms.barred"},
		"fewer than no messages":        {MethodsPolicy{SMS: SMSRule{DailyLimit: -1}}, "sms.dailyLimit"},
		"what is no model":              {MethodsPolicy{Passkey: PasskeyRule{Allowed: []string{"yubikey"}}}, "fido2.allowed"},
		"a model allowed and refused":   {MethodsPolicy{Passkey: PasskeyRule{Allowed: []string{model}, Blocked: []string{model}}}, "fido2.blocked"},
		"a model and a country, proper": {MethodsPolicy{Passkey: PasskeyRule{Allowed: []string{model}}, SMS: SMSRule{Regions: []string{"93", "1876"}}}, ""},
	} {
		err := c.is.Validate()
		if c.field == "" && err != nil || c.field != "" && (err == nil || fault.Of(err).Fields[0].Name != c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tidy := MethodsPolicy{SMS: SMSRule{Regions: []string{" +93", "93", ""}}, TOTP: MethodRule{Include: []string{"B", "a", "b"}}}.Tidied()
	if !slices.Equal(tidy.SMS.Regions, []string{"93"}) || !slices.Equal(tidy.TOTP.Include, []string{"a", "b"}) {
		t.Errorf("%+v", tidy)
	}
}

func TestAFlowIsNotLeftWithoutASecondFactor(t *testing.T) {
	flow := func(e userflow.Enforcement, first userflow.Method, methods ...string) userflow.Flow {
		return userflow.Flow{Name: "F", SignInMethods: []userflow.Method{first}, MFA: userflow.MFA{Enforcement: e, Methods: methods}}
	}
	const always, conditional, off, password, code = userflow.MFAAlways, userflow.MFAConditional, userflow.MFAOff, userflow.EmailPassword, userflow.EmailCode
	none, sales := MethodRule{Off: true}, MethodRule{Include: []string{"sales"}}
	for name, c := range map[string]struct {
		policy MethodsPolicy
		flow   userflow.Flow
		left   bool
	}{
		"everything on":                       {MethodsPolicy{}, flow(always, password, "email"), false},
		"its only method off":                 {MethodsPolicy{TOTP: none}, flow(always, password, "softwareOath"), true},
		"off, but never asked":                {MethodsPolicy{TOTP: none}, flow(off, password, "softwareOath"), false},
		"its only method for some":            {MethodsPolicy{TOTP: sales}, flow(always, password, "softwareOath"), true},
		"except for some":                     {MethodsPolicy{TOTP: MethodRule{Exclude: []string{"sales"}}}, flow(conditional, password, "softwareOath"), true},
		"one for some, one for all":           {MethodsPolicy{TOTP: sales}, flow(always, password, "softwareOath", "email"), false},
		"the mailbox twice":                   {MethodsPolicy{SMS: SMSRule{MethodRule: none}}, flow(conditional, code, "email", "sms"), true},
		"the mailbox after a password":        {MethodsPolicy{SMS: SMSRule{MethodRule: none}}, flow(conditional, password, "email", "sms"), false},
		"passkeys off, two others":            {MethodsPolicy{Passkey: PasskeyRule{MethodRule: none}}, flow(always, code, "fido2", "sms"), false},
		"no method at all is the flow's word": {MethodsPolicy{}, flow(conditional, password), false},
	} {
		if got := c.policy.Leaves(c.flow) != nil; got != c.left {
			t.Errorf("%s: left is %v", name, got)
		}
	}
}
