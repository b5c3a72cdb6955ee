package message

import (
	"context"
	"strings"
	"time"
)

// PostEmergency queues "an emergency account was used" to another administrator, in the transaction that
// signs the account in.
func PostEmergency(ctx context.Context, q Queue, c Change, account string, now time.Time) error {
	return Post(ctx, q, Note{Kind: EmergencyUsed, Channel: "mail", TenantID: c.TenantID, To: c.To, Locale: c.Locale, App: account, At: c.At}, now)
}

// PostExpiring queues one mail that lists the secrets and certificates of a tenant that end soon; each line says
// application or identity provider, name and day. link leads to the tenant's applications, or identity providers.
func PostExpiring(ctx context.Context, q Queue, to Change, lines []string, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: CredentialsExpiring, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale,
		Message: strings.Join(lines, "\n"), URL: link}, now)
}

// PostTextsSpent queues "the day's text messages are nearly, or all, used up". counted says how many of how many; link
// leads to the policy of authentication methods.
func PostTextsSpent(ctx context.Context, q Queue, to Change, all bool, counted, link string, now time.Time) error {
	purpose := "most"
	if all {
		purpose = "all"
	}
	return Post(ctx, q, Note{Kind: TextsSpent, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Purpose: purpose, Message: counted, URL: link}, now)
}

// PostAtRisk queues "people are at risk" to somebody who looks after security: one line for each person, with how many
// there are. link leads to the report.
func PostAtRisk(ctx context.Context, q Queue, to Change, lines []string, count int, simulated bool, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: UsersAtRisk, Simulated: simulated, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Message: strings.Join(lines, "\n"), Count: count, URL: link}, now)
}

// PostRiskWeek queues the weekly digest of Identity Protection. link leads to its overview.
func PostRiskWeek(ctx context.Context, q Queue, to Change, lines []string, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: RiskWeek, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Message: strings.Join(lines, "\n"), URL: link}, now)
}

// PostWebhookPaused queues "a webhook paused itself". what names it and its receiver's answer; why is gone or failing.
func PostWebhookPaused(ctx context.Context, q Queue, to Change, what, why, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: WebhookPaused, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Purpose: why, Message: what, URL: link}, now)
}

// Invited is what an administrator is invited to, and by whom.
type Invited struct {
	Roles string // with where they count, one in a line
	By    string
	URL   string
	Until time.Time
}

// PostAdminInvitation queues the link with which a new administrator sets up their account.
func PostAdminInvitation(ctx context.Context, q Queue, to Change, i Invited, now time.Time) error {
	return Post(ctx, q, Note{Kind: AdminInvitation, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, URL: i.URL, Until: i.Until, Roles: i.Roles, By: i.By}, now)
}

// PostAdminRecovery tells an administrator that somebody took their password and second factors away and made a
// link that lets its reader in. The link is not in it: whoever made it gives it to the right person.
func PostAdminRecovery(ctx context.Context, q Queue, c Change, by string, now time.Time) error {
	if c.To == "" {
		return nil
	}
	return Post(ctx, q, Note{Kind: AdminRecovery, Channel: "mail", TenantID: c.TenantID, To: c.To, Locale: c.Locale, At: c.At, By: by}, now)
}

// PostCallerCode queues the code that the help desk asks a caller for.
func PostCallerCode(ctx context.Context, q Queue, to Change, code string, life time.Duration, now time.Time) error {
	return Post(ctx, q, Note{Kind: CallerCode, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Code: code, ValidFor: life}, now)
}

// PostHelpGiven tells somebody that the help desk handed out a recovery code for their account.
func PostHelpGiven(ctx context.Context, q Queue, c Change, now time.Time) error {
	if c.To == "" {
		return nil
	}
	return Post(ctx, q, Note{Kind: HelpGiven, Channel: "mail", TenantID: c.TenantID, To: c.To, Locale: c.Locale, At: c.At}, now)
}
