package account

import "time"

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
