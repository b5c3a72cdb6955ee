package account

import (
	"context"

	"portico/views/ui"
)

func passwordTitle(ctx context.Context, v PasswordView) string {
	if v.Has {
		return t(ctx, "account.password.change")
	}
	return t(ctx, "account.password.add")
}

func contactTitle(ctx context.Context, v ContactCodeView) string {
	if v.Phone {
		return t(ctx, "code.title.confirm_sms")
	}
	return t(ctx, "code.title.confirm_email")
}

func contactLead(ctx context.Context, v ContactCodeView) string {
	if v.Phone {
		return t(ctx, "account.contact.sent_text", "to", v.To, "count", v.Minutes)
	}
	return t(ctx, "account.contact.sent", "to", v.To, "count", v.Minutes)
}

func contactBack(p Page, v ContactCodeView) string {
	if v.Phone {
		return p.Base + "/methods/phone"
	}
	return p.Base + "/methods"
}

func languageField(ctx context.Context, p Page, v ProfileView) ui.Field {
	f := ui.Select("preferredLanguage", t(ctx, "account.profile.language"), "", append([]ui.Option{{Text: t(ctx, "account.profile.language_any")}}, p.languages(v)...))
	return f.WithHint(t(ctx, "account.profile.language_hint")).WithError(p.bad("preferredLanguage")).WithAutocomplete("language")
}
