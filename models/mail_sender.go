package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
)

// mail_sender.go: what a tenant's settings of mail do not hold: the proof that the sender's domain is the tenant's, and
// the password of its own server.

// MailSenderRow is a tenant's. Domain is the one that Token and ProvenAt are about; Server says what Secret is for.
type MailSenderRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	Domain    string `gorm:"size:253"`
	Token     string `gorm:"size:64"`
	ProvenAt  *time.Time
	CheckedAt *time.Time
	LostAt    *time.Time // the record of a proven domain was not found since; after a week it is proven no more
	Server    string
	Secret    []byte
}

func (MailSenderRow) TableName() string { return "mail_senders" }

func mailSenderSeal(tenantID string) string { return "mail sender " + tenantID }

// MailSender is who a tenant's mails come from.
type MailSender struct {
	tenant.Mail
	Tenant        tenant.Tenant
	Record, Value string // the TXT record that proves the domain of the address; "" = there is no address
	ProvenAt      time.Time
	CheckedAt     time.Time
	LostAt        time.Time // since when the record of a proven domain is not found; when it is not proven any more, why
	HasPassword   bool
	sealed        []byte
}

// From is the address that may stand in a mail: "" when the domain is not proven.
func (s MailSender) From() string {
	if s.ProvenAt.IsZero() {
		return ""
	}
	return s.Address
}

// LostUntil is when a proven address stops standing in mails because its domain's record is gone; zero = it is not gone.
func (s MailSender) LostUntil() time.Time {
	return dnsProof{proven: s.ProvenAt, lost: s.LostAt}.until()
}

func (r MailSenderRow) proof() dnsProof {
	return dnsProof{record: "_portico." + r.Domain, value: "portico-domain-verification=" + r.Token, proven: timeOf(r.ProvenAt), lost: timeOf(r.LostAt)}
}

func (r MailSenderRow) only(q *gorm.DB) *gorm.DB { return q.Where("domain = ?", r.Domain) }

func (t *Tenant) mailSenderRow(ctx context.Context) (MailSenderRow, error) {
	row := MailSenderRow{TenantID: t.ID}
	err := t.q(ctx).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return MailSenderRow{TenantID: t.ID}, nil
	}
	return row, err
}

// MailSender reads it.
func (t *Tenant) MailSender(ctx context.Context) (MailSender, error) {
	self, err := t.Get(ctx)
	if err != nil {
		return MailSender{}, err
	}
	row, err := t.mailSenderRow(ctx)
	if err != nil {
		return MailSender{}, err
	}
	s := MailSender{Mail: self.Settings.Mail, Tenant: self}
	if domain := s.Domain(); domain != "" && row.Domain == domain {
		p := row.proof()
		s.Record, s.Value, s.ProvenAt, s.CheckedAt, s.LostAt = p.record, p.value, p.proven, timeOf(row.CheckedAt), p.lost
	}
	if key := s.Server.Key(); key != "" && key == row.Server && len(row.Secret) > 0 {
		s.HasPassword, s.sealed = true, row.Secret
	}
	return s, nil
}

// MailPassword is the password for the tenant's own server; "" when it was given for another.
func (s *Store) MailPassword(m MailSender) (string, error) {
	if len(m.sealed) == 0 {
		return "", nil
	}
	plain, err := s.seal.Open(m.sealed, mailSenderSeal(m.Tenant.ID))
	return string(plain), err
}

