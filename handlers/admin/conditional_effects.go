package admin

import (
	"github.com/gofiber/fiber/v2"

	"portico/app/policy"
	views "portico/views/admin"
)

// policyEffects are what the policies of a tenant did lately, by policy.
type policyEffects map[string]policyEffect

// policyEffect is what became of sign-ins by one policy in the last seven days.
type policyEffect struct {
	SignIns     int64 // that were looked at
	Applied     int64
	Refused     int64 // or would have been
	Asked       int64 // for more, or would have been
	Fulfilled   int64
	ReportsOnly bool
}

func (p *Portal) effectsOf(c *fiber.Ctx, v *visit) (policyEffects, error) { return nil, nil }

// says is the effect in one line; empty when nothing is known.
func (e policyEffects) says(v *visit, x policy.Policy) string { return "" }

// page is the effect for the policy's own page; nil when nothing is known.
func (e policyEffects) page(v *visit, x policy.Policy) *views.PolicyEffect { return nil }
