package models

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/transfer"
	"portico/app/userflow"
)

// importRules are what a tenant asks of people, read once for an import.
type importRules struct {
	definitions []userflow.Definition
	byID        map[string]userflow.Definition
	userNames   tenant.UserNames
	groups      map[string]GroupRow // by folded name
	terms       map[string]TermsRow // by id and by folded name
	limit       int                 // of people, groups and applications; 0 = none
	objects     int                 // how many there are, while there is a limit
}

func (t *Tenant) importRules(ctx context.Context) (importRules, error) {
	r := importRules{byID: map[string]userflow.Definition{}, groups: map[string]GroupRow{}, terms: map[string]TermsRow{}}
	self, err := t.Get(ctx)
	if err != nil {
		return r, err
	}
	r.userNames = self.Settings.UserNames
	if !self.DeletedAt.IsZero() || self.ReadOnly(t.Now()) {
		return r, fault.BadField("file", "import.tenant", nil)
	}
	if r.definitions, err = t.Definitions(ctx); err != nil {
		return r, err
	}
	for _, d := range r.definitions {
		r.byID[d.ID] = d
	}
	var groups []GroupRow
	if err := t.q(ctx).Select("id", "name", "name_norm", "rule").Find(&groups).Error; err != nil {
		return r, err
	}
	for _, g := range groups {
		r.groups[g.NameNorm] = g
	}
	var terms []TermsRow
	if err := t.q(ctx).Find(&terms).Error; err != nil {
		return r, err
	}
	for _, x := range terms {
		r.terms[fold(x.Name)] = x
		r.terms[x.ID] = x
	}
	if self.Plan == tenant.Trial {
		r.limit = tenant.TrialObjects
		r.objects, err = t.Objects(ctx, tenant.TrialObjects)
	}
	return r, err
}

// sightings knows which identities a file has named before, by 16 bytes each.
type sightings struct {
	seed  maphash.Seed
	lines map[uint64]int64
}

func newSightings() sightings {
	return sightings{seed: maphash.MakeSeed(), lines: map[uint64]int64{}}
}

// keys makes a record's identities comparable, and says what is wrong with them.
func (s sightings) keys(p *transfer.Person) []uint64 {
	var out []uint64
	add := func(text string) { out = append(out, maphash.String(s.seed, text)) }
	if p.ID != "" {
		add("id\x00" + p.ID)
	}
	for i := range p.Identities {
		id := &p.Identities[i]
		var err error
		switch id.SignInType {
		case account.SignInEmail:
			id.Canonical, err = account.CanonicalEmail(id.Value)
		case account.SignInUserName:
			id.Canonical, err = account.CanonicalUserName(id.Value)
		default:
			id.Canonical = id.Value
		}
		if err != nil {
			p.Bad = append(p.Bad, fault.Of(err).Fields...)
			continue
		}
		add(id.SignInType + "\x00" + id.Issuer + "\x00" + id.Canonical)
	}
	return out
}

// note remembers a record that was decided about before.
func (s sightings) note(p *transfer.Person) { s.keep(p, s.keys(p)) }

func (s sightings) keep(p *transfer.Person, keys []uint64) {
	for _, k := range keys {
		if _, there := s.lines[k]; !there {
			s.lines[k] = p.Line
		}
	}
}

// check refuses a record of somebody whom the file has named before.
func (s sightings) check(p *transfer.Person) {
	keys := s.keys(p)
	for _, k := range keys {
		if line, there := s.lines[k]; there {
			p.Bad.Add("", "import.twice", map[string]any{"line": line})
			break
		}
	}
	s.keep(p, keys)
}

