package models

import (
	"context"
	"encoding/json"
	"slices"

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
			if err := t.noticeSignOut(ctx, dir, l, sid); err != nil {
				return err
			}
		}
		return nil
	})
}

// noticeSignOut queues the notice for one app, if it wants one.
func (t *Tenant) noticeSignOut(ctx context.Context, dir *Directory, l openid.SessionClient, sid string) error {
	c, ok := dir.Clients[l.ClientID]
	if !ok || !c.Enabled || c.BackChannelLogoutURI == "" {
		return nil
	}
	payload, err := json.Marshal(openid.Notice{TenantID: t.ID, ClientID: l.ClientID, UserID: l.UserID, SID: sid, Host: l.Host})
	if err != nil {
		return err
	}
	return t.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.BackChannelLogout, TenantID: t.ID, Payload: payload})
}

// signOutOf tells one app that a person's sessions with it are over, in each single sign-on session that reached it;
// the sessions themselves go on. It comes before the app's grants are ended, which say where it is signed in.
func (t *Tenant) signOutOf(ctx context.Context, userID, clientID string) error {
	dir, err := t.Directory(ctx, t.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var live, joined []string
	err = t.q(ctx).Model(&OpenIDGrantRow{}).Where("user_id = ? AND client_id = ? AND code_used_at IS NOT NULL AND revoked_at IS NULL AND sid <> ''", userID, clientID).
		Distinct("sid").Limit(200).Pluck("sid", &live).Error
	if err != nil {
		return err
	}
	err = t.q(ctx).Model(&SessionClientRow{}).Where("client_id = ? AND sid IN (?)", clientID,
		t.q(ctx).Model(&SessionRow{}).Select("sid").Where("user_id = ? AND revoked_at IS NULL", userID)).Limit(200).Pluck("sid", &joined).Error
	if err != nil {
		return err
	}
	sids := append(live, joined...)
	slices.Sort(sids)
	sids = slices.Compact(sids)
	for _, sid := range sids {
		if err := t.noticeSignOut(ctx, dir, openid.SessionClient{ClientID: clientID, UserID: userID}, sid); err != nil {
			return err
		}
	}
	// Signing out later tells it no second time.
	return t.u(ctx).Where("client_id = ? AND sid IN ?", clientID, sids).Delete(&SessionClientRow{}).Error
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
