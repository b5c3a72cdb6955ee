package message

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"portico/app/outbox"
)

// SMTP sends mail through a server.
type SMTP struct {
	host    string
	options []gomail.Option
	from    mail.Address
	timeout time.Duration
	now     func() time.Time
}

// NewSMTP reads SMTP_URL: smtps:// speaks TLS from the first byte; smtp:// upgrades with STARTTLS,
// which is a must when there is a password (unless the server is this machine) and otherwise happens
// when the server offers it. ?tls=required, optional or off decides it explicitly. roots may be nil.
func NewSMTP(rawURL, from string, now func() time.Time, roots *tls.Config) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("SMTP_URL must look like smtp://user:password@mail.example.com:587")
	}
	s := &SMTP{host: u.Hostname(), timeout: 20 * time.Second, now: now}
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("PORTICO_MAIL_FROM: %w", err)
	}
	s.from = *address
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if port == 0 {
		return nil, fmt.Errorf("SMTP_URL: %q is neither smtp nor smtps", u.Scheme)
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("SMTP_URL: port %q", p)
		}
	}
	password, secret := u.User.Password()
	conf := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if roots != nil {
		conf.RootCAs = roots.RootCAs
	}
	s.options = []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(s.timeout), gomail.WithTLSConfig(conf)}
	if helo := domainOf(s.from.Address); helo != "" {
		s.options = append(s.options, gomail.WithHELO(helo))
	}
	if u.Scheme == "smtps" {
		s.options = append(s.options, gomail.WithSSL())
	} else {
		policy := gomail.TLSOpportunistic
		if secret && !thisMachine(s.host) {
			policy = gomail.TLSMandatory
		}
		switch u.Query().Get("tls") {
		case "":
		case "required":
			policy = gomail.TLSMandatory
		case "optional":
			policy = gomail.TLSOpportunistic
		case "off":
			policy = gomail.NoTLS
		default:
			return nil, fmt.Errorf("SMTP_URL: tls=%q is none of required, optional, off", u.Query().Get("tls"))
		}
		s.options = append(s.options, gomail.WithTLSPolicy(policy))
	}
	if u.User.Username() != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("SMTP_URL: %w", err)
	}
	return s, nil
}

// Own is a tenant's own server. TLS is a must.
type Own struct {
	Host           string
	Port           int
	Implicit       bool // TLS from the first byte
	User, Password string
	From           mail.Address
	Dial           func(ctx context.Context) (net.Conn, error) // the hardened dialer: it chooses where to
	Roots          *tls.Config
}

// NewOwn makes its sender.
func NewOwn(o Own, now func() time.Time) (*SMTP, error) {
	s := &SMTP{host: o.Host, from: o.From, timeout: 20 * time.Second, now: now}
	conf := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if o.Roots != nil {
		conf.RootCAs = o.Roots.RootCAs
	}
	auth := gomail.SMTPAuthAutoDiscover
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return o.Dial(ctx) }
	policy := gomail.TLSMandatory
	if o.Implicit {
		policy, auth = gomail.NoTLS, gomail.SMTPAuthPlainNoEnc // the client does not see that its connection is TLS
		dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := o.Dial(ctx)
			if err != nil {
				return nil, err
			}
			t := tls.Client(c, conf)
			if err := t.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, c.Close())
			}
			return t, nil
		}
	}
	s.options = []gomail.Option{gomail.WithPort(o.Port), gomail.WithTimeout(s.timeout), gomail.WithTLSConfig(conf), gomail.WithTLSPolicy(policy), gomail.WithDialContextFunc(dial)}
	if helo := domainOf(s.from.Address); helo != "" {
		s.options = append(s.options, gomail.WithHELO(helo))
	}
	if o.User != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(o.User), gomail.WithPassword(o.Password))
	}
	_, err := gomail.NewClient(s.host, s.options...)
	return s, err
}

// Address is what the sender writes from by itself.
func (s *SMTP) Address() string { return s.from.Address }

func thisMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func domainOf(address string) string {
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == '@' {
			return address[i+1:]
		}
	}
	return ""
}

// Send delivers one letter. What the server refuses for good is Permanent.
func (s *SMTP) Send(ctx context.Context, l Letter) error {
	m := gomail.NewMsg()
	name, from := cmp.Or(l.SenderName, s.from.Name), cmp.Or(l.From, s.from.Address)
	if err := m.FromFormat(name, from); err != nil {
		return outbox.Permanent(err)
	}
	if l.ReplyTo != "" {
		if err := m.ReplyTo(l.ReplyTo); err != nil {
			return outbox.Permanent(err)
		}
	}
	if err := m.To(l.To); err != nil {
		return outbox.Permanent(err)
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(s.now())
	m.SetMessageIDWithValue(l.ID + "@" + domainOf(from))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	if l.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, m)
	var refused *gomail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return outbox.Permanent(err)
	}
	return err
}

// Reach connects, upgrades, signs in and hangs up: what doctor asks.
func (s *SMTP) Reach(ctx context.Context) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := client.DialWithContext(ctx); err != nil {
		return err
	}
	return client.Close()
}
