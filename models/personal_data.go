package models

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
)

// PersonalData is everything held about one person (F280; GDPR articles 15 and 20), as values. What is short
// is here; what may be long is read page by page while it is gone through. No secret is in it: a method says
// that it is there, since when and when it was last used. Nothing of other people is in it either: whoever
// changed the account is "administrator", "application" or "system".
type PersonalData struct {
	MadeAt      time.Time            `json:"madeDateTime"`
	Tenant      PersonalParty        `json:"tenant"`
	Profile     PersonalProfile      `json:"profile"`
	Attributes  []PersonalAttribute  `json:"customAttributes,omitempty"`
	Identities  []PersonalIdentity   `json:"identities,omitempty"`
	Methods     []PersonalMethod     `json:"authenticationMethods,omitempty"`
	Pending     []PersonalPending    `json:"unfinishedChanges,omitempty"`
	Groups      []PersonalParty      `json:"groups,omitempty"` // also those that they belong to through others
	AppRoles    []PersonalAppRole    `json:"appRoles,omitempty"`
	AdminRoles  []PersonalAdminRole  `json:"administratorRoles,omitempty"`
	SavedViews  []PersonalView       `json:"savedViews,omitempty"`
	Sessions    []PersonalSession    `json:"sessions,omitempty"`
	Devices     []PersonalDevice     `json:"rememberedDevices,omitempty"`
	Consents    []PersonalConsent    `json:"consents,omitempty"`
	Terms       []PersonalTerms      `json:"termsAccepted,omitempty"`
	Invitations []PersonalInvitation `json:"invitations,omitempty"`
	Reports     []PersonalReport     `json:"reportedSignIns,omitempty"`
	Questions   []PersonalQuestion   `json:"questionedSignIns,omitempty"`
	Detections  []PersonalDetection  `json:"riskDetections,omitempty"`
	Leaks       []PersonalLeak       `json:"leakedAddresses,omitempty"`
	RiskHistory []PersonalRisk       `json:"riskHistory,omitempty"`
	Usual       []PersonalUsual      `json:"usualSignInProperties,omitempty"`
	Checks      []PersonalCheck      `json:"helpDeskChecks,omitempty"`
	Links       []PersonalLink       `json:"oneTimeLinks,omitempty"`
	Merged      []PersonalMerge      `json:"mergedAccounts,omitempty"`
	Calls       []PersonalCall       `json:"apiCalls,omitempty"`
	Emergencies []time.Time          `json:"breakGlassUses,omitempty"` // of an admin's break-glass account

	SignIns iter.Seq2[PersonalSignIn, error] `json:"-"` // newest first
	Grants  iter.Seq2[PersonalGrant, error]  `json:"-"` // what apps were given
	Changes iter.Seq2[PersonalChange, error] `json:"-"` // of the account, by whomever; newest first
	Actions iter.Seq2[PersonalChange, error] `json:"-"` // of other things, by the person; newest first
}

// PersonalParty is a thing by name.
type PersonalParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// PersonalProfile are the built-in properties of a person, by Graph's names.
type PersonalProfile struct {
	ID                string     `json:"id"`
	DisplayName       string     `json:"displayName,omitempty"`
	GivenName         string     `json:"givenName,omitempty"`
	Surname           string     `json:"surname,omitempty"`
	Mail              string     `json:"mail,omitempty"`
	MailVerified      bool       `json:"mailVerified"`
	JobTitle          string     `json:"jobTitle,omitempty"`
	StreetAddress     string     `json:"streetAddress,omitempty"`
	City              string     `json:"city,omitempty"`
	State             string     `json:"state,omitempty"`
	PostalCode        string     `json:"postalCode,omitempty"`
	Country           string     `json:"country,omitempty"`
	MobilePhone       string     `json:"mobilePhone,omitempty"`
	PreferredLanguage string     `json:"preferredLanguage,omitempty"`
	CreationType      string     `json:"creationType,omitempty"`
	Enabled           bool       `json:"accountEnabled"`
	CreatedAt         time.Time  `json:"createdDateTime"`
	UpdatedAt         time.Time  `json:"lastModifiedDateTime"`
	LastSignInAt      *time.Time `json:"lastSignInDateTime,omitempty"`
	DeletedAt         *time.Time `json:"deletedDateTime,omitempty"`
}