// importBatchWork is what becomes of a batch of records.
type importBatchWork struct {
	run    *importRun
	t      *Tenant
	hashes map[int64]string
	next   ImportRow // how far we are afterwards

	byIdentity map[account.Identity]string // person's id
	byID       map[string]User
	left       []account.Identity // of people whose grace is over and whom the job has not erased yet
	elsewhere  map[string]bool    // ids that something else has already
	had        map[string]bool    // what people who are there belong to and agreed to

	users       []UserRow
	identities  []IdentityRow
	credentials []CredentialRow
	members     []GroupMemberRow
	acceptances []AcceptanceRow
	audits      []AuditRow
	news        []audit.Event // what the entries say, for whoever subscribes
	complaints  []ImportComplaintRow
	changed     []func(ctx context.Context) error
}

func (w *importBatchWork) created() int { return int(w.next.Created - w.run.row.Created) }

func (w *importBatchWork) decide(ctx context.Context, people []*transfer.Person) error {
	if err := w.lookUp(ctx, people); err != nil {
		return err
	}
	for _, p := range people {
		before, there, err := w.match(p)
		bad := p.Bad
		if err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
		var outcome *int64
		if len(bad) == 0 {
			switch {
			case !there:
				outcome = &w.next.Created
				err = w.create(p)
			case w.run.options.Mode == ImportUpdate:
				outcome, err = w.update(p, before)
			case w.run.options.Mode == ImportSkip:
				outcome = &w.next.Unchanged
			default:
				bad.Add(takenField(p, before), "user.identity.taken", nil)
			}
			if err != nil {
				f := fault.Of(err)
				if len(f.Fields) == 0 {
					return err
				}
				bad = append(bad, f.Fields...)
			}
		}
		if len(bad) > 0 {
			outcome = &w.next.Refused
		}
		*outcome++
		w.complain(p, bad)
	}
	return nil
}

// takenField names the identity of a record that somebody has.
func takenField(p *transfer.Person, u User) string {
	for _, i := range p.Identities {
		if slices.ContainsFunc(u.Identities, func(have account.Identity) bool {
			return have.SignInType == i.SignInType && have.Issuer == i.Issuer && have.Canonical == i.Canonical
		}) {
			return map[string]string{account.SignInEmail: "email", account.SignInUserName: "userName"}[i.SignInType]
		}
	}
	return "id"
}

func (w *importBatchWork) complain(p *transfer.Person, bad fault.Fields) {
	number := 0
	note := func(list fault.Fields, refused bool) {
		for _, f := range list {
			if number >= maxComplaintsEach || w.next.Complaints >= maxComplaints {
				return
			}
			if f.Args == nil {
				f.Args = map[string]any{}
			}
			args, err := json.Marshal(f.Args)
			if err != nil {
				args = []byte("{}")
			}
			w.complaints = append(w.complaints, ImportComplaintRow{ImportID: w.next.ID, Record: p.Number, Number: number, TenantID: w.t.ID, Line: p.Line,
				Who: shownWho(p.Who()), Field: f.Name, Key: f.Key, Args: string(args), Refused: refused})
			number++
			w.next.Complaints++
		}
	}
	note(bad, true)
	if len(p.Warn) > 0 && len(bad) == 0 {
		w.next.Warned++
		note(p.Warn, false)
	}
}

// shownWho keeps what a file calls a person fit to be stored and shown.
func shownWho(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}

// identitiesAmong finds which of many identities somebody has. Postgres is made to look each of them up: until
// it has counted a table that grows quickly, it believes that reading all identities of the tenant is cheaper.
func (t *Tenant) identitiesAmong(ctx context.Context, signInType, issuer string, canonical []string) (rows []IdentityRow, err error) {
	if t.dialect != "postgres" {
		return rows, t.q(ctx).Select("user_id", "canonical").Where("sign_in_type = ? AND issuer = ? AND canonical IN ?", signInType, issuer, canonical).Find(&rows).Error
	}
	list, err := json.Marshal(canonical)
	if err != nil {
		return nil, err
	}
	return rows, t.r(ctx).Raw(`SELECT i.user_id, i.canonical FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS c (canonical) CROSS JOIN LATERAL
(SELECT user_id, canonical FROM identities WHERE tenant_id = ? AND sign_in_type = ? AND issuer = ? AND canonical = c.canonical LIMIT 1) AS i`,
		string(list), t.ID, signInType, issuer).Scan(&rows).Error
}

