package models

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/fault"
)

// A filter of people must never read everybody, however many there are. Each filter that an index can answer
// is a source; the page is made from one of them and checked against all other filters:
//
//   - a source that finds few people is read whole, checked and sorted as asked;
//   - when every source finds many, one of them is walked in the order of its index, a window at a time. What
//     of the window passes the other filters is the page. Its order is the index's, and the page says so.
//
// So a page costs at most one window, whatever is combined.
const (
	fewPeople    = 250   // that many are read whole
	fewContinued = 4_000 // a list that was read whole goes on while it grows
	walkWindow   = 250   // index entries that one page looks through
)

// UserPage is one page of people with what must be said about it.
type UserPage struct {
	Page[User]
	// Unsorted: an order was asked for, but too many match to sort them.
	Unsorted bool
	// Partly: only a part was looked through, and Next goes on from there; there may be few or none here.
	Partly bool
}

// FindUsers lists one page of people. Users is for those who need not tell anybody how it was found.
func (t *Tenant) FindUsers(ctx context.Context, f UserQuery) (UserPage, error) {
	if f.Nobody {
		return UserPage{}, nil
	}
	limit := clampLimit(f.Limit)
	if f.plain() {
		p, err := t.plainUsers(ctx, f, limit)
		return UserPage{Page: p}, err
	}
	via := cursor{}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return UserPage{}, err
		}
		via = c
	}
	sources, err := t.sources(ctx, f)
	if err != nil {
		return UserPage{}, err
	}
	if via.Via != "" {
		for _, s := range sources {
			if s.name == via.Via {
				return t.walk(ctx, f, s, via, limit)
			}
		}
		return UserPage{}, fault.BadField("after", "list.cursor", nil)
	}
	most := fewPeople
	if f.After != "" {
		most = fewContinued
	}
	ids, ok, err := t.fewest(ctx, sources, most)
	if err != nil {
		return UserPage{}, err
	}
	if ok {
		return t.readWhole(ctx, f, ids, limit)
	}
	if f.After != "" { // it was read whole, and has grown too much since
		return UserPage{}, fault.BadField("after", "list.cursor", nil)
	}
	return t.walk(ctx, f, walked(sources, f.Sort), cursor{}, limit)
}

// fewest gives whom the first source finds that finds at most so many. The first of all, which tells most, is read at
// once; all others are asked in one statement, one after the other until one does.
func (t *Tenant) fewest(ctx context.Context, sources []source, most int) (ids []string, ok bool, err error) {
	read := func(s *source) ([]string, bool, error) {
		var found []string
		if s.kind == "num" {
			var rows []struct {
				ID  string
				Num int64
			}
			err := s.first(most + 1).Select(s.id + " AS id, " + s.column + " AS num").Scan(&rows).Error
			for _, r := range rows {
				found = append(found, r.ID)
			}
			if len(rows) >= walkWindow {
				s.ends = &walkedRow{WindowID: rows[walkWindow-1].ID, KeyNum: rows[walkWindow-1].Num}
			}
			return found, err == nil && len(found) <= most, err
		}
		err := s.first(most+1).Pluck(s.id, &found).Error
		return found, err == nil && len(found) <= most, err
	}
	which, args := "CASE", []any(nil)
	for i := range sources {
		s := &sources[i]
		switch {
		case s.everybody:
		case i == 0:
			if ids, ok, err = read(s); ok || err != nil {
				return ids, ok, err
			}
		default:
			which += " WHEN (SELECT COUNT(*) FROM (?) AS found) <= ? THEN " + strconv.Itoa(i)
			args = append(args, s.first(most+1).Select(s.id), most)
		}
	}
	if args == nil {
		return nil, false, nil
	}
	at := -1
	err = t.r(ctx).Raw("SELECT "+which+" ELSE -1 END", args...).Row().Scan(&at)
	if err != nil || at < 0 {
		return nil, false, err
	}
	return read(&sources[at])
}

// walked chooses which of the sources to walk: one that is sorted as asked, or the first.
func walked(sources []source, sort string) source {
	sources = slices.DeleteFunc(slices.Clone(sources), func(s source) bool { return s.column == "" && s.order == "" })
	for _, s := range sources {
		if sort != "" && s.order == sort && !s.everybody {
			return s
		}
	}
	return sources[0]
}

