package models

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"portico/app/fault"
)

// Sort orders of the list of people. Ties are broken by id.
const (
	SortByName       = "name"
	SortByCreated    = "created"
	SortByLastSignIn = "last" // those who have signed in
)

// UserQuery narrows and sorts the list of people. The zero value lists everybody who is not deleted, by
// name.
type UserQuery struct {
	Search             string    // words that must all occur in names or addresses; an object id finds its owner
	NamePrefix         string    // the display name starts with it
	Mail               string    // exactly this address, in any letter case
	Identity           string    // exactly this identity (address, user name, subject), in any letter case
	Issuer             string    // with Identity: of this issuer; "" is local
	Enabled            *bool     //
	Deleted            bool      // the deleted ones instead
	CreatedFrom        time.Time // included
	CreatedBefore      time.Time // excluded
	LastSignInFrom     time.Time // included
	LastSignInBefore   time.Time // excluded; those who never signed in are not among them
	NeverSignedIn      bool
	MustChangePassword bool
	Leaving            bool   // who deleted their account themselves and can still come back
	GroupID            string // direct members of this group
	Attribute          string // with AttributeValue: whose custom attribute is exactly this
	AttributeValue     string // as it is stored, "true" and "false" for a tick
	SignInType         string // who has an identity of this type
	Provider           string // with SignInType: of this issuer; "" is local
	Nobody             bool   // nobody at all: something that was asked for could not be understood, and must not mean everybody
	Sort               string // SortByName, SortByCreated, SortByLastSignIn; "" is by name or, for a search, as found: oldest first
	Desc               bool
	After              string // Next of the page before
	Limit              int    // 50 unless told, 999 at most
}

func (f UserQuery) sorting() (column string, byTime bool) {
	if f.Sort == SortByCreated || f.Sort == "" && f.Search != "" && !f.begins() {
		return "created_at", true
	}
	return "name_norm", false
}

// begins reports whether the search is for a name's one or two first letters: found by their index of names, and in
// its order.
func (f UserQuery) begins() bool {
	words := strings.Fields(fold(f.Search))
	return len(words) == 1 && !indexed(words[0])
}

// Users lists one page of people.
func (t *Tenant) Users(ctx context.Context, f UserQuery) (Page[User], error) {
	p, err := t.FindUsers(ctx, f)
	return p.Page, err
}

// plainUsers answers what one index both finds and sorts.
func (t *Tenant) plainUsers(ctx context.Context, f UserQuery, limit int) (Page[User], error) {
	words, byIndex, err := t.wordSearch(ctx, f.Search)
	if err != nil {
		return Page[User]{}, err
	}
	if byIndex && t.dialect == "sqlite" {
		many := false
		if f.Sort != "" { // what a great many have in common is met soon on a walk through everybody in order
			if many, err = t.many(ctx, words); err != nil {
				return Page[User]{}, err
			}
		}
		if !many {
			return t.findUsers(ctx, f, words, limit)
		}
		words.walk = true
	}
	rest, begins := f, fold(f.NamePrefix)
	rest.NamePrefix = ""
	column, byTime := f.sorting()
	switch {
	case byIndex:
		rest.Search = ""
	case f.begins() && !byTime:
		rest.Search, begins = "", fold(f.Search)
	}
	q, err := t.userFilter(ctx, rest)
	if err != nil {
		return Page[User]{}, err
	}
	// The engine is told only where the names with a prefix begin, and what was read tells where they end:
	// Postgres believes that hardly anybody is between two names, and would sort them all to give a page.
	switch {
	case begins != "" && f.Desc:
		q = q.Where("name_norm < ?", begins+lastRune)
	case begins != "":
		q = q.Where("name_norm >= ?", begins)
	}
	var rows []UserRow
	if byIndex && byTime && t.dialect == "postgres" {
		rows, err = t.usersInSpans(ctx, f, rest, words, limit+1)
	} else {
		switch {
		case byIndex && words.walk:
			q = words.check(q)
		case byIndex: // in a query of its own, or the engine might walk after all
			q = t.r(ctx).Table("(? OFFSET 0) AS users", words.find(q.Model(&UserRow{}), ""))
		}
		if q, err = keyset(q, column, f.After, f.Desc, byTime); err == nil {
			rows, err = scanned[UserRow](q.Limit(limit + 1))
		}
	}
	if err != nil {
		return Page[User]{}, err
	}
	if end := slices.IndexFunc(rows, func(r UserRow) bool { return !strings.HasPrefix(r.NameNorm, begins) }); end >= 0 {
		rows = rows[:end]
	}
	p := page(rows, limit, func(r UserRow) cursor {
		if byTime {
			return cursor{Time: r.CreatedAt, ID: r.ID}
		}
		return cursor{Text: r.NameNorm, ID: r.ID}
	})
	users, err := t.usersOf(ctx, p.Items)
	return Page[User]{Items: users, Next: p.Next}, err
}

