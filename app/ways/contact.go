package ways

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/signin"
)

// purposeChange marks codes that prove a new address or number. No sign-in takes them: a code is bound to
// what it was made for.
const purposeChange = "change"

// Contact is an address or number that waits for its code.
type Contact struct {
	Old   string `json:"old,omitempty"` // what it comes in place of, "" = nothing
	To    string `json:"to"`            // as it was typed
	Key   string `json:"key"`           // canonical
	Codes []sent `json:"codes"`
}

type sent struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// Sent is how many codes went there.
func (c Contact) Sent() int { return len(c.Codes) }

// Contact is the change of an address (Email) or number (Phone) that waits for its code.
func (d *Desk) Contact(ctx context.Context, v Visit, kind string) (Contact, bool, error) {
	var c Contact
	_, ok, err := d.begun(ctx, v, kind, &c)
	return c, ok, err
}

// AskContact sends a code to a new address or number. Whether somebody else has the address, nobody learns
// here: page, time and limits are the same, and what that mailbox gets is between it and us.
func (d *Desk) AskContact(ctx context.Context, v Visit, kind, old, to string) error {
	c := Contact{Old: old, To: strings.TrimSpace(to)}
	var err error
	switch kind {
	case Email:
		if c.Key, err = account.CanonicalEmail(c.To); err != nil {
			return err
		}
		if v.ownAddress(c.Key) && (c.Key != canonical(v.Person.Mail) || v.Person.MailVerified) {
			return fault.BadField("email", "account.email.same", nil)
		}
		if old == "" && v.addresses() >= mostEmails {
			return fault.BadField("email", "account.email.many", map[string]any{"count": mostEmails})
		}
	case Phone:
		if !d.Texts {
			return fault.New(fault.NotFound, "error.not_found")
		}
		if c.Key, err = account.CanonicalPhone(to); err != nil {
			return err
		}
		if c.To = c.Key; c.Key == v.Phone && v.has("sms") > 0 {
			return fault.BadField("phone", "account.phone.same", nil)
		}
	}
	var before Contact
	if _, ok, err := d.begun(ctx, v, kind, &before); err != nil {
		return err
	} else if ok && before.Key == c.Key { // asked for once more, by the form in place of the button
		c.Codes = before.Codes
	}
	return d.send(ctx, v, kind, c)
}

// ResendContact sends one more code; those before it stop working.
func (d *Desk) ResendContact(ctx context.Context, v Visit, kind string) error {
	c, ok, err := d.Contact(ctx, v, kind)
	if err != nil {
		return err
	}
	if !ok {
		return late()
	}
	return d.send(ctx, v, kind, c)
}

func canonical(address string) string {
	c, err := account.CanonicalEmail(address)
	if err != nil {
		return ""
	}
	return c
}

// ownAddress reports whether the person signs in with an address already.
func (v Visit) ownAddress(key string) bool {
	return slices.ContainsFunc(v.Person.Identities, func(i account.Identity) bool {
		return i.SignInType == account.SignInEmail && canonical(i.Value) == key
	})
}

func (v Visit) addresses() int {
	n := 0
	for _, i := range v.Person.Identities {
		if i.SignInType == account.SignInEmail {
			n++
		}
	}
	return n
}

// send counts, then queues a code together with the pending change.
func (d *Desk) send(ctx context.Context, v Visit, kind string, c Contact) error {
	now := d.now()
	if n := len(c.Codes); n > 0 {
		if wait := c.Codes[n-1].At.Add(factor.Cooldown(n)).Sub(now); wait > 0 {
			return &fault.Error{Code: fault.TooMany, Key: "code.too_soon", Args: map[string]any{"count": int(wait/time.Second) + 1}, RetryAfter: wait}
		}
	}
	s := d.store(v)
	channel := "mail"
	if kind == Phone {
		channel = "sms"
	}
	sending := signin.Sending{Channel: channel, TenantID: v.Tenant.ID, IP: v.Signals.IP, Rate: v.Tenant.Settings.RequestsPerSecondPerIP, Relaxed: d.Relaxed,
		Account: v.Person.ID, Destination: c.Key, Texts: v.Tenant.Settings.Methods.SMS}
	if err := sending.Take(ctx, s, d.MAC, now); err != nil {
		return signin.BesideNumber(err)
	}
	purpose, locale := purposeChange, v.Locale
	if kind == Email {
		other, err := s.AccountByEmail(ctx, c.Key)
		if err != nil {
			return err
		}
		if other.ID != "" && other.ID != v.Person.ID {
			purpose, locale = "change_taken", other.PreferredLanguage // the mailbox's owner learns that somebody tried
		}
	}
	code, err := factor.NewCode(d.Random)
	if err != nil {
		return err
	}
	former := c.Codes
	id := newID()
	c.Codes = append(slices.Clip(c.Codes), sent{ID: id, At: now})
	return s.Together(ctx, func(s Store) error {
		for _, f := range former {
			if _, err := s.SpendCode(ctx, f.ID, now); err != nil {
				return err
			}
		}
		at := *d
		at.Stores = fixed{s}
		p, err := at.begin(ctx, v, kind, c, setUpFor)
		if err != nil {
			return err
		}
		row := signin.CodeRow{ID: id, AttemptID: p.ID, Purpose: purposeChange, Hash: d.codeHash(v, kind, id, c.Key, code), ExpiresAt: now.Add(factor.CodeLifetime), CreatedAt: now}
		if err := s.AddCode(ctx, row); err != nil {
			return err
		}
		q, ok := s.Tx().(message.Queue)
		if !ok {
			return fault.New(fault.Internal, "error.internal")
		}
		return message.Post(ctx, q, message.Note{Kind: message.Code, Channel: channel, TenantID: v.Tenant.ID, To: c.To, Locale: locale, Purpose: purpose,
			Code: code, ValidFor: factor.CodeLifetime}, now)
	})
}