// plain reports whether one index both finds and sorts what is asked for.
func (f UserQuery) plain() bool {
	rest := f
	rest.Search, rest.After, rest.Limit, rest.Sort, rest.Desc = "", "", 0, "", false
	if f.Sort == SortByLastSignIn {
		return false
	}
	if f.Sort == SortByName || f.Sort == "" {
		rest.NamePrefix = ""
	}
	if f.NamePrefix != "" && f.Search != "" {
		return false
	}
	rest.Mail, rest.Identity, rest.Issuer = "", "", ""
	return rest == UserQuery{}
}

// source is an index that finds people.
type source struct {
	name      string // in cursors
	rows      func() *gorm.DB
	id        string // column with the person's id
	column    string // the index is sorted by it; "" = by id alone
	kind      string // of the column: text, time or num
	order     string // the sort order that this is, SortBy…
	everybody bool   // narrows nothing
	// beside are further columns of the source's rows, by which narrowed drops people before their own rows are read.
	beside string
	// ends is where the first window ends, when that was read already.
	ends     *walkedRow
	narrowed func(q *gorm.DB, f UserQuery) *gorm.DB
}

// people reports whether the source's rows are people's own.
func (s source) people() bool { return s.id == "id" }

// first is the query for so many of what the source finds, sorted so that the engine takes the index that is meant.
func (s source) first(n int) *gorm.DB {
	q := s.rows()
	if s.column != "" {
		q = q.Order(s.column)
	}
	return q.Limit(n)
}

// sources lists what can answer the query, roughly the most telling first. The last is everybody.
func (t *Tenant) sources(ctx context.Context, f UserQuery) ([]source, error) {
	var out []source
	users := func(where string, args ...any) func() *gorm.DB {
		return func() *gorm.DB {
			q := t.q(ctx).Model(&UserRow{})
			if where != "" {
				q = q.Where(where, args...)
			}
			return t.standing(q, f)
		}
	}
	add := func(name, column, order string, rows func() *gorm.DB) {
		kind := "time"
		if column == "name_norm" {
			kind = "text"
		}
		out = append(out, source{name: name, rows: rows, id: "id", column: column, kind: kind, order: order})
	}
	if f.Identity != "" {
		ids, err := t.identityUsers(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, source{name: "identity", rows: users("id IN ?", ids), id: "id", order: "id"})
	}
	if f.Mail != "" {
		out = append(out, source{name: "mail", rows: users("lower(mail) = ?", fold(f.Mail)), id: "id"})
	}
	search, err := t.searchSources(ctx, f, users)
	if err != nil {
		return nil, err
	}
	out = append(out, search...)
	if f.Leaving {
		add("leaving", "deleted_at", "", users("self_deleted"))
	}
	if f.Deleted && !f.Leaving {
		add("deleted", "name_norm", SortByName, users(""))
	}
	if f.MustChangePassword {
		add("change", "name_norm", SortByName, users("must_change_password"))
	}
	if f.Enabled != nil && !*f.Enabled {
		add("disabled", "name_norm", SortByName, users("NOT enabled"))
	}
	if f.Attribute != "" {
		out = append(out, source{name: "attribute", id: "user_id", order: "id", rows: func() *gorm.DB {
			return t.q(ctx).Table("attribute_values").Where("attribute_id = ? AND value = ?", f.Attribute, clipAttribute(f.AttributeValue))
		}})
	}
	if f.GroupID != "" {
		out = append(out, source{name: "group", id: "member_id", order: "id", rows: func() *gorm.DB {
			return t.q(ctx).Model(&GroupMemberRow{}).Where("group_id = ? AND kind = ?", f.GroupID, "user")
		}})
	}
	if p := fold(f.NamePrefix); p != "" {
		add("prefix", "name_norm", SortByName, func() *gorm.DB { return prefix(users("")(), p) })
	}
	if !f.LastSignInFrom.IsZero() || !f.LastSignInBefore.IsZero() {
		add("last", "last_sign_in_at", SortByLastSignIn, func() *gorm.DB { return lastSignIn(users("last_sign_in_at IS NOT NULL")(), f) })
	}
	if !f.CreatedFrom.IsZero() || !f.CreatedBefore.IsZero() {
		add("created", "created_at", SortByCreated, func() *gorm.DB { return created(users("")(), f) })
	}
	if f.NeverSignedIn {
		// In the order of the index that has them together: the engine might read the table from its beginning.
		out = append(out, source{name: "never", rows: func() *gorm.DB { return users("last_sign_in_at IS NULL")().Order("last_sign_in_at") }, id: "id", order: "id"})
	}
	if f.SignInType != "" {
		out = append(out, source{name: "type", id: "user_id", column: "canonical", kind: "text", rows: func() *gorm.DB {
			return t.q(ctx).Model(&IdentityRow{}).Where("sign_in_type = ? AND issuer = ?", f.SignInType, f.Provider)
		}})
	}
	all := source{name: "all", rows: users(""), id: "id", column: "name_norm", kind: "text", order: SortByName, everybody: true}
	switch f.Sort {
	case SortByCreated:
		all = source{name: "all-created", rows: users(""), id: "id", column: "created_at", kind: "time", order: SortByCreated, everybody: true}
	case SortByLastSignIn:
		all = source{name: "all-last", rows: users("last_sign_in_at IS NOT NULL"), id: "id", column: "last_sign_in_at", kind: "time", order: SortByLastSignIn, everybody: true}
	}
	return append(out, all), nil
}

