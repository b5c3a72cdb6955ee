package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/risk"
	"portico/app/tenant"
	views "portico/views/admin"
)

// loaded is the field by which a form says what it was filled from, so that the second of two admins does not
// undo what the first has saved without knowing (RFC 9110 §13.1.1 says the same with If-Match).
const loaded = "loaded"

const changedMeanwhile = "admin.changed_meanwhile"

// fingerprint is a short name of a value: another value has another one.
func fingerprint(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		b = fmt.Append(nil, v)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// loadedFrom is the hidden field of a form that was filled from what is stored now. A form that comes back
// with a mistake stays the form it was; one that was refused because of somebody else replaces their change
// when it is sent again, for now its sender knows.
func loadedFrom(c *fiber.Ctx, now any, problem error) views.Field {
	value := typed(c, loaded)
	if e := fault.Of(problem); value == "" || e != nil && e.Key == changedMeanwhile {
		value = fingerprint(now)
	}
	return views.Field{Kind: views.Hidden, Name: loaded, Value: value}
}

// unchanged refuses a form that was filled from something else than what is stored now. It is asked inside
// the change itself, where nobody comes between.
func unchanged(c *fiber.Ctx, now any) error {
	if was := typed(c, loaded); was != "" && was != fingerprint(now) {
		return fault.New(fault.Conflict, changedMeanwhile)
	}
	return nil
}

// generalSettings are the parts of a tenant that the form of its settings shows: what belongs to the pages
// of passwords, identifiers and methods is theirs.
func generalSettings(t tenant.Tenant) any {
	x := t.Settings
	x.UserNames, x.PasswordMinLength, x.PasswordThreeOfFour, x.BannedWords = tenant.UserNames{}, 0, false, nil
	x.Methods, x.RememberDays, x.Languages = tenant.MethodsPolicy{}, 0, nil
	x.Risk, x.RiskMail, x.RiskTesters = risk.Settings{}, tenant.RiskMail{}, nil
	x.Mail = tenant.Mail{}
	return []any{t.Name, t.DefaultLocale, x}
}

func passwordSettings(x tenant.Settings) any {
	return []any{x.PasswordMinLength, x.PasswordThreeOfFour, x.BannedWords}
}
