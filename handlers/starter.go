package handlers

import (
	"github.com/gofiber/fiber/v2"

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