// lookUp reads who is there already, a few queries for all of a batch.
func (w *importBatchWork) lookUp(ctx context.Context, people []*transfer.Person) error {
	w.byIdentity, w.byID, w.elsewhere = map[account.Identity]string{}, map[string]User{}, map[string]bool{}
	type way struct{ signInType, issuer string }
	canonical, ids := map[way][]string{}, []string{}
	for _, p := range people {
		if p.ID != "" {
			ids = append(ids, p.ID)
		}
		for _, i := range p.Identities {
			if i.Canonical != "" {
				k := way{i.SignInType, i.Issuer}
				canonical[k] = append(canonical[k], i.Canonical)
			}
		}
	}
	owners := map[string]bool{}
	for k, list := range canonical {
		rows, err := w.t.identitiesAmong(ctx, k.signInType, k.issuer, list)
		if err != nil {
			return err
		}
		for _, r := range rows {
			w.byIdentity[account.Identity{SignInType: k.signInType, Issuer: k.issuer, Canonical: r.Canonical}] = r.UserID
			owners[r.UserID] = true
		}
	}
	// Ids are unique in the whole installation, and people, groups and applications share them in one tenant:
	// whoever got the id of a group would be taken for it.
	if len(ids) > 0 {
		var found []UserRow
		if err := w.t.r(ctx).Select("id", "tenant_id").Where("id IN ?", ids).Find(&found).Error; err != nil {
			return err
		}
		for _, r := range found {
			if r.TenantID == w.t.ID {
				owners[r.ID] = true
			} else {
				w.elsewhere[r.ID] = true
			}
		}
		for _, c := range []struct {
			row    any
			column string
		}{{&GroupRow{}, "id"}, {&ApplicationRow{}, "id"}, {&ApplicationRow{}, "service_principal_id"}, {&TenantRow{}, "id"}} {
			var others []string
			if err := w.t.r(ctx).Model(c.row).Where(c.column+" IN ?", ids).Pluck(c.column, &others).Error; err != nil {
				return err
			}
			for _, id := range others {
				w.elsewhere[id] = true
			}
		}
	}
	if len(owners) == 0 {
		return nil
	}
	var rows []UserRow
	if err := w.t.byID(ctx, slices.Collect(maps.Keys(owners))).Find(&rows).Error; err != nil {
		return err
	}
	users, err := w.t.usersOf(ctx, rows)
	if err != nil {
		return err
	}
	for _, u := range users {
		w.byID[u.ID] = u
	}
	w.passOver()
	w.had = map[string]bool{}
	list := slices.Collect(maps.Keys(w.byID))
	if slices.ContainsFunc(people, func(p *transfer.Person) bool { return len(p.Groups) > 0 }) {
		var members []GroupMemberRow
		if err := w.t.q(ctx).Where("member_id IN ?", list).Find(&members).Error; err != nil {
			return err
		}
		for _, m := range members {
			w.had[m.MemberID+m.GroupID] = true
		}
	}
	if slices.ContainsFunc(people, func(p *transfer.Person) bool { return len(p.Terms) > 0 }) {
		var agreed []AcceptanceRow
		if err := w.t.q(ctx).Where("user_id IN ?", list).Find(&agreed).Error; err != nil {
			return err
		}
		for _, a := range agreed {
			w.had[agreement(a)] = true
		}
	}
	return nil
}

// passOver forgets whose addresses are free although nobody has erased them yet: freeLeft makes room for the new
// ones when the batch is stored.
func (w *importBatchWork) passOver() {
	w.left = nil
	for i, owner := range w.byIdentity {
		if u := w.byID[owner]; u.SelfDeleted && !u.DeletedAt.IsZero() && u.DeletedAt.Before(w.t.Now().Add(-purgeAfter)) {
			delete(w.byIdentity, i)
			w.left = append(w.left, i)
		}
	}
}

func agreement(a AcceptanceRow) string { return fmt.Sprintf("%s%s#%d", a.UserID, a.TermsID, a.Version) }

