package hosted

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	pages "portico/views/hosted"
)

// An admin who tries a user flow may want to see the result here rather than at an app: the visit is then
// a protocol of its own, which gives no code and no token, but a page that says who signed in and what the
// app would have been told.

// TokenPreviews makes the payloads that a sign-in would give an app; the provider does.
type TokenPreviews interface {
	Preview(ctx context.Context, realm *openid.Realm, c *openid.Client, u openid.User, now time.Time) (openid.Preview, error)
}

// trialResult is how long the result can be looked at.
const trialResult = 15 * time.Minute

// AddTrials lets admins try flows without an app. Call it while wiring.
func (h *Hosted) AddTrials(tokens TokenPreviews, baseURL string) {
	h.trials = &trials{tokens: tokens, baseURL: baseURL}
	h.AddIssuer(signin.Trial, trialIssuer{h})
}

type trials struct {
	tokens  TokenPreviews
	baseURL string
}

// TrialPath is where a trial without an app begins; its mark is made for what is tried: an app of the
// tenant, or a user flow as such.
func TrialPath(tenant, what, mark string, also url.Values) string {
	q := url.Values{"of": {what}, "portico_test": {mark}}
	for name, list := range also {
		q[name] = list
	}
	return "/" + url.PathEscape(tenant) + "/trial?" + q.Encode()
}

// trial begins one. Only a link that the portal made, within the hour, does.
func (h *Hosted) trial(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	what := c.Query("of")
	if dir.Tenant.Kind == tenant.Workforce || !h.machine.MAC.Trial(c.Query("portico_test"), dir.Tenant.ID, what, "", h.machine.Now()) {
		return fault.New(fault.Expired, "trial.expired")
	}
	back, err := json.Marshal(trialReturn{dir.Tenant.ID, dir.Tenant.Slug})
	if err != nil {
		return err
	}
	r := signin.Request{Protocol: signin.Trial, ClientID: what, Test: true, Scopes: []string{"openid", "profile", "email"}, Return: back}
	if client := dir.Clients[what]; client != nil {
		r.ClientName = client.Name
	}
	if p := c.Query("prompt"); p == "login" || p == "create" {
		r.Prompt = []string{p}
	}
	if l := c.Query("ui_locales"); l != "" {
		r.UILocales = []string{h.bundle.Match(l).Lang()}
	}
	return h.Start(c, dir, r)
}

// trialIssuer is signin.Issuer for signin.Trial. What it gives is an address of our own with what has
// happened, sealed: nobody can write such a page's words, and nothing is stored.
type trialIssuer struct{ h *Hosted }

// trialled is what has happened.
type trialled struct {
	Until   time.Time `json:"until"`
	Client  string    `json:"client"`
	App     string    `json:"app,omitempty"`
	UserID  string    `json:"userId,omitempty"`
	SID     string    `json:"sid,omitempty"`
	SignUp  bool      `json:"signUp,omitempty"`
	AMR     []string  `json:"amr,omitempty"`
	ACR     string    `json:"acr,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Refused string    `json:"refused,omitempty"`
	Locale  string    `json:"locale,omitempty"`
}

// trialReturn is where the result is looked at.
type trialReturn struct {
	TenantID string `json:"tenantId"`
	Slug     string `json:"slug"`
}

func (i trialIssuer) Issue(_ context.Context, _ signin.Tx, g signin.Grant) (signin.Outcome, error) {
	return i.answer(g.Request, trialled{Client: g.Request.ClientID, App: g.Request.ClientName, UserID: g.UserID, SID: g.SID, SignUp: g.SignUp, AMR: g.AMR, ACR: g.ACR, At: g.AuthTime, Locale: g.Locale})
}

func (i trialIssuer) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	return i.answer(r.Request, trialled{Client: r.Request.ClientID, App: r.Request.ClientName, Refused: r.Error})
}

// answer seals for the tenant.
func (i trialIssuer) answer(r signin.Request, t trialled) (signin.Outcome, error) {
	var back trialReturn
	if err := json.Unmarshal(r.Return, &back); err != nil {
		return signin.Outcome{}, err
	}
	t.Until = i.h.machine.Now().Add(trialResult).UTC()
	plain, err := json.Marshal(t)
	if err != nil {
		return signin.Outcome{}, err
	}
	sealed, err := i.h.sessions.Store.Sealer().Seal(plain, "trial:"+back.TenantID)
	return signin.Outcome{Redirect: "/" + url.PathEscape(back.Slug) + "/trial/result?result=" + base64.RawURLEncoding.EncodeToString(sealed)}, err
}

// trialled opens what an address says.
func (h *Hosted) trialled(text, tenantID string) (trialled, error) {
	var t trialled
	gone := fault.New(fault.Expired, "trial.expired")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return t, gone
	}
	plain, err := h.sessions.Store.Sealer().Open(sealed, "trial:"+tenantID)
	if err != nil {
		return t, gone
	}
	if err := json.Unmarshal(plain, &t); err != nil || !h.machine.Now().Before(t.Until) {
		return t, gone
	}
	return t, nil
}

// trialDone shows the result, at the browser that signed in and nowhere else.
func (h *Hosted) trialDone(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	t, err := h.trialled(c.Query("result"), dir.Tenant.ID)
	if err != nil {
		return err
	}
	p := h.speaking(c, dir, url.Values{"result": {c.Query("result")}}, t.Locale)
	p.App, p.Test = t.App, true
	v := pages.TrialView{Refused: t.Refused, SignUp: t.SignUp}
	if t.Refused == "" {
		here, ok, err := h.sessions.Current(c, dir)
		if err != nil {
			return err
		}
		if !ok || here.SID != t.SID || here.UserID != t.UserID {
			return fault.New(fault.Expired, "trial.expired")
		}
		if v.Name, v.Claims, err = h.trialClaims(c.UserContext(), dir, t); err != nil {
			return err
		}
	}
	return handlers.Render(c, fiber.StatusOK, pages.Trial(p, v))
}

// trialClaims is what the ID token of the app would say; without an app, what any app's would.
func (h *Hosted) trialClaims(ctx context.Context, dir *models.Directory, t trialled) (name, claims string, err error) {
	u, err := h.sessions.Store.Tenant(dir.Tenant.ID).OpenIDUser(ctx, t.UserID)
	if err != nil {
		return "", "", err
	}
	client := dir.Clients[t.Client]
	if client == nil {
		client = &openid.Client{ID: t.Client, Enabled: true}
	}
	would, err := h.trials.tokens.Preview(ctx, openid.NewRealm(h.trials.baseURL, dir.Tenant, dir.Clients), client, u, t.At)
	if err != nil {
		return "", "", err
	}
	would.IDToken["amr"], would.IDToken["acr"], would.IDToken["auth_time"], would.IDToken["sid"] = t.AMR, t.ACR, t.At.Unix(), t.SID
	text, err := json.MarshalIndent(would.IDToken, "", "  ")
	return first(u.Name, u.PreferredUsername), string(text), err
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
