package demo

import (
	"encoding/json"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gofiber/fiber/v2"

	"portico/app/extension"
	"portico/handlers"
)

// loyalty is the sample company's own API behind a custom authentication extension: it checks the caller as any such API
// must, and says how loyal somebody is.
func (s *Site) loyalty(c *fiber.Ctx) error {
	ctx := handlers.Context(c)
	p, err := s.provider(ctx, apps()[0])
	if err != nil {
		return err
	}
	raw, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	if !ok {
		return fiber.ErrUnauthorized
	}
	token, err := p.oidc.Verifier(&oidc.Config{ClientID: s.Loyalty, Now: s.Now}).Verify(ctx, raw)
	if err != nil {
		return fiber.ErrUnauthorized
	}
	var caller struct {
		AZP string `json:"azp"`
	}
	if err := token.Claims(&caller); err != nil || caller.AZP != extension.EventService {
		return fiber.ErrUnauthorized
	}
	var asked extension.Payload
	if err := json.Unmarshal(c.Body(), &asked); err != nil {
		return fiber.ErrBadRequest
	}
	e := extension.TokenIssuanceStart
	action := map[string]any{"@odata.type": e.WireAction(extension.ProvideClaims), "claims": map[string]string{"loyalty_tier": tier(asked)}}
	return c.JSON(map[string]any{"data": map[string]any{"@odata.type": e.ResponseType(), "actions": []any{action}}})
}

// tier is always the same for a person.
func tier(p extension.Payload) string {
	tiers := []string{"bronze", "silver", "gold"}
	sum := 0
	if u := p.Data.Context.User; u != nil {
		for _, b := range []byte(u.ID) {
			sum += int(b)
		}
	}
	return tiers[sum%len(tiers)]
}