// PersonalAttribute is a custom attribute, or a property that only the management API knows.
type PersonalAttribute struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type PersonalIdentity struct {
	Type      string    `json:"signInType"`
	Issuer    string    `json:"issuer,omitempty"`
	Value     string    `json:"issuerAssignedId"`
	CreatedAt time.Time `json:"createdDateTime"`
	// KnownAs is what the provider said last that they are called there, often an address.
	KnownAs    string     `json:"knownAs,omitempty"`
	LastUsedAt *time.Time `json:"lastUsedDateTime,omitempty"`
}

type PersonalMethod struct {
	Kind       string     `json:"kind"`
	Name       string     `json:"name,omitempty"`
	CreatedAt  time.Time  `json:"createdDateTime"`
	LastUsedAt *time.Time `json:"lastUsedDateTime,omitempty"`
}

type PersonalPending struct {
	Kind      string    `json:"kind"`
	CreatedAt time.Time `json:"createdDateTime"`
	ExpiresAt time.Time `json:"expirationDateTime"`
}

type PersonalAppRole struct {
	Application string    `json:"application"`
	Role        string    `json:"role,omitempty"`         // "" = may use it
	Through     string    `json:"throughGroup,omitempty"` // the group that has the role; "" = they themselves
	CreatedAt   time.Time `json:"createdDateTime"`
}

type PersonalAdminRole struct {
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"createdDateTime"`
}

type PersonalView struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdDateTime"`
}

type PersonalSession struct {
	CreatedAt  time.Time  `json:"createdDateTime"`
	LastSeenAt time.Time  `json:"lastSeenDateTime"`
	ExpiresAt  time.Time  `json:"expirationDateTime"`
	EndedAt    *time.Time `json:"endedDateTime,omitempty"`
	IP         string     `json:"ipAddress,omitempty"`
	Place      string     `json:"location,omitempty"`
	Browser    string     `json:"browser,omitempty"`
	OS         string     `json:"operatingSystem,omitempty"`
	UserAgent  string     `json:"userAgent,omitempty"`
	Apps       []string   `json:"applications,omitempty"`
	Portal     bool       `json:"adminPortal,omitempty"`
}

// PersonalDevice is one on which a second factor is not asked for until a day.
type PersonalDevice struct {
	Name       string     `json:"name"`
	Methods    []string   `json:"methods"`
	CreatedAt  time.Time  `json:"createdDateTime"`
	LastUsedAt *time.Time `json:"lastUsedDateTime,omitempty"`
	ExpiresAt  time.Time  `json:"expirationDateTime"`
}

type PersonalConsent struct {
	Application string    `json:"application"`
	Scopes      []string  `json:"scopes"`
	CreatedAt   time.Time `json:"createdDateTime"`
	UpdatedAt   time.Time `json:"lastModifiedDateTime"`
}

type PersonalTerms struct {
	Name       string    `json:"name"`
	Version    int       `json:"version"`
	Language   string    `json:"language"`
	AcceptedAt time.Time `json:"acceptedDateTime"`
}

type PersonalInvitation struct {
	Email      string     `json:"mail"`
	Name       string     `json:"name,omitempty"`
	Message    string     `json:"message,omitempty"`
	CreatedAt  time.Time  `json:"createdDateTime"`
	ExpiresAt  time.Time  `json:"expirationDateTime"`
	AcceptedAt *time.Time `json:"acceptedDateTime,omitempty"`
}

type PersonalReport struct {
	SignInID  string    `json:"signInId"`
	CreatedAt time.Time `json:"createdDateTime"`
}

// PersonalQuestion is a sign-in that the person was asked about by mail, and what they answered.
type PersonalQuestion struct {
	SignInID   string     `json:"signInId"`
	CreatedAt  time.Time  `json:"createdDateTime"`
	Answer     string     `json:"answer,omitempty"`
	AnsweredAt *time.Time `json:"answeredDateTime,omitempty"`
}

