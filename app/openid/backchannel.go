package openid

import (
	"context"
	"encoding/json"
	"fmt"

	"portico/app/fault"
	"portico/app/outbox"
	"portico/app/tenant"
)

// Deliver sends one back-channel logout notice (OpenID Connect Back-Channel Logout 1.0 §2.5): post
// makes the form POST through the hardened client and gives its status. The token is made at each try,
// because it lives two minutes and a retry may come an hour later.
func (p *Provider) Deliver(realm func(ctx context.Context, tenantID string) (*Realm, error),
	post func(ctx context.Context, tenantSlug, url, logoutToken string) (status int, err error)) outbox.Deliver {
	return func(ctx context.Context, it outbox.Item) error {
		var n Notice
		if err := json.Unmarshal(it.Payload, &n); err != nil {
			return outbox.Permanent(err)
		}
		r, err := realm(tenant.Through(ctx, n.Host), n.TenantID)
		if fault.Is(err, fault.NotFound) {
			return outbox.Permanent(err)
		}
		if err != nil {
			return err
		}
		to, token, err := p.LogoutToken(ctx, r, n)
		if err != nil || to == "" {
			return err
		}
		status, err := post(ctx, r.Tenant.Slug, to, token)
		switch {
		case err != nil:
			return err
		case status >= 200 && status < 300:
			return nil
		case status >= 400 && status < 500 && status != 408 && status != 429:
			return outbox.Permanent(fmt.Errorf("the app answered %d", status)) // §2.8: it will not change its mind
		}
		return fmt.Errorf("the app answered %d", status)
	}
}
