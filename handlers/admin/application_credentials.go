package admin

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/models"
	views "portico/views/admin"
)

// expiryCell says when a credential ends, loudly when that is near.
func expiryCell(at, now time.Time) views.Cell {
	switch {
	case at.IsZero():
		return plain("Never")
	case !at.After(now):
		return views.Cell{Kind: views.Badge, Tone: "danger", Text: "Expired", Sub: at.UTC().Format("2006-01-02")}
	case at.Sub(now) < 30*24*time.Hour:
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "Ends soon", Sub: at.UTC().Format("2006-01-02")}
	}
	return views.Cell{Kind: views.When, Time: at}
}

func secretSection(a models.Application, base string, now time.Time) views.Section {
	t := &views.Table{Caption: "Client secrets", Columns: []views.Column{{Label: "Name"}, {Label: "Begins with"}, {Label: "Made"}, {Label: "Ends"}, {Label: "ID"}}, Actions: true}
	for _, s := range a.Secrets {
		name := s.Name
		if name == "" {
			name = "Secret"
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: name}, code(s.Hint + "…"), when(s.CreatedAt), expiryCell(s.ExpiresAt, now), code(s.ID)},
			Actions: []views.Action{{Label: "Delete", About: name, Href: base + "/credentials/" + s.ID + "/delete", Danger: true}}})
	}
	s := views.Section{ID: "credentials", Title: "Client secrets", Lead: "Several may be valid at a time: make the new one, put it into your app, then delete the old one.",
		Table: t, Empty: "None.", Action: &views.Link{Label: "New client secret", Href: base + "/secrets/new"}}
	switch a.Kind {
	case models.SPAApp:
		s.Lead = "A single-page application cannot keep a secret. It proves itself with PKCE and needs none."
	case models.NativeApp:
		s.Lead = "An installed application cannot keep a secret. It proves itself with PKCE and needs none."
	}
	if a.Kind == models.SPAApp || a.Kind == models.NativeApp {
		if s.Action = nil; len(a.Secrets) == 0 {
			s.Table = nil
		}
	}
	return s
}

func certificateSection(a models.Application, base string, now time.Time) views.Section {
	t := &views.Table{Caption: "Certificates", Columns: []views.Column{{Label: "Name"}, {Label: "Thumbprint (SHA-256)"}, {Label: "Made"}, {Label: "Ends"}}, Actions: true}
	for _, k := range a.Certificates {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: k.Name}, {Kind: views.Code, Text: k.ThumbprintS256, Sub: "SHA-1 " + k.ThumbprintS1}, when(k.CreatedAt), expiryCell(k.ExpiresAt, now)},
			Actions: []views.Action{{Label: "Delete", About: k.Name, Href: base + "/credentials/" + k.ID + "/delete", Danger: true}}})
	}
	s := views.Section{ID: "certificates", Title: "Certificates", Lead: "Stronger than a secret: the app signs a short statement with its private key (private_key_jwt), which never leaves it.",
		Table: t, Empty: "None.", Action: &views.Link{Label: "Add a certificate", Href: base + "/certificates/new"}}
	if len(a.Certificates) == 0 && (a.Kind == models.SPAApp || a.Kind == models.NativeApp) {
		s.Table, s.Action, s.Lead = nil, nil, "Not for this kind of application."
	}
	return s
}

