package models

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/tenant"
)

// merge.go: making one account of two (R 11.5). What will happen is worked out first (PlanMerge), as a value that says
// it in sentences; carrying it out works it out again and refuses when it is another plan than the one agreed to.

// MergeRequest is which accounts become one, and how.
type MergeRequest struct {
	Into, From string          // the account that stays, and the one that vanishes
	Take       map[string]bool // by property: whether the vanishing account's value wins; without it empty ones are filled
	Revision   string          // of the plan that was agreed to; "" = whatever it is
	Rights     MergeRights
}

// MergeRights are what the acting admin may do besides changing people: a merge gives nobody what they could not give.
type MergeRights struct{ Methods, Groups, Roles bool }

// mergeMost bounds what one account has of second factors and identities after a merge.
const mergeMost = 20

// PlanMerge says what merging two accounts would do, and what stands in its way.
func (t *Tenant) PlanMerge(ctx context.Context, req MergeRequest) (account.Merge, error) {
	if req.Into == req.From {
		return account.Merge{}, fault.BadField("from", "user.merge.self", nil)
	}
	into, err := t.User(ctx, req.Into)
	if err != nil {
		return account.Merge{}, err
	}
	from, err := t.User(ctx, req.From)
	if err != nil {
		return account.Merge{}, err
	}
	return t.planMerge(ctx, req, into, from)
}

func (t *Tenant) planMerge(ctx context.Context, req MergeRequest, into, from User) (account.Merge, error) {
	m := account.Merge{Into: mergeSide(into), From: mergeSide(from), Fields: mergeFields(into, from, req.Take), Identities: from.Identities}
	known := map[string]bool{}
	for _, f := range mergeValues(into, from) {
		known[f.id] = true
	}
	for id := range req.Take {
		if !known[id] {
			return m, fault.BadField("take", "user.merge.field", map[string]any{"field": id})
		}
	}
	mergeWays(&m, into, from)
	for _, part := range []func(context.Context, *account.Merge, User, User) error{t.mergeBelongings, t.mergeApps, t.mergeRisk} {
		if err := part(ctx, &m, into, from); err != nil {
			return m, err
		}
	}
	if err := t.mergeObstacles(ctx, &m, req.Rights, into, from); err != nil {
		return m, err
	}
	seen := m
	seen.Fields = slices.Clone(m.Fields) // which of two values wins is chosen after they were seen
	for i := range seen.Fields {
		seen.Fields[i].TakeFrom = false
	}
	body, err := json.Marshal(seen)
	if err != nil {
		return m, err
	}
	sum := sha256.Sum256(body)
	m.Revision = hex.EncodeToString(sum[:16])
	return m, nil
}

func mergeSide(u User) account.MergeSide {
	return account.MergeSide{ID: u.ID, Name: cmp.Or(userTarget(u).Name, u.Address(), u.ID), Address: u.Address(), Enabled: u.Enabled}
}

// mergeValue is one property of both accounts.
type mergeValue struct {
	id         string
	into, from any
	take       func(into *User, from User)
}

