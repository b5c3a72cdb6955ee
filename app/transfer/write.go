package transfer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/userflow"
)

// Writer writes people in a format that Reader reads. Passwords and hashes are never written.
type Writer struct {
	format  string
	out     *bufio.Writer
	cells   *csv.Writer
	columns []outColumn
	count   int
}

// outColumn is one column of an export.
type outColumn struct {
	name  string
	value func(Person) string
}

// NewWriter writes the heading.
func NewWriter(w io.Writer, format string, definitions []userflow.Definition) (*Writer, error) {
	out := &Writer{format: format, out: bufio.NewWriterSize(w, 64<<10), columns: outColumns(definitions)}
	switch format {
	case CSV:
		out.cells = csv.NewWriter(out.out)
		return out, out.cells.Write(Heading(definitions))
	case JSON:
		_, err := out.out.WriteString(`{"value":[`)
		return out, err
	}
	return out, nil
}

// Heading names every column of an export.
func Heading(definitions []userflow.Definition) []string {
	var names []string
	for _, c := range outColumns(definitions) {
		names = append(names, c.name)
	}
	return names
}

// TemplateColumns names every column that an import can set, in the order that a person would fill them in.
func TemplateColumns(definitions []userflow.Definition) []string {
	out := []string{"displayName", "givenName", "surname", "email", "emailVerified", "userName", "password", "temporaryPassword", "passwordHash", "passwordAlgorithm", "passwordSalt", "passwordIterations",
		"accountEnabled", "createdDateTime"}
	out = append(out, Texts()[3:]...)
	out = append(out, Extras()[0])
	known := columnsOf(nil)
	for _, d := range definitions {
		if _, clash := known[plainName(d.Name)]; clash || formula(d.Name) {
			out = append(out, d.ID)
		} else {
			out = append(out, d.Name)
		}
	}
	return append(out, "groups", "termsAccepted", "mfaEmail")
}

func outColumns(definitions []userflow.Definition) []outColumn {
	local := func(signInType string) func(Person) string {
		return func(p Person) string {
			for _, i := range p.Identities {
				if i.SignInType == signInType {
					return i.Value
				}
			}
			return ""
		}
	}
	out := []outColumn{
		{"id", func(p Person) string { return p.ID }},
		{"email", local(account.SignInEmail)},
		{"emailVerified", func(p Person) string { return yesNoText(p.MailVerified) }},
		{"userName", local(account.SignInUserName)},
		{"mail", func(p Person) string { return p.Mail }},
		{"identities", func(p Person) string { return jsonText(others(p.Identities)) }},
	}
	for _, name := range append(Texts(), Extras()...) {
		out = append(out, outColumn{name, func(p Person) string { return p.Text[name] }})
	}
	for _, name := range lists() {
		out = append(out, outColumn{name, func(p Person) string { return listText(p.Lists[name]) }})
	}
	out = append(out, outColumn{"accountEnabled", func(p Person) string { return yesNoText(p.Enabled) }},
		outColumn{"createdDateTime", func(p Person) string { return timeText(p.CreatedAt) }},
		outColumn{"creationType", func(p Person) string { return p.CreationType }},
		outColumn{"firstFactor", func(p Person) string { return p.FirstFactor }},
		outColumn{"forceChangePasswordNextSignIn", func(p Person) string { return yesNoText(p.MustChange) }},
		outColumn{"mfaEmail", func(p Person) string { return yesNoText(p.EmailMethod) }},
		outColumn{"groups", func(p Person) string { return listText(p.Groups) }},
		outColumn{"termsAccepted", func(p Person) string { return termsText(p.Terms) }})
	for _, d := range definitions {
		out = append(out, outColumn{d.ID, func(p Person) string {
			switch v := p.Attributes[d.ID].(type) {
			case nil:
				return ""
			case bool:
				return yesNoText(&v)
			default:
				return fmt.Sprint(v)
			}
		}})
	}
	return out
}

