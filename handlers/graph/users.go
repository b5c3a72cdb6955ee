package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// user is a person as this API shows them, and what a request wants to change besides the profile.
type user struct {
	models.User
	domain   string // the tenant's own domain, for generated names
	password *passwordProfile
	// What $expand asked for.
	memberOf, transitively, roles []object
}

func (a *API) users() *collection[user] {
	textColumn := column{kind: odata.String, ops: opsText}
	profile := func(name string, max int, sql string, p func(*user) *string) field[user] {
		return str(name, max, p).filterable(sql, textColumn).onlySelected().forOwner()
	}
	phone := []access.Permission{"User-Phone.ReadWrite.All"}
	r := &collection[user]{
		path: []string{"users"}, name: "users", typ: "user",
		keys: []string{"userPrincipalName"},
		read: readUsers(), write: writeUsers(), remove: append([]access.Permission{"User.DeleteRestore.All"}, writeUsers()...),
		basic:   []access.Permission{"User.ReadBasic.All"},
		ownRead: []string{"User.Read", "User.ReadWrite"}, ownWrite: []string{"User.ReadWrite"},
		normalPage: 100, largestPage: 999, order: odata.Order{Path: "createdDateTime"}, counts: true,
		id: func(u *user) string { return u.ID },
	}
	r.fields = []field[user]{
		{name: "businessPhones", get: func(u *user) any { return extraList(u, "businessPhones") }, set: setExtraList("businessPhones", 1, 64), own: true, narrow: phone},
		str("displayName", 256, func(u *user) *string { return &u.DisplayName }).
			filterable("users.name_norm", column{kind: odata.String, ops: opsText | opEnds, fold: folded, bytes: true}).
			sortable(func(u *user) any { return folded(u.DisplayName) }).forBasic().forOwner(),
		str("givenName", 64, func(u *user) *string { return &u.GivenName }).filterable("users.given_name", textColumn).forBasic().forOwner(),
		readOnly("id", func(u *user) any { return u.ID }).filterable("users.id", column{kind: odata.String, ops: opsID, fold: clientID}).forBasic(),
		str("jobTitle", 128, func(u *user) *string { return &u.JobTitle }).filterable("users.job_title", textColumn).forOwner(),
		str("mail", 254, func(u *user) *string { return &u.Mail }).
			filterable("users.mail", column{kind: odata.String, ops: opsMail}).forBasic().whenAny("User-Mail.ReadWrite.All"),
		str("mobilePhone", 64, func(u *user) *string { return &u.MobilePhone }).filterable("users.mobile_phone", textColumn).whenAny(phone...),
		extraText("officeLocation", 128).forOwner(),
		str("preferredLanguage", 35, func(u *user) *string { return &u.PreferredLanguage }).filterable("users.preferred_language", textColumn).forOwner(),
		str("surname", 64, func(u *user) *string { return &u.Surname }).filterable("users.surname", textColumn).forBasic().forOwner(),
		field[user]{name: "userPrincipalName", get: func(u *user) any { return u.upn() }, set: setUPN, createOnly: true, basic: true,
			column: &column{kind: odata.String, ops: opEq | opNe | opStarts | opEnds, via: byUPN}},

		boolean("accountEnabled", func(u *user) *bool { return &u.Enabled }).
			filterable("users.enabled", column{kind: odata.Bool, ops: opsID}).onlySelected().whenAny("User.EnableDisableAccount.All"),
		extraText("ageGroup", 16).onlySelected(),
		profile("city", 128, "users.city", func(u *user) *string { return &u.City }),
		extraText("companyName", 64).onlySelected().asked(a.attributeColumn("companyName", userflow.String)),
		extraText("consentProvidedForMinor", 16).onlySelected(),
		profile("country", 128, "users.country", func(u *user) *string { return &u.Country }),
		readOnly("createdDateTime", func(u *user) any { return stamp(u.CreatedAt) }).onlySelected().
			filterable("users.created_at", column{kind: odata.Time, ops: opsTime}).sortable(func(u *user) any { return u.CreatedAt }),
		readOnly("creationType", func(u *user) any { return text(u.CreationType) }).onlySelected().
			filterable("users.creation_type", column{kind: odata.String, ops: opsID}),
		readOnly("deletedDateTime", func(u *user) any { return stamp(u.DeletedAt) }).onlySelected(),
		extraText("department", 64).onlySelected().asked(a.attributeColumn("department", userflow.String)),
		extraText("employeeId", 16).onlySelected().asked(a.attributeColumn("employeeId", userflow.String)),
		extraText("employeeType", 64).onlySelected().asked(a.attributeColumn("employeeType", userflow.String)),
		constant[user]("externalUserState", nil).onlySelected(),
		extraText("faxNumber", 64).onlySelected(),
		{name: "identities", get: func(u *user) any { return u.shownIdentities() }, set: setIdentities, selectOnly: true,
			narrow: []access.Permission{"User.ManageIdentities.All"}, column: identityColumn()},
		constant[user]("imAddresses", []string{}).onlySelected(),
		readOnly("lastPasswordChangeDateTime", func(u *user) any { return stamp(u.PasswordSetAt) }).onlySelected(),
		extraText("mailNickname", 64).onlySelected(),
		{name: "otherMails", get: func(u *user) any { return extraList(u, "otherMails") }, set: setExtraList("otherMails", 250, 254), selectOnly: true},
		extraText("passwordPolicies", 64).onlySelected(),
		{name: "passwordProfile", get: func(u *user) any {
			return object{{"forceChangePasswordNextSignIn", u.MustChangePassword}, {"forceChangePasswordNextSignInWithMfa", false}, {"password", nil}}
		}, set: setPassword, selectOnly: true, narrow: []access.Permission{"User-PasswordProfile.ReadWrite.All"}},
		readOnly("portico", func(u *user) any {
			return object{{"recoveryCodes", recoveryCodes(u)}, {"selfDeleted", u.SelfDeleted}, {"emergency", u.Emergency}}
		}).onlySelected(),
		profile("postalCode", 40, "users.postal_code", func(u *user) *string { return &u.PostalCode }),
		constant[user]("proxyAddresses", []string{}).onlySelected(),
		readOnly("signInActivity", func(u *user) any {
			if u.LastSignInAt.IsZero() {
				return nil
			}
			return object{{"lastSignInDateTime", stamp(u.LastSignInAt)}, {"lastSignInRequestId", nil},
				{"lastNonInteractiveSignInDateTime", nil}, {"lastNonInteractiveSignInRequestId", nil},
				{"lastSuccessfulSignInDateTime", stamp(u.LastSignInAt)}, {"lastSuccessfulSignInRequestId", nil}}
		}).onlySelected(),
		readOnly("signInSessionsValidFromDateTime", func(u *user) any { return stamp(u.SessionsValidFrom) }).onlySelected(),
		{name: "memberOf", expand: true, get: func(u *user) any { return list(u.memberOf) }},
		{name: "transitiveMemberOf", expand: true, get: func(u *user) any { return list(u.transitively) }},
		{name: "appRoleAssignments", expand: true, get: func(u *user) any { return list(u.roles) }},
		profile("state", 128, "users.state", func(u *user) *string { return &u.State }),
		profile("streetAddress", 1024, "users.street_address", func(u *user) *string { return &u.StreetAddress }),
		extraText("usageLocation", 2).onlySelected().asked(a.attributeColumn("usageLocation", userflow.String)),
		constant[user]("userType", "Member").onlySelected().filterable("'Member'", column{kind: odata.String, ops: opsID}),
	}
	lastSignIn := column{sql: "users.last_sign_in_at", kind: odata.Time, ops: opsTime, nullable: true}
	r.paths = map[string]column{"signInActivity/lastSignInDateTime": lastSignIn, "signInActivity/lastSuccessfulSignInDateTime": lastSignIn}
	whole := column{sql: "users.search_norm", ops: opContains, fold: folded}
	r.searches = map[string]column{"": whole, "displayname": {sql: "users.name_norm", fold: folded}, "mail": {sql: "users.mail"},
		"givenname": {sql: "users.given_name"}, "surname": {sql: "users.surname"}, "mobilephone": {sql: "users.mobile_phone"},
	}
	r.hint = func(ctx context.Context, c *call, words string) ([]models.Condition, error) {
		return c.tenant.SearchHint(ctx, words)
	}
	r.dynamic, r.ownField = a.extension, a.ownAttribute
	r.fresh = func(c *call) user {
		return user{User: models.User{Account: account.Account{Enabled: true}, CreationType: "LocalAccount"}}
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]user, error) {
		l.Where = append(l.Where, notDeleted("users"))
		users, err := c.tenant.ListUsers(ctx, l)
		return a.wrapUsers(ctx, c, users, err)
	}
	r.size = func(ctx context.Context, c *call, where []models.Condition) (int64, error) {
		return models.CountRows[models.UserRow](ctx, c.tenant, append(where, notDeleted("users")))
	}
	r.load = a.loadRelations
	r.find = a.findUser
	r.seen = func(ctx context.Context, c *call, u *user) error {
		// An admin's look is in the person's history, as in the portal. A program's is not: what synchronises a
		// directory reads everybody each night, and would bury what people did.
		if c.caller.UserID == "" || c.own(u) {
			return nil
		}
		return c.tenant.NoteView(ctx, c.actor(), u.User)
	}
	r.create = a.createUser
	r.update = a.updateUser
	r.delete = func(ctx context.Context, c *call, u *user) error {
		if err := mayCommand(ctx, c, u.ID); err != nil {
			return err
		}
		return c.tenant.DeleteUser(ctx, c.actor(), u.ID)
	}
	r.actions = []action[user]{
		{method: http.MethodPost, path: "revokeSignInSessions", need: append([]access.Permission{"User.RevokeSessions.All"}, writeUsers()...),
			own: []string{"User.ReadWrite", "User.RevokeSessions.All"}, run: a.revokeSessions},
		{method: http.MethodPost, path: "invalidateAllRefreshTokens", need: append([]access.Permission{"User.RevokeSessions.All"}, writeUsers()...),
			own: []string{"User.ReadWrite"}, run: a.revokeSessions},
		{method: http.MethodGet, path: "agreementAcceptances", need: readUsers(), own: []string{"User.Read", "User.ReadWrite"}, run: a.agreementAcceptances},
	}
	r.actions = append(r.actions, action[user]{method: http.MethodPost, path: "changePassword", own: []string{"User.ReadWrite", "User-PasswordProfile.ReadWrite.All", "Directory.AccessAsUser.All"}, run: a.changePassword})
	r.actions = append(r.actions, a.methodActions()...)
	r.actions = append(r.actions, action[user]{method: http.MethodPost, path: "exportPersonalData", need: []access.Permission{access.ExportData}, run: a.exportPersonalData})
	r.actions = append(r.actions, belonging(a, r.id, append(readUsers(), readMembers()...), []string{"User.Read", "User.ReadWrite"})...)
	r.actions = append(r.actions, assigned(a, r.id, readUsers(), []string{"User.Read", "User.ReadWrite"})...)
	r.delta = deltaQuery(r, changes[user]{table: "users", changed: func(u *user) time.Time { return u.UpdatedAt },
		removed: func(u *user) bool { return !u.DeletedAt.IsZero() }, erased: "Hard delete user", category: "UserManagement",
		page: func(ctx context.Context, c *call, l models.Listing) ([]user, error) {
			users, err := c.tenant.ListUsers(ctx, l)
			return a.wrapUsers(ctx, c, users, err)
		}})
	return r
}

