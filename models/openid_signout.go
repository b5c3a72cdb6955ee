package models

import (
	"context"
	"encoding/json"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/outbox"
)

// SignOutApps ends what a single sign-on session gave to apps, and queues the notice for each app that
// wants one (OpenID Connect Back-Channel Logout 1.0 §2.5). Whoever ends a session calls it, in the same
// transaction where there is one. Ending it again tells nobody twice.
func (t *Tenant) SignOutApps(ctx context.Context, sid, reason string) error {
	dir, err := t.Directory(ctx, t.ID)
	if fault.Is(err, fault.NotFound) { // the tenant is switched off: nobody to tell, but the grants end
		dir, err = &Directory{}, nil
	}
	if err != nil {
		return err
	}
	return t.InTx(ctx, func(t *Tenant) error {
		live, err := t.OpenIDSessionClients(ctx, sid)
		if err != nil {
			return err
		}
		if err := t.RevokeOpenIDSession(ctx, sid, reason, t.Now()); err != nil {
			return err
		}
		// Nobody is told twice: ended grants do not count, and this list is done.
		if err := t.u(ctx).Where("sid = ?", sid).Delete(&SessionClientRow{}).Error; err != nil {
			return err
		}
		for _, l := range live {
			c, ok := dir.Clients[l.ClientID]
			if !ok || !c.Enabled || c.BackChannelLogoutURI == "" {
				continue
			}
			payload, err := json.Marshal(openid.Notice{TenantID: t.ID, ClientID: l.ClientID, UserID: l.UserID, SID: sid})
			if err != nil {
				return err
			}
			if err := t.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.BackChannelLogout, TenantID: t.ID, Payload: payload}); err != nil {
				return err
			}
		}
		return nil
	})
}

// SignOutUser ends every session of a person and tells the apps: for an admin who disables, deletes or
// signs somebody out.
func (t *Tenant) SignOutUser(ctx context.Context, userID, reason string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		sids, err := t.EndSessionsOf(ctx, userID, "", reason, t.Now())
		if err != nil {
			return err
		}
		for _, sid := range sids {
			if err := t.SignOutApps(ctx, sid, reason); err != nil {
				return err
			}
		}
		return t.RevokeOpenIDUser(ctx, userID, "", reason, t.Now())
	})
}
