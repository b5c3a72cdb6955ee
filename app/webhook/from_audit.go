package webhook

import (
	"slices"
	"strings"
	"time"

	"portico/app/audit"
)

// FromAudit reads an event out of an entry of the audit log, which every change writes in its own transaction: what is
// recorded is told, and nothing needs to be remembered at each place that changes something. ok is false for what
// nobody subscribes to. The caller fills in id, tenant, time and profile.
func FromAudit(a audit.Actor, e audit.Event) (out Event, ok bool) {
	if e.Failed || e.Operation == "Read" || e.Operation == "Download" || e.Operation == "Check" {
		return Event{}, false
	}
	out.Subject = e.Target.ID
	out.Data.Activity, out.Data.Actor = e.Activity, &Actor{Kind: string(a.Kind), ID: a.ID}
	for _, c := range e.Changes {
		if !slices.Contains(out.Data.Changed, c.Property) {
			out.Data.Changed = append(out.Data.Changed, c.Property)
		}
	}
	if e.Target.Kind != "user" {
		out.Kind = PolicyChanged
		out.Data.Object = &Object{Type: e.Target.Kind, ID: e.Target.ID, Name: e.Target.Name, Operation: e.Operation}
		return out, configures(e)
	}
	out.Data.User = &User{ID: e.Target.ID}
	out.Kind = personal(e)
	switch out.Kind {
	case ConsentGranted, ConsentRevoked:
		out.Data.Changed = nil
		for _, c := range e.Changes {
			value := c.New
			if out.Kind == ConsentRevoked {
				value = c.Old
			}
			switch c.Property {
			case "application":
				out.ClientID, _ = value.(string)
				out.Data.App = &App{ClientID: out.ClientID}
			case "scopes":
				out.Data.Scopes, _ = value.([]string)
			}
		}
	case UserCreated: // which of its properties were filled says nothing
		out.Data.Changed = nil
	case UserDeleted:
		out.Data.Permanent = strings.HasPrefix(e.Activity, "Hard delete")
	}
	return out, out.Kind != ""
}

// configures reports whether an entry is about the rules that sign-ins follow.
func configures(e audit.Event) bool {
	switch e.Target.Kind {
	case "policy", "namedLocation", "authenticationStrength", "authenticationContext", "claimsPolicy", "claimsMappingPolicy",
		"identityProvider", "terms":
		return true
	case "customAuthenticationExtension", "authenticationEventListener":
		return e.Operation != "Test" // a sample changes nothing
	case "userFlow":
		return !strings.Contains(e.Activity, "draft") // nobody signs in with a draft
	}
	return false
}

// personal is the event of an entry about a person; "" = none.
func personal(e audit.Event) string {
	switch e.Activity {
	case "Consent to application":
		return ConsentGranted
	case "Remove consent", "Withdraw consent":
		return ConsentRevoked
	case "Add user":
		return UserCreated
	case "Hard delete user":
		return UserDeleted
	case "Change password", "Remove password":
		return UserPasswordChanged
	case "Register security info", "Delete security info", "Rename security info", "Require re-registration of security info",
		"Connect identity provider", "Remove identity from user":
		return UserMethodChanged
	}
	switch {
	case strings.HasPrefix(e.Activity, "Reset password"):
		return UserPasswordChanged
	case e.Category != "UserManagement":
		return ""
	case e.Activity == "Import user" && e.Operation == "Add":
		return UserCreated
	}
	for _, c := range e.Changes {
		switch {
		case c.Property == "deletedDateTime" && given(c.New), c.Property == "selfDeleted" && c.New == true:
			return UserDeleted
		case c.Property == "deletedDateTime", c.Property == "selfDeleted":
			return UserRestored
		}
	}
	if e.Operation == "Update" && len(e.Changes) > 0 && slices.ContainsFunc(e.Changes, ofAccount) {
		return UserUpdated
	}
	return ""
}

// given reports whether a moment is one; what is none may be an empty pointer.
func given(v any) bool {
	if at, ok := v.(*time.Time); ok {
		return at != nil
	}
	return v != nil
}

// ofAccount reports whether a change is one of the account's own properties: that sessions count no more is told by
// session.ended.
func ofAccount(c audit.Change) bool { return c.Property != "signInSessionsValidFromDateTime" }
