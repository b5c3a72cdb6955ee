package handlers

import (
	"github.com/gofiber/fiber/v2"

	"portico/models"
)

const directoryKey = "portico.directory"

// WithDirectory resolves the first path segment (":tenant") to a tenant's snapshot. An unknown or
// disabled tenant is an ordinary not-found.
func WithDirectory(d models.Directories) fiber.Handler {
	return func(c *fiber.Ctx) error {
		dir, err := d.Directory(c.UserContext(), c.Params("tenant"))
		if err != nil {
			return err
		}
		c.Locals(directoryKey, dir)
		return c.Next()
	}
}

// DirectoryOf gives the snapshot that WithDirectory found.
func DirectoryOf(c *fiber.Ctx) *models.Directory {
	if d, ok := c.Locals(directoryKey).(*models.Directory); ok {
		return d
	}
	panic("handlers: no tenant on this route")
}

// SetDirectory gives the rest of the request a newer snapshot.
func SetDirectory(c *fiber.Ctx, dir *models.Directory) { c.Locals(directoryKey, dir) }
