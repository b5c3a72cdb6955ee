package message

import (
	"context"
	"time"

	"portico/app/userflow"
)

// PostInvitation queues the mail of an invitation: who invites, to which app, until when, the
// administrator's own paragraph and the link. It is meant for the callback of models.CreateInvitation and
// models.ResendInvitation, whose tenant handle is the queue, so that invitation and mail exist together or
// not at all. app is the app's name as people know it; link opens a page whose POST acts
// (handlers.InvitationLink).
func PostInvitation(ctx context.Context, q Queue, i userflow.Invitation, app, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: Invite, Channel: "mail", TenantID: i.TenantID, To: i.Email, Locale: i.Locale, URL: link, ClientID: i.ClientID,
		App: app, Message: i.Message, Until: i.ExpiresAt}, now)
}
