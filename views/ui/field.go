package ui

// Field is one text box, select or text area with its label above, its hint between, and its error in
// the same words as the summary's. The constructors below are the recipes; the zero values of the other
// members are right for most forms.
type Field struct {
	Name         string
	Label        string
	Hint         string
	Value        string
	Error        string
	Optional     bool   // says so beside the label; nothing is marked as required
	Type         string // "text" when empty
	Autocomplete string // "off" when empty
	InputMode    string
	MaxLength    int
	Class        string // input--short, input--medium, input--code
	Spellcheck   bool
	Autofocus    bool
	ReadOnly     bool
	Dir          string   // "ltr" for addresses, codes and numbers, "auto" for free text
	Options      []Option // a select
	Rows         int      // a text area
	Show         bool     // a password with a show button
	List         []string // suggestions
	Placeholder  string   // said in addition to the label, never instead
	Required     bool     // said to assistive technology only: what is optional is marked
	Rich         bool     // label and hint are an admin's and may hold links and emphasis (app/markup)
}

// Option is one choice of a select or of a group of radio buttons or checkboxes.
type Option struct {
	Value    string
	Text     string
	Hint     string
	Selected bool
}

func (f Field) id() string { return ID(f.Name) }

func (f Field) describedBy() string {
	var hint, bad string
	if f.Hint != "" {
		hint = f.id() + "-hint"
	}
	if f.Error != "" {
		bad = f.id() + "-error"
	}
	return described(hint, bad)
}

func (f Field) kind() string { return or(f.Type, "text") }

// class ends in the names by which a company's own style sheet knows the box (R 3.3).
func (f Field) class() string {
	c := "input"
	if f.Class != "" {
		c += " " + f.Class
	}
	c += " ext-input ext-text-box"
	if f.Error != "" {
		c += " ext-has-error"
	}
	return c
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Username is the box that starts a sign-in. Passkey suggestions appear in it.
func Username(label, value string) Field {
	return Field{Name: "email", Label: label, Value: value, Type: "email", Autocomplete: "username webauthn", MaxLength: 254, Dir: "ltr"}
}

// Email is an address that is not (yet) the name of an account.
func Email(name, label, value string) Field {
	return Field{Name: name, Label: label, Value: value, Type: "email", Autocomplete: "email", MaxLength: 254, Dir: "ltr"}
}

// Password is the password of an account that exists. It never comes back to the page.
func Password(label string) Field {
	return Field{Name: "password", Label: label, Type: "password", Autocomplete: "current-password", MaxLength: 256, Show: true, Dir: "ltr"}
}

// NewPassword is one box, no second: there is a show button, and pasting is welcome.
func NewPassword(label string) Field {
	return Field{Name: "newPassword", Label: label, Type: "password", Autocomplete: "new-password", MaxLength: 256, Show: true, Dir: "ltr"}
}

// OneTimeCode is one box for a code of digits; spaces and hyphens are ignored by who reads it.
func OneTimeCode(label string) Field {
	return Field{Name: "code", Label: label, Autocomplete: "one-time-code", InputMode: "numeric", MaxLength: 20, Class: "input--code", Dir: "ltr"}
}

// RecoveryCode is a code of letters and digits that somebody wrote down.
func RecoveryCode(label string) Field {
	return Field{Name: "code", Label: label, Autocomplete: "one-time-code", MaxLength: 40, Dir: "ltr"}
}

// Phone takes any punctuation.
func Phone(name, label, value string) Field {
	return Field{Name: name, Label: label, Value: value, Type: "tel", Autocomplete: "tel", MaxLength: 40, Dir: "ltr"}
}

// Text is a line of free text with an autocomplete token, or "" for none.
func Text(name, label, value, autocomplete string) Field {
	return Field{Name: name, Label: label, Value: value, Autocomplete: autocomplete, MaxLength: 256, Dir: "auto"}
}

// Number is a whole number. It is a text box: number spinners lose what people type.
func Number(name, label, value string) Field {
	return Field{Name: name, Label: label, Value: value, InputMode: "numeric", MaxLength: 19, Class: "input--medium", Dir: "ltr"}
}

// Search is the search box of a list.
func Search(name, label, value string) Field {
	return Field{Name: name, Label: label, Value: value, Type: "search", MaxLength: 200, Dir: "auto"}
}

// Select is a list to choose one from. Selected wins over the options' own marks when it is not empty.
func Select(name, label, selected string, options []Option) Field {
	marked := make([]Option, len(options))
	for i, o := range options {
		o.Selected = o.Selected && selected == "" || selected != "" && o.Value == selected
		marked[i] = o
	}
	return Field{Name: name, Label: label, Options: marked}
}

// WithHint, WithError, AsOptional and WithFocus change a copy, so that a recipe reads as one line.
func (f Field) WithHint(s string) Field         { f.Hint = s; return f }
func (f Field) WithError(s string) Field        { f.Error = s; return f }
func (f Field) WithFocus(yes bool) Field        { f.Autofocus = yes; return f }
func (f Field) AsOptional(yes bool) Field       { f.Optional = yes; return f }
func (f Field) WithAutocomplete(s string) Field { f.Autocomplete = s; return f }

// Group is a set of radio buttons or checkboxes under one legend.
type Group struct {
	Name     string
	Legend   string
	Hint     string
	Error    string
	Optional bool
	Multiple bool // checkboxes
	Cards    bool // each choice in a box of its own
	Options  []Option
	Required bool
	Rich     bool // as Field.Rich, the options' texts too
}

func (g Group) describedBy() string {
	return Field{Name: g.Name, Hint: g.Hint, Error: g.Error}.describedBy()
}

func (g Group) kind() string {
	if g.Multiple {
		return "checkbox"
	}
	return "radio"
}

// optionID gives the first option the group's own id, so that the summary's link leads to it.
func (g Group) optionID(i int) string {
	if i == 0 {
		return ID(g.Name)
	}
	return ID(g.Name) + "-" + itoa(i+1)
}

// Checkbox is one box with its label beside it. Value is "yes" unless said otherwise.
type Checkbox struct {
	Name    string
	Label   string
	Hint    string
	Error   string
	Value   string
	Checked bool

	Optional, Required, Rich bool // as in Field
}

// Date is a date in three boxes, which people type faster than they pick.
type Date struct {
	Name             string // the boxes are Name.day, Name.month, Name.year
	Legend           string
	Hint             string
	Error            string
	Day, Month, Year string
	Birthday         bool // sets the bday tokens
	Optional         bool
	Required, Rich   bool // as in Field
}

// datePiece is one of a date's boxes: day, month or year.
type datePiece struct {
	Name, Value string
	Length      int
}

// parts puts the boxes in a language's order, which its catalogue says as dmy, mdy or ymd.
func (d Date) parts(order string) []datePiece {
	pieces := map[rune]datePiece{'d': {"day", d.Day, 2}, 'm': {"month", d.Month, 2}, 'y': {"year", d.Year, 4}}
	var out []datePiece
	for _, c := range order {
		if p, ok := pieces[c]; ok {
			out = append(out, p)
		}
	}
	if len(out) != len(pieces) {
		return []datePiece{pieces['d'], pieces['m'], pieces['y']}
	}
	return out
}

func (p datePiece) id(d Date, first bool) string {
	if first {
		return ID(d.Name)
	}
	return ID(d.Name) + "-" + p.Name
}

func (d Date) token(part string) string {
	if d.Birthday {
		return "bday-" + part
	}
	return "off"
}