func notDeleted(table string) models.Condition {
	return models.Condition{SQL: table + ".deleted_at IS NULL"}
}

// domain is the tenant's own domain: what generated principal names and local issuers end with.
func (a *API) domain(t tenant.Tenant) string { return t.Domain(a.BaseURL) }

func (a *API) tenantDomain(ctx context.Context, c *call) (string, error) {
	t, err := c.tenant.Get(ctx)
	return a.domain(t), err
}

func (a *API) wrapUsers(ctx context.Context, c *call, users []models.User, err error) ([]user, error) {
	if err != nil {
		return nil, err
	}
	domain, err := a.tenantDomain(ctx, c)
	if err != nil {
		return nil, err
	}
	out := make([]user, len(users))
	for i, u := range users {
		out[i] = user{User: u, domain: domain}
	}
	return out, nil
}

func (a *API) findUser(ctx context.Context, c *call, _, key string) (*user, error) {
	var u models.User
	var err error
	name, _, address := strings.Cut(key, "@")
	switch {
	case odata.IsGUID(key):
		u, err = c.tenant.User(ctx, strings.ToLower(key))
	case address && odata.IsGUID(name):
		u, err = c.tenant.User(ctx, strings.ToLower(name))
	case address:
		u, err = c.tenant.UserByIdentity(ctx, account.SignInEmail, "", foldIdentity(key))
	default:
		return nil, notFound(key)
	}
	if err != nil {
		return nil, err
	}
	if !u.DeletedAt.IsZero() {
		return nil, notFound(key)
	}
	domain, err := a.tenantDomain(ctx, c)
	return &user{User: u, domain: domain}, err
}

