package config

import (
	"strings"
	"testing"
)

const secret = "PORTICO_SECRET=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func production(more ...string) []string {
	return append([]string{"PORTICO_ENV=production", "PORTICO_BASE_URL=https://login.example.com", secret,
		"SMTP_URL=smtp://mail.example.com", "DATABASE_URL=postgres://db/portico"}, more...)
}

func TestLoad(t *testing.T) {
	cases := []struct {
		name    string
		environ []string
		refused string // part of the message, "" = accepted
	}{
		{"development needs nothing", nil, ""},
		{"production with all it needs", production(), ""},
		{"set to nothing is not set", []string{"PORT=", "DATABASE_URL=", "PORTICO_ENV=", "PORTICO_DEV_MAILBOX=", "PORTICO_LOG="}, ""},
		{"an unknown environment", []string{"PORTICO_ENV=staging"}, "PORTICO_ENV is \"staging\""},
		{"port nought", []string{"PORT=0"}, "PORT is 0"},
		{"port in words", []string{"PORT=many"}, "PORT is \"many\"; it must be a whole number"},
		{"a mailbox that may be", []string{"PORTICO_DEV_MAILBOX=maybe"}, "PORTICO_DEV_MAILBOX is \"maybe\"; it must be true or false"},
		{"development for others", []string{"PORTICO_BASE_URL=http://login.example.com"}, "this machine only"},
		{"development on another loopback name", []string{"PORTICO_BASE_URL=http://127.0.0.1:3000"}, ""},
		{"a base URL with a path", []string{"PORTICO_BASE_URL=http://localhost:3000/auth"}, "nothing more"},
		{"a base URL with user information", []string{"PORTICO_BASE_URL=http://a:b@localhost:3000"}, "nothing more"},
		{"a trailing slash is forgiven", []string{"PORTICO_BASE_URL=http://localhost:3000/"}, ""},
		{"production without base URL", production("PORTICO_BASE_URL="), "PORTICO_BASE_URL is missing"},
		{"production over http", production("PORTICO_BASE_URL=http://login.example.com"), "needs https"},
		{"production without secret", production("PORTICO_SECRET="), "PORTICO_SECRET is missing"},
		{"a short secret", production("PORTICO_SECRET=c2hvcnQ="), "32 random bytes"},
		{"a former secret that is none", production("PORTICO_SECRET_PREVIOUS=x"), "PORTICO_SECRET_PREVIOUS"},
		{"production without mail", production("SMTP_URL="), "SMTP_URL is missing"},
		{"mail by another protocol", production("SMTP_URL=http://mail"), "SMTP_URL must look like"},
		{"texts by https", production("SMS_URL=https://user:secret@sms.example.com/messages"), ""},
		{"texts by Twilio", production("SMS_URL=twilio://AC1:token@api.twilio.com/?from=%2B15005550006"), ""},
		{"texts by Twilio without an account", production("SMS_URL=twilio://api.twilio.com/"), "SMS_URL must look like"},
		{"texts by another protocol", production("SMS_URL=sms:somewhere"), "SMS_URL must look like"},
		{"a sender that is no address", production("PORTICO_MAIL_FROM=nobody"), "PORTICO_MAIL_FROM"},
		{"another database", []string{"DATABASE_URL=mysql://db"}, "DATABASE_URL"},
		{"half a certificate", []string{"PORTICO_TLS_CERT=a.pem"}, "belong together"},
		{"an unknown TLS mode", []string{"PORTICO_TLS=auto"}, "the only value is local"},
		{"local TLS in production", production("PORTICO_TLS=local"), "for development"},
		{"an admin host", production("PORTICO_ADMIN_HOST=admin.example.com:8443"), ""},
		{"an admin host that is a URL", production("PORTICO_ADMIN_HOST=https://admin.example.com"), "PORTICO_ADMIN_HOST"},
		{"an admin host with a path", production("PORTICO_ADMIN_HOST=example.com/admin"), "PORTICO_ADMIN_HOST"},
		{"an unknown log level", []string{"PORTICO_LOG=loud"}, "PORTICO_LOG"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.environ)
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("got %v, want a refusal with %q", err, c.refused)
			}
		})
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, err := Load([]string{"PORTICO_ENV=production"})
	for _, name := range []string{"PORTICO_BASE_URL", "PORTICO_SECRET", "SMTP_URL"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not mentioned: %v", name, err)
		}
	}
}

func TestWhatFollows(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		base    string
		mailbox bool
	}{
		{"development", []string{"PORT=4000"}, "http://localhost:4000", true},
		{"development with the local authority", []string{"PORT=4000", "PORTICO_TLS=local"}, "https://localhost:4000", true},
		{"production has no mailbox, whatever is asked", production("PORTICO_DEV_MAILBOX=true"), "https://login.example.com", false},
	} {
		got, err := Load(c.environ)
		if err != nil || got.BaseURL != c.base || got.DevMailbox != c.mailbox {
			t.Errorf("%s: base URL %q, mailbox %v, %v", c.name, got.BaseURL, got.DevMailbox, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		environ []string
		want    []string
	}{
		{nil, nil},
		{production("PORTICO_ADMIN_HOST=admin.example.com", "PORTICO_TRUSTED_PROXIES=private"), nil},
		{production("DATABASE_URL=sqlite:x.db"), []string{"x.db", "PORTICO_ADMIN_HOST", "PORTICO_TRUSTED_PROXIES"}},
	} {
		got, err := Load(c.environ)
		if err != nil {
			t.Fatal(err)
		}
		w := got.Warnings()
		if len(w) != len(c.want) {
			t.Errorf("%v: %q", c.environ, w)
			continue
		}
		for i := range w {
			if !strings.Contains(w[i], c.want[i]) {
				t.Errorf("%q does not speak of %s", w[i], c.want[i])
			}
		}
	}
}