// mergeValues are all properties of a profile, each with how the staying account takes it over.
func mergeValues(into, from User) []mergeValue {
	var out []mergeValue
	text := func(id string, of func(*User) *string) {
		a, b := *of(&into), *of(&from)
		out = append(out, mergeValue{id, a, b, func(u *User, f User) { *of(u) = *of(&f) }})
	}
	text("displayName", func(u *User) *string { return &u.DisplayName })
	text("givenName", func(u *User) *string { return &u.GivenName })
	text("surname", func(u *User) *string { return &u.Surname })
	out = append(out, mergeValue{"mail", into.Mail, from.Mail, func(u *User, f User) { u.Mail, u.MailVerified, u.MailVouched = f.Mail, f.MailVerified, f.MailVouched }})
	text("mobilePhone", func(u *User) *string { return &u.MobilePhone })
	text("jobTitle", func(u *User) *string { return &u.JobTitle })
	text("streetAddress", func(u *User) *string { return &u.StreetAddress })
	text("city", func(u *User) *string { return &u.City })
	text("state", func(u *User) *string { return &u.State })
	text("postalCode", func(u *User) *string { return &u.PostalCode })
	text("country", func(u *User) *string { return &u.Country })
	text("preferredLanguage", func(u *User) *string { return &u.PreferredLanguage })
	ids := map[string]bool{}
	for id := range into.Attributes {
		ids[id] = true
	}
	for id := range from.Attributes {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out = append(out, mergeValue{id, into.Attributes[id], from.Attributes[id], func(u *User, f User) {
			v, has := f.Attributes[id]
			if u.Attributes == nil {
				u.Attributes = map[string]any{}
			}
			if u.Attributes[id] = v; !has {
				delete(u.Attributes, id)
			}
		}})
	}
	return out
}

func mergeText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case []any:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = mergeText(p)
		}
		return strings.Join(parts, ", ")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func mergeFields(into, from User, take map[string]bool) []account.MergeField {
	var out []account.MergeField
	for _, v := range mergeValues(into, from) {
		f := account.MergeField{ID: v.id, Into: mergeText(v.into), From: mergeText(v.from)}
		if f.Into == f.From {
			continue
		}
		chosen, said := take[v.id]
		f.TakeFrom = said && chosen || !said && f.Into == ""
		out = append(out, f)
	}
	return out
}

// mergeWays says what becomes of passwords and second factors. Two of a kind where one is usual: that of the staying
// account stays. Recovery codes are bound to their account and end.
func mergeWays(m *account.Merge, into, from User) {
	switch {
	case into.HasPassword && from.HasPassword:
		m.Password = account.PasswordGone
	case into.HasPassword:
		m.Password = account.PasswordStays
	case from.HasPassword:
		m.Password = account.PasswordMoves
	}
	for _, x := range from.Methods {
		twice := slices.ContainsFunc(into.Methods, func(have account.Method) bool {
			return have.Kind == x.Kind && (x.Kind == KindSMS || x.Kind == KindEmail && sameAddress(have.Name, x.Name))
		})
		switch {
		case x.Kind == KindRecovery:
			m.Recovery++
		case twice:
			m.Left = append(m.Left, x)
		default:
			m.Methods = append(m.Methods, x)
		}
	}
}

func (t *Tenant) mergeBelongings(ctx context.Context, m *account.Merge, into, from User) error {
	var groups []GroupRow
	err := t.q(ctx).Select("id", "name").Where("id IN (?) AND id NOT IN (?)",
		t.q(ctx).Model(&GroupMemberRow{}).Select("group_id").Where("member_id = ? AND by_rule = ?", from.ID, false),
		t.q(ctx).Model(&GroupMemberRow{}).Select("group_id").Where("member_id = ?", into.ID)).Order("name_norm, id").Find(&groups).Error
	if err != nil {
		return err
	}
	for _, g := range groups {
		m.Groups = append(m.Groups, account.MergeThing{ID: g.ID, Name: g.Name})
	}
	var roles []AppRoleAssignmentRow
	if err := t.q(ctx).Where("principal_id IN ?", []string{into.ID, from.ID}).Order("application_id, role_id").Find(&roles).Error; err != nil {
		return err
	}
	for _, r := range roles {
		if r.PrincipalID != from.ID || slices.ContainsFunc(roles, func(o AppRoleAssignmentRow) bool {
			return o.PrincipalID == into.ID && o.ApplicationID == r.ApplicationID && o.RoleID == r.RoleID
		}) {
			continue
		}
		app, err := t.Application(ctx, r.ApplicationID)
		if err := ignoreMissing(err); err != nil {
			return err
		}
		name := cmp.Or(app.Name, r.ApplicationID)
		if value := app.roleValue(r.RoleID); value != "" {
			name += ": " + value
		}
		m.Roles = append(m.Roles, account.MergeThing{ID: r.ID, Name: name})
	}
	var terms []AcceptanceRow
	if err := t.q(ctx).Where("user_id IN ?", []string{into.ID, from.ID}).Find(&terms).Error; err != nil {
		return err
	}
	for _, a := range terms {
		if a.UserID == from.ID && !slices.ContainsFunc(terms, func(o AcceptanceRow) bool {
			return o.UserID == into.ID && o.TermsID == a.TermsID && o.Version == a.Version
		}) {
			m.Terms++
		}
	}
	return nil
}

