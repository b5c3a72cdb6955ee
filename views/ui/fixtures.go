package ui

import (
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Fixture is one component in one state, by name.
type Fixture struct {
	Component string
	Name      string
	Body      templ.Component
}

// Fixtures is every component in every state worth looking at: one list for the tests and the gallery.
// The gallery shows it left to right and right to left, light and dark, and in words forty per cent longer.
func Fixtures() []Fixture {
	long := strings.TrimSpace(strings.Repeat("Eine sehr lange Bezeichnung ", 5))
	word := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 4)
	arabic := "اسم طويل بعض الشيء"
	at := time.Date(2026, 5, 14, 13, 5, 9, 0, time.UTC)
	colours := []Option{{Value: "r", Text: "Red"}, {Value: "g", Text: "Green", Hint: "As in the logo"}, {Value: "b", Text: "Blue"}}
	rows := []TableRow{
		{Name: "Fernhill Market", Href: "#a", Sub: "Single-page app", Cells: []templ.Component{Code("7f3a91c2-0b6e-4f11-9d6a-2f1f4f0c2b11"), Badge(OK, "On"), Plain("4,310")}},
		{Name: long, Href: "#b", Cells: []templ.Component{Code("0192"), Badge(Warn, "Secret expires soon"), Plain("31")}},
		{Name: arabic, Href: "#c", Cells: []templ.Component{Code("0193"), Badge(Danger, "Switched off"), Plain("0")}},
	}
	columns := []Column{{Label: "Name", Href: "?sort=name", Sort: "ascending"}, {Label: "Client id"}, {Label: "State"}, {Label: "Sign-ins", Number: true, Href: "?sort=count"}}
	named := func(f Field, name string) Field { f.Name = name; return f }
	return []Fixture{
		{"field", "default", Input(Text("fx_text", "Display name", "", "off"))},
		{"field", "error", Input(Text("fx_error", "Display name", "  ", "off").WithHint("As people will see it").WithError("Enter a display name"))},
		{"field", "long text", Input(Text("fx_long", long, word, "off").WithHint(long).WithError(long))},
		{"field", "optional, right to left", Input(Text("fx_rtl", arabic, arabic, "off").AsOptional(true))},
		{"field", "email", Input(Email("fx_email", "Email address", "mira@example.com"))},
		{"field", "username", Input(named(Username("Email address", ""), "fx_user"))},
		{"field", "password", Input(named(Password("Password"), "fx_password"))},
		{"field", "new password", Input(named(NewPassword("New password").WithError("Choose a password with at least 8 characters"), "fx_new"))},
		{"field", "one-time code", Input(named(OneTimeCode("Code"), "fx_code").WithHint("The code works for 10 minutes."))},
		{"field", "recovery code", Input(named(RecoveryCode("Recovery code"), "fx_recovery"))},
		{"field", "phone", Input(Phone("fx_phone", "Mobile phone number", "+44 20 7946 0000"))},
		{"field", "number", Input(Number("fx_number", "Lifetime in minutes", "60"))},
		{"field", "read only", Input(Field{Name: "fx_readonly", Label: "Tenant id", Value: "0192-7f3a", ReadOnly: true, Dir: "ltr"})},
		{"field", "select", Input(Select("fx_select", "Colour", "g", colours))},
		{"field", "text area", Input(Field{Name: "fx_area", Label: "Redirect addresses", Hint: "One on each line", Rows: 3, Value: "https://app.example/callback", Dir: "ltr"})},
		{"field", "date of birth", DateInput(Date{Name: "fx_birth", Legend: "Date of birth", Hint: "For example 27 3 1984", Birthday: true, Day: "27"})},
		{"field", "date, error", DateInput(Date{Name: "fx_date", Legend: "End date", Error: "Enter an end date in the future", Day: "1", Month: "1", Year: "2020"})},
		{"choices", "radio", Choices(Group{Name: "fx_radio", Legend: "Colour", Options: colours})},
		{"choices", "cards, error", Choices(Group{Name: "fx_cards", Legend: "How people sign in", Error: "Choose how people sign in", Cards: true, Options: colours})},
		{"choices", "checkboxes", Choices(Group{Name: "fx_checks", Legend: "Colours", Hint: "As many as you like", Multiple: true, Optional: true, Options: colours})},
		{"checkbox", "default", Check(Checkbox{Name: "fx_check", Label: "Stay signed in on this device"})},
		{"checkbox", "error", Check(Checkbox{Name: "fx_agree", Label: "I agree to the terms of use", Error: "Agree to the terms of use to go on"})},
		{"checkbox", "links", Check(Checkbox{Name: "fx_links", Label: "I agree to the [terms of use](https://example.com/terms) and *nothing* else", Hint: "Ask [us](mailto:us@example.com)", Rich: true, Required: true})},
		{"choices", "links, both directions", Choices(Group{Name: "fx_rich", Legend: "**Which** plan?", Rich: true, Required: true, Options: []Option{{Value: "a", Text: "[Basic](https://example.com/basic)"}, {Value: "b", Text: arabic + " 👋"}}})},
		{"field", "read only, as text", Shown("Customer number", "C-1024", false)},
		{"prose", "default", Prose("# Terms\n\nFernhill Group\n12 Harbour Street\n\n- one\n- [two](https://example.com)\n\n1. first\n\n"+arabic, 2)},
		{"error summary", "default", ErrorSummary([]FieldError{{"fx_error", "Enter a display name"}, {"", "Somebody else changed this first. Look at it again and repeat your change."}})},
		{"notice", "info", texted(Notice(Info, "Nothing to do"), "Everything is set up.")},
		{"notice", "ok", FlashNotice(Flash{Tone: OK, Text: "App “Fernhill Market” saved"})},
		{"notice", "warning", texted(Notice(Warn, "A secret expires in 6 days"), long)},
		{"notice", "danger", texted(Notice(Danger, ""), "Nobody can sign in to this app: it is switched off.")},
		{"badge", "all tones", together(Badge(Neutral, "Draft"), Badge(OK, "On"), Badge(Warn, "Expires soon"), Badge(Danger, "Blocked"), Badge(Info, "Report-only"))},
		{"level", "all", together(Level("none"), Level("low"), Level("medium"), Level("high"))},
		{"button", "all kinds", together(Button("primary", "Save policy"), Button("", "Cancel"), Button("danger", "Delete app"), Button("quiet", "Clear"), Button("small", "Change"), ButtonLink("", "Go somewhere", "#"))},
		{"summary list", "default", Rows([]Row{{"Name", Name("Fernhill Market"), Link{Href: "#"}}, {"Client id", Code("7f3a91c2-0b6e-4f11-9d6a-2f1f4f0c2b11"), Link{}}, {"Registered", Moment(at, nil), Link{}}, {"Redirect addresses", Lines([]string{"https://app.example/callback", "http://localhost:3000/" + word}), Link{Href: "#", Text: "Edit"}}})},
		{"empty", "first use", EmptyState(Empty{Icon: "app", Title: "No apps yet", Text: "Register the app that your customers sign in to. It takes two minutes.", Action: Link{Text: "Register an app", Href: "#"}, More: Link{Text: "What is an app registration?", Href: "#"}})},
		{"empty", "no results", EmptyState(Empty{Icon: "search", Title: "No sign-ins match", Text: "Nothing happened with these filters in the last 7 days.", More: Link{Text: "Clear the filters", Href: "#"}})},
		{"empty", "nothing wrong", EmptyState(Empty{Icon: "shield", Title: "No risky sign-ins in the last 7 days", Text: "Checked a minute ago."})},
		{"table", "default", List(Table{Caption: "Apps of this tenant", Columns: columns, Rows: rows})},
		{"table", "selectable", List(Table{Caption: "People", HideCaption: true, Columns: columns, Rows: rows[:1], Select: "fx_ids"})},
		{"table", "empty", List(Table{Caption: "Apps of this tenant", Columns: columns})},
		{"filter", "with chips", FilterForm(Filter{Action: "?", Fields: []Field{Search("fx_q", "Search", "market"), Select("fx_state", "State", "on", []Option{{Value: "", Text: "Any"}, {Value: "on", Text: "On"}})}, Chips: []Chip{{"State: on", "?q=market"}, {"Search: market", "?state=on"}}, Clear: "?"})},
		{"pager", "both ways", Pages(Pager{Summary: "Showing 51–100 of more than 10,000 sign-ins", Previous: "#", Next: "#", Downloads: []Link{{Text: "Download CSV", Href: "#"}, {Text: "JSON", Href: "#"}}})},
		{"tabs", "default", Tabs("About this app", []Link{{Text: "Overview", Href: "#", Current: true}, {Text: "Secrets and certificates", Href: "#"}, {Text: "Tokens", Href: "#"}})},
		{"disclosure", "closed", texted(Disclosure("Why am I asked?", false), long)},
		{"disclosure", "open", texted(Disclosure("Why am I asked?", true), "Because it is new.")},
		{"dialog", "closed", texted(Dialog("fx_dialog", "Delete this app?"), "Nobody will be able to sign in to it.")},
		{"popover", "closed", texted(Popover("fx_popover", "What is a client id?"), "The public name of an app. It is no secret.")},
		{"secret", "default", SecretOutput(Secret{ID: "fx_secret", Label: "Client secret", Value: "q7Rk-2vXn-PmW4-Lt9s-Zb3H", Note: "Copy it now: it is shown only this once."})},
		{"timeline", "default", Timeline([]Event{{When: Moment(at, nil), Text: Plain("Signed in to Fernhill Market"), Tone: OK, Note: "Lisbon, Portugal · Firefox 140 on Windows"}, {When: Moment(at, nil), Text: Plain("Wrong password"), Tone: Danger, Note: "3 times"}, {When: Moment(at, nil), Text: Plain("Created the account")}})},
		{"checklist", "default", Checklist([]Task{{Title: "Register an app", Text: "So that customers have something to sign in to.", Done: true}, {Title: "Create a user flow", Text: "What people are asked at sign-up.", Action: Link{Text: "Create", Href: "#"}}})},
		{"stats", "default", Stats([]Stat{{Label: "Sign-ins this week", Figure: "4,310", Note: "up from 3,902 the week before", Href: "#"}, {Label: "Sign-ups", Figure: "127", Note: "about as many as the week before"}, {Label: "Refused", Figure: "31"}})},
		{"chart", "bars", Graph(Chart{ID: "fx_bars", Finding: "Sign-ins doubled on Thursday", Labels: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Series: []Series{{"Sign-ins", []float64{410, 395, 420, 860, 450, 280, 260}}}})},
		{"chart", "lines", Graph(Chart{ID: "fx_lines", Finding: "Sign-ups follow sign-ins", Lines: true, Labels: []string{"Jan", "Feb", "Mar", "Apr", "May"}, Series: []Series{{"Sign-ins", []float64{1200, 1900, 1700, 2600, 2400}}, {"Sign-ups", []float64{300, 420, 380, 700, 640}}}})},
		{"chart", "empty", Graph(Chart{ID: "fx_nochart", Finding: "No sign-ins yet"})},
		{"sentence", "default", Sentence([]Part{{Text: "When", Strong: true}, {Text: "anyone except break-glass", Value: true}, {Text: "signs in to"}, {Text: "Fernhill Home Insurance", Value: true}, {Text: "from", Strong: true}, {Text: "outside trusted places", Value: true}, {Text: "then", Strong: true}, {Text: "require a second factor", Value: true}})},
		{"text", "name, code, time", together(Name(arabic), Code("192.0.2.1"), Moment(at, time.FixedZone("CEST", 7200)), Moment(time.Time{}, nil))},
	}
}

