package admin

import (
	"cmp"

	"github.com/gofiber/fiber/v2"

	"portico/models"
	views "portico/views/admin"
)

// rememberedSection lists where a person is not asked for a second factor for a while.
func (v *visit) rememberedSection(c *fiber.Ctx, u models.User, may bool) (views.Section, error) {
	s := views.Section{ID: "remembered", Title: "Remembered devices", Lead: "Where this person ticked “Don’t ask again on this device”. Risk and policies that want a second factor each time ask all the same."}
	list, err := v.tenant.RememberedDevices(c.UserContext(), u.ID)
	if err != nil {
		return s, err
	}
	s.Empty = "None. Another password, a removed second factor and ended sessions forget them all."
	s.Table = &views.Table{Caption: "Remembered devices", Columns: []views.Column{{Label: "Device"}, {Label: "Confirmed with"}, {Label: "Since"}, {Label: "Last used"}, {Label: "Until"}}, Actions: may}
	post := v.userBase(u) + "/devices/forget"
	for _, d := range list {
		var with []string
		for _, kind := range d.Methods {
			with = append(with, methodWord(kind))
		}
		name := cmp.Or(d.Name, "Unknown device")
		row := views.Row{Cells: []views.Cell{plain(name), {Kind: views.Lines, List: with}, when(d.MFATime), when(d.LastUsedAt), when(d.ExpiresAt)}}
		if may {
			row.Actions = []views.Action{{Label: "Forget", About: name, Post: post, Fields: map[string]string{"id": d.ID}}}
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	if may && len(list) > 1 {
		s.Buttons = []views.Action{{Label: "Forget all devices", About: userName(u), Post: post}}
	}
	return s, nil
}

// userDeviceForget forgets one remembered device of a person, or all of them.
func (p *Portal) userDeviceForget(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	back := v.userBase(u) + "/sessions"
	if id := typed(c, "id"); id != "" {
		if err := v.tenant.ForgetDevice(c.UserContext(), v.actor(c), u.ID, id); err != nil {
			return err
		}
		return p.done(c, back, "“"+userName(u)+"” is asked again on that device.")
	}
	n, err := v.tenant.ForgetDevices(c.UserContext(), v.actor(c), u.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return p.doneWith(c, back, models.PortalFlash{Kind: "info", Text: "No device of “" + userName(u) + "” was remembered any more."})
	}
	return p.done(c, back, "“"+userName(u)+"” is asked again on every device.")
}
