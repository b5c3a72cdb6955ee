package account

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/ui"
)

// prove.go: a sign-in that leads back to where somebody was, with what they had typed there.

// parked is what an attempt brings back. It lies sealed in the attempt's row.
type parked struct {
	To   string              `json:"to"`             // a path of ours
	SID  string              `json:"sid,omitempty"`  // whose proof was too old; "" = nobody was signed in
	Kept map[string][]string `json:"kept,omitempty"` // what was typed into the form, without anything secret
}

// keptMost is how many bytes of a form are kept, keptFor how long they wait: what comes back travels in a cookie,
// and belongs to a step that was taken just now.
const (
	keptMost = 2 << 10
	keptFor  = 10 * time.Minute
)

// prove starts a sign-in that leads back to a page: to who is signed in (v) it says that their proof is too old,
// to nobody (nil) the usual sign-in.
func (p *Pages) prove(c *fiber.Ctx, dir *models.Directory, x row, v *visit) error {
	back := parked{To: base(dir.Tenant)}
	switch from, err := url.Parse(c.Get(fiber.HeaderReferer)); {
	case c.Method() == fiber.MethodGet:
		back.To = own(dir.Tenant, c.OriginalURL())
	case p.isPage(x.Path): // the form's own page
		back.To = own(dir.Tenant, c.Path())
	case err == nil:
		back.To = own(dir.Tenant, from.Path)
	}
	r := signin.Request{Protocol: signin.Account, ClientID: ClientID, ClientName: handlers.InfoOf(c).Locale.T("account.title"),
		CorrelationID: handlers.InfoOf(c).RequestID, UILocales: []string{handlers.InfoOf(c).Locale.Wish()}}
	if v != nil {
		r.LoginHint, r.Prompt, r.Action = v.person.Address(), []string{"login"}, actionOf(x.Path)
		if back.SID = v.session.SID; c.Method() == fiber.MethodPost {
			back.Kept = kept(c)
		}
	}
	var err error
	if r.Return, err = json.Marshal(back); err != nil {
		return err
	}
	return p.Starter.Start(c, dir, r)
}

// isPage reports whether a form's address is a page too.
func (p *Pages) isPage(path string) bool {
	return slices.ContainsFunc(p.Routes(), func(r row) bool { return r.Method == fiber.MethodGet && r.Path == path })
}

// kept is what was typed into a form: no password, code or answer of a device, and nothing at all when it is too
// much, for half a form is worse than none.
func kept(c *fiber.Ctx) map[string][]string {
	out, size := map[string][]string{}, 0
	c.Request().PostArgs().VisitAll(func(name, value []byte) {
		n, x := strings.ToValidUTF8(string(name), ""), strings.ToValidUTF8(string(value), "")
		if n == handlers.CSRFField || slices.ContainsFunc([]string{"password", "code", "secret", "credential"}, func(s string) bool {
			return strings.Contains(strings.ToLower(n), s)
		}) {
			return
		}
		if size += len(n) + len(x); size <= keptMost {
			out[n] = append(out[n], x)
		}
	})
	if size > keptMost {
		return nil
	}
	return out
}

// own gives a path back if it is one of the tenant's account pages, else their first page.
func own(t tenant.Tenant, path string) string {
	if u, err := url.Parse(path); err == nil && u.Host == "" && u.Scheme == "" && !strings.Contains(u.Path, "//") && !strings.Contains(u.Path, "\\") &&
		(u.Path == base(t) || strings.HasPrefix(u.Path, base(t)+"/")) && !strings.HasSuffix(u.Path, "/sign-out") && !strings.HasSuffix(u.Path, "/signed-out") && !strings.HasSuffix(u.Path, "/account/deleted") && !strings.Contains(u.Path, "/account/was-this-you") {
		return u.RequestURI()
	}
	return base(t)
}

// Issuer answers finished sign-ins of the account pages. The session that the attempt opened is all they need.
func (p *Pages) Issuer() signin.Issuer { return issuer{p} }

type issuer struct{ pages *Pages }