func (a *API) createUser(ctx context.Context, c *call, u *user) error {
	if strings.TrimSpace(u.DisplayName) == "" {
		return badRequest("A value is required for property 'displayName' of resource 'User'.", "displayName")
	}
	domain, err := a.tenantDomain(ctx, c)
	if err != nil {
		return err
	}
	if upn, _ := u.Attributes[signInUPN].(string); upn != "" {
		canonical, _ := account.CanonicalEmail(upn)
		u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInEmail, Value: upn, Canonical: canonical})
	}
	if len(u.Identities) == 0 {
		return badRequest("A value is required for property 'identities' or 'userPrincipalName' of resource 'User'.", "identities")
	}
	email, name := false, false
	for _, i := range u.Identities {
		email, name = email || i.SignInType == account.SignInEmail, name || i.SignInType == account.SignInUserName
		if i.SignInType == account.SignInEmail && u.Mail == "" {
			u.Mail = i.Value
		}
	}
	hash := ""
	if u.password != nil && u.password.Password != nil {
		if hash, err = a.hash(ctx, c, u, *u.password.Password); err != nil {
			return err
		}
	}
	switch {
	case hash != "":
		u.FirstFactor = string(userflow.EmailPassword)
	case email: // it proves itself by a code to its address
		u.FirstFactor = string(userflow.EmailCode)
	case name:
		return badRequest("A value is required for property 'passwordProfile' of resource 'User': a user name alone proves nothing.", "passwordProfile")
	}
	made, err := c.tenant.CreateUser(ctx, c.actor(), u.User, hash)
	if err != nil {
		return identityWords(err)
	}
	*u = user{User: made, domain: domain}
	return nil
}

