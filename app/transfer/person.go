// Package transfer knows people as files: it reads CSV and JSON that other products or Portico itself wrote,
// record by record, and writes the same shapes. A file may be large, broken or hostile: memory is bounded, and
// whatever is wrong is said in words with the line. It stores nothing and decides nothing about accounts.
package transfer

import (
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
)

// Formats of a file.
const (
	CSV    = "csv"
	JSON   = "json"
	NDJSON = "ndjson"
)

// Person is one record of a file. What the record does not say is zero; an empty cell says nothing.
type Person struct {
	Number int64 // of the record, from 1
	Line   int64 // where it begins

	ID           string
	Text         map[string]string   // properties that are plain texts, by Graph's names
	Lists        map[string][]string // otherMails, businessPhones
	Identities   []account.Identity  // Canonical is not filled
	Mail         string
	MailVerified *bool
	Enabled      *bool
	MustChange   *bool
	CreatedAt    time.Time
	FirstFactor  string // emailPassword, emailCode
	CreationType string
	Password     string
	PasswordHash string         // as factor.Foreign.Adopt gives it
	EmailMethod  *bool          // the address is a second factor (R 10.3.3)
	Attributes   map[string]any // custom attributes by API name
	Groups       []string       // by name
	Terms        []Agreement

	Bad  fault.Fields // why the record cannot be taken
	Warn fault.Fields // what was changed or left out in taking it

	foreign   factor.Foreign
	userNames []string // written as user names, which may be addresses
}

// Agreement is what a person agreed to elsewhere or earlier. Terms is an id or a name; Version 0 is the present
// one, a zero time the time of the import.
type Agreement struct {
	Terms   string    `json:"terms"`
	Version int       `json:"version,omitempty"`
	At      time.Time `json:"acceptedDateTime,omitzero"`
	Locale  string    `json:"locale,omitempty"`
}

// Who names the person for the reader of a report.
func (p *Person) Who() string {
	for _, i := range p.Identities {
		if i.Value != "" {
			return i.Value
		}
	}
	for _, s := range []string{p.Mail, p.Text["displayName"], p.ID} {
		if s != "" {
			return s
		}
	}
	return ""
}

func (p *Person) setText(name, value string) {
	if p.Text == nil {
		p.Text = map[string]string{}
	}
	p.Text[name] = value
}

func (p *Person) identity(signInType, issuer, value string) {
	i := account.Identity{SignInType: signInType, Issuer: issuer, Value: value}
	if value != "" && !slices.Contains(p.Identities, i) {
		p.Identities = append(p.Identities, i)
	}
}

func (p *Person) hasEmail() bool {
	return slices.ContainsFunc(p.Identities, func(i account.Identity) bool { return i.SignInType == account.SignInEmail })
}

// finish puts together what several cells say.
func (p *Person) finish(o Options) {
	for _, n := range p.userNames {
		switch {
		case !strings.Contains(n, "@"):
			p.identity(account.SignInUserName, "", n)
		case !p.hasEmail(): // many products use the address as user name
			p.identity(account.SignInEmail, "", n)
		}
	}
	p.userNames = nil
	if p.Mail == "" {
		for _, i := range p.Identities {
			if i.SignInType == account.SignInEmail {
				p.Mail = i.Value
				break
			}
		}
	}
	if f := p.foreign; f.Hash != "" {
		f.Firebase = o.Firebase
		if f.Algorithm == "" && f.Salt != "" && f.Iterations == 0 && o.Firebase.SignerKey != "" {
			f.Algorithm = "firebase"
		}
		hash, err := f.Adopt()
		if err != nil {
			p.Bad = append(p.Bad, fault.Of(err).Fields...)
		}
		p.PasswordHash = hash
		if strings.HasPrefix(hash, "{SSHA") {
			p.Warn.Add("passwordHash", "import.hash.weak", nil)
		}
	}
	p.foreign = factor.Foreign{}
	if p.Password != "" && p.PasswordHash != "" {
		p.Bad.Add("password", "import.password.twice", nil)
	}
}
