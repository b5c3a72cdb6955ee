package graph

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/userflow"
	"portico/handlers"
	"portico/handlers/graph/odata"
	"portico/models"
)

// invitation is an invitation into a user flow in Graph's shape (graph.md §14.1).
type invitation struct {
	userflow.Invitation
	send   bool
	link   string // known only in the answer that made it: it is not kept
	values map[string]json.RawMessage
	now    time.Time
}

type invitationMessage struct {
	Recipients []json.RawMessage `json:"ccRecipients"`
	Body       *string           `json:"customizedMessageBody"`
	Language   *string           `json:"messageLanguage"`
}

// porticoInvitation is what a request may say besides: the flow and app that the person is invited into,
// answers filled in beforehand, and when the invitation ends.
type porticoInvitation struct {
	FlowID     *string                    `json:"userFlowId"`
	AppID      *string                    `json:"appId"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	Expires    *time.Time                 `json:"expirationDateTime"`
}

func inviters() []access.Permission { return []access.Permission{access.Invite} }

// invitations is /beta/portico/invitations, where invitations can be read and taken back; Graph itself has
// only the door of inviting.
func (a *API) invitations() *collection[invitation] {
	r := &collection[invitation]{
		path: []string{"portico", "invitations"}, name: "invitations", typ: "invitation", beta: true,
		read: inviters(), write: inviters(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "createdDateTime", Desc: true},
		id: func(i *invitation) string { return i.ID },
	}
	r.fields = []field[invitation]{
		readOnly("id", func(i *invitation) any { return i.ID }),
		readOnly("inviteRedeemUrl", func(i *invitation) any { return text(i.link) }),
		str("invitedUserDisplayName", 256, func(i *invitation) *string { return &i.Name }),
		str("invitedUserType", 16, func(*invitation) *string { s := "Member"; return &s }),
		str("invitedUserEmailAddress", 254, func(i *invitation) *string { return &i.Email }),
		{name: "sendInvitationMessage", get: func(i *invitation) any { return i.SentCount > 0 }, set: func(i *invitation, raw json.RawMessage) error {
			return strict("sendInvitationMessage", raw, &i.send)
		}},
		{name: "resetRedemption", get: func(*invitation) any { return false }, set: without[invitation]("resetRedemption", false).set},
		str("inviteRedirectUrl", 2000, func(i *invitation) *string { return &i.RedirectURI }),
		readOnly("status", func(i *invitation) any { return graphState(i.State(i.now)) }),
		{name: "invitedUserMessageInfo", get: func(i *invitation) any {
			return object{{"messageLanguage", text(i.Locale)}, {"ccRecipients", []string{}}, {"customizedMessageBody", text(i.Message)}}
		}, set: setInvitationMessage},
		readOnly("invitedUser", func(i *invitation) any { return object{{"id", text(i.AcceptedBy)}} }),
		readOnly("createdDateTime", func(i *invitation) any { return stamp(i.CreatedAt) }).onlySelected().
			filterable("invitations.created_at", column{}).sortable(func(i *invitation) any { return i.CreatedAt }),
		{name: "portico", get: shownPorticoInvitation, set: setPorticoInvitation},
	}
	r.fields[3].set = func(_ *invitation, raw json.RawMessage) error {
		var kind *string
		if err := strict("invitedUserType", raw, &kind); err != nil || kind == nil || *kind == "Member" || *kind == "Guest" {
			return err // Guest is what the vendor's clients send unasked; the answer says what the person becomes
		}
		return invalidValue("invitedUserType", ": people who are invited become members; Member or Guest is needed")
	}
	r.fresh = func(*call) invitation { return invitation{} }
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]invitation, error) {
		if !l.Desc {
			return nil, unsupported("Invitations are listed newest first.")
		}
		after := ""
		if l.After != nil {
			after = l.After.ID
		}
		list, err := c.tenant.Invitations(ctx, after, l.Limit)
		out := make([]invitation, len(list))
		for n, i := range list {
			out[n] = invitation{Invitation: i, now: a.now()}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*invitation, error) {
		i, err := c.tenant.Invitation(ctx, clientID(key))
		return &invitation{Invitation: i, now: a.now()}, err
	}
	r.check = func(_ context.Context, _ *call, _ *invitation, sent func(string) bool) error {
		for _, name := range []string{"invitedUserEmailAddress", "inviteRedirectUrl"} {
			if !sent(name) {
				return badRequest("A value is required for property '"+name+"' of resource 'invitation'.", name)
			}
		}
		return nil
	}
	r.create = a.invite
	r.actions = []action[invitation]{
		{method: http.MethodPost, path: "resend", need: inviters(), run: func(ctx context.Context, c *call, i *invitation) (*response, error) {
			return a.resend(ctx, c, r, i)
		}},
		{method: http.MethodPost, path: "revoke", need: inviters(), run: func(ctx context.Context, c *call, i *invitation) (*response, error) {
			return emptied(c.tenant.RevokeInvitation(ctx, c.actor(), i.ID))
		}},
	}
	return r
}

// invitationDoor is /invitations: an invitation can be made there and nothing else.
type invitationDoor struct{ inner *collection[invitation] }

func (invitationDoor) prefix() []string { return []string{"invitations"} }

func (d invitationDoor) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case keys != nil || len(rest) > 0:
		return nil, noSegment("invitations")
	case c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodPost)
	case !c.caller.may(inviters()...):
		return nil, denied()
	}
	return d.inner.post(ctx, c)
}

// graphState puts the state into Graph's words, which know no end without acceptance.
func graphState(s userflow.InvitationState) string {
	switch s {
	case userflow.InvitationPending:
		return "PendingAcceptance"
	case userflow.InvitationAccepted:
		return "Completed"
	}
	return "Error"
}

func setInvitationMessage(i *invitation, raw json.RawMessage) error {
	const property = "invitedUserMessageInfo"
	var v invitationMessage
	if err := strict(property, raw, &v); err != nil {
		return err
	}
	if len(v.Recipients) > 0 {
		var first struct {
			Address *struct {
				Address *string `json:"address"`
			} `json:"emailAddress"`
		}
		if len(v.Recipients) > 1 || json.Unmarshal(v.Recipients[0], &first) != nil || first.Address != nil && deref(first.Address.Address) != "" {
			return badRequest("Property 'invitedUserMessageInfo/ccRecipients' is not supported by this directory.", property+"/ccRecipients")
		}
	}
	i.Message, i.Locale = deref(v.Body), deref(v.Language)
	if err := checkText(property+"/customizedMessageBody", i.Message, 2000); err != nil {
		return err
	}
	return checkText(property+"/messageLanguage", i.Locale, 35)
}

func shownPorticoInvitation(i *invitation) any {
	values := object{}
	for _, id := range slices.Sorted(maps.Keys(i.Values)) {
		values.add(id, i.Values[id])
	}
	return object{{"userFlowId", i.FlowID}, {"appId", i.ClientID}, {"attributes", values}, {"expirationDateTime", stamp(i.ExpiresAt)},
		{"state", string(i.State(i.now))}, {"createdDateTime", stamp(i.CreatedAt)}, {"createdBy", text(i.ActorName)}, {"sentDateTime", stamp(i.SentAt)},
		{"sentCount", i.SentCount}, {"acceptedDateTime", stamp(i.AcceptedAt)}, {"revokedDateTime", stamp(i.RevokedAt)}}
}

func setPorticoInvitation(i *invitation, raw json.RawMessage) error {
	var v porticoInvitation
	if err := strict("portico", raw, &v); err != nil {
		return err
	}
	i.FlowID, i.ClientID, i.values = clientID(deref(v.FlowID)), clientID(deref(v.AppID)), v.Attributes
	if v.Expires != nil {
		i.ExpiresAt = v.Expires.UTC()
	}
	return nil
}

// invite makes the invitation: into the flow of the app that the person shall end up at.
func (a *API) invite(ctx context.Context, c *call, i *invitation) error {
	if err := a.invitedTo(ctx, c, i); err != nil {
		return err
	}
	if err := invitationValues(ctx, c, i); err != nil {
		return err
	}
	mail, err := a.invitationMail(ctx, c, i.ClientID)
	if err != nil {
		return err
	}
	post := mail.post
	if !i.send {
		post = nil
	}
	made, token, err := c.tenant.CreateInvitation(ctx, c.actor(), i.Invitation, post)
	if err != nil {
		return a.invitationWords(err)
	}
	*i = invitation{Invitation: made, link: mail.link(token), now: a.now()}
	return nil
}

func (a *API) resend(ctx context.Context, c *call, r *collection[invitation], i *invitation) (*response, error) {
	mail, err := a.invitationMail(ctx, c, i.ClientID)
	if err != nil {
		return nil, err
	}
	made, token, err := c.tenant.ResendInvitation(ctx, c.actor(), i.ID, mail.post)
	if err != nil {
		return nil, a.invitationWords(err)
	}
	return r.answer(ctx, c, http.StatusOK, &invitation{Invitation: made, link: mail.link(token), now: a.now()})
}

// invitationMail is what link and mail of an invitation say.
type invitationMail struct {
	link func(token string) string
	post func(t *models.Tenant, i userflow.Invitation, token string) error
}

func (a *API) invitationMail(ctx context.Context, c *call, client string) (invitationMail, error) {
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return invitationMail{}, err
	}
	name := t.Name
	if app, err := c.tenant.ApplicationByClient(ctx, client); err == nil {
		name = app.Name
	} else if !fault.Is(err, fault.NotFound) {
		return invitationMail{}, err
	}
	m := invitationMail{link: func(token string) string { return handlers.InvitationLink(t.Base(a.BaseURL), t.Slug, token) }}
	m.post = func(t *models.Tenant, i userflow.Invitation, token string) error {
		return message.PostInvitation(ctx, t, i, name, m.link(token), a.now())
	}
	return m, nil
}

// invitedTo finds app and flow by the address where the person shall end up. Only an address that is
// registered for an app is taken: an invitation is a link in a mail of ours, and must not lead anywhere.
func (a *API) invitedTo(ctx context.Context, c *call, i *invitation) error {
	directory, err := a.Store.LatestDirectory(ctx, c.caller.TenantID)
	if err != nil {
		return err
	}
	if i.FlowID != "" && directory.Flows[i.FlowID] == nil {
		return invalidValue("portico/userFlowId", ": there is no such user flow")
	}
	var candidates, matches []string
	for client, flow := range directory.FlowOf {
		app := directory.Clients[client]
		if app != nil && app.Enabled && (i.FlowID == "" || flow == i.FlowID) && (i.ClientID == "" || client == i.ClientID) {
			candidates = append(candidates, client)
		}
	}
	if len(candidates) == 0 && i.ClientID != "" {
		return invalidValue("portico/appId", ": there is no such application in a user flow")
	}
	slices.Sort(candidates)
	for _, client := range candidates {
		for _, uri := range directory.Clients[client].RedirectURIs {
			if uri.URI == i.RedirectURI {
				matches = append(matches, client)
				break
			}
		}
	}
	for _, client := range candidates {
		if len(matches) > 0 {
			break
		}
		app, err := c.tenant.ApplicationByClient(ctx, client)
		if err != nil {
			return err
		}
		if home := app.Spec.HomepageURL; home != "" && strings.TrimSuffix(home, "/") == strings.TrimSuffix(i.RedirectURI, "/") {
			matches = append(matches, client)
			i.RedirectURI = home
		}
	}
	switch len(matches) {
	case 0:
		return invalidValue("inviteRedirectUrl", ": use a redirect URI or the home page of an application that has a user flow")
	case 1:
		i.ClientID = matches[0]
		i.FlowID = directory.FlowOf[i.ClientID]
		return nil
	}
	return invalidValue("inviteRedirectUrl", ": several applications have this address; say which one in portico.appId")
}

// invitationValues reads the answers that are filled in beforehand, each by the rules of its attribute.
func invitationValues(ctx context.Context, c *call, i *invitation) error {
	if len(i.values) == 0 {
		return nil
	}
	i.Values = map[string]any{}
	for _, id := range slices.Sorted(maps.Keys(i.values)) {
		where := "portico/attributes/" + id
		if _, ok := userflow.Builtin()[id]; ok && id != "email" {
			var s string
			if err := strict(where, i.values[id], &s); err != nil {
				return err
			}
			if s == "" {
				continue
			}
			v, key := userflow.Attribute{ID: id}.Read([]string{s})
			if key != "" {
				return fault.BadField(where, key, map[string]any{"id": id, "label": c.api.attributeName(id), "count": userflow.Builtin()[id]})
			}
			i.Values[id] = v
			continue
		}
		d, err := c.tenant.Definition(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return invalidValue(where, ": there is no such attribute")
		}
		if err != nil {
			return err
		}
		v, err := extensionValue(where, d, i.values[id])
		if err != nil {
			return err
		}
		if v != nil {
			i.Values[id] = v
		}
	}
	return nil
}

// invitationWords gives complaints Graph's property names, and built-in attributes without a label of the
// flow's own their usual one.
func (a *API) invitationWords(err error) error {
	if f := fault.Of(err); err != nil && f.Code == fault.Invalid {
		for _, field := range f.Fields {
			if id, _ := field.Args["id"].(string); id != "" && field.Args["label"] == id && (userflow.Attribute{ID: id}).Builtin() {
				field.Args["label"] = a.attributeName(id)
			}
		}
	}
	return renamed(err, func(name string) string {
		switch name {
		case "email":
			return "invitedUserEmailAddress"
		case "userFlow":
			return "portico/userFlowId"
		case "application":
			return "portico/appId"
		case "redirectUri":
			return "inviteRedirectUrl"
		case "expires":
			return "portico/expirationDateTime"
		case "name":
			return "invitedUserDisplayName"
		case "message":
			return "invitedUserMessageInfo/customizedMessageBody"
		}
		if id, ok := strings.CutPrefix(name, "attributes["); ok {
			return "portico/attributes/" + strings.TrimSuffix(id, "]")
		}
		if (userflow.Attribute{ID: name}).Builtin() {
			return "portico/attributes/" + name
		}
		return name
	})
}