func (a *API) hash(ctx context.Context, c *call, u *user, password string) (string, error) {
	names := []string{u.DisplayName, u.GivenName, u.Surname, u.Mail}
	for _, i := range u.Identities {
		names = append(names, i.Value)
	}
	hash, err := a.Passwords.Hash(ctx, c.caller.TenantID, password, names...)
	if fault.Is(err, fault.Invalid) {
		e := asError(err, a.Words)
		e.Target = "passwordProfile"
		e.Message = "The specified password does not comply with password complexity requirements. " + e.Message
		return "", e
	}
	return hash, err
}

func (a *API) updateUser(ctx context.Context, c *call, before user, u *user, again func(*user) error) error {
	hash := ""
	if u.password != nil && u.password.Password != nil {
		var err error
		if hash, err = a.hash(ctx, c, u, *u.password.Password); err != nil {
			return err
		}
	}
	if !c.own(u) || hash != "" || u.MustChangePassword != before.MustChangePassword || u.Mail != before.Mail || u.Enabled != before.Enabled || !slices.Equal(u.Identities, before.Identities) {
		if err := mayCommand(ctx, c, u.ID); err != nil {
			return err
		}
		if c.own(u) { // an administrator's stolen token is no way to take their account for good
			if err := c.changesOwn(ctx, u, hash != "", u.Mail != before.Mail || !slices.Equal(u.Identities, before.Identities)); err != nil {
				return err
			}
		}
	}
	dir := &models.Directory{}
	if !slices.Equal(u.Identities, before.Identities) {
		var err error
		if dir, err = a.Store.Directory(ctx, c.tenant.ID); err != nil {
			return err
		}
	}
	return c.tenant.InTx(ctx, func(t *models.Tenant) error {
		mustChange := u.MustChangePassword
		made, err := t.UpdateUser(ctx, c.actor(), u.ID, func(m *models.User) error {
			now := user{User: *m, domain: u.domain}
			if err := again(&now); err != nil {
				return err
			}
			if now.Mail != m.Mail {
				now.MailVerified = false // an address that an admin typed is not proven
			}
			if err := keepsProvider(m.Account, now.Account, hash != "", dir); err != nil {
				return err
			}
			*m = now.User
			return nil
		})
		if err != nil {
			return identityWords(err)
		}
		if before.Enabled && !made.Enabled { // disabling ends sessions and grants too
			if made, err = t.RevokeSessions(ctx, c.actor(), u.ID); err != nil {
				return err
			}
		}
		if hash != "" {
			if err := t.SetPassword(ctx, c.actor(), u.ID, models.PasswordChange{Hash: hash, MustChange: mustChange, RevokeSessions: true}); err != nil {
				return err
			}
			told := message.Change{TenantID: t.ID, To: made.Address(), Locale: made.PreferredLanguage, At: t.Now()}
			if err := message.PostPasswordChanged(ctx, t, told, t.Now()); err != nil {
				return err
			}
		}
		u.User = made
		return nil
	})
}

