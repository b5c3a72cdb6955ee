package seed

import (
	"context"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
)

// batch is how many rows one transaction writes: few enough that a sign-in never waits for long.
const batch = 250

// Fill writes the sample company's history, newest day first, in small transactions, and may be
// interrupted at any point: it goes on at the day where it stopped, and rows that are there already stay.
// Once the log reaches back far enough it does nothing, also after old entries were purged. It says how
// many entries it wrote.
func Fill(ctx context.Context, store *models.Store, c Company) (int, error) {
	dir := store.Tenant(c.TenantID)
	oldest, found, err := dir.OldestSignIn(ctx)
	if err != nil {
		return 0, err
	}
	begin, total := 0, 0
	if found && oldest.Before(c.CreatedAt) {
		begin = int(c.CreatedAt.Sub(oldest) / day)
	}
	retention := store.Now().Add(-90 * day)
	if begin >= int(Window/day) || c.CreatedAt.Add(-time.Duration(begin)*day).Before(retention) {
		return 0, nil
	}
	h := c.history()
	past := h.assess()
	h.risks = past.signIns
	if _, err := dir.Get(ctx); err != nil {
		return 0, ignoreGone(err)
	}
	if err := dir.ImportRiskPeople(ctx, past.people); err != nil {
		return 0, err
	}
	joined := h.joiners()
	for n := begin; n < int(Window/day); n++ {
		if h.anchor.Add(-time.Duration(n) * day).Before(retention) {
			break
		}
		if _, err := dir.Get(ctx); err != nil { // removed meanwhile
			return total, ignoreGone(err)
		}
		for chunk := range slices.Chunk(h.day(n, joined[n]), batch) {
			written, err := dir.ImportSignIns(ctx, chunk)
			if total += written; err != nil {
				return total, err
			}
		}
	}
	if err := settle(ctx, dir, h.people.at(victim).ID); err != nil {
		return total, ignoreGone(err)
	}
	return total, ignoreGone(h.discover(ctx, dir))
}

func ignoreGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Load generates people and sign-ins into a tenant for load and demonstrations, telling progress after
// each batch. It adds to what is there; another number makes other people.
type Load struct {
	Users   int
	SignIns int
	Number  uint64
	Tell    func(users, signIns int)
}

// Run writes the load into the sample company's tenant.
func (l Load) Run(ctx context.Context, store *models.Store, c Company) error {
	dir := store.Tenant(c.TenantID)
	anchor := store.Now()
	g := newPeople(l.Number, anchor)
	for from := 0; from < l.Users; from += batch {
		if err := addPeople(ctx, dir, g, from, min(from+batch, l.Users), nil); err != nil {
			return err
		}
		l.Tell(min(from+batch, l.Users), 0)
	}
	if l.Users == 0 || l.SignIns == 0 {
		return nil
	}
	written := 0
	h := newHistory(l.Number, anchor, l.Users, l.SignIns, c.world())
	for _, list := range h.days() {
		for chunk := range slices.Chunk(list, 4*batch) {
			n, err := dir.ImportSignIns(ctx, chunk)
			if err != nil {
				return err
			}
			written += n
			l.Tell(l.Users, written)
		}
	}
	return nil
}

// addPeople writes the people with indexes from..to. They have no password: they sign in by code.
func addPeople(ctx context.Context, dir *models.Tenant, g people, from, to int, seen map[string]time.Time) error {
	ids, err := attributeIDs(ctx, dir)
	if err != nil {
		return err
	}
	terms, err := dir.AllTerms(ctx)
	if err != nil {
		return err
	}
	users := make([]models.User, 0, to-from)
	agreed := map[string][]userflow.Acceptance{}
	for i := from; i < to; i++ {
		p := g.at(i)
		u := models.User{
			Account: account.Account{ID: p.ID, DisplayName: p.Name(), GivenName: p.Given, Surname: p.Family, Mail: p.Email, MailVerified: true,
				PreferredLanguage: p.Locale, Enabled: true, CreatedAt: p.CreatedAt, SessionsValidFrom: p.CreatedAt, FirstFactor: "emailCode",
				Attributes: map[string]any{}, Identities: []account.Identity{{SignInType: account.SignInEmail, Value: p.Email}}},
			StreetAddress: p.Street, City: p.City, State: p.Region, PostalCode: p.Postal, Country: p.Country,
			CreationType: "SelfServiceSignUp", LastSignInAt: seen[p.ID]}
		for name, v := range p.Attributes {
			if id, ok := ids[name]; ok {
				u.Attributes[id] = v
			}
		}
		if p.Number != "" {
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: p.Number})
		}
		for _, t := range terms {
			if t.ID == derivedID(dir.ID, "terms") && slices.Contains(p.Apps, "home") {
				_, locale := t.Text(p.Locale)
				agreed[p.ID] = append(agreed[p.ID], userflow.Acceptance{TermsID: t.ID, Version: t.Version, Locale: locale, At: p.CreatedAt})
			}
		}
		users = append(users, u)
	}
	if err := dir.ImportUsers(ctx, actor(), users); err != nil {
		return err
	}
	return dir.ImportAcceptances(ctx, actor(), agreed)
}

// attributeIDs are the custom attributes by name: somebody may have deleted one since.
func attributeIDs(ctx context.Context, dir *models.Tenant) (map[string]string, error) {
	list, err := dir.Definitions(ctx)
	ids := map[string]string{}
	for _, d := range list {
		ids[d.Name] = d.ID
	}
	return ids, err
}