type PersonalCheck struct {
	Channel    string     `json:"channel"`
	To         string     `json:"sentTo"`
	CreatedAt  time.Time  `json:"createdDateTime"`
	VerifiedAt *time.Time `json:"verifiedDateTime,omitempty"`
}

// PersonalMerge is an account that became part of this one.
type PersonalMerge struct {
	ID string    `json:"formerId"`
	At time.Time `json:"mergedDateTime"`
}

// PersonalCall is that an API of the tenant's own was asked about the person. What it was sent is in the profile and
// in the sign-in; how the API is reached is the tenant's business.
type PersonalCall struct {
	At          time.Time `json:"createdDateTime"`
	Event       string    `json:"event"`
	Application string    `json:"application,omitempty"`
}

type PersonalLink struct {
	Purpose   string     `json:"purpose"`
	CreatedAt time.Time  `json:"createdDateTime"`
	ExpiresAt time.Time  `json:"expirationDateTime"`
	UsedAt    *time.Time `json:"usedDateTime,omitempty"`
}

// PersonalSignIn is what one entry of the sign-in log says about the person.
type PersonalSignIn struct {
	ID          string           `json:"id"`
	At          time.Time        `json:"createdDateTime"`
	Application string           `json:"application,omitempty"`
	UserFlow    string           `json:"userFlow,omitempty"`
	Identifier  string           `json:"identifier,omitempty"`
	SignUp      bool             `json:"signUp,omitempty"`
	Kind        string           `json:"kind"`
	Result      string           `json:"result"`
	ReasonKey   string           `json:"reason,omitempty"` // a message key
	Methods     []string         `json:"methods,omitempty"`
	IP          string           `json:"ipAddress,omitempty"`
	Country     string           `json:"country,omitempty"`
	City        string           `json:"city,omitempty"`
	Network     string           `json:"network,omitempty"`
	Browser     string           `json:"browser,omitempty"`
	OS          string           `json:"operatingSystem,omitempty"`
	UserAgent   string           `json:"userAgent,omitempty"`
	DeviceID    string           `json:"deviceId,omitempty"`
	RiskLevel   string           `json:"riskLevel,omitempty"`
	Risk        []record.Finding `json:"riskDetections,omitempty"`
	Count       int              `json:"count,omitempty"`
}

// PersonalGrant is what an app was given in one sign-in.
type PersonalGrant struct {
	Application string     `json:"application"`
	Scopes      []string   `json:"scopes,omitempty"`
	CreatedAt   time.Time  `json:"createdDateTime"`
	EndedAt     *time.Time `json:"endedDateTime,omitempty"`
}

// PersonalChange is an entry of the audit log. By is "you", "administrator", "application" or "system".
type PersonalChange struct {
	At       time.Time        `json:"activityDateTime"`
	Activity string           `json:"activity"`
	By       string           `json:"initiatedBy"`
	IP       string           `json:"ipAddress,omitempty"` // of the person themselves only
	Kind     string           `json:"targetType,omitempty"`
	Values   []PersonalValues `json:"modifiedProperties,omitempty"`
}

type PersonalValues struct {
	Property string `json:"property"`
	Old      any    `json:"oldValue,omitempty"`
	New      any    `json:"newValue,omitempty"`
}

