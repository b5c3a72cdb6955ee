package account

import (
	"fmt"
	"strings"
)

// Merge is what making one account of two does, worked out before it is done: what is shown is what happens, for the
// same value is carried out. The account that stays is Into, the one that vanishes From.
type Merge struct {
	Into, From MergeSide
	Fields     []MergeField // that differ
	Identities []Identity   // that come along
	Password   MergePassword
	Methods    []Method // that come along
	Left       []Method // that do not: there is one like it already, or it is bound to the account that vanishes
	Recovery   int      // recovery codes that stop working
	Groups     []MergeThing
	Roles      []MergeThing // in applications; their names say "application: role"
	Consents   []MergeThing
	// Apps know the account that vanishes by an identifier of its own, which nobody has afterwards.
	Apps      []MergeThing
	Terms     int // agreements that come along
	Sessions  int // of both, which end
	Risk      string
	Detection int // that come along
	// Obstacles say why it cannot be done, as message keys; none = it can.
	Obstacles []MergeObstacle
	// Revision changes with everything above but the choice of values: who agreed to one plan does not get another.
	Revision string
}

// MergeSide is one of the two accounts by name.
type MergeSide struct {
	ID      string
	Name    string
	Address string
	Enabled bool
}

// MergeThing is something that an account has in the directory.
type MergeThing struct{ ID, Name string }

// MergeField is one property in which the accounts differ. An empty one of the account that stays is filled unless
// somebody chose otherwise.
type MergeField struct {
	ID       string
	Into     string
	From     string
	TakeFrom bool
}

// MergePassword says what becomes of the passwords.
type MergePassword string

const (
	NoPassword    MergePassword = ""      // neither has one
	PasswordStays MergePassword = "stays" // the one of the account that stays
	PasswordGone  MergePassword = "gone"  // both had one: that of the account that vanishes opens nothing any more
	PasswordMoves MergePassword = "moves" // only the account that vanishes had one
)

// MergeObstacle is a reason why two accounts are not merged.
type MergeObstacle struct {
	Key  string
	Args map[string]any
}

// Sentences say what will happen, in the order in which somebody wants to know it.
func (m Merge) Sentences() []string {
	into, from := "“"+m.Into.Name+"”", "“"+m.From.Name+"”"
	out := []string{from + " vanishes, " + into + " stays. This cannot be undone: the account that vanishes is not among the deleted users afterwards."}
	say := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(len(m.Identities) > 0, "%s is signed in to by what %s was: %s.", into, from, list(m.Identities, Identity.words))
	say(!m.From.Enabled, "%s is disabled. What it was signed in to by opens the other account, which is %s.", from, enabled(m.Into.Enabled))
	say(m.From.Enabled && !m.Into.Enabled, "%s is disabled and stays so: nobody signs in until you enable it.", into)
	switch m.Password {
	case PasswordStays:
		out = append(out, "The password of "+into+" stays.")
	case PasswordGone:
		out = append(out, "Both have a password. That of "+into+" stays, that of "+from+" opens nothing any more.")
	case PasswordMoves:
		out = append(out, "The password of "+from+" becomes that of "+into+", which has none.")
	}
	say(len(m.Methods) > 0, "Second factors and passkeys come along and keep working: %s.", list(m.Methods, Method.words))
	say(len(m.Left) > 0, "Not coming along: %s. %s has one like it already.", list(m.Left, Method.words), into)
	say(m.Recovery > 0, "The recovery codes of %s stop working; new ones can be made on the account pages.", from)
	say(len(m.Groups) > 0, "%s becomes a member of: %s.", into, things(m.Groups))
	say(len(m.Roles) > 0, "%s gets these roles in applications: %s.", into, things(m.Roles))
	say(len(m.Consents) > 0, "What %s allowed these applications goes on for %s: %s.", from, into, things(m.Consents))
	say(m.Terms > 0, "%d accepted terms of use come along.", m.Terms)
	say(len(m.Apps) > 0, "These applications know %s by an identifier that nobody has afterwards: %s. Data that they keep under it does not follow; tell their owners.", from, things(m.Apps))
	out = append(out, fmt.Sprintf("Sessions, remembered devices and tokens of both end (%d sessions now): the person signs in again.", m.Sessions))
	say(m.Risk != "", "The risk of %s is %s afterwards: what was found about either counts.", into, m.Risk)
	say(true, "The logs keep the old entries under the old account, and the timeline of %s shows both.", into)
	say(m.mailed() != "", "Mail tells %s.", m.mailed())
	return out
}

// mailed are the addresses that are told.
func (m Merge) mailed() string {
	switch a, b := m.Into.Address, m.From.Address; {
	case a == "" || strings.EqualFold(a, b):
		return b
	case b == "":
		return a
	default:
		return a + " and " + b
	}
}

func enabled(yes bool) string {
	if yes {
		return "enabled"
	}
	return "disabled too"
}

func (i Identity) words() string {
	if i.SignInType == SignInFederated {
		return "an account at " + i.Issuer
	}
	return i.Value
}

func (m Method) words() string {
	kind := map[string]string{"totp": "authenticator app", "passkey": "passkey", "email": "code by email", "sms": "code by text message"}[m.Kind]
	if kind == "" {
		kind = m.Kind
	}
	if m.Name == "" {
		return kind
	}
	return kind + " “" + m.Name + "”"
}

func list[T any](all []T, words func(T) string) string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = words(x)
	}
	return strings.Join(out, ", ")
}

func things(all []MergeThing) string { return list(all, func(t MergeThing) string { return t.Name }) }
