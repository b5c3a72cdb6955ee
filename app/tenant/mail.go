package tenant

import (
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
)

// Mail is who a tenant's mails and text messages come from. Zero values mean the tenant's name, at the installation's
// address, through the installation's server.
type Mail struct {
	Name    string     `json:"name,omitempty"`    // that stands before the address; "" = the tenant's
	Address string     `json:"address,omitempty"` // used only while its domain is proven (models.MailSender)
	ReplyTo string     `json:"replyTo,omitempty"`
	Texts   string     `json:"texts,omitempty"` // the name that text messages come from, where the gateway can; "" = the gateway's own number
	Server  MailServer `json:"server,omitzero"`
}

// MailServer is a tenant's own server for outgoing mail. TLS is a must; the password stands apart, sealed.
type MailServer struct {
	Host   string `json:"host,omitempty"` // "" = the installation's server
	Port   int    `json:"port,omitempty"` // 587, which begins without TLS and upgrades; 465 speaks it from the first byte
	User   string `json:"user,omitempty"`
	Strict bool   `json:"strict,omitempty"` // when it refuses, a mail waits and fails instead of going through the installation's
}

const (
	smtpPort      = 587
	smtpsPort     = 465
	longestSender = 64
)

// Reached is the port that is meant.
func (s MailServer) Reached() int {
	if s.Port == 0 {
		return smtpPort
	}
	return s.Port
}

// Implicit reports whether TLS is spoken from the first byte.
func (s MailServer) Implicit() bool { return s.Port == smtpsPort }

// Key is what a password belongs to: another server or user does not get it.
func (s MailServer) Key() string {
	if s.Host == "" {
		return ""
	}
	return s.Host + ":" + strconv.Itoa(s.Reached()) + " " + s.User
}

// Domain is the domain of the sender's address in lower case, "" when there is none.
func (m Mail) Domain() string {
	_, domain, _ := strings.Cut(m.Address, "@")
	return strings.ToLower(domain)
}

func (m Mail) tidied() Mail {
	m.Name, m.Address, m.ReplyTo, m.Texts = strings.TrimSpace(m.Name), strings.TrimSpace(m.Address), strings.TrimSpace(m.ReplyTo), strings.TrimSpace(m.Texts)
	m.Server.Host, m.Server.User = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(m.Server.Host), ".")), strings.TrimSpace(m.Server.User)
	if m.Server.Port == smtpPort {
		m.Server.Port = 0
	}
	if m.Server.Host == "" {
		m.Server = MailServer{}
	}
	return m
}

var (
	mailHost   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	textSender = regexp.MustCompile(`^[A-Za-z0-9 &.-]{2,10}[A-Za-z0-9]$`)
)

// bareAddress accepts an address alone, in plain letters, which no header can be smuggled into.
func bareAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || strings.ContainsAny(s, "\r\n\"<> ") {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return mailHost.MatchString(strings.ToLower(domain)) && strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// Validate says what an admin must mend, field by field.
func (m Mail) Validate() error {
	var bad fault.Fields
	if utf8.RuneCountInString(m.Name) > longestSender || strings.ContainsAny(m.Name, "@<>\"\\") || strings.ContainsFunc(m.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		bad.Add("mail.name", "sender.name", map[string]any{"most": longestSender})
	}
	for name, address := range map[string]string{"mail.address": m.Address, "mail.replyTo": m.ReplyTo} {
		if address != "" && !bareAddress(address) {
			bad.Add(name, "sender.address", nil)
		}
	}
	if m.Texts != "" && (!textSender.MatchString(m.Texts) || !strings.ContainsFunc(m.Texts, unicode.IsLetter)) {
		bad.Add("mail.texts", "sender.texts", nil)
	}
	if m.Server.Host != "" && (len(m.Server.Host) > 253 || !mailHost.MatchString(m.Server.Host)) {
		bad.Add("mail.server.host", "sender.host", nil)
	}
	if m.Server.Port < 0 || m.Server.Port > 65535 {
		bad.Add("mail.server.port", "sender.port", nil)
	}
	if len(m.Server.User) > 254 || strings.ContainsFunc(m.Server.User, unicode.IsControl) {
		bad.Add("mail.server.user", "sender.user", nil)
	}
	return bad.Err()
}