// SaveMail stores who mails come from. password is for the server in m; "" keeps what is there, if it was given for the
// same server and user. check is asked for what is stored now, inside the change.
func (t *Tenant) SaveMail(ctx context.Context, actor audit.Actor, m tenant.Mail, password string, check func(tenant.Mail) error) error {
	return t.InTx(ctx, func(t *Tenant) error {
		after, err := t.Update(ctx, actor, func(x *tenant.Tenant) error {
			if err := check(x.Settings.Mail); err != nil {
				return err
			}
			x.Settings.Mail = m
			return nil
		})
		if err != nil {
			return err
		}
		m := after.Settings.Mail
		return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
			row, err := t.mailSenderRow(ctx)
			if err != nil {
				return audit.Event{}, err
			}
			var d differences
			if domain := m.Domain(); domain != row.Domain {
				d.note("senderDomain", "", row.Domain, domain, audit.Public)
				row.Domain, row.Token, row.ProvenAt, row.CheckedAt, row.LostAt = domain, "", nil, nil, nil
				if domain != "" {
					raw := make([]byte, 24)
					if _, err := rand.Read(raw); err != nil {
						return audit.Event{}, err
					}
					row.Token = base64.RawURLEncoding.EncodeToString(raw)
				}
			}
			key := m.Server.Key()
			switch {
			case key == "" || m.Server.User == "":
				password = ""
				if len(row.Secret) > 0 {
					d.note("password", "", "set", "", audit.Secret)
				}
				row.Server, row.Secret = "", nil
			case password != "":
				if row.Secret, err = t.seal.Seal([]byte(password), mailSenderSeal(t.ID)); err != nil {
					return audit.Event{}, err
				}
				row.Server = key
				d.note("password", "", "", "set", audit.Secret)
			case row.Server != key:
				return audit.Event{}, fault.BadField("password", "sender.password", nil)
			}
			if len(d.changes) == 0 {
				return audit.Event{}, nil
			}
			return mailSenderEvent(after, "Update mail sender", d.changes), t.w(ctx).Save(&row).Error
		})
	})
}

func mailSenderEvent(t tenant.Tenant, activity string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: "Update", Target: audit.Target{Kind: "tenant", ID: t.ID, Name: t.Name}, Changes: changes}
}

// ProveMailSender looks for the TXT record, outside of any transaction. A domain of public mailboxes is nobody's.
func (t *Tenant) ProveMailSender(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) (MailSender, error) {
	s, err := t.MailSender(ctx)
	if err != nil {
		return s, err
	}
	domain := s.Domain()
	if domain == "" || s.Record == "" {
		return s, fault.New(fault.Conflict, "sender.none")
	}
	if federation.PublicMail(domain) {
		return s, fault.BadField("mail.address", "provider.domain.public", map[string]any{"domain": domain})
	}
	said, sure := foundRecord(ctx, s.Record, s.Value, lookup)
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, err := t.mailSenderRow(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if row.Domain != domain || row.proof().value != s.Value {
			return audit.Event{}, fault.New(fault.Conflict, "sender.none")
		}
		now := t.Now()
		row.CheckedAt = &now
		if said && row.ProvenAt == nil {
			row.ProvenAt = &now
		}
		switch {
		case said:
			row.LostAt = nil
		case sure && row.ProvenAt != nil && row.LostAt == nil:
			row.LostAt = &now
		}
		s.CheckedAt, s.ProvenAt, s.LostAt = now, timeOf(row.ProvenAt), timeOf(row.LostAt)
		return mailSenderEvent(s.Tenant, "Verify mail sender", []audit.Change{{Property: "senderDomain", New: domain}, {Property: "found", New: said}}), t.w(ctx).Save(&row).Error
	})
	if err == nil && !said {
		err = fault.New(fault.Conflict, "sender.missing")
	}
	return s, err
}

// WatchMailSender looks for the record of the sender's proven domain once a day (dns_proof.go). Once the proof has ended mails
// come from the installation's address again.
func (t *Tenant) WatchMailSender(ctx context.Context, actor audit.Actor, lookup func(ctx context.Context, name string) ([]string, error)) error {
	return watchProofs(ctx, t, actor, t.q(ctx).Where("domain <> ?", ""), lookup, func(ctx context.Context, t *Tenant, row MailSenderRow) (watching, error) {
		self, err := t.Get(ctx)
		return watching{again: "Find record of mail sender again", missed: "Miss record of mail sender", ended: "End mail sender", until: "usedUntil",
			event: func(activity string, changes ...audit.Change) audit.Event {
				return mailSenderEvent(self, activity, append([]audit.Change{{Property: "senderDomain", New: row.Domain}}, changes...))
			}}, err
	})
}

// lostSender is the sender whose address will stop standing in mails, as what ends soon.
func (t *Tenant) lostSender(ctx context.Context) ([]ExpiringCredential, error) {
	s, err := t.MailSender(ctx)
	if err != nil || s.LostUntil().IsZero() {
		return nil, err
	}
	return []ExpiringCredential{{ID: noticeID("mail sender "+t.ID, s.LostAt), Sender: s.Address, Kind: "sender", Name: s.Record + " (TXT)", ExpiresAt: s.LostUntil()}}, nil
}
