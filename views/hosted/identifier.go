package hosted

import (
	"context"

	"portico/views/ui"
)

// InvitationView is the page that an invitation's link opens.
type InvitationView struct {
	To    string // masked: whom the invitation is for
	Until string // in the reader's words
}

// nameField asks who somebody is: an address, or an address or user name where the flow takes both. An
// invited person's address is shown and not to be edited.
func nameField(ctx context.Context, p Page, names, fixed bool) ui.Field {
	f := ui.Username(t(ctx, "identify.label"), p.value("email"))
	if names {
		f.Type, f.Label = "text", t(ctx, "identify.label_name")
	}
	f.ReadOnly, f.Placeholder = fixed, p.Brand.Hint
	return f.WithError(p.bad("email"))
}

func (v IdentifyView) titleKey() string {
	switch {
	case v.Create:
		return "signup.title"
	case v.Forgot:
		return "forgot.title"
	}
	return "signin.title"
}

func forgotLead(ctx context.Context, v IdentifyView) string {
	if v.UserNames {
		return t(ctx, "forgot.lead_name")
	}
	return t(ctx, "forgot.lead")
}
