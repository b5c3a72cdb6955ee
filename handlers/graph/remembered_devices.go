package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/fault"
)

// rememberedDevices are the browsers on which somebody is not asked for a second factor for a while. Graph has no
// such resource, so they stand under the person in beta only.
func rememberedDevices(read, write []access.Permission, ownRead, ownWrite []string) []action[user] {
	const path = "portico/rememberedDevices"
	betaOnly := func(run func(context.Context, *call, *user) (*response, error)) func(context.Context, *call, *user) (*response, error) {
		return func(ctx context.Context, c *call, u *user) (*response, error) {
			if c.version != "beta" {
				return nil, noSegment("portico")
			}
			return run(ctx, c, u)
		}
	}
	return []action[user]{
		{method: http.MethodGet, path: path, need: read, own: ownRead, run: betaOnly(func(ctx context.Context, c *call, u *user) (*response, error) {
			all, err := c.tenant.RememberedDevices(ctx, u.ID)
			if err != nil {
				return nil, err
			}
			shown := []object{}
			for _, d := range all {
				shown = append(shown, object{{"id", d.ID}, {"displayName", d.Name}, {"methods", list[string](d.Methods)}, {"authenticatedDateTime", stamp(d.MFATime)},
					{"createdDateTime", stamp(d.CreatedAt)}, {"lastUsedDateTime", stamp(d.LastUsedAt)}, {"expirationDateTime", stamp(d.ExpiresAt)}})
			}
			return c.small(ctx, "users('"+u.ID+"')/portico/rememberedDevices", shown)
		})},
		{method: http.MethodDelete, path: path + "/{device}", need: write, own: ownWrite, run: betaOnly(func(ctx context.Context, c *call, u *user) (*response, error) {
			id, there := strings.ToLower(c.params["device"]), false
			devices, err := c.tenant.RememberedDevices(ctx, u.ID)
			if err != nil {
				return nil, err
			}
			for _, d := range devices {
				there = there || d.ID == id
			}
			if !there {
				return nil, fault.New(fault.NotFound, "error.not_found")
			}
			return emptied(c.tenant.ForgetDevice(ctx, c.actor(), u.ID, id))
		})},
	}
}