// match finds whom a record is about.
func (w *importBatchWork) match(p *transfer.Person) (User, bool, error) {
	owner := ""
	if _, there := w.byID[p.ID]; there && p.ID != "" {
		owner = p.ID
	}
	for _, i := range p.Identities {
		id := w.byIdentity[account.Identity{SignInType: i.SignInType, Issuer: i.Issuer, Canonical: i.Canonical}]
		if id != "" && owner != "" && id != owner {
			return User{}, false, fault.BadField("", "import.two_people", nil)
		}
		if id != "" {
			owner = id
		}
	}
	u, there := w.byID[owner]
	if there && !u.DeletedAt.IsZero() {
		return u, true, fault.BadField("", "import.deleted", nil)
	}
	return u, there, nil
}

// profileField is the field behind the name of a text.
func profileField(u *User, name string) *string {
	switch name {
	case "mobilePhone":
		return &u.MobilePhone
	case "preferredLanguage":
		return &u.PreferredLanguage
	}
	return builtin(u, name)
}

// apply writes what a record says about the profile.
func apply(p *transfer.Person, u *User) error {
	if u.Attributes == nil {
		u.Attributes = map[string]any{}
	}
	var bad fault.Fields
	for name, s := range p.Text {
		if at := profileField(u, name); at != nil {
			*at = s
		} else if len([]rune(s)) > 128 || !plainText(s) {
			bad.Add(name, "field.too_long", map[string]any{"max": 128})
		} else {
			u.Attributes[name] = s
		}
	}
	for name, l := range p.Lists {
		list := make([]any, len(l))
		for i, s := range l {
			if len([]rune(s)) > 254 || !plainText(s) {
				bad.Add(name, "field.too_long", map[string]any{"max": 254})
			}
			list[i] = s
		}
		u.Attributes[name] = list
	}
	for id, v := range p.Attributes {
		u.Attributes[id] = v
	}
	if p.Mail != "" && fold(p.Mail) != fold(u.Mail) {
		u.Mail, u.MailVerified = p.Mail, false
	}
	if p.MailVerified != nil {
		u.MailVerified = *p.MailVerified && u.Mail != ""
	}
	if p.Enabled != nil {
		u.Enabled = *p.Enabled
	}
	if p.FirstFactor != "" {
		u.FirstFactor = p.FirstFactor
	}
	return bad.Err()
}

// valid checks a person by everything that any other way in checks.
func (w *importBatchWork) valid(before User, u *User) error {
	var bad fault.Fields
	if err := validateUser(before, u); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	bad = append(bad, checkAttributes(w.run.rules.byID, changedAttributes(before, *u), u)...)
	for i, id := range u.Identities {
		if _, had := sameIdentity(before, id); had || id.SignInType != account.SignInUserName {
			continue
		}
		if policy := w.run.rules.userNames; !policy.Allows(id.Value) {
			bad.Add("userName", "field.user_name.pattern", map[string]any{"message": policy.Message})
		}
		u.Identities[i].Value = account.ShownUserName(id.Value)
	}
	return bad.Err()
}

// named finds a name for people whose file has none.
func named(u *User) {
	if u.DisplayName != "" {
		return
	}
	u.DisplayName = strings.TrimSpace(u.GivenName + " " + u.Surname)
	for _, i := range u.Identities {
		if u.DisplayName == "" && i.SignInType != account.SignInFederated {
			u.DisplayName, _, _ = strings.Cut(i.Value, "@")
		}
	}
}

