package account

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/handlers"
	views "portico/views/account"
)

// cameFrom remembers, for this session, the app that a link's client_id names. It is a name and not an
// address: where "back" leads is the app's own registered homepage, or nowhere.
func (p *Pages) cameFrom(c *fiber.Ctx) error {
	id := c.Query("client_id")
	if id == "" || len(id) > 64 {
		return nil
	}
	if client, ok := visitOf(c).dir.Clients[id]; !ok || !client.Enabled {
		return nil
	}
	return p.seal(c, "app", id)
}

// backToApp is the way back to the app that the person came from.
func (p *Pages) backToApp(c *fiber.Ctx) (views.Link, error) {
	v, id := visitOf(c), c.Query("client_id")
	if id == "" && !p.open(c, "app", &id) {
		return views.Link{}, nil
	}
	client, ok := v.dir.Clients[id]
	if !ok || !client.Enabled {
		return views.Link{}, nil
	}
	app, err := v.t.ApplicationByClient(c.UserContext(), id)
	if fault.Is(err, fault.NotFound) {
		return views.Link{}, nil
	}
	if err != nil {
		return views.Link{}, err
	}
	home, err := url.Parse(app.Spec.HomepageURL)
	if err != nil || home.Host == "" || !strings.EqualFold(home.Scheme, "https") && !strings.EqualFold(home.Scheme, "http") {
		return views.Link{}, nil
	}
	return views.Link{Text: handlers.InfoOf(c).Locale.T("account.back_to_app", map[string]any{"app": app.Name}), Href: home.String()}, nil
}
