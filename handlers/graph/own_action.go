package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/handlers/hosted"
	"portico/models"
)

// own_action.go: policies about what people do to their own account (R 5.2.3). An app that does it with its user's
// token is held to them as the account pages are; what they want is shown in a sign-in, so it is asked for by the
// claims challenge that the vendor's clients know.

// Actions asks the policies (signin.Gate).
type Actions interface {
	Act(ctx context.Context, place signin.Place, do signin.Doing) (policy.Answer, error)
}

// permitted asks the policies about an action of the caller on their own account u, by what the token's sign-in has
// shown. An error is the refusal, in words; nothing may be changed then.
func (c *call) permitted(ctx context.Context, u *user, action string) error {
	dir, err := c.api.Store.Directory(ctx, c.tenant.ID)
	if err != nil {
		return err
	}
	if c.api.Actions == nil { // policies are never skipped because nobody can be asked (DESIGN §9.2)
		return fault.New(fault.Internal, "error.internal")
	}
	place, err := hosted.Place(dir, signin.Account, models.AccountClientID)
	if fault.Is(err, fault.Denied) { // no flow any more that could let anything rest
		place, err = signin.Place{Tenant: dir.Tenant, Policies: dir.Policies, Terms: dir.Terms}, nil
	}
	if err != nil {
		return err
	}
	do := signin.Doing{Who: u.Account, Action: action, ClientApp: c.caller.ClientApp, Session: session.Session{SID: c.caller.SID, TenantID: c.tenant.ID, UserID: u.ID,
		AuthTime: c.caller.AuthTime, AMR: c.caller.AMR, MFATime: c.caller.MFATime, Methods: c.caller.Methods, AAGUIDs: c.caller.AAGUIDs}}
	if c.signals != nil {
		do.From = c.signals()
	}
	a, err := c.api.Actions.Act(ctx, place, do)
	switch {
	case err != nil:
		return err
	case a.Block:
		r := do.Record(c.tenant.ID, c.api.now().UTC(), a)
		r.ID, r.CorrelationID, r.Kind, r.Protocol = models.NewID(), c.clientID, record.NonInteractive, string(signin.OpenID)
		r.App, r.Resource = record.Party{ID: c.caller.ClientID, Name: c.caller.Name}, record.Party{ID: c.api.BaseURL, Name: "Management API"}
		if err := c.tenant.FoldSignIn(ctx, r); err != nil {
			return err
		}
		return &Error{Status: http.StatusForbidden, Code: codeDenied,
			Message: "A Conditional Access policy of the organisation does not allow this step. Ask an administrator."}
	}
	return c.owed(dir.Tenant.Slug, a)
}

// owed says what is still to be shown. A second factor and a newer proof are shown in a sign-in of the app, which the
// challenge asks for; what only our pages can ask for is done there.
func (c *call) owed(slug string, a policy.Answer) error {
	pages := c.request.base + "/" + slug + "/account"
	second := slices.ContainsFunc(a.Unmet, func(one policy.Clause) bool {
		return slices.ContainsFunc(one.AnyOf, func(k policy.Control) bool { return k.Kind == policy.KindMFA || k.Kind == policy.KindStrength })
	})
	switch {
	case second:
		return challenge("A Conditional Access policy asks for a second factor for this step. Sign in again with prompt=login and acr_values="+record.ACRMulti+
			", or do it on the account pages: "+pages, map[string]any{"id_token": map[string]any{"acr": essential(record.ACRMulti)}, "access_token": map[string]any{"amr": essential("mfa")}})
	case len(a.Unmet) > 0:
		return &Error{Status: http.StatusForbidden, Code: codeDenied,
			Message: "A Conditional Access policy asks for something that only the person can give for this step. Do it on the account pages: " + pages}
	case a.Stale:
		return challenge("A Conditional Access policy asks for a newer sign-in for this step. Sign in again with prompt=login, or do it on the account pages: "+pages,
			map[string]any{"access_token": map[string]any{"auth_time": map[string]any{"essential": true}}})
	}
	return nil
}

func essential(value string) map[string]any {
	return map[string]any{"essential": true, "values": []string{value}}
}

// challenge is the vendor's claims challenge: its clients hand the claims to the next authorization request.
func challenge(message string, claims map[string]any) error {
	text, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	return &Error{Status: http.StatusUnauthorized, Code: "interactionRequired", Message: message,
		Header: map[string]string{"WWW-Authenticate": `Bearer realm="", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString(text) + `"`}}
}

// freshly reports whether the caller has just proven who they are, by the account pages' rule: with a second factor as
// young as the first where the person has one that a proof asks for.
func (c *call) freshly(ctx context.Context, u *user) (bool, error) {
	young := func() bool { at := c.caller.AuthTime; return !at.IsZero() && c.api.now().Sub(at) < proofAge }()
	if at := c.caller.MFATime; !young || !at.IsZero() && c.api.now().Sub(at) < proofAge {
		return young, nil
	}
	dir, err := c.api.Store.Directory(ctx, c.tenant.ID)
	if err != nil {
		return false, err
	}
	var groups []string
	if len(dir.Tenant.Settings.Methods.Groups()) > 0 {
		if groups, err = c.tenant.GroupIDsOf(ctx, u.ID); err != nil {
			return false, err
		}
	}
	for _, m := range u.Methods {
		if m.Kind == factor.Passkey && !dir.Tenant.Answers(m.Host) { // of a place that is gone: nobody can show it
			continue
		}
		if signin.ProofAsks(m.Kind, dir.Tenant, groups, dir.FlowsInUse(), c.api.Texts) {
			return false, nil
		}
	}
	return true, nil
}

// changesOwn is an administrator's change of how they themselves get in, by way of the directory: policies about their
// own password and addresses hold there too, and the proof is fresh.
func (c *call) changesOwn(ctx context.Context, u *user, password, ways bool) error {
	if password {
		if err := c.permitted(ctx, u, policy.ChangePassword); err != nil {
			return err
		}
	}
	if ways {
		if err := c.permitted(ctx, u, policy.RegisterSecurityInfo); err != nil {
			return err
		}
	}
	return c.proven(ctx, u)
}
