package admin

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/handlers"
	views "portico/views/admin"
)

// typed reads a posted field: valid UTF-8, trimmed, line ends as LF.
func typed(c *fiber.Ctx, name string) string {
	s := strings.ToValidUTF8(handlers.Form(c, name), "")
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

// raw reads a posted field as it is: passwords keep their spaces.
func raw(c *fiber.Ctx, name string) string { return handlers.Form(c, name) }

func ticked(c *fiber.Ctx, name string) bool { return handlers.Form(c, name) != "" }

// all reads every value of a field that may be sent several times.
func all(c *fiber.Ctx, name string) []string {
	var out []string
	for _, b := range c.Request().PostArgs().PeekMulti(name) {
		if s := strings.TrimSpace(strings.ToValidUTF8(string(b), "")); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// complain puts an error's fields beside their controls and into the summary, in the same words. What
// belongs to no control stands in the summary alone. It reports whether the error was of that sort;
// other errors are not the form's affair.
func complain(l *i18n.Localizer, f *views.Form, err error) bool {
	if err == nil {
		return true
	}
	e := fault.Of(err)
	switch e.Code {
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Expired:
	default:
		return false
	}
	if len(e.Fields) == 0 {
		f.Problems = append(f.Problems, views.Problem{Text: l.T(e.Key, e.Args)})
		return true
	}
	for _, bad := range e.Fields {
		text, name := l.T(bad.Key, bad.Args), ""
		for i := range f.Fields {
			if field := &f.Fields[i]; field.Name == bad.Name || strings.HasPrefix(bad.Name, field.Name+"[") || strings.HasPrefix(bad.Name, field.Name+".") {
				if name = field.Name; field.Error != "" && !strings.HasPrefix(text, field.Error) { // a box of many lines may be wrong in several
					field.Error = strings.TrimSuffix(field.Error, ".") + ". " + text
				} else {
					field.Error = text
				}
				break
			}
		}
		f.Problems = append(f.Problems, views.Problem{Text: text, Name: name})
	}
	return true
}

// number reads a whole number; empty is 0, which means the default. Its bounds are the domain's affair.
func number(c *fiber.Ctx, bad *fault.Fields, name string) int {
	s := typed(c, name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n == 0 {
		bad.Add(name, "admin.number", nil)
	}
	return n
}

func numberText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func minutes(d time.Duration) int { return int(d / time.Minute) }

func tick(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func lines(list []string) string { return strings.Join(list, "\n") }

func splitLines(s string) []string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func numberWords(n int, unit string) string {
	if unit == "" {
		return strconv.Itoa(n)
	}
	if n == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return strconv.Itoa(n) + " " + unit
}

// keepTyped puts what was posted back into a form's controls, also what could not be read as a number.
// Passwords do not come back.
func keepTyped(c *fiber.Ctx, f *views.Form) {
	for i := range f.Fields {
		switch field := &f.Fields[i]; field.Kind {
		case views.Heading, views.Hidden:
		case views.Checks:
			field.Values = all(c, field.Name)
		case views.Date:
			d, m, y := typed(c, field.Name+".day"), typed(c, field.Name+".month"), typed(c, field.Name+".year")
			if field.Value = ""; d+m+y != "" {
				field.Value = y + "-" + m + "-" + d
			}
		default:
			if field.Type != "password" {
				field.Value = typed(c, field.Name)
			}
		}
	}
}

// withoutPrivateKey keeps a pasted private key from coming back into the page.
func withoutPrivateKey(s string) string {
	if strings.Contains(s, "PRIVATE KEY") {
		return ""
	}
	return s
}

// ownPage reports whether the browser vouches that a page of the portal itself sent the form.
func ownPage(c *fiber.Ctx) bool { return c.Get("Sec-Fetch-Site") == "same-origin" }

// keepForm shows what was sent when it could not be taken, so that nobody types it twice. Nothing is
// done before the person sends it again, with a good token. Passwords do not come back.
func (p *Portal) keepForm(c *fiber.Ctx, title, lead, csrf string) error {
	f := views.Form{Action: c.OriginalURL(), Submit: "Send again"}
	c.Request().PostArgs().VisitAll(func(k, v []byte) {
		name := string(k)
		if name == handlers.CSRFField || strings.Contains(name, "password") || name == "token" {
			return
		}
		f.Fields = append(f.Fields, views.Field{Kind: views.Hidden, Name: strings.ToValidUTF8(name, ""), Value: withoutPrivateKey(strings.ToValidUTF8(string(v), ""))})
	})
	page := views.Public{Title: title, Lead: lead, Form: &f, CSRF: csrf}
	if csrf == "" {
		page.Links = []views.Link{{Label: "Sign in", Href: "/admin"}}
	}
	return handlers.Render(c, fiber.StatusConflict, views.PublicPage(page))
}
