package openid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/handlers"
)

// handleParam is the one-time handle of a request that came by POST.
const handleParam = "portico_handle"

// parkedFor is how long a browser has to follow the redirect after a POST.
const parkedFor = 5 * time.Minute

// parkAuthorize takes POST /authorize (OpenID Connect Core §3.1.2.1) from any origin, without cookie or
// effect: it parks the parameters under a one-time handle and sends the browser to a GET of our own
// site, where its cookies count (DESIGN §9.12).
func (h *Handler) parkAuthorize(c *fiber.Ctx) error {
	in, bad := form(c)
	if bad != nil {
		return h.page(c, bad)
	}
	realm, err := h.Realm(handlers.DirectoryOf(c))
	if err != nil {
		return err
	}
	// Nothing is kept for a request that would end on an error page anyway.
	if r, bad := h.Provider.ParseAuthorize(c.UserContext(), realm, in); r == nil && bad != nil {
		return h.page(c, bad)
	}
	return h.park(c, "authorize")
}

func (h *Handler) park(c *fiber.Ctx, endpoint string) error {
	dir := handlers.DirectoryOf(c)
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return err
	}
	handle := base64.RawURLEncoding.EncodeToString(b)
	now := h.Provider.Now()
	sum := sha256.Sum256([]byte(endpoint + " " + handle))
	if err := h.Store.Tenant(dir.Tenant.ID).ParkOpenIDRequest(c.UserContext(), sum[:], string(c.Body()), now, now.Add(parkedFor)); err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect("/"+url.PathEscape(c.Params("tenant"))+"/oauth2/v2.0/"+endpoint+"?"+handleParam+"="+handle, fiber.StatusSeeOther)
}

// params reads a GET's parameters, or those parked under its handle.
func (h *Handler) params(c *fiber.Ctx, endpoint string) (openid.Params, error) {
	in := openid.ParseParams(string(c.Request().URI().QueryString()))
	handle := in.Get(handleParam)
	if handle == "" {
		return in, nil
	}
	sum := sha256.Sum256([]byte(endpoint + " " + handle))
	body, ok, err := h.Store.Tenant(handlers.DirectoryOf(c).Tenant.ID).TakeOpenIDRequest(c.UserContext(), sum[:], h.Provider.Now())
	if err != nil {
		return in, err
	}
	if !ok {
		return in, fault.New(fault.Expired, "openid.handle_used")
	}
	return openid.ParseParams(body), nil
}

// authorize starts a sign-in (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2).
func (h *Handler) authorize(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	realm, err := h.Realm(dir)
	if err != nil {
		return err
	}
	in, err := h.params(c, "authorize")
	if err != nil {
		return err
	}
	r, bad := h.Provider.ParseAuthorize(c.UserContext(), realm, in)
	if r == nil {
		return h.page(c, bad)
	}
	client, ok := realm.Client(r.ClientID)
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if bad != nil {
		if bad.Code == openid.ServerError && bad.Cause != nil {
			return bad.Cause
		}
		h.note(c, bad)
		return h.send(c, client.Name, r.Deny(bad))
	}
	if r.CorrelationID == "" {
		r.CorrelationID = correlation(c, in)
	}
	if _, ok := dir.Flow(client.ID); !ok && dir.Tenant.Kind != tenant.Workforce {
		h.note(c, &openid.Error{Mistake: &openid.Mistake{ClientID: client.ID, Kind: "noFlow"}})
	}
	req, err := signinRequest(realm, client, r)
	if err != nil {
		return err
	}
	if req.Test = h.trial(in, r); !req.Test {
		_ = h.Store.Tenant(dir.Tenant.ID).MarkFirstRequest(c.UserContext(), client.ID) // the panel that waits for it; best effort
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	err = h.Starter.Start(c, dir, req)
	if err != nil && len(r.Prompt) == 1 && r.Prompt[0] == "none" {
		// A hidden frame waits for an answer and could show no page.
		code := openid.ServerError
		if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TooMany) || errors.Is(err, context.DeadlineExceeded) {
			code = openid.TemporarilyUnavailable
		}
		return h.send(c, client.Name, r.Deny(openid.Refusal(code, "The sign-in could not be checked. Try again in a moment.")))
	}
	return err
}

// signinRequest translates for the sign-in machine; the protocol request stays parked in Return.
func signinRequest(realm *openid.Realm, client *openid.Client, r *openid.AuthorizeRequest) (signin.Request, error) {
	parked, err := json.Marshal(r)
	if err != nil {
		return signin.Request{}, err
	}
	return signin.Request{Protocol: signin.OpenID, ClientID: client.ID, ClientName: client.Name, Prompt: r.Prompt, MaxAge: r.MaxAge,
		ACR: r.ACR, Contexts: r.Contexts, ClientApp: r.ClientApp(), LoginHint: r.LoginHint, DomainHint: r.DomainHint, SIDHint: r.SIDHint, SubHint: r.SubHint, UILocales: r.UILocales,
		Scopes: r.Scopes, ConsentScopes: r.ConsentScopes(client), RedirectOrigin: origin(r.RedirectURI), Resource: resource(realm, r),
		CorrelationID: r.CorrelationID, Return: parked}, nil
}

// send gives an authorization response to the browser.
func (h *Handler) send(c *fiber.Ctx, app string, a openid.Answer) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	if a.Action != "" {
		info := handlers.InfoOf(c)
		info.FormActions = append(info.FormActions, origin(a.Action))
		return h.Pages.FormPost(c, app, a.Action, a.Fields)
	}
	return redirect(c, a.Redirect)
}

// redirect sends the browser on. A GET was answered, or a POST whose body must not be repeated: 303.
func redirect(c *fiber.Ctx, to string) error {
	c.Set(fiber.HeaderLocation, to)
	return c.SendStatus(fiber.StatusSeeOther)
}

// Answer implements handlers.Answer for the sign-in pages.
func (h *Handler) Answer(c *fiber.Ctx, o signin.Outcome) error {
	if o.FormPost != nil {
		return h.send(c, "", openid.Answer{Action: o.FormPost.Action, Fields: o.FormPost.Fields})
	}
	return h.send(c, "", openid.Answer{Redirect: o.Redirect})
}
