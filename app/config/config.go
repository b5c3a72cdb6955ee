// Package config knows the settings: one struct, read from the environment, refused with a clear
// message when they cannot work (DESIGN §7).
package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is every setting of the program.
type Config struct {
	Port              int    `env:"PORT" envDefault:"3000"`
	DatabaseURL       string `env:"DATABASE_URL" envDefault:"sqlite:data/portico.db"`
	Env               string `env:"PORTICO_ENV" envDefault:"development"`
	BaseURL           string `env:"PORTICO_BASE_URL"`
	Secret            string `env:"PORTICO_SECRET"`          // 32 random bytes, base64
	SecretPrevious    string `env:"PORTICO_SECRET_PREVIOUS"` // opens what the former secret sealed
	AdminHost         string `env:"PORTICO_ADMIN_HOST"`
	TrustedProxies    string `env:"PORTICO_TRUSTED_PROXIES"` // CIDRs, "private", or "hops=N"
	TLSCert           string `env:"PORTICO_TLS_CERT"`
	TLSKey            string `env:"PORTICO_TLS_KEY"`
	TLS               string `env:"PORTICO_TLS"` // "local": a generated local authority (development)
	MetricsToken      string `env:"PORTICO_METRICS_TOKEN"`
	ExportDir         string `env:"PORTICO_EXPORT_DIR"`
	SMTPURL           string `env:"SMTP_URL"`
	MailFrom          string `env:"PORTICO_MAIL_FROM"`
	SMSURL            string `env:"SMS_URL"`          // a gateway that takes POST {to, text, from}, or twilio://…
	SMSFrom           string `env:"PORTICO_SMS_FROM"` // the sender's name or number, where the gateway wants one
	GeoIP             string `env:"PORTICO_GEOIP"`
	IPLists           string `env:"PORTICO_IP_LISTS"`
	BreachedPasswords string `env:"PORTICO_BREACHED_PASSWORDS"`
	OutboundAllow     string `env:"PORTICO_OUTBOUND_ALLOW"`
	DevMailbox        bool   `env:"PORTICO_DEV_MAILBOX" envDefault:"true"`
	Log               string `env:"PORTICO_LOG" envDefault:"info"`
}

// Development reports whether this is a developer's machine: loopback only, demo apps, mailbox.
func (c Config) Development() bool { return c.Env == "development" }

// DataDir holds what a machine keeps for itself: the SQLite file, the development secret and the local
// certificate authority. Production over Postgres with a certificate elsewhere needs none of it.
const DataDir = "data"

// Load reads the environment (os.Environ gives it) and validates it. A setting that is set to nothing
// counts as not set.
func Load(environ []string) (Config, error) {
	var c Config
	given := env.ToMap(environ)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	if err := env.ParseWithOptions(&c, env.Options{Environment: given}); err != nil {
		return c, named(err, given)
	}
	return c, c.complete()
}

// named says of every value that cannot be read which setting it is of: the library knows only fields.
func named(err error, given map[string]string) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return fmt.Errorf("settings: %w", err)
	}
	var errs []error
	for _, e := range all.Errors {
		var bad env.ParseError
		field, ok := reflect.StructField{}, false
		if errors.As(e, &bad) {
			field, ok = reflect.TypeFor[Config]().FieldByName(bad.Name)
		}
		if !ok {
			errs = append(errs, fmt.Errorf("settings: %w", e))
			continue
		}
		must := "a whole number"
		if field.Type.Kind() == reflect.Bool {
			must = "true or false"
		}
		name := field.Tag.Get("env")
		errs = append(errs, fmt.Errorf("%s is %q; it must be %s", name, given[name], must))
	}
	return errors.Join(errs...)
}

// SQLite gives the file of an embedded database, "" when the database is a server.
func (c Config) SQLite() string {
	path, _ := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if path == c.DatabaseURL {
		return ""
	}
	return path
}

// Secrets decodes the installation's secret and the one before it (nil when there is none).
func (c Config) Secrets() (current, previous []byte, err error) {
	if current, err = base64.StdEncoding.DecodeString(c.Secret); err != nil {
		return nil, nil, err
	}
	if c.SecretPrevious == "" {
		return current, nil, nil
	}
	previous, err = base64.StdEncoding.DecodeString(c.SecretPrevious)
	return current, previous, err
}

