package account

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"portico/app/i18n"
	"portico/models"
	views "portico/views/account"
)

// personalWords puts personal data into the reader's words, a sheet for each kind. broken is set when a list
// could not be read to its end.
type personalWords struct {
	*i18n.Localizer
	broken bool
}

func (f *personalWords) sheets(d models.PersonalData) []views.Sheet {
	return slices.DeleteFunc([]views.Sheet{
		f.sheet("profile", nil, f.profile(d.Profile)),
		f.sheet("attributes", nil, f.attributes(d.Attributes)),
		f.sheet("identities", heads("kind", "value", "name", "since", "used"), rowsOf(d.Identities, func(i models.PersonalIdentity) []string {
			return []string{f.word("identity", i.Type), strings.TrimSpace(i.Value + " " + i.Issuer), i.KnownAs, f.at(i.CreatedAt), f.maybe(i.LastUsedAt)}
		})),
		f.sheet("methods", heads("kind", "name", "since", "used"), rowsOf(d.Methods, func(m models.PersonalMethod) []string {
			return []string{f.method(m.Kind), m.Name, f.at(m.CreatedAt), f.maybe(m.LastUsedAt)}
		})),
		f.sheet("pending", heads("kind", "since", "until"), rare(d.Pending, func(x models.PersonalPending) []string {
			return []string{f.method(x.Kind), f.at(x.CreatedAt), f.at(x.ExpiresAt)}
		})),
		f.sheet("groups", heads("name"), rowsOf(d.Groups, func(x models.PersonalParty) []string { return []string{x.Name} })),
		f.sheet("app_roles", heads("app", "name", "through", "since"), rare(d.AppRoles, func(x models.PersonalAppRole) []string {
			return []string{x.Application, x.Role, x.Through, f.at(x.CreatedAt)}
		})),
		f.sheet("admin_roles", heads("name", "since"), rare(d.AdminRoles, func(x models.PersonalAdminRole) []string { return []string{x.Role, f.at(x.CreatedAt)} })),
		f.sheet("views", heads("name", "since"), rare(d.SavedViews, func(x models.PersonalView) []string { return []string{x.Name, f.at(x.CreatedAt)} })),
		f.sheet("sessions", heads("since", "used", "ended", "app", "device", "place", "ip"), rowsOf(d.Sessions, func(s models.PersonalSession) []string {
			return []string{f.at(s.CreatedAt), f.at(s.LastSeenAt), f.maybe(s.EndedAt), f.appsOf(s), joined(" · ", s.Browser, s.OS), s.Place, s.IP}
		})),
		f.sheet("remembered", heads("device", "since", "used", "until"), rare(d.Devices, func(x models.PersonalDevice) []string {
			return []string{x.Name, f.at(x.CreatedAt), f.maybe(x.LastUsedAt), f.at(x.ExpiresAt)}
		})),
		f.sheet("consents", heads("app", "scopes", "since"), rowsOf(d.Consents, func(x models.PersonalConsent) []string {
			return []string{x.Application, strings.Join(x.Scopes, " "), f.at(x.CreatedAt)}
		})),
		f.sheet("terms", heads("name", "version", "language", "when"), rowsOf(d.Terms, func(x models.PersonalTerms) []string {
			return []string{x.Name, fmt.Sprint(x.Version), x.Language, f.at(x.AcceptedAt)}
		})),
		f.sheet("invitations", heads("value", "name", "since", "used"), rare(d.Invitations, func(x models.PersonalInvitation) []string {
			return []string{x.Email, x.Name, f.at(x.CreatedAt), f.maybe(x.AcceptedAt)}
		})),
		f.sheet("reports", heads("when", "value"), rare(d.Reports, func(x models.PersonalReport) []string { return []string{f.at(x.CreatedAt), x.SignInID} })),
		f.sheet("questions", heads("when", "value", "used"), rare(d.Questions, func(x models.PersonalQuestion) []string {
			return []string{f.at(x.CreatedAt), x.SignInID, f.maybe(x.AnsweredAt)}
		})),
		f.sheet("risks", heads("when", "details", "place", "ip"), rare(d.Detections, func(x models.PersonalDetection) []string {
			return []string{f.at(x.At), f.Evidence(x.ReasonKey, x.Evidence), joined(", ", x.City, x.Country), x.IP}
		})),
		f.sheet("usual", heads("kind", "value"), rare(d.Usual, func(x models.PersonalUsual) []string {
			return []string{x.Property, strings.Join(x.Values, f.T("ui.list"))}
		})),
		f.sheet("checks", heads("when", "value", "used"), rare(d.Checks, func(x models.PersonalCheck) []string {
			return []string{f.at(x.CreatedAt), x.To, f.maybe(x.VerifiedAt)}
		})),
		f.sheet("links", heads("kind", "since", "until", "used"), rare(d.Links, func(x models.PersonalLink) []string {
			return []string{x.Purpose, f.at(x.CreatedAt), f.at(x.ExpiresAt), f.maybe(x.UsedAt)}
		})),
		f.sheet("merged", heads("value", "when"), rare(d.Merged, func(x models.PersonalMerge) []string { return []string{x.ID, f.at(x.At)} })),
		f.sheet("api_calls", heads("when", "kind", "app"), rare(d.Calls, func(x models.PersonalCall) []string {
			return []string{f.at(x.At), x.Event, f.app(x.Application)}
		})),
		f.sheet("emergencies", heads("when"), rare(d.Emergencies, func(x time.Time) []string { return []string{f.at(x)} })),
		f.sheet("sign_ins", heads("when", "app", "result", "how", "device", "place", "ip"), streamed(f, d.SignIns, f.signIn)),
		f.sheet("grants", heads("when", "app", "scopes", "ended"), streamed(f, d.Grants, func(x models.PersonalGrant) []string {
			return []string{f.at(x.CreatedAt), x.Application, strings.Join(x.Scopes, " "), f.maybe(x.EndedAt)}
		})),
		f.sheet("changes", heads("when", "activity", "by", "details"), streamed(f, d.Changes, f.change)),
		f.sheet("actions", heads("when", "activity", "kind"), streamed(f, d.Actions, func(x models.PersonalChange) []string {
			return []string{f.at(x.At), x.Activity, x.Kind}
		})),
	}, func(s views.Sheet) bool { return s.Rows == nil })
}

