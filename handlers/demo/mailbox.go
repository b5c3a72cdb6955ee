package demo

import (
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	view "portico/views/demo"
)

const mailboxPage = 100

// mailbox lists the captured messages, newest first. It asks for itself again every few seconds by a
// header, without script; a link turns that off.
func (s *Site) mailbox(c *fiber.Ctx) error {
	to := c.Query("to")
	list, err := s.messages(c, to)
	if err != nil {
		return err
	}
	live := c.Query("live") != "0"
	m := view.Mailbox{Shell: s.shell("Mailbox", "mailbox", "/dev/mailbox"), To: to, Live: live, Toggle: "/dev/mailbox?to=" + escape(to)}
	if live {
		c.Set("Refresh", "4")
		m.Toggle += "&live=0"
	}
	for _, x := range list {
		m.Messages = append(m.Messages, s.mail(x))
	}
	return handlers.Render(c, fiber.StatusOK, view.MailboxPage(m))
}

// mailboxJSON is the same for programs (DESIGN §7).
func (s *Site) mailboxJSON(c *fiber.Ctx) error {
	list, err := s.messages(c, c.Query("to"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(list)
}

func (s *Site) message(c *fiber.Ctx) error {
	x, err := s.oneMessage(c)
	if err != nil {
		return err
	}
	return handlers.Render(c, fiber.StatusOK, view.MessagePage(view.Message{Shell: s.shell(x.Subject, "mailbox", ""), Mail: s.mail(x), Back: "/dev/mailbox"}))
}

// messageHTML serves a message's HTML for the sandboxed frame: no script, no forms, nothing fetched.
func (s *Site) messageHTML(c *fiber.Ctx) error {
	x, err := s.oneMessage(c)
	if err != nil {
		return err
	}
	c.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'")
	c.Set("X-Frame-Options", "SAMEORIGIN")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(x.HTML)
}

func (s *Site) messages(c *fiber.Ctx, to string) ([]Message, error) {
	rows, err := s.Mailbox.Mailbox(handlers.Context(c), to, mailboxPage)
	list := make([]Message, len(rows))
	for i, r := range rows {
		list[i] = messageOf(r)
	}
	return list, err
}

func (s *Site) oneMessage(c *fiber.Ctx) (Message, error) {
	row, ok, err := s.Mailbox.MailboxMessage(handlers.Context(c), c.Params("id"))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return messageOf(row), err
}

func messageOf(r models.MailboxRow) Message {
	return Message{ID: r.ID, To: r.To, Channel: r.Channel, Subject: r.Subject, Text: r.Text, HTML: r.HTML, Code: r.Code, CreatedAt: r.CreatedAt.UTC()}
}

func (s *Site) mail(x Message) view.Mail {
	channel := map[string]string{"mail": "Email", "email": "Email", "sms": "Text message"}[x.Channel]
	if channel == "" {
		channel = x.Channel
	}
	subject := x.Subject
	if subject == "" {
		subject = "(no subject)"
	}
	return view.Mail{ID: x.ID, To: x.To, Channel: channel, Subject: subject, Text: x.Text, Code: x.Code,
		URL: "/dev/mailbox/" + x.ID, HTMLURL: "/dev/mailbox/" + x.ID + "/html", HasHTML: x.HTML != "",
		When: x.CreatedAt.UTC().Format("2 January 2006, 15:04:05 UTC"), Ago: ago(s.Now().Sub(x.CreatedAt))}
}

func ago(d time.Duration) string {
	switch {
	case d < 5*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d seconds ago", int(d.Seconds()))
	case d < 2*time.Minute:
		return "a minute ago"
	case d < time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 2*time.Hour:
		return "an hour ago"
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