// Warnings are settings that work but that an operator should know about.
func (c Config) Warnings() []string {
	if c.Development() {
		return nil
	}
	var w []string
	if path := c.SQLite(); path != "" {
		w = append(w, fmt.Sprintf("the database is the file %s: it is lost when this machine's disk is, and only one instance can use it. Set DATABASE_URL=postgres://… unless you mean it and back the file up", path))
	}
	if c.AdminHost == "" {
		w = append(w, "PORTICO_ADMIN_HOST is not set: the admin portal shares its host with the customers' pages. Give it a host of its own, for example admin.example.com")
	}
	if c.TrustedProxies == "" && c.TLSCert == "" {
		w = append(w, "PORTICO_TRUSTED_PROXIES is not set although TLS must end somewhere before Portico: every customer would seem to come from the proxy's address. Set it to the proxy's networks, private, or hops=N")
	}
	return w
}

// complete fills what follows from other settings and refuses what cannot work.
func (c *Config) complete() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Env != "development" && c.Env != "production" {
		refuse("PORTICO_ENV is %q; it must be development or production", c.Env)
	}
	if c.Port < 1 || c.Port > 65535 {
		refuse("PORT is %d; it must be between 1 and 65535", c.Port)
	}
	if c.BaseURL == "" && c.Development() {
		scheme := "http"
		if c.TLS == "local" || c.TLSCert != "" {
			scheme = "https"
		}
		c.BaseURL = fmt.Sprintf("%s://localhost:%d", scheme, c.Port)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.SQLite() == "" && !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		refuse("DATABASE_URL must be sqlite:PATH or postgres://user:password@host/name")
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "":
		refuse("PORTICO_BASE_URL is missing; in production say where customers reach Portico, for example https://login.example.com")
	case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		refuse("PORTICO_BASE_URL is %q; it must be scheme://host[:port] and nothing more", c.BaseURL)
	case c.Development() && !loopback(u.Hostname()):
		refuse("PORTICO_BASE_URL is %q; development serves this machine only. Set PORTICO_ENV=production to serve others", c.BaseURL)
	case !c.Development() && u.Scheme != "https":
		refuse("PORTICO_BASE_URL is %q; production needs https", c.BaseURL)
	}
	if !c.Development() {
		if c.Secret == "" {
			refuse("PORTICO_SECRET is missing; make one with: openssl rand -base64 32")
		}
		if c.SMTPURL == "" {
			refuse("SMTP_URL is missing; customers get their codes by mail, for example smtp://user:password@mail.example.com:587")
		}
		c.DevMailbox = false
	}
	for _, pair := range [][2]string{{"PORTICO_SECRET", c.Secret}, {"PORTICO_SECRET_PREVIOUS", c.SecretPrevious}} {
		name, v := pair[0], pair[1]
		if v == "" {
			continue
		}
		if b, err := base64.StdEncoding.DecodeString(v); err != nil || len(b) != 32 {
			refuse("%s must be 32 random bytes in base64; make one with: openssl rand -base64 32", name)
		}
	}
	if c.SMTPURL != "" {
		if m, err := url.Parse(c.SMTPURL); err != nil || m.Hostname() == "" || m.Scheme != "smtp" && m.Scheme != "smtps" {
			refuse("SMTP_URL must look like smtp://user:password@mail.example.com:587 (STARTTLS) or smtps://user:password@mail.example.com:465")
		}
	}
	if c.SMSURL != "" {
		if m, err := url.Parse(c.SMSURL); err != nil || m.Hostname() == "" || m.Fragment != "" || m.Scheme != "https" && m.Scheme != "http" && (m.Scheme != "twilio" || m.User.Username() == "") {
			refuse("SMS_URL must look like https://user:password@sms.example.com/messages or twilio://AccountSID:AuthToken@api.twilio.com/?from=%%2B15005550006")
		}
	}
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			refuse("PORTICO_MAIL_FROM is %q; it must be an address like Portico <no-reply@example.com>", c.MailFrom)
		}
	}
	if h, err := url.Parse("//" + c.AdminHost); c.AdminHost != "" && (err != nil || h.Host != c.AdminHost || h.Hostname() == "") {
		refuse("PORTICO_ADMIN_HOST is %q; it must be a host name alone, like admin.example.com", c.AdminHost)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil {
		refuse("PORTICO_LOG is %q; it must be debug, info, warn or error", c.Log)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		refuse("PORTICO_TLS_CERT and PORTICO_TLS_KEY belong together; one of them is missing")
	}
	if c.TLS != "" && c.TLS != "local" {
		refuse("PORTICO_TLS is %q; the only value is local", c.TLS)
	}
	if c.TLS == "local" && !c.Development() {
		refuse("PORTICO_TLS=local is for development; production takes PORTICO_TLS_CERT and PORTICO_TLS_KEY, or TLS ends at a proxy")
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// OwnAddresses are those of the installation itself, which no tenant can claim.
func (c Config) OwnAddresses() []string {
	out := []string{c.BaseURL}
	if c.AdminHost != "" {
		out = append(out, c.AdminHost)
	}
	return out
}
