package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/record"
	"portico/models"
	view "portico/views/demo"
)

// Client is how one sample application is registered at the provider.
type Client struct {
	Slug     string // market, auto, home
	Issuer   string // {base}/{tenant id}/v2.0
	ClientID string
	Secret   string // empty for the public client
}

// Person is a sample customer to try.
type Person struct{ Name, Email, Place string }

// Message is one captured mail or text message. The JSON form is a contract (DESIGN §7).
type Message struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`
	Channel   string    `json:"channel"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Code      string    `json:"code"`
	CreatedAt time.Time `json:"createdDateTime"`
}

// Mailbox is where the captured messages are; to "" lists everybody's. Newest first.
type Mailbox interface {
	Mailbox(ctx context.Context, to string, limit int) ([]models.MailboxRow, error)
	MailboxMessage(ctx context.Context, id string) (models.MailboxRow, bool, error)
}

// Sessions keeps the applications' own sessions; models.Store does.
type Sessions interface {
	SaveDemoSession(ctx context.Context, r models.DemoSessionRow) error
	DemoSession(ctx context.Context, app, id string) (models.DemoSessionRow, bool, error)
	EndDemoSession(ctx context.Context, app, id string) error
	EndDemoSessions(ctx context.Context, app, sid, subject string) (int64, error)
}

// SignIns finds the records of sign-ins, whatever their tenant: development has no secrets from its
// developer.
type SignIns interface {
	SignInRecord(ctx context.Context, id string) (record.SignIn, error)
	SignInsByCorrelation(ctx context.Context, correlationID string) ([]record.SignIn, error)
}

// Deps is what the sample world needs.
type Deps struct {
	Development bool   // New panics when false
	BaseURL     string // where the browser reaches us
	Sessions    Sessions
	SignIns     SignIns
	Mailbox     Mailbox
	// Clients gives the registrations; an empty list means that the sample company is not there (yet).
	Clients func(ctx context.Context) ([]Client, error)
	// Claims says where the claims of an app's own configuration come from, by their names; nil = there are none.
	Claims func(ctx context.Context, slug string) (map[string]string, error)
	// Loyalty is the app id of the sample company's own API; "" = it is not served.
	Loyalty string
	People  func() []Person
	HTTP    *http.Client // trusts our own certificate when TLS is local
	Now     func() time.Time
	Random  func([]byte) // fills with random bytes
}

// Site is the mounted sample world.
type Site struct {
	Deps
	cssPath string
	secure  bool

	mu        sync.Mutex
	providers map[string]*provider // by slug and registration
}

// New prepares the sample world. It panics outside development: nobody may mount it by mistake.
func New(d Deps) *Site {
	if !d.Development {
		panic("demo: the sample applications exist in development only")
	}
	sum := sha256.Sum256(view.CSS())
	return &Site{Deps: d, cssPath: "/demo/style-" + hex.EncodeToString(sum[:6]) + ".css",
		secure: strings.HasPrefix(d.BaseURL, "https:"), providers: map[string]*provider{}}
}

// Mount adds the routes. The request stack answers /demo and /dev to loopback peers only.
func (s *Site) Mount(r fiber.Router) {
	r.Get(s.cssPath, s.style)
	r.Get("/demo", s.landing)
	r.Get("/demo/", func(c *fiber.Ctx) error { return c.Redirect("/demo", fiber.StatusSeeOther) })
	for _, a := range apps() {
		p := "/demo/" + a.slug
		r.Get(p, s.with(a, s.home))
		r.Get(p+"/signin", s.with(a, s.signIn))
		r.Get(p+"/callback", s.with(a, s.callback))
		r.Get(p+"/signed-out", s.with(a, s.signedOut))
		r.Post(p+"/refresh", s.with(a, s.refresh))
		r.Post(p+"/userinfo", s.with(a, s.userinfo))
		r.Post(p+"/signout", s.with(a, s.signOut))
		r.Post(p+"/signout-local", s.with(a, s.signOutLocal))
		r.Post(p+"/backchannel", s.with(a, s.backChannel))
	}
	if s.Loyalty != "" {
		r.Post("/demo/loyalty", s.loyalty)
	}
	r.Get("/dev/mailbox", s.mailbox)
	r.Get("/dev/mailbox.json", s.mailboxJSON)
	r.Get("/dev/mailbox/:id", s.message)
	r.Get("/dev/mailbox/:id/html", s.messageHTML)
	r.Get("/dev/signins", s.signInsByCorrelation)
	r.Get("/dev/signins/:id", s.signInRecord)
}

func (s *Site) style(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return c.Send(view.CSS())
}

func (s *Site) shell(title, theme, current string) view.Shell {
	nav := []view.Link{{Label: "Fernhill Group", URL: "/demo"}}
	for _, a := range apps() {
		nav = append(nav, view.Link{Label: a.short, URL: "/demo/" + a.slug})
	}
	nav = append(nav, view.Link{Label: "Mailbox", URL: "/dev/mailbox"}, view.Link{Label: "Admin portal", URL: "/admin"})
	for i := range nav {
		nav[i].Current = nav[i].URL == current
	}
	return view.Shell{Title: title, Theme: theme, CSS: s.cssPath, Nav: nav}
}
