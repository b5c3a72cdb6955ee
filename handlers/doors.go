package handlers

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
)

// doors.go: which host a request came to (ADR 0015). The Host header chooses among the installation's own address and the
// verified hosts of tenants; it is never written anywhere. X-Forwarded-Host is not read: a proxy passes Host on.

// Hosts knows which tenant answers at a host of its own.
type Hosts interface {
	models.Directories
	// TenantAt gives the tenant's id; fault.NotFound when no tenant answers there.
	TenantAt(ctx context.Context, host string) (string, error)
}

// TrialPath is where a host shows that requests to it come out here.
const TrialPath = "/.well-known/portico-host"

// door notes the host that a request came to. At a tenant's own host the tenant's name in the path is optional: what does not
// begin with it is put below it, so that no other tenant and nothing of the installation's is ever reached there.
func (w *Web) door(c *fiber.Ctx) error {
	header := string(c.Request().Header.Host())
	if w.Hosts == nil || w.installation(c, header) || probe(c.Path()) {
		c.SetUserContext(tenant.Through(c.UserContext(), ""))
		return nil
	}
	host := tenant.HostOf(header)
	id, err := w.Hosts.TenantAt(c.UserContext(), host)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			InfoOf(c).stranger = header
		}
		return err
	}
	dir, err := w.Hosts.Directory(c.UserContext(), id)
	if err != nil {
		return err
	}
	c.SetUserContext(tenant.Through(c.UserContext(), host))
	SetDirectory(c, dir) // whatever fails from here on is this tenant's page, an address that nobody knows too
	path := c.Path()
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case under(path, "/admin"), under(path, "/dev"), under(path, "/demo"):
		return fault.New(fault.NotFound, "error.not_found")
	case strings.HasPrefix(path, "/static/"), path == "/favicon.ico", path == "/robots.txt", path == TrialPath, graphPath(path), dir.Tenant.Match(first):
	case path == "/" || path == "":
		c.Path("/" + dir.Tenant.Slug + "/account")
	default:
		c.Path("/" + dir.Tenant.Slug + path)
	}
	return nil
}

// probe paths are asked for by whatever watches this machine, under any name.
func probe(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// installation reports whether a Host header means the installation itself: its base URL, the portal's host, or a loopback
// name from this very machine (a proxy beside us that passes no Host on; a developer).
func (w *Web) installation(c *fiber.Ctx, header string) bool {
	host := tenant.HostOf(header)
	switch {
	case header == "": // HTTP/1.0
		return true
	case host == "":
		return false
	case w.BaseURL != nil && strings.EqualFold(host, w.BaseURL.Hostname()), w.AdminHost != "" && strings.EqualFold(host, hostname(w.AdminHost)):
		return true
	}
	return loopbackHost(host) && peerAddr(c).IsLoopback()
}