// mergeApps finds the applications that were allowed something, and those that know the vanishing account.
func (t *Tenant) mergeApps(ctx context.Context, m *account.Merge, into, from User) error {
	g := gathering{Tenant: t, ctx: ctx, userID: from.ID}
	var consents []OpenIDConsentRow
	if err := t.q(ctx).Where("user_id = ?", from.ID).Order("client_id").Find(&consents).Error; err != nil {
		return err
	}
	clients := map[string]bool{}
	for _, c := range consents {
		clients[c.ClientID] = true
		m.Consents = append(m.Consents, account.MergeThing{ID: c.ClientID, Name: g.app(c.ClientID)})
	}
	var granted []string
	if err := t.q(ctx).Model(&OpenIDGrantRow{}).Where("user_id = ?", from.ID).Distinct("client_id").Limit(200).Pluck("client_id", &granted).Error; err != nil {
		return err
	}
	for _, id := range granted {
		clients[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(clients)) {
		if id != AccountClientID {
			m.Apps = append(m.Apps, account.MergeThing{ID: id, Name: g.app(id)})
		}
	}
	for _, id := range []string{into.ID, from.ID} {
		live, err := t.SessionsOf(ctx, id, t.Now())
		if err != nil {
			return err
		}
		m.Sessions += len(live)
	}
	return nil
}

// mergeRisk says what the risk will be: what is open about either counts.
func (t *Tenant) mergeRisk(ctx context.Context, m *account.Merge, into, from User) error {
	m.Risk = into.Risk.Level
	if riskRank(from.Risk.Level) > riskRank(m.Risk) {
		m.Risk = from.Risk.Level
	}
	var n int64
	err := t.q(ctx).Model(&RiskDetectionRow{}).Where("user_id = ?", from.ID).Count(&n).Error
	m.Detection = int(n)
	return err
}

func riskRank(level string) int {
	return slices.Index([]string{"low", "medium", "high"}, level)
}

// mergeObstacles are the reasons why these two are not merged, or not by whoever asks. Administrators never are: a
// merge must not be a way to their rights.
func (t *Tenant) mergeObstacles(ctx context.Context, m *account.Merge, may MergeRights, into, from User) error {
	add := func(when bool, key string, args map[string]any) {
		if when {
			m.Obstacles = append(m.Obstacles, account.MergeObstacle{Key: key, Args: args})
		}
	}
	self, err := t.Get(ctx)
	if err != nil {
		return err
	}
	staff := self.Kind == tenant.Workforce || into.Emergency || from.Emergency
	for _, id := range []string{into.ID, from.ID} {
		have, err := t.RoleAssignments(ctx, id)
		if err != nil {
			return err
		}
		staff = staff || len(have) > 0
	}
	add(staff, "user.merge.staff", nil)
	for _, u := range []User{into, from} {
		add(!u.DeletedAt.IsZero(), "user.merge.deleted", map[string]any{"name": mergeSide(u).Name})
	}
	policies, err := t.Policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		who := p.Conditions.Users
		named := slices.ContainsFunc(slices.Concat(who.IncludeUsers, who.ExcludeUsers), func(id string) bool { return strings.EqualFold(id, from.ID) })
		add(named, "user.merge.policy", map[string]any{"policy": p.Name, "name": m.From.Name})
	}
	add(!may.Methods && len(m.Methods) > 0, "user.merge.methods_right", nil)
	add(!may.Groups && len(m.Groups) > 0, "user.merge.groups_right", nil)
	add(!may.Roles && len(m.Roles) > 0, "user.merge.roles_right", nil)
	count := len(m.Methods)
	for _, x := range into.Methods {
		if x.Kind != KindRecovery {
			count++
		}
	}
	add(count > mergeMost || len(into.Identities)+len(from.Identities) > mergeMost, "user.merge.many", map[string]any{"max": mergeMost})
	return nil
}