func yesNoText(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func jsonText[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(list)
	if err != nil {
		return ""
	}
	return string(b)
}

func listText(list []string) string {
	if slices.ContainsFunc(list, func(s string) bool { return strings.ContainsAny(s, ";[") || strings.TrimSpace(s) != s }) {
		return jsonText(list)
	}
	return strings.Join(list, "; ")
}

func termsText(list []Agreement) string {
	var out []string
	for _, a := range list {
		out = append(out, strings.TrimRight(fmt.Sprintf("%s|%d|%s|%s", a.Terms, a.Version, timeText(a.At), a.Locale), "|"))
	}
	return strings.Join(out, "; ")
}

type identityJSON struct {
	SignInType string `json:"signInType"`
	Issuer     string `json:"issuer,omitempty"`
	ID         string `json:"issuerAssignedId"`
}

// others are the identities that have no column of their own: all but the first address and user name.
func others(list []account.Identity) []identityJSON {
	var out []identityJSON
	seen := map[string]bool{}
	for _, i := range list {
		if i.SignInType != account.SignInFederated && !seen[i.SignInType] {
			seen[i.SignInType] = true
			continue
		}
		out = append(out, identityJSON{i.SignInType, i.Issuer, i.Value})
	}
	return out
}

// Write adds a person.
func (w *Writer) Write(p Person) error {
	w.count++
	if w.format == CSV {
		row := make([]string, len(w.columns))
		for i, c := range w.columns {
			row[i] = Neutral(c.value(p))
		}
		return w.cells.Write(row)
	}
	b, err := json.Marshal(shape(p))
	if err != nil {
		return err
	}
	if w.format == JSON {
		if w.count > 1 {
			_ = w.out.WriteByte(',')
		}
		_ = w.out.WriteByte('\n')
	}
	_, _ = w.out.Write(b)
	if w.format == NDJSON {
		_ = w.out.WriteByte('\n')
	}
	return nil
}

// Flush hands on what is buffered.
func (w *Writer) Flush() error {
	if w.cells != nil {
		w.cells.Flush()
		if err := w.cells.Error(); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// Fail says that the rest could not be read, rather than look complete: a JSON list stays open, on purpose.
func (w *Writer) Fail() error {
	if w.format == CSV {
		_ = w.cells.Write([]string{"INCOMPLETE: reading failed, export again"})
	}
	if w.format == NDJSON {
		_, _ = w.out.WriteString("INCOMPLETE: reading failed, export again\n")
	}
	return w.Flush()
}

// Close ends the file.
func (w *Writer) Close() error {
	if w.format == JSON {
		_, _ = w.out.WriteString("\n]}\n")
	}
	return w.Flush()
}

// shape is a person in Graph's shape; what Graph does not have stands in "portico".
func shape(p Person) map[string]any {
	o, own := map[string]any{}, map[string]any{}
	put := func(o map[string]any, name string, v any, is bool) {
		if is {
			o[name] = v
		}
	}
	put(o, "id", p.ID, p.ID != "")
	put(o, "mail", p.Mail, p.Mail != "")
	put(o, "createdDateTime", timeText(p.CreatedAt), !p.CreatedAt.IsZero())
	put(o, "creationType", p.CreationType, p.CreationType != "")
	put(own, "firstFactor", p.FirstFactor, p.FirstFactor != "")
	put(own, "groups", p.Groups, len(p.Groups) > 0)
	put(own, "termsAccepted", p.Terms, len(p.Terms) > 0)
	for name, v := range p.Text {
		if slices.Contains(Extras()[:1], name) {
			own[name] = v
		} else {
			o[name] = v
		}
	}
	for name, v := range p.Lists {
		put(o, name, v, len(v) > 0)
	}
	for name, v := range p.Attributes {
		o[name] = v
	}
	for name, b := range map[string]*bool{"emailVerified": p.MailVerified, "mfaEmail": p.EmailMethod} {
		if b != nil {
			own[name] = *b
		}
	}
	if p.Enabled != nil {
		o["accountEnabled"] = *p.Enabled
	}
	if p.MustChange != nil {
		o["passwordProfile"] = map[string]any{"forceChangePasswordNextSignIn": *p.MustChange}
	}
	if len(p.Identities) > 0 {
		list := make([]identityJSON, len(p.Identities))
		for i, id := range p.Identities {
			list[i] = identityJSON{id.SignInType, id.Issuer, id.Value}
		}
		o["identities"] = list
	}
	if len(own) > 0 {
		o["portico"] = own
	}
	return o
}