func (w *importBatchWork) create(p *transfer.Person) error {
	u := User{Account: account.Account{ID: p.ID, TenantID: w.t.ID, Enabled: true, Identities: p.Identities, CreatedAt: p.CreatedAt}, CreationType: p.CreationType}
	if err := apply(p, &u); err != nil {
		return err
	}
	hash := p.PasswordHash
	if p.Password != "" {
		hash = w.hashes[p.Number]
		u.MustChangePassword = w.run.options.TemporaryPasswords
	}
	if p.MustChange != nil {
		u.MustChangePassword = *p.MustChange
	}
	u.HasPassword = hash != "" || p.Password != "" // a dry run makes no hash
	if u.FirstFactor == "" {
		switch {
		case u.HasPassword:
			u.FirstFactor = string(userflow.EmailPassword)
		case w.run.options.FirstFactor != "":
			u.FirstFactor = w.run.options.FirstFactor
		default:
			u.FirstFactor = string(userflow.EmailCode)
		}
	}
	var bad fault.Fields
	if len(u.Identities) == 0 {
		bad.Add("email", "import.no_identity", nil)
	} else if key := noWayIn(u); key != "" {
		bad.Add("password", "import.no_way_in", nil)
	}
	if !slices.ContainsFunc(u.Identities, func(i account.Identity) bool { return i.SignInType != account.SignInFederated }) {
		u.FirstFactor = "" // they come by a provider
	}
	switch _, err := uuid.Parse(u.ID); {
	case u.ID == "":
		u.ID = uuid.NewString() // oid is public: no time inside
	case err != nil || len(u.ID) != 36:
		bad.Add("id", "import.id", nil)
	case w.elsewhere[u.ID]:
		u.ID = uuid.NewString()
		p.Warn.Add("id", "import.id_new", nil)
	}
	if now := w.t.Now(); u.CreatedAt.IsZero() {
		u.CreatedAt = now
	} else if u.CreatedAt.After(now) {
		bad.Add("createdDateTime", "import.future", nil)
	}
	if u.CreationType == "" {
		u.CreationType = "LocalAccount"
	}
	named(&u)
	if err := w.valid(User{}, &u); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	bad = append(bad, w.belongings(p, u)...)
	if limit := w.run.rules.limit; limit > 0 && w.run.rules.objects+w.created() >= limit {
		bad.Add("", "import.limit", map[string]any{"count": limit})
	}
	if err := bad.Err(); err != nil {
		w.forget(u.ID)
		return err
	}
	if w.next.DryRun {
		return nil
	}
	u.CreatedAt, u.UpdatedAt = micro(u.CreatedAt), w.t.Now()
	row, err := userRow(u, w.t.ID)
	if err != nil {
		return err
	}
	w.users = append(w.users, row)
	for _, i := range u.Identities {
		w.identities = append(w.identities, IdentityRow{ID: NewID(), TenantID: w.t.ID, UserID: u.ID, SignInType: i.SignInType, Issuer: i.Issuer,
			Canonical: i.Canonical, Value: i.Value, CreatedAt: w.t.Now()})
	}
	if hash != "" {
		w.password(u.ID, hash)
	}
	changes := []audit.Change{{Property: "displayName", New: u.DisplayName, Class: audit.Sensitive}, {Property: "accountEnabled", New: u.Enabled},
		{Property: "creationType", New: u.CreationType}}
	if u.Mail != "" {
		changes = append(changes, audit.Change{Property: "mail", New: u.Mail, Class: audit.Sensitive})
	}
	return w.record(p, u, "Add", changes, hash != "")
}

func (w *importBatchWork) password(userID, hash string) {
	w.credentials = append(w.credentials, CredentialRow{ID: NewID(), TenantID: w.t.ID, UserID: userID, Kind: KindPassword, Secret: []byte(hash), Data: "{}", CreatedAt: w.t.Now()})
}