// MergeUsers makes one account of two. It happens once: asked again it says that it is done, and of two that ask for
// opposite things one finds the other account gone.
func (t *Tenant) MergeUsers(ctx context.Context, actor audit.Actor, req MergeRequest) (account.Merge, error) {
	var done account.Merge
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if req.Into == req.From {
			return audit.Event{}, fault.BadField("from", "user.merge.self", nil)
		}
		if err := t.holdPeople(ctx, []string{req.Into, req.From}); err != nil {
			return audit.Event{}, err
		}
		into, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", req.Into))
		if err != nil {
			return audit.Event{}, t.mergedAlready(ctx, req.Into, err)
		}
		if now, err := t.MergedInto(ctx, req.From); err != nil || now == into.ID {
			done = account.Merge{Into: mergeSide(into), From: account.MergeSide{ID: req.From}}
			return audit.Event{}, err
		}
		from, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", req.From))
		if err != nil {
			return audit.Event{}, t.mergedAlready(ctx, req.From, err)
		}
		if done, err = t.planMerge(ctx, req, into, from); err != nil {
			return audit.Event{}, err
		}
		if len(done.Obstacles) > 0 {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: done.Obstacles[0].Key, Args: done.Obstacles[0].Args}
		}
		if req.Revision != "" && req.Revision != done.Revision {
			return audit.Event{}, fault.New(fault.Conflict, "user.merge.changed")
		}
		return t.merge(ctx, actor, done, into, from)
	})
	return done, err
}

// mergedAlready says of an account that is not there that it went into another one.
func (t *Tenant) mergedAlready(ctx context.Context, id string, missing error) error {
	if !fault.Is(missing, fault.NotFound) {
		return missing
	}
	now, err := t.MergedInto(ctx, id)
	if err != nil {
		return err
	}
	if now != "" {
		return fault.New(fault.Conflict, "user.merge.gone")
	}
	return missing
}

// MergedInto gives the account that another one went into; "" when it is there, or never was.
func (t *Tenant) MergedInto(ctx context.Context, id string) (string, error) {
	var rows []MergeRow
	if err := t.q(ctx).Where("from_id = ?", id).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].UserID, nil
}

// MergedFrom lists the accounts that went into one, the latest first, up to a bound.
func (t *Tenant) MergedFrom(ctx context.Context, id string) ([]string, error) {
	var ids []string
	err := t.q(ctx).Model(&MergeRow{}).Where("user_id = ?", id).Order("created_at DESC, from_id").Limit(mergeMost).Pluck("from_id", &ids).Error
	return ids, err
}