// rare leaves a sheet out when it is empty: what only staff has, or hardly anybody, tells others nothing.
func rare[T any](list []T, words func(T) []string) iter.Seq[[]string] {
	if len(list) == 0 {
		return nil
	}
	return rowsOf(list, words)
}

// policies is a property for other programs about passwords; the file in words leaves it out, the other has it.
const policies = "passwordPolicies"

// attributes are custom attributes and what only the management API knows, in words.
func (f *personalWords) attributes(list []models.PersonalAttribute) iter.Seq[[]string] {
	shown := slices.DeleteFunc(slices.Clone(list), func(a models.PersonalAttribute) bool { return a.ID == policies })
	return rowsOf(shown, func(a models.PersonalAttribute) []string {
		return []string{f.property(a.Name), f.value(a.Value)}
	})
}

// app is the name of an app; the account pages have one in each language.
func (f *personalWords) app(name string) string {
	if name == ClientName {
		return f.T("account.title")
	}
	return name
}

func (f *personalWords) appsOf(s models.PersonalSession) string {
	names := make([]string, len(s.Apps))
	for i, a := range s.Apps {
		names[i] = f.app(a)
	}
	return strings.Join(names, f.T("ui.list"))
}

func heads(columns ...string) []string { return columns }

func (f *personalWords) sheet(name string, columns []string, rows iter.Seq[[]string]) views.Sheet {
	s := views.Sheet{Title: f.T("account.file." + name), Rows: rows}
	for _, col := range columns {
		s.Head = append(s.Head, f.T("account.file.column."+col))
	}
	return s
}

