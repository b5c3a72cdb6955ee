package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"time"

	"portico/app/job"
	"portico/app/message"
	"portico/app/outbox"
	"portico/models"
)

// mailbox keeps letters where developers read them.
type mailbox struct{ store *models.Store }

func (m mailbox) Send(ctx context.Context, l message.Letter) error {
	return m.store.PutMailbox(ctx, models.MailboxRow{TenantID: l.TenantID, Channel: l.Channel, To: l.To, Sender: l.SenderName,
		Subject: l.Subject, Text: l.Text, HTML: l.HTML, Code: l.Code})
}

// instance names this process in leases.
func instance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%.30s/%d/%s", host, os.Getpid(), models.NewID()[24:])
}

// mailSender gives the SMTP sender, nil when none is configured.
func (p *program) mailSender() (*message.SMTP, error) {
	if p.config.SMTPURL == "" {
		return nil, nil
	}
	from, err := p.mailFrom()
	if err != nil {
		return nil, err
	}
	return message.NewSMTP(p.config.SMTPURL, from, p.now, nil)
}

// mailFrom is the installation's own address.
func (p *program) mailFrom() (string, error) {
	if p.config.MailFrom != "" {
		return p.config.MailFrom, nil
	}
	base, err := url.Parse(p.config.BaseURL)
	if err != nil {
		return "", err
	}
	return "no-reply@" + base.Hostname(), nil
}

// tenantMail sends each tenant's mails.
func (p *program) tenantMail() (*tenantMail, error) {
	house, err := p.mailSender()
	return &tenantMail{program: p, house: house, kept: p.config.Development() && p.config.DevMailbox}, err
}

// textSender gives the sender of text messages, nil when no gateway is configured.
func (p *program) textSender() (message.Sender, error) {
	if p.config.SMSURL == "" {
		return nil, nil
	}
	return message.NewSMS(p.config.SMSURL, p.config.SMSFrom, func(ctx context.Context, r *http.Request) (int, []byte, error) {
		answer, err := p.outbound.Do(ctx, "", r) // the installation's own, no tenant's
		return answer.Status, answer.Body, err
	})
}

// textsReady reports whether a text message gets anywhere: to a gateway, or to the development mailbox.
func (p *program) textsReady() bool {
	return p.config.SMSURL != "" || p.config.Development() && p.config.DevMailbox
}

// deliverer is the outbox worker with every channel there is.
func (s *server) deliverer(m *metrics, channels map[outbox.Kind]outbox.Deliver) *outbox.Worker {
	return &outbox.Worker{Store: s.store, Channels: channels, Owner: s.owner, Now: s.now, Jitter: rand.Float64,
		Observe: func(k outbox.Kind, result string) { m.outbox.WithLabelValues(string(k), result).Inc() },
		Failed: func(it outbox.Item, result string, err error) {
			s.log.Error("delivery", "kind", it.Kind, "item", it.ID, "tenant", it.TenantID, "result", result, "attempts", it.Attempts+1, "error", err)
		}}
}

// mailChannels are the channels for what is written to people. Development keeps a copy of everything
// in its mailbox; SMTP is used in addition when it is set.
func (s *server) mailChannels(r message.Renderer) (map[outbox.Kind]outbox.Deliver, error) {
	send, err := s.tenantMail()
	if err != nil {
		return nil, err
	}
	texts, err := s.textSender()
	if err != nil {
		return nil, err
	}
	var copies []message.Sender
	if s.config.Development() && s.config.DevMailbox {
		copies = append(copies, mailbox{s.store})
	}
	return map[outbox.Kind]outbox.Deliver{
		outbox.Mail: message.Channel(r, send, copies...),
		outbox.SMS:  message.Channel(r, texts, copies...),
	}, nil
}

// background adds the workers that run beside the web server.
func (s *server) background(m *metrics, channels map[outbox.Kind]outbox.Deliver, jobs []job.Job) {
	worker := s.deliverer(m, channels)
	runner := &job.Runner{Leases: s.store, Jobs: jobs, Owner: s.owner, Now: s.now,
		Observe: func(name string, err error) {
			result := "ok"
			if err != nil {
				result = "failed"
				s.log.Error("job", "job", name, "error", err)
			}
			m.jobs.WithLabelValues(name, result).Inc()
		}}
	s.workers = append(s.workers,
		func(ctx context.Context) { worker.Run(ctx, s.store.Queued(), time.Second) },
		func(ctx context.Context) {
			runner.Run(ctx, 5*time.Second, func(err error) { s.log.Error("jobs", "error", err) })
		},
		s.giveBack)
}