// update changes somebody who is there: what the record says, and nothing that it does not. A password that
// they have stays theirs.
func (w *importBatchWork) update(p *transfer.Person, before User) (*int64, error) {
	after := before
	after.Identities = slices.Clone(before.Identities)
	after.Attributes = copyMap(before.Attributes)
	if err := apply(p, &after); err != nil {
		return nil, err
	}
	if len(after.Attributes) == 0 {
		after.Attributes = before.Attributes
	}
	w.adoptIdentities(p, &after)
	hash := p.PasswordHash
	if p.Password != "" {
		hash = w.hashes[p.Number]
	}
	if hash != "" || p.Password != "" {
		if before.HasPassword {
			p.Warn.Add("password", "import.password.kept", nil)
			hash = ""
		} else {
			after.HasPassword, after.MustChangePassword = true, w.run.options.TemporaryPasswords && p.Password != ""
		}
	}
	if p.MustChange != nil && after.HasPassword {
		after.MustChangePassword = *p.MustChange
	}
	var bad fault.Fields
	if err := w.valid(before, &after); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	extra := len(w.members) + len(w.acceptances) + len(w.credentials)
	bad = append(bad, w.belongings(p, after)...)
	if err := bad.Err(); err != nil {
		w.forget(after.ID)
		return nil, err
	}
	if before.Enabled && !after.Enabled {
		after.SessionsValidFrom = w.t.Now()
	}
	if hash != "" {
		w.password(after.ID, hash)
	}
	d := userDifferences(before, after)
	if len(d.changes) == 0 && extra == len(w.members)+len(w.acceptances)+len(w.credentials) {
		return &w.next.Unchanged, nil
	}
	if w.next.DryRun {
		w.forget(after.ID)
		return &w.next.Updated, nil
	}
	after.UpdatedAt = w.t.Now()
	w.byID[after.ID] = after // should another record of the batch be about them
	if len(d.changes) > 0 {
		w.changed = append(w.changed, func(ctx context.Context) error {
			if err := w.t.writeUser(ctx, before, after, d); err != nil {
				return err
			}
			if after.SessionsValidFrom.After(before.SessionsValidFrom) {
				return w.t.SignOutUser(ctx, after.ID, "Import user")
			}
			return nil
		})
	}
	return &w.next.Updated, w.record(p, after, "Update", d.changes, hash != "")
}

// adoptIdentities adds what the record names. Where the id says who it is, an address or user name takes the
// place of the one before.
func (w *importBatchWork) adoptIdentities(p *transfer.Person, u *User) {
	for _, i := range p.Identities {
		if slices.ContainsFunc(u.Identities, func(have account.Identity) bool {
			return have.SignInType == i.SignInType && have.Issuer == i.Issuer && have.Canonical == i.Canonical
		}) {
			continue
		}
		at := -1
		if p.ID == u.ID && i.SignInType != account.SignInFederated {
			at = slices.IndexFunc(u.Identities, func(have account.Identity) bool {
				return have.SignInType == i.SignInType && !slices.ContainsFunc(p.Identities, func(named account.Identity) bool {
					return named.SignInType == have.SignInType && named.Canonical == have.Canonical
				})
			})
		}
		if at >= 0 {
			u.Identities[at] = i
		} else {
			u.Identities = append(u.Identities, i)
		}
	}
}

// belongings are a person's groups, agreements and second factor by mail.
func (w *importBatchWork) belongings(p *transfer.Person, u User) (bad fault.Fields) {
	for _, name := range p.Groups {
		g, there := w.run.rules.groups[fold(name)]
		switch args := map[string]any{"name": name}; {
		case !w.run.options.Groups:
			bad.Add("groups", "import.group.denied", args)
			return bad
		case !there:
			bad.Add("groups", "import.group.unknown", args)
		case g.Rule != "":
			bad.Add("groups", "import.group.rule", args)
		case w.had[u.ID+g.ID]:
		default:
			w.members = append(w.members, GroupMemberRow{TenantID: w.t.ID, GroupID: g.ID, MemberID: u.ID, Kind: account.MemberUser, CreatedAt: w.t.Now()})
		}
	}
	for _, a := range p.Terms {
		x, there := w.run.rules.terms[a.Terms]
		if !there {
			x, there = w.run.rules.terms[fold(a.Terms)]
		}
		if !there || a.Version > x.Published {
			bad.Add("termsAccepted", "import.terms.unknown", map[string]any{"name": a.Terms})
			continue
		}
		if a.Version == 0 {
			a.Version = x.Published
		}
		if a.At.IsZero() {
			a.At = w.t.Now()
		}
		row := AcceptanceRow{TenantID: w.t.ID, UserID: u.ID, TermsID: x.ID, Version: a.Version, Locale: a.Locale, AcceptedAt: micro(a.At)}
		if !w.had[agreement(row)] {
			w.acceptances = append(w.acceptances, row)
		}
	}
	if p.EmailMethod != nil && *p.EmailMethod && !slices.ContainsFunc(u.Methods, func(m account.Method) bool { return m.Kind == KindEmail }) {
		if u.Mail == "" || !u.MailVerified { // nobody has shown that the mailbox is theirs
			bad.Add("mfaEmail", "import.mfa_email", nil)
		} else {
			w.credentials = append(w.credentials, CredentialRow{ID: NewID(), TenantID: w.t.ID, UserID: u.ID, Kind: KindEmail, Name: u.Mail, Data: "{}", CreatedAt: w.t.Now()})
		}
	}
	return bad
}