func (f *personalWords) profile(p models.PersonalProfile) iter.Seq[[]string] {
	country := p.Country
	if name, ok := f.Countries()[country]; ok {
		country = name
	}
	var rows [][]string
	for _, x := range [][2]string{{"attribute.displayName", p.DisplayName}, {"attribute.givenName", p.GivenName}, {"attribute.surname", p.Surname},
		{"attribute.email", p.Mail}, {"attribute.jobTitle", p.JobTitle}, {"attribute.streetAddress", p.StreetAddress}, {"attribute.city", p.City},
		{"attribute.state", p.State}, {"attribute.postalCode", p.PostalCode}, {"attribute.country", country}, {"account.file.phone", p.MobilePhone},
		{"account.file.preferred_language", p.PreferredLanguage}, {"account.file.id", p.ID}, {"account.file.created", f.at(p.CreatedAt)},
		{"account.file.last_sign_in", f.maybe(p.LastSignInAt)}} {
		if x[1] != "" {
			rows = append(rows, []string{f.T(x[0]), x[1]})
		}
	}
	return func(yield func([]string) bool) {
		for _, r := range rows {
			if !yield(r) {
				return
			}
		}
	}
}

func (f *personalWords) signIn(s models.PersonalSignIn) []string {
	how := make([]string, len(s.Methods))
	for i, m := range s.Methods {
		how[i] = f.method(m)
	}
	return []string{f.at(s.At), f.app(s.Application), f.word("result", s.Result), strings.Join(how, f.T("ui.list")), joined(" · ", s.Browser, s.OS),
		joined(", ", s.City, s.Country), s.IP}
}

func (f *personalWords) change(x models.PersonalChange) []string {
	var parts []string
	for _, v := range x.Values {
		name := f.property(v.Property)
		switch {
		case v.Property == policies:
		case v.Old == nil && v.New == nil:
			parts = append(parts, name)
		case v.Old == nil:
			parts = append(parts, name+": "+f.value(v.New))
		default:
			parts = append(parts, name+": "+f.value(v.Old)+" → "+f.value(v.New))
		}
	}
	return []string{f.at(x.At), x.Activity, f.word("by", x.By), strings.Join(parts, "; ")}
}

// word is a value of ours in words; what the catalogue does not know stands as it is.
func (f *personalWords) word(kind, value string) string {
	if key := "account.file." + kind + "." + value; f.Has(key) {
		return f.T(key)
	}
	return value
}

// property is what people call a property of an account.
func (f *personalWords) property(name string) string {
	if key := "attribute." + name; f.Has(key) {
		return f.T(key)
	}
	return f.word("attribute", name)
}

func (f *personalWords) method(kind string) string {
	if kind == "emailCode" {
		kind = "email"
	}
	if key := "method." + kind + ".text"; f.Has(key) {
		return f.T(key)
	}
	return f.word("method", kind)
}

func (f *personalWords) value(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case bool:
		if v {
			return f.T("ui.yes")
		}
		return f.T("ui.no")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = f.value(x)
		}
		return strings.Join(parts, f.T("ui.list"))
	}
	return fmt.Sprint(v)
}

func (f *personalWords) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return f.Time(t)
}

func (f *personalWords) maybe(t *time.Time) string {
	if t == nil {
		return ""
	}
	return f.at(*t)
}

func joined(by string, parts ...string) string {
	var given []string
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, by)
}

func rowsOf[T any](list []T, words func(T) []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, x := range list {
			if !yield(words(x)) {
				return
			}
		}
	}
}

func streamed[T any](f *personalWords, list iter.Seq2[T, error], words func(T) []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for x, err := range list {
			if err != nil {
				f.broken = true
				return
			}
			if !yield(words(x)) {
				return
			}
		}
	}
}
