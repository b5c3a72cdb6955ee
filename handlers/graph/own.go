package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"portico/app/message"
	"portico/app/policy"
	"portico/app/session"
	"portico/models"
)

// proofAge is how young a proof must be for a step that could cost somebody their account.
const proofAge = 5 * time.Minute

// proven refuses a sensitive step about one's own account by a token whose proof is old, or lacks a second
// factor as young where the person has one. The answer is the step-up challenge of RFC 9470 §3, with the claims request
// that the vendor's clients hand back to the authorization endpoint.
func (c *call) proven(ctx context.Context, u *user) error {
	if fresh, err := c.freshly(ctx, u); fresh || err != nil {
		return err
	}
	claims := base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"auth_time":{"essential":true}}}`))
	return &Error{Status: http.StatusUnauthorized, Code: "interactionRequired",
		Message: "This step needs a sign-in that is less than 5 minutes old. Sign in again with prompt=login.",
		Header: map[string]string{"WWW-Authenticate": `Bearer realm="", error="insufficient_user_authentication", ` +
			`error_description="A more recent authentication is required", max_age="300", claims="` + claims + `"`}}
}

// own reports whether the call is about the caller's own account.
func (c *call) own(u *user) bool {
	return c.caller.UserID != "" && strings.EqualFold(c.caller.UserID, u.ID)
}

// guarded lets a change of how somebody proves who they are through: an administrator must outrank them, and
// people themselves must just have proven it, in a way that policies about such changes accept.
func (c *call) guarded(ctx context.Context, u *user, own bool) error {
	if own {
		if err := c.permitted(ctx, u, policy.RegisterSecurityInfo); err != nil {
			return err
		}
		return c.proven(ctx, u)
	}
	return mayCommand(ctx, c, u.ID)
}

type passwordChange struct {
	Current string `json:"currentPassword"`
	New     string `json:"newPassword"`
	Portico struct {
		KeepSessions bool `json:"keepSessions"`
	} `json:"portico"`
}

// changePassword is for people themselves: who holds only their token does not get far without the present
// password, which is counted by the same lock-out as a sign-in. Their other sessions end, unless they say
// otherwise, and a notice goes to their address.
func (a *API) changePassword(ctx context.Context, c *call, u *user) (*response, error) {
	if !c.own(u) {
		return nil, denied()
	}
	var in passwordChange
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Current == "" || len(in.Current) > 1024:
		return nil, badRequest("A value is required for parameter 'currentPassword'.", "currentPassword")
	case in.New == "":
		return nil, badRequest("A value is required for parameter 'newPassword'.", "newPassword")
	}
	if err := c.permitted(ctx, u, policy.ChangePassword); err != nil { // before a guess of the present one is counted, or told
		return nil, err
	}
	if err := c.tenant.TryPassword(ctx, u.ID, "currentPassword", in.Current, a.Passwords.Verify); err != nil {
		return nil, err
	}
	if in.New == in.Current {
		return nil, invalidValue("newPassword", ": it is the present one")
	}
	hash, err := a.hash(ctx, c, u, in.New)
	if err != nil {
		return nil, inParameter(err, "newPassword")
	}
	err = c.tenant.InTx(ctx, func(t *models.Tenant) error {
		if err := t.SetPassword(ctx, c.actor(), u.ID, models.PasswordChange{Hash: hash}); err != nil {
			return err
		}
		if !in.Portico.KeepSessions {
			if err := t.KeepOnly(ctx, c.actor(), u.ID, session.Session{SID: c.caller.SID}, time.Time{}, false); err != nil {
				return err
			}
		}
		return tellPassword(ctx, t, u)
	})
	if err != nil {
		return nil, err
	}
	return noContent(), nil
}

// inParameter names the action's parameter in a complaint about a property.
func inParameter(err error, name string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Target = name
	}
	return err
}

// tellPassword queues "your password was changed" to the person's own address.
func tellPassword(ctx context.Context, t *models.Tenant, u *user) error {
	return message.PostPasswordChanged(ctx, t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now()}, t.Now())
}
