package userflow

import (
	"crypto/sha1"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/markup"
)

// DataType is what a custom attribute holds (R 2.5.2; date, choice and phone are ours).
type DataType string

const (
	String  DataType = "string"
	Boolean DataType = "boolean"
	Int     DataType = "int64"
	Date    DataType = "date"   // stored as 2006-01-02
	Choice  DataType = "choice" // stored as the value of one of its options
	Phone   DataType = "phone"  // stored in E.164: +4930123456
)

// DataTypes lists them in the order in which an admin is offered them.
func DataTypes() []DataType { return []DataType{String, Boolean, Int, Date, Choice, Phone} }

// InputType is the control of an attribute on the page (R 2.5.3). The empty one is the default of the data
// type (Attribute.Input).
type InputType string

const (
	TextBox             InputType = "text"
	RadioSingleSelect   InputType = "radioSingleSelect"
	CheckboxMultiSelect InputType = "checkboxMultiSelect" // stored as comma-separated values
	CheckboxSingle      InputType = "boolean"
	NumericTextBox      InputType = "number"
	Dropdown            InputType = "dropdown"
	DateBoxes           InputType = "date" // three boxes: day, month, year
	PhoneBox            InputType = "phone"
)

// InputTypes lists the controls that suit a data type; the first is the default.
func InputTypes(d DataType) []InputType {
	switch d {
	case Boolean:
		return []InputType{CheckboxSingle}
	case Int:
		return []InputType{NumericTextBox}
	case Date:
		return []InputType{DateBoxes}
	case Choice:
		return []InputType{RadioSingleSelect, Dropdown}
	case Phone:
		return []InputType{PhoneBox}
	}
	return []InputType{TextBox, RadioSingleSelect, Dropdown, CheckboxMultiSelect}
}

// Limits of the vendor (R 2.5.5) and ours where the vendor names none.
const (
	MaxDefinitions = 100 // custom attributes of a tenant
	MaxText        = 250 // characters of a custom text
	maxOptions     = 100
	maxLabel       = 500 // characters of a label, hint or option, links included
	maxName        = 64
	maxTitle       = 120 // characters of the name of a flow or of terms
	maxDescription = 500
)

// UserName is the id of the field in which a newcomer chooses a user name. It is no attribute: the answer
// becomes an identity (F056).
const UserName = "userName"

// Definition is a custom attribute of a tenant, defined once and usable in any flow (R 2.5.1). Its id and
// data type never change.
type Definition struct {
	ID          string   `json:"id"` // extension_<extensions app id without hyphens>_<name> (R 2.5.4)
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"` // for admins, never shown to customers
	DataType    DataType `json:"dataType"`
	Options     []Option `json:"options,omitempty"`   // of a choice
	Pattern     string   `json:"pattern,omitempty"`   // of a text: the whole value must match (RE2 syntax)
	Message     string   `json:"message,omitempty"`   // what a customer reads when it does not; the admin's own words
	MaxLength   int      `json:"maxLength,omitempty"` // of a text, in characters; 0 = 250
	Low         *int64   `json:"low,omitempty"`       // of a whole number
	High        *int64   `json:"high,omitempty"`
}

