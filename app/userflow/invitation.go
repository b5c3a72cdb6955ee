package userflow

import (
	"maps"
	"slices"
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

// Prefilled reads answers that somebody else gives beforehand, each by the flow's own field, so that whoever
// invites learns of what the flow would not take. The person may still change what is asked, so a box that
// must be ticked may come without its tick. What has nowhere to go is a custom attribute that the flow does
// not ask for; built-in ones are kept with the account all the same.
func (f Flow) Prefilled(values map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(values))
	var bad fault.Fields
	for _, id := range slices.Sorted(maps.Keys(values)) {
		a := Attribute{ID: id}
		switch n := slices.IndexFunc(f.Attributes, func(a Attribute) bool { return a.ID == id }); {
		case id == "email" || id == UserName: // one is proven, the other is chosen
			bad.Add(FieldName(id), "invitation.attribute.unasked", map[string]any{"label": id})
			continue
		case n >= 0:
			a = f.Attributes[n]
		case !a.Builtin():
			bad.Add(FieldName(id), "invitation.attribute.unasked", map[string]any{"label": id})
			continue
		}
		if a.Label == "" {
			a.Label = id
			if a.Definition != nil {
				a.Label = a.Definition.Name
			}
		}
		a.Required = a.Required && (a.Hidden || a.ReadOnly)
		v, key := a.Read(a.Typed(values[id]))
		if key != "" {
			bad.Add(FieldName(id), key, a.words())
			continue
		}
		out[id] = v
	}
	return out, bad.Err()
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