func (i issuer) Issue(_ context.Context, _ signin.Tx, g signin.Grant) (signin.Outcome, error) {
	var back parked
	if err := json.Unmarshal(g.Request.Return, &back); err != nil {
		return signin.Outcome{}, err
	}
	if g.Request.Connect != "" {
		return signin.Outcome{Redirect: with(back.To, "connected", g.Request.Connect)}, nil
	}
	if len(back.Kept) > 0 && back.SID == g.SID { // the same person, still
		return signin.Outcome{Redirect: with(back.To, "kept", g.AttemptID)}, nil
	}
	return signin.Outcome{Redirect: back.To}, nil
}

// Refuse leads whoever is still signed in back to the pages, where nothing has changed.
func (i issuer) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	var back parked
	if err := json.Unmarshal(r.Request.Return, &back); err != nil {
		return signin.Outcome{}, err
	}
	if !r.DeletedAt.IsZero() { // "leave it deleted"
		slug, _, _ := strings.Cut(strings.TrimPrefix(back.To, "/"), "/")
		return signin.Outcome{Redirect: deletedPage("/"+slug+"/account", r.DeletedAt)}, nil
	}
	if r.Connect != "" {
		return signin.Outcome{Redirect: withConnect(back.To, r)}, nil
	}
	slug, rest, _ := strings.Cut(strings.TrimPrefix(back.To, "/"), "/")
	if back.SID != "" && r.Error == "access_denied" {
		return signin.Outcome{Redirect: with("/"+slug+"/account"+above(strings.TrimPrefix(rest, "account")), "stopped", "1")}, nil
	}
	return signin.Outcome{Redirect: "/" + slug + "/account/signed-out?reason=" + url.QueryEscape(r.Error)}, nil
}

// above is the menu's page that a page belongs to: it asks for no proof.
func above(path string) string {
	path, _, _ = strings.Cut(path, "?")
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if slices.Contains([]string{"profile", "methods", "devices", "activity", "apps", "data"}, first) {
		return "/" + first
	}
	return ""
}

func with(path, name, value string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// keptNote is what waits in a cookie for the form's page.
type keptNote struct {
	Path   string              `json:"path"`
	Values map[string][]string `json:"values"`
	Till   time.Time           `json:"till"`
}

// takeBack takes what was typed out of the attempt that has just ended and leads on to the page, whose address
// then says nothing of it. true = it has answered.
func (p *Pages) takeBack(c *fiber.Ctx) (bool, error) {
	v, id := visitOf(c), c.Query("kept")
	if id == "" {
		return false, nil
	}
	a, err := models.SignInStores{Store: p.Store}.SignIns(v.t.ID).Attempt(c.UserContext(), id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return true, err
	}
	var back parked
	if err == nil && a.Request.Protocol == signin.Account && json.Unmarshal(a.Request.Return, &back) == nil && back.SID == v.session.SID &&
		len(back.Kept) > 0 && !a.EndedAt.IsZero() && p.Now().Sub(a.EndedAt) < keptFor {
		if err := p.seal(c, "kept", keptNote{Path: c.Path(), Values: back.Kept, Till: p.Now().Add(flashFor)}); err != nil {
			return true, err
		}
	}
	u, err := url.Parse(c.OriginalURL())
	if err != nil {
		return true, err
	}
	q := u.Query()
	q.Del("kept")
	u.RawQuery = q.Encode()
	return true, c.Redirect(own(v.dir.Tenant, u.RequestURI()), fiber.StatusSeeOther)
}

// giveBack fills the page with what was typed before the proof, once, and says kindly where a proof was given up.
func (p *Pages) giveBack(c *fiber.Ctx, to *views.Page) {
	l := handlers.InfoOf(c).Locale
	var n keptNote
	if p.open(c, "kept", &n) {
		p.drop(c, "kept")
		if n.Path == c.Path() && n.Till.After(p.Now()) {
			to.Values = make(map[string]string, len(n.Values))
			for name, values := range n.Values {
				to.Values[name] = strings.Join(values, ",")
			}
			to.Notice = &ui.Flash{Tone: ui.Info, Text: l.T("account.kept")}
		}
	}
	if to.Notice == nil {
		to.Notice = connectNotice(c)
	}
	if to.Notice == nil && c.Query("stopped") != "" {
		to.Notice = &ui.Flash{Tone: ui.Info, Text: l.T("account.stopped")}
	}
}
