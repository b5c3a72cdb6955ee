package userflow

import (
	"time"

	"portico/app/fault"
)

// Invitation asks one address into a flow with answers filled in beforehand (F081). It is used once, by
// whoever proves the address.
type Invitation struct {
	ID          string
	TenantID    string
	FlowID      string
	ClientID    string // the app that the person ends up at
	Email       string // as the admin wrote it
	Canonical   string
	Name        string         // invitedUserDisplayName, "" = none
	Values      map[string]any // attributes, by id
	RedirectURI string         // where the person goes afterwards: an address of the app
	Locale      string         // of the message, "" = the tenant's
	Message     string         // the admin's own paragraph in the mail, plain text
	SentAt      time.Time      // zero = never mailed
	SentCount   int
	ExpiresAt   time.Time
	AcceptedAt  time.Time // zero = not yet
	AcceptedBy  string    // user id
	RevokedAt   time.Time
	CreatedAt   time.Time
	ActorName   string
}

// InvitationLifetime is how long an invitation can be used unless the admin says otherwise.
const InvitationLifetime = 7 * 24 * time.Hour

const (
	maxInvited        = 256  // characters of a name
	maxInvitedMessage = 2000 // characters of the admin's own paragraph
)

// Validate says what an admin must mend in the words of an invitation.
func (i Invitation) Validate() error {
	var bad fault.Fields
	for field, one := range map[string]struct {
		text string
		most int
	}{"name": {i.Name, maxInvited}, "message": {i.Message, maxInvitedMessage}} {
		checkText(&bad, field, one.text, one.most)
	}
	if i.Name != "" && !visible(i.Name) {
		bad.Add("name", "flow.text.invisible", nil)
	}
	return bad.Err()
}

// InvitationState is what an invitation is at a moment.
type InvitationState string

const (
	InvitationPending  InvitationState = "pending"
	InvitationAccepted InvitationState = "accepted"
	InvitationExpired  InvitationState = "expired"
	InvitationRevoked  InvitationState = "revoked"
)

// State works out what the invitation is now.
func (i Invitation) State(now time.Time) InvitationState {
	switch {
	case !i.AcceptedAt.IsZero():
		return InvitationAccepted
	case !i.RevokedAt.IsZero():
		return InvitationRevoked
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	}
	return InvitationPending
}