// PersonalData gathers what is held about a person; fault.NotFound when there is nobody. The sequences read the
// store while they are gone through, under ctx.
func (t *Tenant) PersonalData(ctx context.Context, userID string) (PersonalData, error) {
	u, err := t.User(ctx, userID)
	if err != nil {
		return PersonalData{}, err
	}
	self, err := t.Get(ctx)
	if err != nil {
		return PersonalData{}, err
	}
	d := PersonalData{MadeAt: t.Now(), Tenant: PersonalParty{self.ID, self.Name}, Profile: personalProfile(u)}
	g := gathering{Tenant: t, ctx: ctx, userID: userID}
	for _, part := range []func(*PersonalData, User) error{g.attributes, g.ways, g.belongings, g.sessions, g.agreements, g.rest, g.risks} {
		if err := part(&d, u); err != nil {
			return PersonalData{}, err
		}
	}
	former, err := t.MergedFrom(ctx, userID)
	if err != nil {
		return PersonalData{}, err
	}
	g.ids = append([]string{userID}, former...)
	d.SignIns, d.Grants = underEach(g.ids, g.signIns), g.grants
	d.Changes = underEach(g.ids, func(id string) iter.Seq2[PersonalChange, error] {
		return g.changes(AuditQuery{TargetID: id}, func(AuditEntry) bool { return true })
	})
	d.Actions = underEach(g.ids, func(id string) iter.Seq2[PersonalChange, error] {
		return g.changes(AuditQuery{ActorID: id}, func(e AuditEntry) bool { return !slices.Contains(g.ids, e.Target.ID) })
	})
	return d, nil
}

func personalProfile(u User) PersonalProfile {
	return PersonalProfile{ID: u.ID, DisplayName: u.DisplayName, GivenName: u.GivenName, Surname: u.Surname, Mail: u.Mail, MailVerified: u.MailVerified,
		JobTitle: u.JobTitle, StreetAddress: u.StreetAddress, City: u.City, State: u.State, PostalCode: u.PostalCode, Country: u.Country,
		MobilePhone: u.MobilePhone, PreferredLanguage: u.PreferredLanguage, CreationType: u.CreationType, Enabled: u.Enabled, CreatedAt: u.CreatedAt,
		UpdatedAt: u.UpdatedAt, LastSignInAt: timePtr(u.LastSignInAt), DeletedAt: timePtr(u.DeletedAt)}
}

// gathering reads one person's rows.
type gathering struct {
	*Tenant
	ctx    context.Context
	userID string
	ids    []string          // their own and those of accounts that went into theirs: logs keep the old ones
	apps   map[string]string // names by client id, as far as they were asked for
}

// mine reads all rows of a table that belong to the person, oldest first.
func mine[R any](g *gathering, order string, columns ...string) ([]R, error) {
	var rows []R
	q := g.q(g.ctx).Where("user_id = ?", g.userID).Order(order)
	if len(columns) > 0 {
		q = q.Select(columns)
	}
	return rows, q.Find(&rows).Error
}

func (g *gathering) attributes(d *PersonalData, u User) error {
	definitions, err := g.definitions(g.ctx)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(u.Attributes)) {
		a := PersonalAttribute{ID: id, Name: id, Value: u.Attributes[id]}
		if def, ok := definitions[id]; ok {
			a.Name = def.Name
		}
		d.Attributes = append(d.Attributes, a)
	}
	return nil
}

func (g *gathering) ways(d *PersonalData, _ User) error {
	identities, err := mine[IdentityRow](g, "created_at, id")
	if err != nil {
		return err
	}
	for _, i := range identities {
		d.Identities = append(d.Identities, PersonalIdentity{i.SignInType, i.Issuer, i.Value, i.CreatedAt.UTC(), i.Called, timePtr(timeOf(i.LastUsedAt))})
	}
	methods, err := mine[CredentialRow](g, "created_at, id", "kind", "name", "created_at", "last_used_at")
	if err != nil {
		return err
	}
	for _, m := range methods {
		d.Methods = append(d.Methods, PersonalMethod{m.Kind, m.Name, m.CreatedAt.UTC(), timePtr(timeOf(m.LastUsedAt))})
	}
	pending, err := mine[PendingRow](g, "created_at, id", "kind", "created_at", "expires_at")
	for _, p := range pending {
		d.Pending = append(d.Pending, PersonalPending{p.Kind, p.CreatedAt.UTC(), p.ExpiresAt.UTC()})
	}
	return err
}

