package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Sort orders of the list of people. Ties are broken by id.
const (
	SortByName    = "name"
	SortByCreated = "created"
)

// UserQuery narrows and sorts the list of people. The zero value lists everybody who is not deleted, by
// name.
type UserQuery struct {
	Search           string    // words that must all occur in names or addresses; an object id finds its owner
	NamePrefix       string    // the display name starts with it
	Mail             string    // exactly this address, in any letter case
	Identity         string    // exactly this identity (address, user name, subject), in any letter case
	Issuer           string    // with Identity: of this issuer; "" is local
	Enabled          *bool     //
	Deleted          bool      // the deleted ones instead
	CreatedFrom      time.Time // included
	CreatedBefore    time.Time // excluded
	LastSignInFrom   time.Time // included
	LastSignInBefore time.Time // excluded; those who never signed in are not among them
	NeverSignedIn    bool
	Sort             string // SortByName (default), SortByCreated
	Desc             bool
	After            string // Next of the page before
	Limit            int    // 50 unless told, 999 at most
}

func (f UserQuery) sorting() (column string, byTime bool) {
	if f.Sort == SortByCreated {
		return "created_at", true
	}
	return "name_norm", false
}

// Users lists one page of people.
func (t *Tenant) Users(ctx context.Context, f UserQuery) (Page[User], error) {
	limit := clampLimit(f.Limit)
	q, err := t.userFilter(ctx, f)
	if err != nil {
		return Page[User]{}, err
	}
	column, byTime := f.sorting()
	if q, err = keyset(q, column, f.After, f.Desc, byTime); err != nil {
		return Page[User]{}, err
	}
	var rows []UserRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[User]{}, err
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
func (t *Tenant) MatchingUsers(ctx context.Context, f UserQuery) (int64, error) {
	q, err := t.userFilter(ctx, f)
	if err != nil {
		return 0, err
	}
	var n int64
	err = q.Model(&UserRow{}).Count(&n).Error
	return n, err
}

func (t *Tenant) userFilter(ctx context.Context, f UserQuery) (*gorm.DB, error) {
	q := t.q(ctx)
	if f.Deleted {
		q = q.Where("deleted_at IS NOT NULL")
	} else {
		q = q.Where("deleted_at IS NULL")
	}
	if f.Enabled != nil {
		q = q.Where("enabled = ?", *f.Enabled)
	}
	if f.Mail != "" {
		q = q.Where("lower(mail) = ?", fold(f.Mail))
	}
	if f.Identity != "" {
		identity := t.r(ctx).Model(&IdentityRow{}).Select("user_id").Where("tenant_id = ? AND sign_in_type IN ? AND issuer = ?", t.ID,
			[]string{"emailAddress", "userName", "federated"}, f.Issuer)
		if f.Issuer == "" {
			identity = identity.Where("canonical = ?", fold(f.Identity))
		} else {
			identity = identity.Where("canonical = ?", f.Identity)
		}
		q = q.Where("id IN (?)", identity)
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
	if !f.LastSignInFrom.IsZero() {
		q = q.Where("last_sign_in_at >= ?", f.LastSignInFrom.UTC())
	}
	if !f.LastSignInBefore.IsZero() {
		q = q.Where("last_sign_in_at < ?", f.LastSignInBefore.UTC())
	}
	if f.NeverSignedIn {
		q = q.Where("last_sign_in_at IS NULL")
	}
	return t.searchFilter(ctx, q, fold(f.Search)), nil
}

// prefix is a range on the name index, which both engines can walk whatever their collation of LIKE.
func prefix(q *gorm.DB, p string) *gorm.DB {
	return q.Where("name_norm >= ? AND name_norm < ?", p, p+"\U0010FFFF")
}

func (t *Tenant) searchFilter(ctx context.Context, q *gorm.DB, search string) *gorm.DB {
	if search == "" {
		return q
	}
	if len(search) == 36 && strings.Count(search, "-") == 4 {
		return q.Where("id = ?", search)
	}
	var phrases []string
	for _, w := range searchWords(search) {
		if t.dialect == "sqlite" && indexed(w) {
			phrases = append(phrases, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`)
			continue
		}
		if !indexed(w) && len(searchWords(search)) == 1 {
			return prefix(q, w) // one or two letters: who starts with them
		}
		q = q.Where("search_norm LIKE ? ESCAPE '\\'", "%"+likeEscape(w)+"%")
	}
	if len(phrases) > 0 {
		q = q.Where("id IN (SELECT s.user_id FROM user_trigrams f JOIN user_search s ON s.num = f.rowid WHERE f.search_norm MATCH ? AND s.tenant_id = ?)",
			strings.Join(phrases, " AND "), t.ID)
	}
	return q
}
