package models

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/federation"
	"portico/app/session"
	"portico/app/signin"
)

// federated.go: what an identity provider's word changes about people and their sessions.

func upstreamContext(sid string) string { return "session upstream:" + sid }

// sealUpstream packs the session at the provider; nil when a session stands on none.
func (s *Store) sealUpstream(of session.Session) ([]byte, error) {
	if of.Upstream.Provider == "" {
		return nil, nil
	}
	plain, err := json.Marshal(of.Upstream)
	if err != nil {
		return nil, err
	}
	return s.seal.Seal(plain, upstreamContext(of.SID))
}

func (s *Store) openUpstream(r SessionRow) (session.Upstream, error) {
	u := session.Upstream{Provider: r.Provider}
	if len(r.Upstream) == 0 {
		return u, nil
	}
	plain, err := s.seal.Open(r.Upstream, upstreamContext(r.SID))
	if err != nil { // sealed under a secret that was lost: the session goes on, and ends here alone
		return u, nil
	}
	if err := json.Unmarshal(plain, &u); err != nil {
		return u, badJSON("session upstream", r.SID, err)
	}
	u.Provider = r.Provider
	return u, nil
}

// Link adds an identity to a person in their own name, if there is one, and notes that their address is proven. What somebody else may have put there before the address was
// proven is wiped in the same transaction: password and methods, other identities, sessions, tokens and remembered
// devices, and proofs that are under way (sessions-valid-from).
func (s signInStore) Link(ctx context.Context, userID string, l signin.Linking) error {
	actor, what := person(userID, "", l.IP, l.Correlation), "Connect identity provider"
	if l.Identity.Value == "" {
		what = "Prove email address of user"
	}
	return s.InTx(ctx, func(t *Tenant) error {
		if l.Wipe {
			if err := t.SignOutUser(ctx, userID, what); err != nil {
				return err
			}
			if err := t.RemoveCredentials(ctx, actor, userID); err != nil {
				return err
			}
		}
		_, err := t.editUser(ctx, actor, userID, what, func(u *User) error {
			if l.Wipe {
				u.Identities = slices.DeleteFunc(u.Identities, func(i account.Identity) bool {
					return i.SignInType != account.SignInEmail || i.Canonical != l.Email
				})
				u.FirstFactor, u.MustChangePassword, u.MobilePhone = "", false, ""
				for _, i := range u.Identities {
					u.Mail = i.Value
				}
				if l.At.After(u.SessionsValidFrom) {
					u.SessionsValidFrom = l.At
				}
			}
			if mail, err := account.CanonicalEmail(u.Mail); l.Proven && err == nil && mail == l.Email {
				u.MailVerified, u.MailVouched = true, false
			}
			if l.Identity.Value != "" {
				u.Identities = append(u.Identities, l.Identity)
			}
			return nil
		})
		return err
	})
}

// CameBy notes an identity's name at its provider and, unless at is zero, its use. It changes nothing of what the person may do.
func (s signInStore) CameBy(ctx context.Context, userID string, i account.Identity, called string, at time.Time) error {
	columns := map[string]any{}
	if called != "" {
		columns["called"] = called
	}
	if !at.IsZero() {
		columns["last_used_at"] = micro(at)
	}
	if len(columns) == 0 {
		return nil
	}
	return s.u(ctx).Model(&IdentityRow{}).Where("user_id = ? AND sign_in_type = ? AND issuer = ? AND canonical = ?", userID, i.SignInType, i.Issuer, i.Canonical).
		UpdateColumns(columns).Error
}

// EndProviderSessions ends every session that stands on an identity provider, and what it gave to apps, and says how many
// sessions there were. Tokens that outlived their session end too.
func (t *Tenant) EndProviderSessions(ctx context.Context, actor audit.Actor, providerID string) (int, error) {
	ended := 0
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r ProviderRow
		if err := t.q(ctx).Omit("secret", "key").Where("id = ?", providerID).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		p, err := r.provider()
		if err != nil {
			return audit.Event{}, err
		}
		ended, err = t.endSessionsBy(ctx, "Identity provider signed everybody out", "provider = ?", providerID)
		return audit.Event{Activity: "Revoke sign-in sessions of identity provider", Category: "Policy", Operation: "Update",
			Target: audit.Target{Kind: "identityProvider", ID: providerID, Name: p.Name}}, err
	})
	return ended, err
}

// endDisconnected signs a person out wherever they came in by a provider of which an identity is taken from them: whoever
// holds that identity, perhaps not they, is to be out at once. Which identity of the provider a session stands on is not
// told apart, so all of its sessions end, the one at hand included.
func (t *Tenant) endDisconnected(ctx context.Context, before, after User) error {
	const why = "Identity was disconnected"
	for _, gone := range before.Identities {
		if gone.SignInType != account.SignInFederated || slices.ContainsFunc(after.Identities, func(i account.Identity) bool {
			return i.SignInType == gone.SignInType && i.Issuer == gone.Issuer && i.Canonical == gone.Canonical
		}) {
			continue
		}
		all, _, err := t.providerSet(ctx)
		if err != nil {
			return err
		}
		for _, p := range all {
			if !federation.Keeps(*p, gone.Issuer) {
				continue
			}
			if _, err := t.endSessionsBy(ctx, why, "provider = ? AND user_id = ?", p.ID, before.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// endSessionsBy ends the sessions and grants of which the condition is true, inside the caller's transaction.
func (t *Tenant) endSessionsBy(ctx context.Context, why, where string, args ...any) (int, error) {
	var sids []string
	if err := t.q(ctx).Model(&SessionRow{}).Where("revoked_at IS NULL").Where(where, args...).Pluck("sid", &sids).Error; err != nil {
		return 0, err
	}
	for _, sid := range sids {
		if err := t.EndSession(ctx, sid, why, t.Now()); err != nil {
			return 0, err
		}
		if err := t.SignOutApps(ctx, sid, why); err != nil {
			return 0, err
		}
	}
	return len(sids), t.u(ctx).Model(&OpenIDGrantRow{}).Where("revoked_at IS NULL").Where(where, args...).
		UpdateColumns(map[string]any{"revoked_at": t.Now(), "revoked_for": why}).Error
}