// fixed gives a store that is inside a transaction already.
type fixed struct{ s Store }

func (f fixed) Ways(string) Store { return f.s }

// codeHash binds a code to the person, the kind and the very address that it was sent to.
func (d *Desk) codeHash(v Visit, kind, id, key, code string) []byte {
	var b []byte
	for _, part := range []string{v.Tenant.ID, v.Person.ID, kind, id, key, code} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return d.MAC("account.change", b)
}

// ConfirmContact takes the code and makes the new address or number the person's. Old and new hear of it.
// elsewhere ends the person's other sessions.
func (d *Desk) ConfirmContact(ctx context.Context, v Visit, kind, typed string, elsewhere bool) (Contact, error) {
	var c Contact
	p, ok, err := d.begun(ctx, v, kind, &c)
	if err != nil {
		return c, err
	}
	if !ok || len(c.Codes) == 0 {
		return c, late()
	}
	code := factor.CleanCode(typed)
	switch {
	case strings.TrimSpace(typed) == "":
		return c, fault.BadField("code", "field.code.required", map[string]any{"count": factor.CodeDigits})
	case len(code) != factor.CodeDigits:
		return c, fault.BadField("code", "field.code.shape", map[string]any{"count": factor.CodeDigits})
	}
	s, id := d.store(v), c.Codes[len(c.Codes)-1].ID
	row, alive, err := s.TryCode(ctx, id, d.now())
	if err != nil {
		return c, err
	}
	if !alive {
		return c, fault.BadField("code", "field.code.dead", nil)
	}
	if row.Purpose != purposeChange || subtle.ConstantTimeCompare(row.Hash, d.codeHash(v, kind, id, c.Key, code)) != 1 {
		return c, fault.BadField("code", "field.code.wrong", nil)
	}
	won, err := s.SpendCode(ctx, id, d.now())
	if err != nil {
		return c, err
	}
	if !won {
		return c, fault.BadField("code", "field.code.dead", nil)
	}
	if err = d.finish(ctx, v, p, func(s Store) error { return d.replace(ctx, s, v, kind, c, elsewhere) }); !fault.Is(err, fault.Conflict) {
		return c, err
	}
	// Proven, so whoever asks may know: somebody else signs in with it. The code is used; they begin again.
	if _, err := s.TakePending(ctx, v.Person.ID, p.ID); err != nil {
		return c, err
	}
	return c, &fault.Error{Code: fault.Conflict, Key: "account.email.taken", Fields: []fault.Field{{Name: "email", Key: "account.email.taken"}}}
}

func (d *Desk) replace(ctx context.Context, s Store, v Visit, kind string, c Contact, elsewhere bool) error {
	var err error
	if kind == Email {
		err = s.ReplaceEmail(ctx, v.Actor, v.Person.ID, c.Old, c.To)
	} else {
		err = s.ReplacePhone(ctx, v.Actor, v.Person.ID, c.Key)
	}
	if err != nil {
		return err
	}
	if elsewhere {
		if err := s.KeepOnly(ctx, v.Actor, v.Person.ID, v.Session, v.Session.AuthTime, false); err != nil {
			return err
		}
	}
	return d.announce(ctx, s, v, kind, c)
}

// announce tells the old contact that it was replaced and the new one that it is in force. A number that was
// replaced hears by text message, and the person by mail as well.
func (d *Desk) announce(ctx context.Context, s Store, v Visit, kind string, c Contact) error {
	if kind == Phone {
		if v.Phone != "" && v.Phone != c.Key && v.has("sms") > 0 {
			if err := d.tell(ctx, s, v, message.Notice{Kind: message.ContactChanged, Purpose: "phone", Channel: "sms", To: v.Phone}); err != nil {
				return err
			}
		}
		if err := d.tell(ctx, s, v, message.Notice{Kind: message.ContactConfirmed, Purpose: "phone", Channel: "sms", To: c.Key}); err != nil {
			return err
		}
		purpose := "phone"
		if v.Phone == "" || v.Phone == c.Key {
			purpose = "phone_added"
		}
		return d.tell(ctx, s, v, message.Notice{Kind: message.ContactChanged, Purpose: purpose})
	}
	former := c.Old
	if former == "" {
		former = v.Person.Address()
	}
	if former != "" && canonical(former) != c.Key {
		purpose := "email"
		if c.Old == "" {
			purpose = "email_added"
		}
		if err := d.tell(ctx, s, v, noticeTo(former, purpose)); err != nil {
			return err
		}
	}
	return d.tell(ctx, s, v, message.Notice{Kind: message.ContactConfirmed, Purpose: "email", To: c.To})
}

func noticeTo(address, purpose string) message.Notice {
	return message.Notice{Kind: message.ContactChanged, Purpose: purpose, To: address}
}

// RemovePhone takes the number away.
func (d *Desk) RemovePhone(ctx context.Context, v Visit) error {
	return d.store(v).Together(ctx, func(s Store) error {
		if err := s.ReplacePhone(ctx, v.Actor, v.Person.ID, ""); err != nil {
			return err
		}
		return d.removed(ctx, s, v, "sms")
	})
}