// searchSources are how words can be found. Postgres' index knows no order, so it is only for what few have;
// otherwise another source is walked and the words are looked for in its people.
func (t *Tenant) searchSources(ctx context.Context, f UserQuery, users func(string, ...any) func() *gorm.DB) ([]source, error) {
	search := fold(f.Search)
	words := strings.Fields(search)
	switch {
	case search == "":
		return nil, nil
	case isID(search):
		return []source{{name: "id", rows: users("id = ?", search), id: "id", order: "id"}}, nil
	case len(words) == 1 && !indexed(words[0]):
		return []source{{name: "letters", rows: func() *gorm.DB { return prefix(users("")(), words[0]) }, id: "id", column: "name_norm", kind: "text", order: SortByName}}, nil
	}
	s, ok, err := t.wordSearch(ctx, search)
	switch {
	case !ok || err != nil:
		return nil, err
	case t.dialect == "sqlite":
		return []source{{name: "words", id: "s.user_id", column: "f.rowid", kind: "num", rows: func() *gorm.DB {
			return t.r(ctx).Table("user_trigrams AS f CROSS JOIN user_search AS s ON s.num = f.rowid").Where("f.search_norm MATCH ?", s.match()).Where("s.tenant_id = ?", t.ID)
		}, beside: "s.enabled AS was_enabled, s.created_at AS was_created, s.deleted AS was_deleted", narrowed: narrowedAside}}, nil
	case s.walk:
		return nil, nil
	}
	return []source{{name: "words", id: "id", rows: func() *gorm.DB { return s.find(users("")(), "") }}}, nil
}

// narrowedAside is as much of checked as SQLite's side table of the search knows.
func narrowedAside(q *gorm.DB, f UserQuery) *gorm.DB {
	q = q.Where("d.was_deleted = ?", f.Deleted || f.Leaving)
	if f.Enabled != nil {
		q = q.Where("d.was_enabled = ?", *f.Enabled)
	}
	if !f.CreatedFrom.IsZero() {
		q = q.Where("d.was_created >= ?", f.CreatedFrom.UTC())
	}
	if !f.CreatedBefore.IsZero() {
		q = q.Where("d.was_created < ?", f.CreatedBefore.UTC())
	}
	return q
}

// standing keeps the deleted apart from the others, spelled as the partial indexes are.
func (t *Tenant) standing(q *gorm.DB, f UserQuery) *gorm.DB {
	switch {
	case f.Leaving:
		return q.Where("deleted_at IS NOT NULL AND self_deleted")
	case f.Deleted:
		return q.Where("deleted_at IS NOT NULL")
	}
	return q.Where("deleted_at IS NULL")
}

func created(q *gorm.DB, f UserQuery) *gorm.DB {
	if !f.CreatedFrom.IsZero() {
		q = q.Where("created_at >= ?", f.CreatedFrom.UTC())
	}
	if !f.CreatedBefore.IsZero() {
		q = q.Where("created_at < ?", f.CreatedBefore.UTC())
	}
	return q
}

