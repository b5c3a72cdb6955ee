package admin

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/openid"
	"portico/models"
	views "portico/views/admin"
)

// SigningKeys are the keys that a tenant's tokens are signed with; the provider has them.
type SigningKeys interface {
	Keys(ctx context.Context, tenantID string) ([]openid.KeyInfo, error)
	RotateKeys(ctx context.Context, by audit.Actor, tenantID string, immediately bool) error
}

// signs reports whether k is the one of its algorithm that signs now: the newest that may.
func signs(k openid.KeyInfo, all []openid.KeyInfo, now time.Time) bool {
	may := func(k openid.KeyInfo) bool {
		return !now.Before(k.SignFrom) && (k.RetireAt.IsZero() || now.Before(k.RetireAt))
	}
	for _, other := range all {
		if other.Alg == k.Alg && may(other) && other.SignFrom.After(k.SignFrom) {
			return false
		}
	}
	return may(k)
}

// keyState says what a key is good for.
func keyState(k openid.KeyInfo, all []openid.KeyInfo, now time.Time) views.Cell {
	switch {
	case !k.RetireAt.IsZero() && !k.RetireAt.After(k.CreatedAt):
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Revoked", Sub: "Nothing that it signed counts"}
	case !k.RetireAt.IsZero() && !now.Before(k.RetireAt):
		return badge("neutral", "Retired")
	case now.Before(k.SignFrom):
		return views.Cell{Kind: views.Badge, Tone: "info", Text: "Next", Sub: "Published, does not sign yet"}
	case signs(k, all, now):
		return badge("ok", "Signs")
	}
	return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Former", Sub: "Published for the tokens that it signed"}
}

func (p *Portal) keysSection(v *visit) []views.Section {
	if p.Keys == nil {
		return nil
	}
	return []views.Section{{ID: "keys", Title: "Signing keys", Lead: "What this tenant signs its tokens with. They are replaced by themselves from time to time.",
		Action: &views.Link{Label: "See the signing keys", Href: v.base() + "/settings/keys"}}}
}

func (p *Portal) keyList(c *fiber.Ctx) error {
	v := visitOf(c)
	all, err := p.Keys.Keys(c.UserContext(), v.tenant.ID)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Signing keys", "What this tenant signs its tokens with.", views.Help{
		What: "Applications read the public halves from the tenant's key set and check tokens with them.",
		Do:   "Nothing, usually: keys are replaced by themselves. Replace them at once when somebody else may know one."},
		views.Link{Label: "Tenant settings", Href: v.base() + "/settings"})
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Signing keys", Columns: []views.Column{{Label: "Key ID (kid)"}, {Label: "Algorithm"}, {Label: "State"}, {Label: "Made"}, {Label: "Signs from"}, {Label: "Retired from"}}}
	for _, k := range all {
		retired := views.Cell{Text: "Not yet set", Tone: "soft"}
		if !k.RetireAt.IsZero() {
			retired = when(k.RetireAt)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{code(k.ID), code(k.Alg), keyState(k, all, p.Now()), when(k.CreatedAt), when(k.SignFrom), retired}})
	}
	sections := []views.Section{{ID: "keys", Title: "Keys", Table: t, Empty: "None yet. The first sign-in makes them."}}
	if len(all) > 0 && v.may(access.OrganizationWrite) {
		sections[0].Buttons = []views.Action{{Label: "Rotate now", Href: v.base() + "/settings/keys/rotate"}}
		sections = append(sections, views.Section{ID: "danger", Title: "A key may be known to others", Danger: true,
			Lead:    "Only then: tokens that the present keys signed are refused from that moment on.",
			Buttons: []views.Action{{Label: "Replace at once", Href: v.base() + "/settings/keys/replace", Danger: true}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

// keyConfirm is the page before keys change; immediately is the way for a key that others may know.
func (p *Portal) keyConfirm(immediately bool) fiber.Handler {
	title, path, submit := "Rotate the signing keys?", "/rotate", "Rotate now"
	what := []string{"A new key is published at once for each algorithm in use. It signs after 24 hours, when applications have had time to read it.",
		"The present keys sign until then, and stay published until the last token that they signed has expired.",
		"Nobody is signed out, and no application needs a change.",
		"Where a rotation is under way already, no second one begins."}
	if immediately {
		title, path, submit = "Replace the signing keys at once?", "/replace", "Replace at once"
		what = []string{"New keys sign from this moment on, and every former key leaves the key set.",
			"ID tokens and access tokens that a former key signed are refused. Applications get new ones with their refresh tokens.",
			"An application that keeps a copy of the key set refuses new tokens until it reads the key set again.",
			"This cannot be undone. If no key is known to others, rotate instead."}
	}
	return func(c *fiber.Ctx) error {
		v := visitOf(c)
		keys := v.base() + "/settings/keys"
		s, err := p.shell(c, title, "", views.Help{}, views.Link{Label: "Tenant settings", Href: v.base() + "/settings"}, views.Link{Label: "Signing keys", Href: keys})
		if err != nil {
			return err
		}
		return p.confirm(c, s, views.Confirm{Consequences: what, Form: views.Form{Action: keys + path, Submit: submit, Danger: immediately, Cancel: keys}})
	}
}

func (p *Portal) keyRotate(immediately bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := visitOf(c)
		before, err := p.Keys.Keys(c.UserContext(), v.tenant.ID)
		if err != nil {
			return err
		}
		if err := p.Keys.RotateKeys(c.UserContext(), v.actor(c), v.tenant.ID, immediately); err != nil {
			return err
		}
		after, err := p.Keys.Keys(c.UserContext(), v.tenant.ID)
		if err != nil {
			return err
		}
		name, keys := v.dir.Tenant.Name, v.base()+"/settings/keys"
		switch {
		case len(after) == len(before):
			return p.doneWith(c, keys, models.PortalFlash{Kind: "warn", Text: "Nothing changed for “" + name + "”: " + choose(len(before) == 0, "it has no keys yet.", "a rotation is under way already.")})
		case immediately:
			return p.done(c, keys, "The signing keys of “"+name+"” are replaced.")
		}
		return p.done(c, keys, "New signing keys of “"+name+"” are published. They sign after 24 hours.")
	}
}
