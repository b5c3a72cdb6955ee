package demo

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"portico/handlers"
	view "portico/views/demo"
)

// app is the character of one sample application.
type app struct {
	slug, name, short, slogan, claim, kind, flow string
	products                                     []view.Product
}

func apps() []app {
	return []app{
		{slug: "market", name: "Fernhill Market", short: "Market", slogan: "Good food from around the corner",
			claim: "A grocery shop. Sign up with an email address and a password.",
			kind:  "Public client: no secret, PKCE", flow: "User flow: email with password",
			products: []view.Product{
				{Name: "Orchard box", Text: "Five kilos of whatever is ripe this week.", Price: "€ 14.50"},
				{Name: "Sourdough loaf", Text: "Baked at four in the morning, so that you need not.", Price: "€ 5.20"},
				{Name: "Fernhill honey", Text: "From forty hives behind the hill.", Price: "€ 8.90"}}},
		{slug: "auto", name: "Fernhill Auto Insurance", short: "Auto Insurance", slogan: "Drive on, we are behind you",
			claim: "Car insurance. Shares the user flow of the market: one account opens both.",
			kind:  "Confidential client: a secret, and PKCE", flow: "User flow: email with password",
			products: []view.Product{
				{Name: "Third party", Text: "What the law asks for, and a person who answers the phone.", Price: "from € 19 a month"},
				{Name: "Comprehensive", Text: "Hail, theft, deer, and your own mistakes.", Price: "from € 41 a month"},
				{Name: "By the mile", Text: "For those who mostly cycle.", Price: "from € 7 a month"}}},
		{slug: "home", name: "Fernhill Home Insurance", short: "Home Insurance", slogan: "Sleep well, we keep watch",
			claim: "Home insurance. No passwords: a code by email is the key.",
			kind:  "Confidential client: a secret, and PKCE", flow: "User flow: one-time code by email",
			products: []view.Product{
				{Name: "Contents", Text: "Everything that would fall out if you turned the house over.", Price: "from € 9 a month"},
				{Name: "Building", Text: "Roof, walls, pipes, and the storm of the century.", Price: "from € 23 a month"},
				{Name: "Bicycle", Text: "Stolen at the station? We have seen it before.", Price: "from € 3 a month"}}},
	}
}

type handler func(c *fiber.Ctx, a app) error

func (s *Site) with(a app, h handler) fiber.Handler {
	return func(c *fiber.Ctx) error { return h(c, a) }
}

// landing is the front door of the sample company.
func (s *Site) landing(c *fiber.Ctx) error {
	ctx := handlers.Context(c)
	clients, err := s.Clients(ctx)
	if err != nil {
		return err
	}
	m := view.Landing{Shell: s.shell("Fernhill Group: sample company", "portico", "/demo"), Mailbox: "/dev/mailbox",
		Admin: "/admin", Pending: len(clients) == 0}
	for _, a := range apps() {
		m.Apps = append(m.Apps, s.card(ctx, c, a))
	}
	if !m.Pending && s.People != nil {
		for _, p := range s.People() {
			m.People = append(m.People, view.Person{Name: p.Name, Email: p.Email, Place: p.Place,
				SignIn: "/demo/market/signin?prompt=login&login_hint=" + escape(p.Email)})
		}
	}
	return handlers.Render(c, fiber.StatusOK, view.LandingPage(m))
}

func (s *Site) card(ctx context.Context, c *fiber.Ctx, a app) view.AppCard {
	card := view.AppCard{Name: a.name, Claim: a.claim, URL: "/demo/" + a.slug, Kind: a.kind, Flow: a.flow, Theme: a.slug}
	if v, ok, err := s.visit(ctx, c, a); err == nil && ok && v.signedIn() {
		card.SignedInAs = v.who()
	}
	return card
}

func (s *Site) others(ctx context.Context, c *fiber.Ctx, a app) []view.AppCard {
	var list []view.AppCard
	for _, o := range slices.DeleteFunc(apps(), func(o app) bool { return o.slug == a.slug }) {
		list = append(list, s.card(ctx, c, o))
	}
	return list
}