// encryptionSection lists the certificates that passwords are encrypted with for the app's API. Of an app that is nobody's
// API there is nothing to say.
func encryptionSection(a models.Application, base string, now time.Time) views.Section {
	t := &views.Table{Caption: "Encryption certificates", Columns: []views.Column{{Label: "Name"}, {Label: "Key id (kid)"}, {Label: "Thumbprint (SHA-256)"}, {Label: "Ends"}, {Label: "Use"}}, Actions: true}
	found := false
	for _, k := range a.EncryptionKeys {
		use, pick := plain("Not used"), views.Action{Label: "Encrypt with it", About: k.Name, Post: base + "/encryption", Fields: map[string]string{"key": k.ID}}
		actions := []views.Action{pick, {Label: "Delete", About: k.Name, Href: base + "/credentials/" + k.ID + "/delete", Danger: true}}
		switch chosen := a.Spec.TokenEncryptionKeyID; {
		case chosen == k.ID:
			use, actions = badge("ok", "Chosen"), actions[1:]
		case chosen == "" && !found && k.ExpiresAt.After(now) && !now.Before(k.StartsAt()):
			use, found = badge("ok", "The first that is valid"), true
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: k.Name}, code(k.ID), code(k.ThumbprintS256), expiryCell(k.ExpiresAt, now), use}, Actions: actions})
	}
	return views.Section{ID: "encryption", Title: "Encryption certificates", Lead: "Only for an API that takes over passwords (the event password submit): they are encrypted with the chosen certificate, or with the first that is valid. With none, the API is not asked and such a password counts as wrong. These certificates never prove who calls.",
		Table: t, Empty: "None.", Action: &views.Link{Label: "Add an encryption certificate", Href: base + "/certificates/new?for=encryption"}}
}

// encryptionChoose says which certificate is encrypted with.
func (p *Portal) encryptionChoose(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	id, name := typed(c, "key"), ""
	for _, k := range a.EncryptionKeys {
		if k.ID == id {
			name = k.Name
		}
	}
	if name == "" {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := v.mayKey(a); err != nil {
		return p.refusedChange(c, v.appBase(a)+"#encryption", err)
	}
	if _, err := v.tenant.UpdateApplication(c.UserContext(), v.actor(c), a.ID, func(a *models.Application) error {
		a.Spec.TokenEncryptionKeyID = id
		return nil
	}); err != nil {
		return p.refusedChange(c, v.appBase(a)+"#encryption", err)
	}
	return p.done(c, v.appBase(a)+"#encryption", "Passwords for the API of “"+a.Name+"” are encrypted with “"+name+"” now.")
}

func secretForm(name, days string) func(models.Application, string) views.Form {
	return func(_ models.Application, base string) views.Form {
		return views.Form{Action: base + "/secrets", Submit: "Make secret", Cancel: base + "#credentials", Note: "The secret is shown once, on the next page. Keep it where your app reads it, not in its source.", Fields: []views.Field{
			{Name: "name", Label: "Name", Hint: "So that you know later where it is used, for example “production”.", Value: name, Optional: true},
			{Kind: views.Radios, Name: "expiresAt", Label: "Ends after", Value: days, Options: []views.Option{{Value: "90", Label: "90 days"}, {Value: "180", Label: "180 days"}, {Value: "365", Label: "One year"}, {Value: "730", Label: "Two years"}}},
		}}
	}
}

func (p *Portal) secretNew(c *fiber.Ctx) error {
	return p.appFormPage(c, "New client secret", nil, secretForm("", "180"))
}

func (p *Portal) secretAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	name, days := typed(c, "name"), typed(c, "expiresAt")
	length, ok := map[string]int{"90": 90, "180": 180, "365": 365, "730": 730}[days]
	if !ok {
		return p.appFormPage(c, "New client secret", fault.BadField("expiresAt", "admin.choose", nil), secretForm(name, days))
	}
	if err := v.mayKey(a); err != nil {
		return p.appFormPage(c, "New client secret", err, secretForm(name, days))
	}
	secret, made, err := v.tenant.AddSecret(c.UserContext(), v.actor(c), a.ID, name, p.Now().Add(time.Duration(length)*24*time.Hour))
	if err != nil {
		return p.appFormPage(c, "New client secret", err, secretForm(name, days))
	}
	return p.doneWith(c, v.appBase(a)+"#credentials", models.PortalFlash{Kind: "ok", Text: "Client secret of “" + a.Name + "” made.", Label: "Client secret", Secret: secret,
		Note: "Copy it now: it is shown only this once. It ends on " + made.ExpiresAt.UTC().Format("2 January 2006") + "."})
}

// What a certificate is for.
const (
	forProof      = "proof"
	forEncryption = "encryption"
)