func (g *gathering) belongings(d *PersonalData, _ User) error {
	groups, err := g.GroupsOf(g.ctx, g.userID, true)
	if err != nil {
		return err
	}
	for _, x := range groups {
		d.Groups = append(d.Groups, PersonalParty{x.ID, x.Name})
	}
	if err := g.appRoles(d, g.userID, ""); err != nil {
		return err
	}
	direct, err := g.GroupsOf(g.ctx, g.userID, false) // roles of a group are for its direct members
	if err != nil {
		return err
	}
	for _, x := range direct {
		if err := g.appRoles(d, x.ID, x.Name); err != nil {
			return err
		}
	}
	roles, err := mine[RoleAssignmentRow](g, "created_at, id")
	if err != nil {
		return err
	}
	for _, r := range roles {
		role, _ := access.RoleOf(r.RoleID)
		d.AdminRoles = append(d.AdminRoles, PersonalAdminRole{role.Name, r.CreatedAt.UTC()})
	}
	var views []SavedViewRow // an admin's own, kept with the tenant whose list they filter
	err = g.r(g.ctx).Where("owner_id = ?", g.userID).Order("created_at, id").Find(&views).Error
	for _, v := range views {
		d.SavedViews = append(d.SavedViews, PersonalView{v.Name, v.CreatedAt.UTC()})
	}
	return err
}