// MatchingUsers counts the people that a query finds, whatever page it asks for (Graph's $count).
func (t *Tenant) MatchingUsers(ctx context.Context, f UserQuery) (n int64, err error) {
	if f.Nobody {
		return 0, nil
	}
	words, byIndex, err := t.wordSearch(ctx, f.Search)
	if err != nil {
		return 0, err
	}
	if byIndex && t.dialect == "sqlite" {
		q, err := t.foundBy(ctx, f, words)
		if err != nil {
			return 0, err
		}
		return n, q.Count(&n).Error
	}
	if byIndex {
		f.Search = ""
	}
	q, err := t.userFilter(ctx, f)
	if err != nil {
		return 0, err
	}
	if byIndex {
		q = words.find(q, "")
	}
	return n, q.Model(&UserRow{}).Count(&n).Error
}

// identityUsers finds whom an exact identity belongs to, first, so that the list need not look for it.
func (t *Tenant) identityUsers(ctx context.Context, f UserQuery) ([]string, error) {
	canonical := f.Identity
	if f.Issuer == "" {
		canonical = fold(canonical)
	}
	ids := []string{}
	err := t.q(ctx).Model(&IdentityRow{}).Where("sign_in_type IN ? AND issuer = ? AND canonical = ?",
		[]string{"emailAddress", "userName", "federated"}, f.Issuer, canonical).Limit(10).Pluck("user_id", &ids).Error
	return append(ids, "-"), err // never an empty list
}

func (t *Tenant) userFilter(ctx context.Context, f UserQuery) (*gorm.DB, error) {
	q := t.q(ctx)
	// These are spelled as the partial indexes are.
	if f.Deleted {
		q = q.Where("deleted_at IS NOT NULL")
	} else {
		q = q.Where("deleted_at IS NULL")
	}
	if f.Enabled != nil {
		if *f.Enabled {
			q = q.Where("enabled")
		} else {
			q = q.Where("NOT enabled")
		}
	}
	if f.Mail != "" {
		q = q.Where("lower(mail) = ?", fold(f.Mail))
	}
	if f.Identity != "" {
		ids, err := t.identityUsers(ctx, f)
		if err != nil {
			return nil, err
		}
		q = q.Where("id IN ?", ids)
	}
	if p := fold(f.NamePrefix); p != "" {
		q = prefix(q, p)
	}
	if !f.CreatedFrom.IsZero() {
		q = q.Where("created_at >= ?", f.CreatedFrom.UTC())
	}
	if !f.CreatedBefore.IsZero() {
		q = q.Where("created_at < ?", f.CreatedBefore.UTC())
	}
	return searchFilter(lastSignIn(q, f), fold(f.Search)), nil
}

func lastSignIn(q *gorm.DB, f UserQuery) *gorm.DB {
	if !f.LastSignInFrom.IsZero() {
		q = q.Where("last_sign_in_at >= ?", f.LastSignInFrom.UTC())
	}
	if !f.LastSignInBefore.IsZero() {
		q = q.Where("last_sign_in_at < ?", f.LastSignInBefore.UTC())
	}
	if f.NeverSignedIn {
		q = q.Where("last_sign_in_at IS NULL")
	}
	return q
}

// lastRune after a prefix sorts behind all that begins with it.
const lastRune = "\U0010FFFF"

// prefix is a range on the name index, which both engines can walk whatever their collation of LIKE.
func prefix(q *gorm.DB, p string) *gorm.DB {
	return q.Where("name_norm >= ? AND name_norm < ?", p, p+lastRune)
}

// searchFilter is a search that no index of trigrams can answer: an id, or one or two letters.
func searchFilter(q *gorm.DB, search string) *gorm.DB {
	if isID(search) {
		return q.Where("id = ?", search)
	}
	words := strings.Fields(search)
	if len(words) == 1 && !indexed(words[0]) {
		return prefix(q, words[0]) // who starts with them
	}
	for _, w := range words {
		q = q.Where("search_norm LIKE ? ESCAPE '\\'", "%"+likeEscape(w)+"%")
	}
	return q
}

func isID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }

// manyFound is when sorting what SQLite's index found costs more than walking through everybody in order.
const manyFound = 4_000