// forget takes back what was prepared for a person who is refused after all.
func (w *importBatchWork) forget(userID string) {
	w.members = slices.DeleteFunc(w.members, func(r GroupMemberRow) bool { return r.MemberID == userID })
	w.acceptances = slices.DeleteFunc(w.acceptances, func(r AcceptanceRow) bool { return r.UserID == userID })
	w.credentials = slices.DeleteFunc(w.credentials, func(r CredentialRow) bool { return r.UserID == userID })
}

// record prepares the entry of the audit log for one person.
func (w *importBatchWork) record(p *transfer.Person, u User, operation string, changes []audit.Change, password bool) error {
	if password {
		changes = append(changes, audit.Change{Property: "password", Class: audit.Secret})
	}
	if len(p.Groups) > 0 {
		changes = append(changes, audit.Change{Property: "groups", New: p.Groups})
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	a, target := w.run.actor, userTarget(u)
	w.audits = append(w.audits, AuditRow{ID: NewID(), TenantID: w.t.ID, CreatedAt: w.t.Now(), Activity: "Import user", Category: "UserManagement", Operation: operation, Result: "success",
		ActorKind: string(a.Kind), ActorID: a.ID, ActorName: a.Name, ActorIP: a.IP, TargetKind: target.Kind, TargetID: target.ID, TargetName: target.Name,
		Changes: string(body), CorrelationID: a.CorrelationID})
	w.news = append(w.news, audit.Event{Activity: "Import user", Category: "UserManagement", Operation: operation, Target: target, Changes: changes})
	return nil
}

// store writes what was decided; of a dry run only what was said.
func (w *importBatchWork) store(ctx context.Context) error {
	t := w.t
	if err := insert(ctx, t, w.complaints, false); err != nil || w.next.DryRun {
		return err
	}
	if err := t.freeLeft(ctx, w.left); err != nil {
		return err
	}
	for _, change := range w.changed {
		if err := change(ctx); err != nil {
			return err
		}
	}
	for i := range w.credentials {
		if c := &w.credentials[i]; c.Kind != KindPassword {
			var err error
			if c.Secret, err = t.seal.Seal(nil, credentialContext(c.ID)); err != nil {
				return err
			}
		}
	}
	touched := map[string]bool{}
	for _, m := range w.members {
		if !touched[m.GroupID] {
			touched[m.GroupID] = true
			if err := t.touchGroup(ctx, m.GroupID); err != nil {
				return err
			}
		}
	}
	for _, f := range []func() error{
		func() error { return insert(ctx, t, w.users, false) },
		func() error { return insert(ctx, t, w.identities, false) },
		func() error { return insert(ctx, t, w.credentials, false) },
		func() error { return insert(ctx, t, w.members, true) },
		func() error { return insert(ctx, t, w.acceptances, true) },
		func() error { return insert(ctx, t, w.audits, false) },
	} {
		if err := f(); err != nil {
			return err
		}
	}
	for _, e := range w.news {
		if err := t.publishAudit(ctx, w.run.actor, e); err != nil {
			return err
		}
	}
	return nil
}
