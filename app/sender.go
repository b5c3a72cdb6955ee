package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/mail"
	"strconv"
	"sync"
	"time"

	"portico/app/fault"
	"portico/app/message"
	"portico/app/outbox"
	"portico/models"
)

// tenantMail sends each letter as its tenant wants it: in its name, from its own address once the domain is proven,
// and through its own server when it has one.
type tenantMail struct {
	*program
	house *message.SMTP // the installation's server; nil = there is none
	kept  bool          // copies are kept where developers read them

	down sync.Map // tenant → when its server was not reached
}

// restFor is how long a server that was not reached is left alone: the mails of others do not wait for it.
const restFor = time.Minute

var errNoServer = errors.New("no server to send mail through")

// Send implements message.Sender.
func (s *tenantMail) Send(ctx context.Context, l message.Letter) error {
	_, err := s.send(ctx, l, false)
	return err
}

// Try sends now, through the server that is set and no other, and says which it was.
func (s *tenantMail) Try(ctx context.Context, l message.Letter) (via string, err error) {
	if s.kept {
		if err := (mailbox{s.store}).Send(ctx, l); err != nil {
			return "", err
		}
	}
	return s.send(ctx, l, true)
}

func (s *tenantMail) send(ctx context.Context, l message.Letter, only bool) (string, error) {
	m, err := s.store.Tenant(l.TenantID).MailSender(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	l.SenderName, l.ReplyTo = cmp.Or(m.Name, l.SenderName), m.ReplyTo
	if m.Server.Host == "" {
		l.From = m.From()
		if l.From == "" && l.ReplyTo == "" && m.Address != "" {
			l.ReplyTo = m.Address // not proven yet: it may be answered, not written from
		}
		return s.throughHouse(ctx, l)
	}
	via := m.Server.Host + ":" + strconv.Itoa(m.Server.Reached())
	if at, ok := s.down.Load(l.TenantID); ok && !only && s.now().Sub(at.(time.Time)) < restFor {
		err = errors.New(via + " was not reached a moment ago")
	} else {
		err = s.throughOwn(ctx, m, l)
	}
	if err == nil {
		s.down.Delete(l.TenantID)
		return via, nil
	}
	if only || m.Server.Strict || s.house == nil {
		return via, err
	}
	// From the installation's address: receivers know that the tenant's own comes from elsewhere.
	s.log.Warn("mail server of a tenant", "tenant", l.TenantID, "server", via, "error", err)
	return s.throughHouse(ctx, l)
}

func (s *tenantMail) throughHouse(ctx context.Context, l message.Letter) (string, error) {
	switch {
	case s.house != nil:
		return "", s.house.Send(ctx, l)
	case s.kept:
		return "", nil
	}
	return "", outbox.Permanent(errNoServer)
}

func (s *tenantMail) throughOwn(ctx context.Context, m models.MailSender, l message.Letter) error {
	password, err := s.store.MailPassword(m)
	if err != nil {
		return err
	}
	from := m.From()
	if from == "" { // an address that nobody has shown to be theirs is nobody's to write from
		if from, err = s.mailFrom(); err != nil {
			return err
		}
	}
	bare, err := mail.ParseAddress(from)
	if err != nil {
		return outbox.Permanent(err)
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := s.outbound.Dial(ctx, m.Tenant.Slug, m.Server.Host, strconv.Itoa(m.Server.Reached()), false)
		if err != nil {
			s.down.Store(l.TenantID, s.now())
		}
		return c, err
	}
	own, err := message.NewOwn(message.Own{Host: m.Server.Host, Port: m.Server.Reached(), Implicit: m.Server.Implicit(), User: m.Server.User, Password: password,
		From: *bare, Roots: s.outbound.TLS, Dial: dial}, s.now)
	if err != nil {
		return outbox.Permanent(err)
	}
	return own.Send(ctx, l)
}