func (t *Tenant) merge(ctx context.Context, actor audit.Actor, m account.Merge, into, from User) (audit.Event, error) {
	const reason = "Merge users"
	for _, id := range []string{from.ID, into.ID} { // the apps are told while it is known where they are signed in
		if err := t.SignOutUser(ctx, id, reason); err != nil {
			return audit.Event{}, err
		}
		if _, err := t.forgetDevices(ctx, id); err != nil {
			return audit.Event{}, err
		}
		if err := t.Unlock(ctx, id); err != nil {
			return audit.Event{}, err
		}
	}
	if err := t.mergeCredentials(ctx, m); err != nil {
		return audit.Event{}, err
	}
	if err := t.uniteConsents(ctx, m.Into.ID, m.From.ID); err != nil {
		return audit.Event{}, err
	}
	for _, r := range mergeRules() {
		var err error
		switch r.does {
		case mergeMoves:
			err = t.moveRows(ctx, r, m.From.ID, m.Into.ID)
		case mergeDrops:
			err = t.u(ctx).Where(r.column+" = ?", m.From.ID).Delete(r.row).Error
		}
		if err != nil {
			return audit.Event{}, err
		}
	}
	after := into
	after.Attributes = copyMap(into.Attributes)
	for _, f := range m.Fields {
		if !f.TakeFrom {
			continue
		}
		for _, v := range mergeValues(into, from) {
			if v.id == f.ID {
				v.take(&after, from)
			}
		}
	}
	after.Identities = slices.Concat(into.Identities, from.Identities)
	after.SessionsValidFrom, after.UpdatedAt = t.Now(), t.Now()
	if m.Password == account.PasswordMoves {
		after.MustChangePassword = into.MustChangePassword || from.MustChangePassword
	}
	if after.FirstFactor == "" {
		after.FirstFactor = from.FirstFactor
	}
	d := userDifferences(into, after)
	moved := into
	moved.Identities = after.Identities // their rows moved as they were
	if err := t.writeUser(ctx, moved, after, d); err != nil {
		return audit.Event{}, err
	}
	if err := t.followRules(ctx, after); err != nil {
		return audit.Event{}, err
	}
	if _, err := t.moveRisk(ctx, into.ID, riskMove{By: actor}); err != nil {
		return audit.Event{}, err
	}
	now := t.Now()
	if err := oneRow(t.u(ctx).Where("id = ?", from.ID).Delete(&UserRow{})); err != nil {
		return audit.Event{}, err
	}
	if err := t.w(ctx).Create(&MergeRow{TenantID: t.ID, FromID: from.ID, UserID: into.ID, CreatedAt: now}).Error; err != nil {
		return audit.Event{}, err
	}
	if err := t.tellMerged(ctx, m, into, from); err != nil {
		return audit.Event{}, err
	}
	// Whoever follows changes by delta queries learns of the vanished account as of one that was erased.
	gone := audit.Event{Activity: "Hard delete user", Category: "UserManagement", Operation: "Delete", Target: userTarget(from),
		Changes: []audit.Change{{Property: "mergedInto", New: into.ID}}}
	if err := t.writeAudit(ctx, actor, gone); err != nil {
		return audit.Event{}, err
	}
	names := func(all []account.MergeThing) []string {
		out := make([]string, len(all))
		for i, x := range all {
			out[i] = x.Name
		}
		return out
	}
	changes := append([]audit.Change{{Property: "mergedFrom", New: from.ID}, {Property: "mergedName", New: m.From.Name, Class: audit.Sensitive}}, d.changes...)
	for _, x := range []struct {
		property string
		now      []string
	}{{"groups", names(m.Groups)}, {"appRoles", names(m.Roles)}, {"consents", names(m.Consents)}} {
		if len(x.now) > 0 {
			changes = append(changes, audit.Change{Property: x.property, New: x.now})
		}
	}
	for _, x := range m.Methods {
		changes = append(changes, audit.Change{Property: "authenticationMethod", New: x.Kind})
	}
	if m.Password == account.PasswordMoves {
		changes = append(changes, audit.Change{Property: "password", Class: audit.Secret})
	}
	return audit.Event{Activity: reason, Category: "UserManagement", Operation: "Update", Target: userTarget(after), Changes: changes}, nil
}

