package handlers

import (
	"github.com/gofiber/fiber/v2"

	"portico/models"
)

const directoryKey = "portico.directory"

// WithDirectory resolves the first path segment (":tenant") to a tenant's snapshot, as it is seen at the host that the request
// came to. An unknown or disabled tenant is an ordinary not-found, and so is one that does not answer at this host.
func WithDirectory(d models.Directories) fiber.Handler {
	return func(c *fiber.Ctx) error {
		dir, err := d.Directory(c.UserContext(), c.Params("tenant"))
		if err != nil {
			return err
		}
		if dir, err = dir.Seen(c.UserContext()); err != nil {
			return err
		}
		c.Locals(directoryKey, dir)
		return c.Next()
	}
}

// WithDirectoryAnywhere is WithDirectory for the few addresses that go on answering where the tenant does not: other companies
// have noted them down, and the portal tries providers there.
func WithDirectoryAnywhere(d models.Directories) fiber.Handler {
	return func(c *fiber.Ctx) error {
		dir, err := d.Directory(c.UserContext(), c.Params("tenant"))
		if err != nil {
			return err
		}
		c.Locals(directoryKey, dir.SeenAnyway(c.UserContext()))
		return c.Next()
	}
}

// AnswersHere refuses what WithDirectoryAnywhere has let in, where the tenant does not answer.
func AnswersHere(c *fiber.Ctx) error {
	_, err := DirectoryOf(c).Seen(c.UserContext())
	return err
}

// DirectoryOf gives the snapshot that WithDirectory found.
func DirectoryOf(c *fiber.Ctx) *models.Directory {
	if d, ok := c.Locals(directoryKey).(*models.Directory); ok {
		return d
	}
	panic("handlers: no tenant on this route")
}

// SetDirectory gives the rest of the request a newer snapshot.
func SetDirectory(c *fiber.Ctx, dir *models.Directory) {
	c.Locals(directoryKey, dir.SeenAnyway(c.UserContext()))
}