// SampleShell is the portal's shell as the gallery and the tests show it.
func SampleShell() Shell {
	return Shell{
		Title: "Apps", Lead: "What your customers sign in to.", Action: Link{Text: "Register an app", Href: "#new"},
		Crumbs: []Link{{Text: "Fernhill Group", Href: "#home"}, {Text: "Apps"}},
		Tenant: "Fernhill Group", Tenants: []Link{{Text: "Fernhill Group", Href: "#f", Current: true}, {Text: "Workforce", Href: "#w"}}, NewTenant: "#new-tenant",
		Nav: []NavGroup{
			{"", []Link{{Text: "Start", Href: "#home", Icon: "home"}}},
			{"Manage", []Link{{Text: "Users", Href: "#users", Icon: "users"}, {Text: "Apps", Href: "#apps", Icon: "app", Current: true}, {Text: "User flows", Href: "#flows", Icon: "flow"}}},
			{"Monitor", []Link{{Text: "Sign-in logs", Href: "#sign-ins", Icon: "log"}, {Text: "Audit logs", Href: "#audits", Icon: "history"}}},
		},
		AdminName: "Ada Lindqvist", AdminMail: "ada@fernhill.example", Account: []Link{{Text: "Your account", Href: "#me"}}, SignOut: "#out", CSRF: "token",
		Flash: &Flash{Tone: OK, Text: "App “Fernhill Market” saved"},
	}
}
