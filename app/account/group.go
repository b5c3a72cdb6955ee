package account

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
)

// Group is a set of people, other groups and applications of one tenant (F298). It gives app roles, stands
// in the claim "groups", and policies name it.
type Group struct {
	ID           string
	TenantID     string
	Name         string // unique in the tenant, whatever its letter case
	Description  string
	MailNickname string // for the vendor's tools; made from the name when empty
	Rule         string // membership rule; "" = members are listed
	RulePaused   bool
	Processing   bool  // its members are being worked out
	Version      int64 // an edit names the one it began with
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Kinds of what can be in a group or be given an app role, in Graph's words.
const (
	MemberUser  = "user"
	MemberGroup = "group"
	MemberApp   = "servicePrincipal"
)

// Member is something in a group.
type Member struct {
	ID      string
	Kind    string // MemberUser, MemberGroup, MemberApp
	Name    string
	Mail    string // of a person
	ByRule  bool
	AddedAt time.Time
}

// Lengths of a group's texts, as the vendor has them.
const (
	maxGroupName        = 256
	maxGroupDescription = 1024
	maxGroupNickname    = 64
	maxGroupRule        = 3072
)

// Validate trims a group's texts, makes a mail nickname where there is none, and says what is wrong.
func (g *Group) Validate() error {
	var bad fault.Fields
	g.Name, g.Description, g.MailNickname, g.Rule = strings.TrimSpace(g.Name), strings.TrimSpace(g.Description),
		strings.TrimSpace(g.MailNickname), strings.TrimSpace(g.Rule)
	switch {
	case g.Name == "":
		bad.Add("displayName", "group.name.required", nil)
	case utf8.RuneCountInString(g.Name) > maxGroupName:
		bad.Add("displayName", "field.too_long", map[string]any{"max": maxGroupName})
	case !oneLine(g.Name):
		bad.Add("displayName", "field.characters", nil)
	}
	switch {
	case utf8.RuneCountInString(g.Description) > maxGroupDescription:
		bad.Add("description", "field.too_long", map[string]any{"max": maxGroupDescription})
	case !oneLine(strings.NewReplacer("\r", "", "\n", "").Replace(g.Description)):
		bad.Add("description", "field.characters", nil)
	}
	if g.MailNickname == "" {
		g.MailNickname = nickname(g.Name)
	} else if len(g.MailNickname) > maxGroupNickname || strings.ContainsFunc(g.MailNickname, notInNickname) {
		bad.Add("mailNickname", "group.nickname", map[string]any{"max": maxGroupNickname})
	}
	if utf8.RuneCountInString(g.Rule) > maxGroupRule {
		bad.Add("membershipRule", "field.too_long", map[string]any{"max": maxGroupRule})
	}
	if g.Rule == "" {
		g.RulePaused = false
	}
	return bad.Err()
}

// oneLine reports whether a text reads as it looks: no control characters, no marks that nobody sees.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// notInNickname: what the vendor refuses in a mail nickname (Graph group.mailNickname).
func notInNickname(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`@()\[]";:<>,`, r)
}

// nickname makes a mail nickname of a name: its plain letters and digits.
func nickname(name string) string {
	kept := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' || r == '_') {
			return r
		}
		return -1
	}, name)
	if len(kept) > maxGroupNickname {
		kept = kept[:maxGroupNickname]
	}
	if kept == "" {
		return "group"
	}
	return kept
}