func certificateForm(name, text, purpose string) func(models.Application, string) views.Form {
	return func(_ models.Application, base string) views.Form {
		return views.Form{Action: base + "/certificates", Submit: "Add certificate", Cancel: base + "#certificates", Fields: []views.Field{
			{Kind: views.Radios, Name: "for", Label: "What is it for?", Value: choose(purpose == forEncryption, forEncryption, forProof), Options: []views.Option{
				{Value: forProof, Label: "The app proves itself with it"}, {Value: forEncryption, Label: "Passwords for its API are encrypted with it", Hint: "RSA of 2048 bits or more. It cannot be used to sign in as the app."}}},
			{Name: "name", Label: "Name", Hint: "Without one, the certificate's own name is used.", Value: name, Optional: true},
			{Kind: views.TextArea, Name: "certificate", Label: "Certificate (PEM)", Hint: "Begins with -----BEGIN CERTIFICATE-----. Never paste the private key; it is refused.", Value: text, Rows: 10, Code: true},
		}}
	}
}

func (p *Portal) certificateNew(c *fiber.Ctx) error {
	return p.appFormPage(c, "Add a certificate", nil, certificateForm("", "", c.Query("for")))
}

func (p *Portal) certificateAdd(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	name, text, purpose := typed(c, "name"), typed(c, "certificate"), typed(c, "for")
	var made models.ApplicationCertificate
	if err = v.mayKey(a); err == nil {
		made, err = v.tenant.RegisterCertificate(c.UserContext(), v.actor(c), a.ID, models.NewCertificate{Name: name, Text: text, Encrypt: purpose == forEncryption})
	}
	if err != nil {
		return p.appFormPage(c, "Add a certificate", err, certificateForm(name, withoutPrivateKey(text), purpose))
	}
	return p.done(c, v.appBase(a)+choose(purpose == forEncryption, "#encryption", "#certificates"), "Certificate “"+made.Name+"” added to “"+a.Name+"”.")
}

// credential finds a secret or certificate of the application by its id.
func credential(a models.Application, key string) (what, name string, ok bool) {
	for _, s := range a.Secrets {
		if s.ID == key {
			return "client secret", choose(s.Name != "", s.Name, s.Hint+"…"), true
		}
	}
	for _, k := range a.Certificates {
		if k.ID == key {
			return "certificate", k.Name, true
		}
	}
	for _, k := range a.EncryptionKeys {
		if k.ID == key {
			return "encryption certificate", k.Name, true
		}
	}
	return "", "", false
}

func (p *Portal) credentialDeleteForm(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	what, name, ok := credential(a, c.Params("key"))
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	s, err := p.shell(c, "Delete the "+what+" “"+name+"”?", "", views.Help{}, views.Link{Label: "Applications", Href: v.base() + "/applications"}, views.Link{Label: a.Name, Href: v.appBase(a)})
	if err != nil {
		return err
	}
	consequences := []string{"Whatever still uses it gets no token from this moment on.", "It cannot be brought back."}
	switch {
	case what == "encryption certificate":
		consequences = []string{"Passwords are encrypted with the next one that is valid. When there is none, the API is not asked, and passwords that are still to be taken over count as wrong.", "It cannot be brought back."}
	case len(a.Secrets)+len(a.Certificates) == 1:
		consequences = append(consequences, "It is the last one: the application has no way to prove itself until you make another.")
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: v.appBase(a) + "/credentials/" + c.Params("key") + "/delete", Submit: "Delete " + what, Danger: true, Cancel: v.appBase(a) + "#credentials"}})
}

func (p *Portal) credentialDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := v.app(c)
	if err != nil {
		return err
	}
	what, name, ok := credential(a, c.Params("key"))
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := v.tenant.RemoveApplicationCredential(c.UserContext(), v.actor(c), a.ID, c.Params("key")); err != nil {
		return err
	}
	return p.done(c, v.appBase(a)+"#credentials", "The "+what+" “"+name+"” of “"+a.Name+"” is deleted.")
}