// appRoles adds the roles in apps that the person has, or a group of theirs, which is then named.
func (g *gathering) appRoles(d *PersonalData, principalID, group string) error {
	for after := ""; ; {
		page, err := g.AppRoleAssignments(g.ctx, AssignmentQuery{PrincipalID: principalID, After: after})
		if err != nil {
			return err
		}
		for _, x := range page.Items {
			app, err := g.Application(g.ctx, x.ApplicationID)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			d.AppRoles = append(d.AppRoles, PersonalAppRole{x.ApplicationName, app.roleValue(x.RoleID), group, x.CreatedAt})
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

func (g *gathering) sessions(d *PersonalData, _ User) error {
	rows, err := mine[SessionRow](g, "created_at, sid")
	if err != nil {
		return err
	}
	for _, r := range rows {
		var clients []string
		if err := g.q(g.ctx).Model(&SessionClientRow{}).Where("sid = ?", r.SID).Order("first_at").Pluck("client_id", &clients).Error; err != nil {
			return err
		}
		s := PersonalSession{CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), EndedAt: timePtr(timeOf(r.RevokedAt)),
			IP: r.IP, Place: placed(r.City, r.Country), Browser: r.Browser, OS: r.OS, UserAgent: r.UserAgent}
		for _, id := range clients {
			s.Apps = append(s.Apps, g.app(id))
		}
		d.Sessions = append(d.Sessions, s)
	}
	devices, err := mine[RememberedDeviceRow](g, "created_at, id")
	if err != nil {
		return err
	}
	for _, r := range devices {
		x, err := rememberedOf(r)
		if err != nil {
			return err
		}
		d.Devices = append(d.Devices, PersonalDevice{x.Name, x.Methods, x.CreatedAt, timePtr(x.LastUsedAt), x.ExpiresAt})
	}
	portal, err := mine[PortalSessionRow](g, "created_at, id", "created_at", "last_seen_at", "absolute_until")
	for _, r := range portal {
		d.Sessions = append(d.Sessions, PersonalSession{CreatedAt: r.CreatedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.AbsoluteUntil.UTC(), Portal: true})
	}
	return err
}

func (g *gathering) agreements(d *PersonalData, _ User) error {
	consents, err := mine[OpenIDConsentRow](g, "created_at, client_id")
	if err != nil {
		return err
	}
	for _, c := range consents {
		d.Consents = append(d.Consents, PersonalConsent{g.app(c.ClientID), strings.Fields(c.Scopes), c.CreatedAt.UTC(), c.UpdatedAt.UTC()})
	}
	var names []TermsRow
	if err := g.q(g.ctx).Select("id", "name").Find(&names).Error; err != nil {
		return err
	}
	accepted, err := mine[AcceptanceRow](g, "accepted_at, terms_id")
	for _, a := range accepted {
		x := PersonalTerms{Name: a.TermsID, Version: a.Version, Language: a.Locale, AcceptedAt: a.AcceptedAt.UTC()}
		if i := slices.IndexFunc(names, func(n TermsRow) bool { return n.ID == a.TermsID }); i >= 0 {
			x.Name = names[i].Name
		}
		d.Terms = append(d.Terms, x)
	}
	return err
}

func (g *gathering) rest(d *PersonalData, u User) error {
	addresses := []string{}
	for _, i := range u.Identities {
		if i.SignInType == account.SignInEmail {
			addresses = append(addresses, i.Canonical)
		}
	}
	var invitations []InvitationRow
	err := g.q(g.ctx).Where("accepted_by = ? OR canonical IN ?", g.userID, addresses).Order("created_at, id").Find(&invitations).Error
	if err != nil {
		return err
	}
	for _, i := range invitations {
		d.Invitations = append(d.Invitations, PersonalInvitation{i.Email, i.Name, i.Message, i.CreatedAt.UTC(), i.ExpiresAt.UTC(), timePtr(timeOf(i.AcceptedAt))})
	}
	reports, err := mine[SignInReportRow](g, "created_at, sign_in_id")
	if err != nil {
		return err
	}
	for _, r := range reports {
		d.Reports = append(d.Reports, PersonalReport{r.SignInID, r.CreatedAt.UTC()})
	}
	questions, err := mine[SignInQuestionRow](g, "created_at, id", "sign_in_id", "created_at", "answer", "answered_at")
	if err != nil {
		return err
	}
	for _, x := range questions {
		d.Questions = append(d.Questions, PersonalQuestion{x.SignInID, x.CreatedAt.UTC(), x.Answer, timePtr(timeOf(x.AnsweredAt))})
	}
	checks, err := mine[CallerCheckRow](g, "created_at, id")
	if err != nil {
		return err
	}
	for _, c := range checks {
		d.Checks = append(d.Checks, PersonalCheck{c.Channel, c.To, c.CreatedAt.UTC(), timePtr(timeOf(c.VerifiedAt))})
	}
	links, err := mine[OneTimeLinkRow](g, "created_at, id", "purpose", "created_at", "expires_at", "used_at")
	for _, l := range links {
		d.Links = append(d.Links, PersonalLink{l.Purpose, l.CreatedAt.UTC(), l.ExpiresAt.UTC(), timePtr(timeOf(l.UsedAt))})
	}
	if err != nil {
		return err
	}
	merged, err := mine[MergeRow](g, "created_at, from_id", "from_id", "created_at")
	if err != nil {
		return err
	}
	for _, m := range merged {
		d.Merged = append(d.Merged, PersonalMerge{m.FromID, m.CreatedAt.UTC()})
	}
	var calls []ExtensionCallRow // some were made before there was an account that they could name
	if err := g.q(g.ctx).Select("at", "event", "app_id").Where("user_id = ? OR person_key IN ?", g.userID, append(g.personKeys(u), "-")).Order("at, id").Find(&calls).Error; err != nil {
		return err
	}
	for _, c := range calls {
		d.Calls = append(d.Calls, PersonalCall{c.At.UTC(), c.Event, g.app(c.AppID)})
	}
	uses, err := mine[EmergencyUseRow](g, "created_at, id", "created_at")
	for _, x := range uses {
		d.Emergencies = append(d.Emergencies, x.CreatedAt.UTC())
	}
	return err
}

// AccountClientID and AccountClientName name the account pages where a sign-in or a session says which app it is
// for: they are no application of the tenant.
const (
	AccountClientID   = "9cf4a2de-7e35-4c8b-8a51-2f6d8a1b7c90"
	AccountClientName = "Account pages"
)

// app is the name of an app, or its client id when it is gone.
func (g *gathering) app(clientID string) string {
	if name, ok := g.apps[clientID]; ok {
		return name
	}
	name := clientID
	if clientID == AccountClientID {
		return AccountClientName
	}
	if a, err := g.ApplicationByClient(g.ctx, clientID); err == nil {
		name = a.Name
	}
	if g.apps == nil {
		g.apps = map[string]string{}
	}
	g.apps[clientID] = name
	return name
}

// underEach goes through what is known under each of a person's ids.
func underEach[T any](ids []string, of func(id string) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, id := range ids {
			for x, err := range of(id) {
				if !yield(x, err) || err != nil {
					return
				}
			}
		}
	}
}

func (g *gathering) signIns(userID string) iter.Seq2[PersonalSignIn, error] {
	return func(yield func(PersonalSignIn, error) bool) {
		for after := ""; ; {
			page, err := g.SignInRows(g.ctx, SignInQuery{UserID: userID, After: after, Limit: 200})
			if err != nil {
				yield(PersonalSignIn{}, err)
				return
			}
			for _, row := range page.Items {
				r, err := row.SignIn()
				if !yield(personalSignIn(row, r), err) || err != nil {
					return
				}
			}
			if after = page.Next; after == "" {
				return
			}
		}
	}
}

func personalSignIn(row SignInRow, r record.SignIn) PersonalSignIn {
	s := PersonalSignIn{ID: row.ID, At: row.CreatedAt.UTC(), Application: r.App.Name, UserFlow: r.Flow.Name, Identifier: r.Identifier, SignUp: r.SignUp,
		Kind: string(r.Kind), Result: string(r.Outcome.Result), ReasonKey: r.Outcome.Key, IP: row.IP, Country: r.Signals.Country, City: r.Signals.City,
		Network: r.Signals.Network, Browser: r.Signals.Browser, OS: r.Signals.OS, UserAgent: r.Signals.UserAgent, DeviceID: r.Signals.DeviceID,
		RiskLevel: r.RiskLevel, Risk: r.Risk, Count: r.Count}
	for _, p := range r.Proofs {
		s.Methods = append(s.Methods, p.Method)
	}
	return s
}

func (g *gathering) grants(yield func(PersonalGrant, error) bool) {
	for last := (OpenIDGrantRow{}); ; {
		var rows []OpenIDGrantRow
		q := g.q(g.ctx).Select("id", "client_id", "scopes", "created_at", "revoked_at").Where("user_id = ?", g.userID)
		if last.ID != "" {
			q = q.Where("id > ?", last.ID)
		}
		if err := q.Order("id").Limit(500).Find(&rows).Error; err != nil {
			yield(PersonalGrant{}, err)
			return
		}
		for _, r := range rows {
			if !yield(PersonalGrant{g.app(r.ClientID), strings.Fields(r.Scopes), r.CreatedAt.UTC(), timePtr(timeOf(r.RevokedAt))}, nil) {
				return
			}
			last = r
		}
		if len(rows) < 500 {
			return
		}
	}
}

func (g *gathering) changes(q AuditQuery, keep func(AuditEntry) bool) iter.Seq2[PersonalChange, error] {
	return func(yield func(PersonalChange, error) bool) {
		q := q
		for q.Limit = 200; ; {
			page, err := g.Audits(g.ctx, q)
			if err != nil {
				yield(PersonalChange{}, err)
				return
			}
			for _, e := range page.Items {
				if keep(e) && !yield(g.change(e), nil) {
					return
				}
			}
			if q.After = page.Next; q.After == "" {
				return
			}
		}
	}
}

// change tells an entry without anybody else: who did it is a kind of person, and values are there only where
// the account itself was changed.
func (g *gathering) change(e AuditEntry) PersonalChange {
	c := PersonalChange{At: e.At, Activity: e.Activity, Kind: e.Target.Kind}
	switch {
	case slices.Contains(g.ids, e.Actor.ID):
		c.By, c.IP = "you", e.Actor.IP
	case e.Actor.Kind == audit.ActorUser:
		c.By = "administrator"
	case e.Actor.Kind == audit.ActorApp:
		c.By = "application"
	default:
		c.By = "system"
	}
	if !slices.Contains(g.ids, e.Target.ID) {
		return c
	}
	for _, x := range e.Changes {
		c.Values = append(c.Values, PersonalValues{x.Property, x.Old, x.New})
	}
	return c
}

func placed(city, country string) string {
	return strings.Trim(city+", "+country, ", ")
}