// keepsProvider refuses to take a provider's identity away from somebody who comes in by it alone, as the portal and their
// own pages do. A password that comes with the same call is a way in.
func keepsProvider(before, after account.Account, password bool, dir *models.Directory) error {
	gone := slices.ContainsFunc(before.Identities, func(i account.Identity) bool {
		return i.SignInType == account.SignInFederated && !slices.Contains(after.Identities, i)
	})
	after.HasPassword = after.HasPassword || password
	if !gone || signin.KeepsWayIn(before, after, dir.Tenant, dir.FlowsInUse(), dir.Providers, "identities") == nil {
		return nil
	}
	return fault.BadField("identities", "admin.identity.last_way", nil)
}

// mayCommand refuses to change an administrator, or to take out what is held about one, by a caller who holds
// less than they do: what they sign in with is a way to become one (DESIGN §9.8), and under another's name a
// stranger passes for one. With no id it takes a caller who is over everybody in the directory.
func mayCommand(ctx context.Context, c *call, userID string) error {
	assignments, err := c.tenant.Assignments(ctx, userID)
	if err == nil && !access.Over(c.caller.holds, assignments) {
		err = denied()
	}
	return err
}

// identityWords names the Graph property of an identity that is taken or wrong.
func identityWords(err error) error {
	if f := fault.Of(err); f.Code == fault.Conflict && len(f.Fields) > 0 {
		e := taken("identities")
		e.Cause = err
		return e
	}
	if f := fault.Of(err); f.Code == fault.Invalid {
		out := &fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause}
		for _, field := range f.Fields {
			if field.Name == "email" || field.Name == "userName" {
				field.Name = "identities"
			}
			out.Fields = append(out.Fields, field)
		}
		return out
	}
	return err
}

func (a *API) revokeSessions(ctx context.Context, c *call, u *user) (*response, error) {
	if !c.own(u) {
		if err := mayCommand(ctx, c, u.ID); err != nil {
			return nil, err
		}
	}
	if _, err := c.tenant.RevokeSessions(ctx, c.actor(), u.ID); err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("Edm.Boolean")}, {"value", true}}}, nil
}

// me is the caller's own record: delegated tokens only.
type me struct{ users *collection[user] }

func (m me) prefix() []string { return []string{"me"} }

func (m me) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys != nil {
		return nil, noSegment("me")
	}
	if c.caller.UserID == "" {
		return nil, &Error{Status: http.StatusBadRequest, Code: "BadRequest", Message: "/me request is only valid with delegated authentication flow."}
	}
	if c.method == http.MethodDelete && len(rest) == 0 {
		return c.api.deleteSelf(ctx, c)
	}
	return m.users.serve(ctx, c, map[string]string{"": c.caller.UserID}, rest)
}
