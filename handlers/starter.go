package handlers

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/session"
	"portico/app/signin"
	"portico/models"
)

// Starter opens a sign-in attempt for a protocol and answers the browser: a 303 to the first page that
// is due or, when nothing is due or prompt=none forbids pages, the protocol's own answer made by its
// Issuer. handlers/hosted implements it; the protocol handlers hold it as this interface.
type Starter interface {
	Start(c *fiber.Ctx, dir *models.Directory, r signin.Request) error
}

// Answer sends an attempt's outcome to the browser.
type Answer interface {
	Answer(c *fiber.Ctx, o signin.Outcome) error
}

// Leaver leads whoever has just been signed out here on to the identity provider that vouched for them, where the tenant
// wants that. handlers/hosted implements it.
type Leaver interface {
	// LeaveUpstream says where the browser goes in place of next, which it comes to afterwards ("" = a page that says that
	// it is done); "" = there is no such place, or it cannot be found out now.
	LeaveUpstream(c *fiber.Ctx, dir *models.Directory, ended session.Session, next string) string
	// LeavesTo are the places that a form leads to which signs out of a session, for the page's form-action.
	LeavesTo(dir *models.Directory, s session.Session) []string
}