// checked narrows rows of users by everything that the query says, one row at a time.
func (t *Tenant) checked(ctx context.Context, q *gorm.DB, f UserQuery) (*gorm.DB, error) {
	q = lastSignIn(created(t.standing(q, f), f), f)
	if f.Enabled != nil {
		q = q.Where("users.enabled = ?", *f.Enabled)
	}
	if f.MustChangePassword {
		q = q.Where("users.must_change_password")
	}
	if f.Mail != "" {
		q = q.Where("lower(users.mail) = ?", fold(f.Mail))
	}
	if f.Identity != "" {
		ids, err := t.identityUsers(ctx, f)
		if err != nil {
			return nil, err
		}
		q = q.Where("users.id IN ?", ids)
	}
	if p := fold(f.NamePrefix); p != "" {
		q = prefix(q, p)
	}
	// Values asked for one by one: Postgres would make a join of EXISTS and read everybody who has the value.
	if f.Attribute != "" {
		q = q.Where("(SELECT 1 FROM attribute_values AS a WHERE a.tenant_id = ? AND a.attribute_id = ? AND a.value = ? AND a.user_id = users.id LIMIT 1) = 1",
			t.ID, f.Attribute, clipAttribute(f.AttributeValue))
	}
	if f.GroupID != "" {
		q = q.Where("(SELECT 1 FROM group_members AS g WHERE g.tenant_id = ? AND g.group_id = ? AND g.member_id = users.id LIMIT 1) = 1", t.ID, f.GroupID)
	}
	if f.SignInType != "" {
		// Spelled so that only the index by person serves it: the other would walk through all who have that type.
		q = q.Where("(SELECT 1 FROM identities AS i WHERE i.tenant_id = ? AND i.user_id = users.id AND i.sign_in_type || '' = ? AND i.issuer || '' = ? LIMIT 1) = 1", t.ID, f.SignInType, f.Provider)
	}
	search := fold(f.Search)
	words := strings.Fields(search)
	switch {
	case isID(search):
		q = q.Where("users.id = ?", search)
	case len(words) == 1 && !indexed(words[0]):
		q = prefix(q, words[0])
	default:
		for _, w := range words { // spelled so that no index is asked: each row is at hand
			q = q.Where(holdsWord(q, "users.search_norm"), w)
		}
	}
	return q, nil
}

// readWhole sorts and pages what few people a source found.
func (t *Tenant) readWhole(ctx context.Context, f UserQuery, ids []string, limit int) (UserPage, error) {
	if len(ids) == 0 {
		return UserPage{}, nil
	}
	type hit struct {
		ID           string
		NameNorm     string
		CreatedAt    time.Time
		LastSignInAt *time.Time
	}
	var hits []hit
	for chunk := range slices.Chunk(ids, maxLimit) {
		q, err := t.checked(ctx, t.byID(ctx, chunk).Model(&UserRow{}), f)
		if err != nil {
			return UserPage{}, err
		}
		var some []hit
		if err := q.Select("id", "name_norm", "created_at", "last_sign_in_at").Scan(&some).Error; err != nil {
			return UserPage{}, err
		}
		hits = append(hits, some...)
	}
	at := func(h hit) cursor {
		switch f.Sort {
		case SortByCreated:
			return cursor{Time: h.CreatedAt.UTC(), ID: h.ID}
		case SortByLastSignIn:
			return cursor{Time: timeOf(h.LastSignInAt), ID: h.ID}
		}
		return cursor{Text: h.NameNorm, ID: h.ID}
	}
	order := func(a, b cursor) int {
		n := a.Time.Compare(b.Time)
		if n == 0 {
			n = strings.Compare(a.Text, b.Text)
		}
		if n == 0 {
			n = strings.Compare(a.ID, b.ID)
		}
		if f.Desc {
			return -n
		}
		return n
	}
	slices.SortFunc(hits, func(a, b hit) int { return order(at(a), at(b)) })
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return UserPage{}, err
		}
		hits = slices.DeleteFunc(hits, func(h hit) bool { return order(at(h), c) <= 0 })
	}
	p := page(hits, limit, at)
	found := make([]string, len(p.Items))
	for i, h := range p.Items {
		found[i] = h.ID
	}
	users, err := t.usersByID(ctx, found)
	return UserPage{Page: Page[User]{Items: users, Next: p.Next}}, err
}