// moveRows makes rows belong to another person. Where they have one like it, theirs stays and the other goes.
func (t *Tenant) moveRows(ctx context.Context, r mergeRule, from, into string) error {
	q := t.u(ctx).Model(r.row).Where(r.column+" = ?", from)
	table := r.row.(interface{ TableName() string }).TableName()
	if r.once != nil {
		same := "o.tenant_id = " + table + ".tenant_id AND o." + r.column + " = ?"
		for _, c := range r.once {
			same += " AND o." + c + " = " + table + "." + c
		}
		q = q.Where("NOT EXISTS (SELECT 1 FROM "+table+" AS o WHERE "+same+")", into)
	}
	if _, group := r.row.(*GroupMemberRow); group { // what a rule put there follows from the rule
		q = q.Where("by_rule = ?", false)
	}
	if err := q.UpdateColumn(r.column, into).Error; err != nil {
		return err
	}
	return t.u(ctx).Where(r.column+" = ?", from).Delete(r.row).Error
}

// mergeCredentials moves what comes along and deletes the rest.
func (t *Tenant) mergeCredentials(ctx context.Context, m account.Merge) error {
	ids := []string{}
	for _, x := range m.Methods {
		ids = append(ids, x.ID)
	}
	q := t.u(ctx).Model(&CredentialRow{}).Where("user_id = ?", m.From.ID)
	leaked := t.u(ctx).Model(&LeakedAddressRow{}).Where("user_id = ?", m.From.ID)
	owner := "" // the password that was leaked is gone
	if m.Password == account.PasswordMoves {
		q, owner = q.Where("id IN ? OR kind = ?", ids, KindPassword), m.Into.ID
	} else {
		q = q.Where("id IN ?", ids)
	}
	if err := q.UpdateColumn("user_id", m.Into.ID).Error; err != nil {
		return err
	}
	if err := leaked.UpdateColumn("user_id", owner).Error; err != nil {
		return err
	}
	return t.u(ctx).Where("user_id = ?", m.From.ID).Delete(&CredentialRow{}).Error
}

// uniteConsents gives the staying person what either agreed to.
func (t *Tenant) uniteConsents(ctx context.Context, into, from string) error {
	var rows []OpenIDConsentRow
	if err := t.lock(ctx).Where("user_id IN ?", []string{into, from}).Order("client_id").Find(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		if r.UserID != from {
			continue
		}
		has := slices.IndexFunc(rows, func(o OpenIDConsentRow) bool { return o.UserID == into && o.ClientID == r.ClientID })
		if has < 0 {
			if err := t.u(ctx).Model(&OpenIDConsentRow{}).Where("user_id = ? AND client_id = ?", from, r.ClientID).UpdateColumn("user_id", into).Error; err != nil {
				return err
			}
			continue
		}
		scopes := strings.Fields(rows[has].Scopes)
		for _, s := range strings.Fields(r.Scopes) {
			if !slices.ContainsFunc(scopes, func(have string) bool { return strings.EqualFold(have, s) }) {
				scopes = append(scopes, s)
			}
		}
		err := t.u(ctx).Model(&OpenIDConsentRow{}).Where("user_id = ? AND client_id = ?", into, r.ClientID).
			UpdateColumns(map[string]any{"scopes": strings.Join(scopes, " "), "updated_at": t.Now()}).Error
		if err != nil {
			return err
		}
	}
	return t.u(ctx).Where("user_id = ?", from).Delete(&OpenIDConsentRow{}).Error
}

// tellMerged mails the addresses of both accounts: whoever did not expect it learns of it.
func (t *Tenant) tellMerged(ctx context.Context, m account.Merge, into, from User) error {
	told := ""
	for _, u := range []User{into, from} {
		if to := u.Address(); to == "" || strings.EqualFold(to, told) {
			continue
		} else if err := message.PostNotice(ctx, t, message.Notice{Kind: message.AccountsMerged, TenantID: t.ID, To: to, Locale: cmp.Or(u.PreferredLanguage, into.PreferredLanguage), At: t.Now()}, t.Now()); err != nil {
			return err
		} else {
			told = to
		}
	}
	return nil
}