// ExtensionsApp is the id of the pretend application that a tenant's custom attributes belong to in their
// API names, the vendor's b2c-extensions-app. It is derived from the tenant's id (a UUID of RFC 9562 §5.5),
// so every copy agrees.
func ExtensionsApp(tenantID string) string {
	space, err := hex.DecodeString(strings.ReplaceAll(tenantID, "-", ""))
	if err != nil {
		space = []byte(tenantID)
	}
	sum := sha1.Sum(append(space, "portico extensions app"...))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// DefinitionID makes the API name of a custom attribute: words are joined, what is no ASCII letter or digit
// is dropped ("Loyalty number" → extension_…_loyaltyNumber). A name with nothing left gives "".
func DefinitionID(tenantID, name string) string {
	var b strings.Builder
	upper := false
	for _, c := range name {
		switch {
		case c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_':
			upper = true
			continue
		case b.Len() == 0:
			c = unicode.ToLower(c)
		case upper:
			c = unicode.ToUpper(c)
		}
		upper = false
		b.WriteRune(c)
	}
	if b.Len() == 0 {
		return ""
	}
	return "extension_" + strings.ReplaceAll(ExtensionsApp(tenantID), "-", "") + "_" + b.String()
}

var idShape = regexp.MustCompile(`^extension_[A-Za-z0-9_]{1,200}$`)

// Validate says what an admin must mend before the definition can be saved. Fields are named as in its JSON.
func (d Definition) Validate() error {
	var bad fault.Fields
	switch n := utf8.RuneCountInString(strings.TrimSpace(d.Name)); {
	case n == 0 || n > maxName:
		bad.Add("name", "attribute.name.required", map[string]any{"count": maxName})
	case !Readable(d.Name) || !visible(d.Name):
		bad.Add("name", "flow.text.invisible", nil)
	case !idShape.MatchString(d.ID):
		bad.Add("name", "attribute.name.letters", nil)
	}
	checkText(&bad, "description", d.Description, maxDescription)
	if !slices.Contains(DataTypes(), d.DataType) {
		bad.Add("dataType", "attribute.type.required", nil)
	}
	if d.DataType == Choice {
		checkOptions(&bad, "options", d.Options)
	} else if len(d.Options) > 0 {
		bad.Add("options", "attribute.options.choice_only", nil)
	}
	switch {
	case d.Pattern == "":
	case d.DataType != String:
		bad.Add("pattern", "attribute.pattern.text_only", nil)
	default:
		if _, err := CompilePattern(d.Pattern); err != nil {
			bad = append(bad, named("pattern", err)...)
		} else if strings.TrimSpace(d.Message) == "" {
			bad.Add("message", "attribute.pattern.message", nil)
		}
	}
	checkText(&bad, "message", d.Message, MaxText)
	switch {
	case d.MaxLength < 0 || d.MaxLength > MaxText:
		bad.Add("maxLength", "attribute.length.range", map[string]any{"high": MaxText})
	case d.MaxLength > 0 && d.DataType != String:
		bad.Add("maxLength", "attribute.length.text_only", nil)
	}
	switch {
	case d.Low != nil && d.DataType != Int:
		bad.Add("low", "attribute.range.number_only", nil)
	case d.High != nil && d.DataType != Int:
		bad.Add("high", "attribute.range.number_only", nil)
	case d.Low != nil && d.High != nil && *d.Low > *d.High:
		bad.Add("high", "attribute.range.order", nil)
	}
	return bad.Err()
}

// named gives every complaint of an error another field.
func named(field string, err error) fault.Fields {
	e := fault.Of(err)
	out := slices.Clone(e.Fields)
	for i := range out {
		out[i].Name = field
	}
	return out
}

// checkOptions: each option needs a text and a value of its own, and a comma would split the value of
// several choices in two (R 2.5.3).
func checkOptions(bad *fault.Fields, field string, options []Option) {
	if len(options) == 0 {
		bad.Add(field, "attribute.options.few", nil)
	}
	if len(options) > maxOptions {
		bad.Add(field, "attribute.options.many", map[string]any{"count": maxOptions})
	}
	seen := map[string]bool{}
	for _, o := range options {
		switch {
		case strings.TrimSpace(o.Value) == "":
			bad.Add(field, "attribute.options.value", map[string]any{"text": o.Text})
		case strings.TrimSpace(o.Text) == "":
			bad.Add(field, "attribute.options.text", map[string]any{"value": o.Value})
		case !Readable(o.Value), !visible(o.Value), !Readable(o.Text), !visible(o.Text):
			bad.Add(field, "flow.text.invisible", nil)
		case strings.Contains(o.Value, ","), utf8.RuneCountInString(o.Value) > MaxText:
			bad.Add(field, "attribute.options.comma", map[string]any{"value": o.Value})
		case seen[o.Value]:
			bad.Add(field, "attribute.options.twice", map[string]any{"value": o.Value})
		case utf8.RuneCountInString(o.Text) > maxLabel:
			bad.Add(field, "flow.text.long", map[string]any{"count": maxLabel})
		default:
			checkLinks(bad, field, o.Text)
		}
		seen[o.Value] = true
	}
}

// checkLinks refuses a link that nobody could follow: its reader would see the brackets.
func checkLinks(bad *fault.Fields, field, text string) {
	if target, found := markup.Broken(text); found {
		bad.Add(field, "flow.text.link", map[string]any{"address": target})
	}
}

// checkText refuses a text that is too long or that does not read as it looks; none is fine.
func checkText(bad *fault.Fields, field, text string, most int) {
	switch {
	case utf8.RuneCountInString(text) > most:
		bad.Add(field, "flow.text.long", map[string]any{"count": most})
	case !Readable(text):
		bad.Add(field, "flow.text.invisible", nil)
	}
}

// checkTitle is what the name of a flow or of terms must be.
func checkTitle(bad *fault.Fields, name string) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(name)); {
	case n == 0 || n > maxTitle:
		bad.Add("name", "flow.name.required", nil)
	case !Readable(name) || !visible(name):
		bad.Add("name", "flow.text.invisible", nil)
	}
}

// Readable refuses control characters, line breaks in disguise, the marks that turn the direction of what
// follows (Unicode Standard Annex #9 §2), and characters that take no room or are blank but count as letters:
// a text that an admin or customer saves must read as it looks. The joiners (U+200C, U+200D) and the marks of
// direction (U+200E, U+200F) stay: Persian, emoji and mixed lines are not written without them.
func Readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' || unseen(c)
	})
}

func unseen(c rune) bool {
	switch c {
	case '\u00AD', '\u180E', '\u200B', '\uFEFF': // soft hyphen, vowel separator, zero-width spaces
		return true
	case '\u115F', '\u1160', '\u3164', '\uFFA0': // Hangul fillers: letters that are blank
		return true
	}
	return c >= '\u2028' && c <= '\u202E' || c >= '\u2060' && c <= '\u2069' // line breaks, overrides, joiners, isolates
}

// visible reports whether a reader sees anything of a text: a letter, a digit, a sign.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) && !unseen(c) && c != '\u2800' // a Braille cell without dots
	})
}