// walk looks through one window of a source.
func (t *Tenant) walk(ctx context.Context, f UserQuery, s source, after cursor, limit int) (UserPage, error) {
	op, dir := ">", ""
	desc := f.Desc && s.order == f.Sort || s.order == SortByLastSignIn && f.Sort == ""
	if desc {
		op, dir = "<", " DESC"
	}
	in := s.rows()
	order := s.id + dir
	switch {
	case s.kind == "num": // no two are the same
		order = s.column + dir
	case s.column != "":
		order = s.column + dir + ", " + order
	}
	if after.ID != "" {
		var key any = after.Text
		switch s.kind {
		case "time":
			key = after.Time
		case "num":
			n, err := strconv.ParseInt(after.Text, 10, 64)
			if err != nil {
				return UserPage{}, fault.BadField("after", "list.cursor", nil)
			}
			key = n
		}
		switch {
		case s.column == "":
			in = in.Where(s.id+" "+op+" ?", after.ID)
		case s.kind == "num": // no two are the same
			in = in.Where(s.column+" "+op+" ?", key)
		default:
			in = in.Where("("+s.column+", "+s.id+") "+op+" (?, ?)", key, after.ID)
		}
	}
	column, name := s.column, "key_"+s.kind
	if column == "" {
		column, name = "''", "key_text"
	}
	at := func(h walkedRow) cursor {
		c := cursor{Via: s.name, ID: h.WindowID, Text: h.KeyText, Time: h.KeyTime.UTC()}
		if s.kind == "num" {
			c.Text = strconv.FormatInt(h.KeyNum, 10)
		}
		return c
	}
	keys := s.id + " AS window_id, " + column + " AS " + name
	// Each Session is a copy: GORM would otherwise gather the clauses of both queries in one.
	window := in.Order(order).Session(&gorm.Session{})
	var from *gorm.DB
	if s.people() { // whose rows are at hand
		from = t.r(ctx).Table("(?) AS users", window.Select("*, "+keys).Limit(walkWindow))
	} else {
		columns := keys
		if s.beside != "" {
			columns += ", " + s.beside
		}
		from = t.r(ctx).Table("(?) AS d CROSS JOIN users", window.Select(columns).Limit(walkWindow)).Where("users.id = d.window_id AND users.tenant_id || '' = ?", t.ID)
		if s.narrowed != nil {
			from = s.narrowed(from, f)
		}
	}
	q, err := t.checked(ctx, from, f)
	if err != nil {
		return UserPage{}, err
	}
	outer := "window_id" + dir
	switch {
	case s.kind == "num":
		outer = name + dir
	case s.column != "":
		outer = name + dir + ", " + outer
	}
	if t.dialect == "postgres" { // SQLite reads the window in its order, and need not look at all of it
		q = q.Order(outer)
	}
	hits, err := scanned[walkedRow](q.Select("*").Limit(limit + 1))
	if err != nil {
		return UserPage{}, err
	}
	out := UserPage{Unsorted: f.Sort != "" && s.order != f.Sort}
	if len(hits) > limit {
		hits = hits[:limit]
		out.Next = at(hits[limit-1]).String()
	} else {
		last := []walkedRow(nil)
		if s.ends != nil && after.ID == "" && !desc {
			last = []walkedRow{*s.ends}
		} else if last, err = scanned[walkedRow](t.r(ctx).Table("(?) AS d", window.Select(keys).Offset(walkWindow-1).Limit(1))); err != nil {
			return UserPage{}, err
		}
		if len(last) > 0 {
			out.Next, out.Partly = at(last[0]).String(), true
		}
	}
	rows := make([]UserRow, len(hits))
	for i, h := range hits {
		rows[i] = h.UserRow
	}
	out.Items, err = t.usersOf(ctx, rows)
	return out, err
}

// walkedRow is a person with their place in the index that is walked.
type walkedRow struct {
	UserRow
	WindowID string
	KeyText  string
	KeyTime  time.Time
	KeyNum   int64
}

// usersByID reads people in the order of the ids.
func (t *Tenant) usersByID(ctx context.Context, ids []string) ([]User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := scanned[UserRow](t.byID(ctx, ids))
	if err != nil {
		return nil, err
	}
	users, err := t.usersOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(users, func(a, b User) int { return place[a.ID] - place[b.ID] })
	return users, nil
}

// longestAttribute is how many characters of a value the index of attributes holds.
const longestAttribute = 128

func clipAttribute(s string) string {
	if r := []rune(s); len(r) > longestAttribute {
		return string(r[:longestAttribute])
	}
	return s
}

// Providers lists the identity providers that people of the tenant come by, at most limit: one step in the
// index for each.
func (t *Tenant) Providers(ctx context.Context, limit int) ([]string, error) {
	var out []string
	last := ""
	for len(out) < limit {
		var next []string
		if err := t.q(ctx).Model(&IdentityRow{}).Where("sign_in_type = ? AND issuer > ?", account.SignInFederated, last).Order("issuer").Limit(1).Pluck("issuer", &next).Error; err != nil {
			return nil, err
		}
		if len(next) == 0 {
			break
		}
		last = next[0]
		out = append(out, last)
	}
	return out, nil
}