func (t *Tenant) many(ctx context.Context, s wordSearch) (bool, error) {
	var n int64
	err := t.r(ctx).Raw("SELECT COUNT(*) FROM (SELECT rowid FROM user_trigrams WHERE user_trigrams MATCH ? LIMIT ?)", s.match(), manyFound+1).Scan(&n).Error
	return n > manyFound, err
}

// foundBy is the query for what the index finds, narrowed by everything else that the query says. The
// index is asked first (CROSS JOIN keeps that order), and all filters read the small side table.
func (t *Tenant) foundBy(ctx context.Context, f UserQuery, s wordSearch) (*gorm.DB, error) {
	q := t.r(ctx).Table("user_trigrams AS f CROSS JOIN user_search AS s ON s.num = f.rowid").
		Where("f.search_norm MATCH ?", s.match()).Where("s.tenant_id = ?", t.ID)
	if f.Deleted {
		q = q.Where("s.deleted")
	} else {
		q = q.Where("NOT s.deleted")
	}
	if f.Enabled != nil {
		q = q.Where("s.enabled = ?", *f.Enabled)
	}
	for _, w := range s.words {
		q = q.Where(holdsWord(q, "s.search_norm"), w)
	}
	if f.Mail != "" {
		q = q.Where("s.user_id IN (?)", t.q(ctx).Model(&UserRow{}).Select("id").Where("lower(mail) = ?", fold(f.Mail)))
	}
	if f.Identity != "" {
		ids, err := t.identityUsers(ctx, f)
		if err != nil {
			return nil, err
		}
		q = q.Where("s.user_id IN ?", ids)
	}
	if p := fold(f.NamePrefix); p != "" {
		q = q.Where("s.name_norm >= ? AND s.name_norm < ?", p, p+lastRune)
	}
	if !f.CreatedFrom.IsZero() {
		q = q.Where("s.created_at >= ?", f.CreatedFrom.UTC())
	}
	if !f.CreatedBefore.IsZero() {
		q = q.Where("s.created_at < ?", f.CreatedBefore.UTC())
	}
	if !f.LastSignInFrom.IsZero() || !f.LastSignInBefore.IsZero() || f.NeverSignedIn {
		q = q.Where("EXISTS (?)", lastSignIn(t.r(ctx).Table("users AS u").Select("1").Where("u.id = s.user_id"), f))
	}
	return q, nil
}

// findUsers reads one page of what the index finds: as found, unless an order is asked for.
func (t *Tenant) findUsers(ctx context.Context, f UserQuery, s wordSearch, limit int) (Page[User], error) {
	q, err := t.foundBy(ctx, f, s)
	if err != nil {
		return Page[User]{}, err
	}
	op, dir := ">", ""
	if f.Desc {
		op, dir = "<", " DESC"
	}
	column, byTime := f.sorting()
	order := "s." + column + dir + ", s.user_id" + dir
	if f.Sort == "" {
		order = "f.rowid" + dir
	}
	if f.After != "" {
		c, err := parseCursor(f.After)
		if err != nil {
			return Page[User]{}, err
		}
		switch {
		case f.Sort == "":
			num, err := strconv.ParseInt(c.Text, 10, 64)
			if err != nil {
				return Page[User]{}, fault.BadField("after", "list.cursor", nil)
			}
			q = q.Where("f.rowid "+op+" ?", num)
		case byTime:
			q = q.Where("(s.created_at, s.user_id) "+op+" (?, ?)", c.Time, c.ID)
		default:
			q = q.Where("(s.name_norm, s.user_id) "+op+" (?, ?)", c.Text, c.ID)
		}
	}
	var hits []struct {
		Num       int64
		UserID    string
		NameNorm  string
		CreatedAt time.Time
	}
	if err := q.Select("s.num, s.user_id, s.name_norm, s.created_at").Order(order).Limit(limit + 1).Scan(&hits).Error; err != nil {
		return Page[User]{}, err
	}
	next := ""
	if len(hits) > limit {
		hits = hits[:limit]
		last := hits[limit-1]
		switch {
		case f.Sort == "":
			next = cursor{Text: strconv.FormatInt(last.Num, 10), ID: last.UserID}.String()
		case byTime:
			next = cursor{Time: last.CreatedAt, ID: last.UserID}.String()
		default:
			next = cursor{Text: last.NameNorm, ID: last.UserID}.String()
		}
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.UserID
	}
	users, err := t.usersByID(ctx, ids)
	return Page[User]{Items: users, Next: next}, err
}
