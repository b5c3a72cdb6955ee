package models_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/openid"
	"portico/app/outbox"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// marker is in every name that the first tenant holds; nothing that the second one reads may show it.
const marker = "Marker-Of-A"

// mark fills a tenant with marked things of every kind.
func mark(t *testing.T, tn *models.Tenant) {
	t.Helper()
	ctx, actor := t.Context(), modelstest.Actor()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	app, _ := modelstest.MustApp(t, tn, marker+" app", "https://a.example/cb")
	flow := modelstest.MustFlow(t, tn, marker+" flow", userflow.EmailPassword, app)
	binned := modelstest.MustAppOf(t, tn, models.Application{Name: marker + " binned", Kind: models.DaemonApp})
	must(tn.DeleteApplication(ctx, actor, binned.ID))
	u := modelstest.MustUserWithPassword(t, tn, "anna@a.example", "$argon2id$"+marker)
	markFlow(t, tn, flow, app, u, marker)
	gone := modelstest.MustUser(t, tn, "gone@a.example")
	must(tn.DeleteUser(ctx, actor, gone.ID))
	for _, kind := range []string{models.KindTOTP, models.KindPasskey, models.KindRecovery} {
		_, err := tn.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: kind, Name: marker, LookupKey: "key-of-a", Secret: []byte(marker)})
		must(err)
	}
	_, err := tn.AssignRole(ctx, actor, u.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: tn.ID})
	must(err)
	_, err = tn.CreateLink(ctx, models.LinkSetup, u.ID, time.Hour)
	must(err)
	must(tn.RecordSignIn(ctx, entry(tn.Now(), func(r *record.SignIn) { r.User = record.Party{ID: u.ID, Name: marker} })))
	must(tn.EnqueueOutbox(ctx, outbox.Item{Kind: "mail", Payload: []byte(marker)}))
	must(tn.AddOpenIDGrant(ctx, openid.Grant{ID: models.NewID(), ClientID: app.ClientID, UserID: u.ID, SID: "sid-of-a", CodeHash: []byte(marker), Nonce: marker,
		CreatedAt: tn.Now(), CodeExpiresAt: tn.Now().Add(time.Minute)}))
}

// markFlow adds what belongs to a flow, named: an attribute with a person's value, terms that the person
// agreed to, a draft, and two invitations.
func markFlow(t *testing.T, tn *models.Tenant, flow models.UserFlow, app models.Application, u models.User, name string) {
	t.Helper()
	ctx, actor := t.Context(), modelstest.Actor()
	d := modelstest.MustDefinition(t, tn, userflow.Definition{Name: name, DataType: userflow.String})
	terms := modelstest.Must(tn.CreateTerms(ctx, actor, rules(name+" terms")))(t)
	modelstest.Must(tn.SaveDraft(ctx, actor, flow.ID, 0, func(f *userflow.Flow) error {
		f.Name, f.Attributes, f.Terms = name+" draft", []userflow.Attribute{{ID: d.ID}}, []string{terms.ID}
		return nil
	}))(t)
	for _, email := range []string{"open@a.example", "used@a.example"} {
		i, _, err := tn.CreateInvitation(ctx, actor, userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: email, Name: name, Message: name,
			Values: map[string]any{"city": name}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if email == "used@a.example" {
			modelstest.Must(tn.SpendInvitation(ctx, i.ID, u.ID, tn.Now()))(t)
		}
	}
	modelstest.Must(tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error {
		u.DisplayName, u.Attributes = name, map[string]any{d.ID: name}
		return nil
	}))(t)
	if err := tn.Accept(ctx, actor, u.ID, []userflow.Acceptance{{TermsID: terms.ID, Version: 1, Locale: "en", At: tn.Now()}}); err != nil {
		t.Fatal(err)
	}
}

// rowsOf are the lines of a dump that belong to a tenant.
func rowsOf(t *testing.T, s *models.Store, tenantID string) []string {
	t.Helper()
	var out []string
	for line := range strings.SplitSeq(state(t, s), "\n") {
		if strings.Contains(line, `"TenantID":"`+tenantID+`"`) {
			out = append(out, line)
		}
	}
	return out
}

// handles are the short strings in a tenant's rows that somebody could name them by, and the pairs of
// them that stand in one row (a credential and its owner).
func handles(t *testing.T, rows []string) (ids []string, pairs [][2]string) {
	t.Helper()
	seen, together := map[string]bool{}, map[[2]string]bool{}
	for _, line := range rows {
		_, body, _ := strings.Cut(line, " ")
		var fields map[string]any
		if err := json.Unmarshal([]byte(body), &fields); err != nil {
			t.Fatal(err)
		}
		var here []string
		for name, v := range fields {
			s, ok := v.(string)
			if ok && name != "TenantID" && len(s) > 3 && len(s) < 80 && !strings.HasSuffix(name, "At") && !strings.Contains(s, marker) &&
				(strings.HasSuffix(name, "ID") || name == "SID" || name == "Canonical" || name == "LookupKey" || name == "Hash") {
				seen[s], here = true, append(here, s)
			}
		}
		for _, a := range here {
			for _, b := range here {
				if a != b {
					together[[2]string{a, b}] = true
				}
			}
		}
	}
	for s := range seen {
		ids = append(ids, s)
	}
	slices.Sort(ids)
	for p := range together {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return ids, pairs
}

// ownMethods are the methods of a tenant handle that are not the store's.
func ownMethods() []reflect.Method {
	store, handle := reflect.TypeFor[*models.Store](), reflect.TypeFor[*models.Tenant]()
	var out []reflect.Method
	for i := range handle.NumMethod() {
		m := handle.Method(i)
		if _, promoted := store.MethodByName(m.Name); promoted || m.Name == "In" {
			continue // In is the one way to another tenant, and says so
		}
		out = append(out, m)
	}
	return out
}

// arguments makes up arguments for a method: ids take turns for its strings.
func arguments(m reflect.Method, actor audit.Actor, ids []string, now time.Time) []reflect.Value {
	next := 0
	id := func() string { next++; return ids[(next-1)%len(ids)] }
	var fill func(t reflect.Type, depth int) reflect.Value
	fill = func(t reflect.Type, depth int) reflect.Value {
		v := reflect.New(t).Elem()
		switch {
		case t == reflect.TypeFor[context.Context]():
			return reflect.ValueOf(context.Background())
		case t == reflect.TypeFor[audit.Actor]():
			return reflect.ValueOf(actor)
		case t == reflect.TypeFor[time.Time]():
			return reflect.ValueOf(now.Add(time.Hour))
		case t == reflect.TypeFor[netip.Addr]():
			return reflect.ValueOf(netip.MustParseAddr("192.0.2.1"))
		case t == reflect.TypeFor[[]byte]():
			return reflect.ValueOf([]byte(id()))
		}
		switch t.Kind() {
		case reflect.String:
			v.SetString(id())
		case reflect.Int, reflect.Int64:
			v.SetInt(10)
		case reflect.Func:
			return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value {
				out := make([]reflect.Value, t.NumOut())
				for i := range out {
					out[i] = reflect.Zero(t.Out(i))
				}
				return out
			})
		case reflect.Struct:
			if depth > 2 {
				return v
			}
			for i := range t.NumField() {
				if t.Field(i).IsExported() {
					switch t.Field(i).Type.Kind() {
					case reflect.String, reflect.Struct:
						v.Field(i).Set(fill(t.Field(i).Type, depth+1))
					}
				}
			}
		case reflect.Slice:
			if t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Struct {
				return reflect.Append(v, fill(t.Elem(), depth+1))
			}
		}
		return v
	}
	args := []reflect.Value{}
	for i := 1; i < m.Type.NumIn(); i++ {
		args = append(args, fill(m.Type.In(i), 0))
	}
	return args
}

// call runs a method; made-up arguments may make it panic, which is not what these tests look for.
func call(handle *models.Tenant, m reflect.Method, args []reflect.Value) (results []any, panicked bool) {
	defer func() {
		if recover() != nil {
			panicked = true
		}
	}()
	f := reflect.ValueOf(handle).MethodByName(m.Name)
	var out []reflect.Value
	if m.Type.IsVariadic() {
		out = f.CallSlice(args)
	} else {
		out = f.Call(args)
	}
	for _, v := range out {
		results = append(results, v.Interface())
	}
	return results, false
}

func strip(results []any) string {
	var b strings.Builder
	for _, r := range results {
		body, err := json.Marshal(r)
		if err != nil {
			body = []byte(fmt.Sprintf("%+v", r))
		}
		b.Write(body)
		if err, ok := r.(error); ok && err != nil {
			b.WriteString(err.Error())
		}
	}
	return b.String()
}

// turnsFor is how many of the turns a method can tell apart: none of its arguments is an id, or one, or
// several.
func turnsFor(m reflect.Method, ids, all int) int {
	several := 0
	for i := 1; i < m.Type.NumIn(); i++ {
		switch in := m.Type.In(i); {
		case in == reflect.TypeFor[audit.Actor](), in == reflect.TypeFor[time.Time]():
		case in.Kind() == reflect.String:
			several++
		case in.Kind() == reflect.Struct, in.Kind() == reflect.Slice:
			several += 2
		}
	}
	switch several {
	case 0:
		return 1
	case 1:
		return ids
	}
	return all
}

// A handle on one tenant reads and changes nothing of another, whatever it is told: every method is
// called with every id of the other tenant's rows.
func TestTenantsAreApart(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		a, b := modelstest.MustTenant(t, s.Store, "tenant-of-a"), modelstest.MustTenant(t, s.Store, "tenant-of-b")
		mark(t, a)
		before := rowsOf(t, s.Store, a.ID)
		ids, pairs := handles(t, before)
		if len(ids) < 20 || len(before) < 25 {
			t.Fatalf("the first tenant is too empty to prove anything: %d rows, %d ids", len(before), len(ids))
		}
		turns := [][]string{}
		for _, id := range ids {
			turns = append(turns, []string{id})
		}
		for _, p := range pairs {
			turns = append(turns, []string{p[0], p[1]})
		}
		for _, m := range ownMethods() {
			for i, turn := range turns[:turnsFor(m, len(ids), len(turns))] {
				if s.Engine == modelstest.Postgres && i%4 != 0 {
					continue // slower, and the queries are the same
				}
				results, _ := call(b, m, arguments(m, modelstest.Actor(), turn, s.Now()))
				if text := strip(results); strings.Contains(text, marker) {
					t.Fatalf("%s shows the other tenant's things: %s", m.Name, text)
				}
			}
			if after := rowsOf(t, s.Store, a.ID); !slices.Equal(before, after) {
				t.Fatalf("%s changed the other tenant:\n%s", m.Name, firstDifference(strings.Join(before, "\n"), strings.Join(after, "\n")))
			}
		}
	})
}

// Whatever takes an actor refuses to act for nobody, and leaves nothing behind.
func TestEveryMutationNeedsAnActor(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	a := modelstest.MustTenant(t, s.Store, "tenant-of-a")
	mark(t, a)
	before := state(t, s.Store)
	ids, _ := handles(t, rowsOf(t, s.Store, a.ID))
	checked := 0
	for _, m := range ownMethods() {
		takes := false
		for i := 1; i < m.Type.NumIn(); i++ {
			takes = takes || m.Type.In(i) == reflect.TypeFor[audit.Actor]()
		}
		if !takes {
			continue
		}
		checked++
		for i := range ids {
			call(a, m, arguments(m, audit.Actor{}, append(slices.Clone(ids[i:]), ids[:i]...), s.Now()))
		}
		if after := state(t, s.Store); after != before {
			t.Fatalf("%s acted for nobody:\n%s", m.Name, firstDifference(before, after))
		}
	}
	if checked < 30 {
		t.Errorf("only %d methods were tried", checked)
	}
}

// A change and its audit entry are both written or neither is.
func TestNoChangeWithoutItsAuditEntry(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s.Store, "fernhill")
		app, _ := modelstest.MustApp(t, tn, "Market", "https://market.example/cb")
		spare := modelstest.MustAppOf(t, tn, models.Application{Name: "Spare", Kind: models.WebApp})
		binned := modelstest.MustAppOf(t, tn, models.Application{Name: "Binned", Kind: models.WebApp})
		if err := tn.DeleteApplication(ctx, actor, binned.ID); err != nil {
			t.Fatal(err)
		}
		flow := modelstest.MustFlow(t, tn, "Customers", userflow.EmailCode, app)
		u, gone := modelstest.MustUser(t, tn, "anna@example.com"), modelstest.MustUser(t, tn, "gone@example.com")
		if err := tn.DeleteUser(ctx, actor, gone.ID); err != nil {
			t.Fatal(err)
		}
		totp, err := tn.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: models.KindTOTP})
		if err != nil {
			t.Fatal(err)
		}
		house := rules("House rules")
		house.ID = models.NewID()
		size := userflow.Definition{ID: userflow.DefinitionID(tn.ID, "Size"), Name: "Size", DataType: userflow.Int}
		open := invite(t, tn, flow, app, "open@example.com")
		s.Clock.Advance(time.Hour)
		changes := []struct {
			name string
			do   func() error
		}{
			{"create tenant", func() error {
				_, err := s.CreateTenant(ctx, actor, tenant.Tenant{Slug: "another", Name: "Another"})
				return err
			}},
			{"update tenant", func() error {
				_, err := tn.Update(ctx, actor, func(t *tenant.Tenant) error { t.Name = "New"; return nil })
				return err
			}},
			{"create user", func() error {
				_, err := tn.CreateUser(ctx, actor, person("new@example.com", nil), "$hash")
				return err
			}},
			{"update user", func() error {
				_, err := tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error {
					u.City = "Ulm"
					u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: "anna"})
					return nil
				})
				return err
			}},
			{"disable user", func() error { _, err := tn.SetUserEnabled(ctx, actor, u.ID, false); return err }},
			{"revoke sessions", func() error {
				s.Clock.Advance(time.Second)
				_, err := tn.RevokeSessions(ctx, actor, u.ID)
				return err
			}},
			{"set password", func() error { return tn.SetPassword(ctx, actor, u.ID, models.PasswordChange{Hash: "$h"}) }},
			{"add credential", func() error {
				_, err := tn.AddCredential(ctx, actor, models.Credential{UserID: u.ID, Kind: models.KindPasskey})
				return err
			}},
			{"remove credential", func() error { return tn.RemoveCredential(ctx, actor, u.ID, totp) }},
			{"assign role", func() error {
				_, err := tn.AssignRole(ctx, actor, u.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: tn.ID})
				return err
			}},
			{"delete user", func() error { return tn.DeleteUser(ctx, actor, u.ID) }},
			{"restore user", func() error { _, err := tn.RestoreUser(ctx, actor, u.ID); return err }},
			{"purge user", func() error { return tn.PurgeUser(ctx, actor, gone.ID) }},
			{"create application", func() error {
				_, err := tn.CreateApplication(ctx, actor, models.Application{Name: "New", Kind: models.WebApp})
				return err
			}},
			{"update application", func() error {
				_, err := tn.UpdateApplication(ctx, actor, app.ID, func(a *models.Application) error { a.Spec.Notes = "x"; return nil })
				return err
			}},
			{"disable application", func() error { _, err := tn.SetApplicationEnabled(ctx, actor, app.ID, false); return err }},
			{"add secret", func() error { _, _, err := tn.AddSecret(ctx, actor, app.ID, "x", time.Time{}); return err }},
			{"remove secret", func() error { return tn.RemoveApplicationCredential(ctx, actor, app.ID, app.Secrets[0].ID) }},
			{"delete application", func() error { return tn.DeleteApplication(ctx, actor, app.ID) }},
			{"restore application", func() error { _, err := tn.RestoreApplication(ctx, actor, app.ID); return err }},
			{"purge application", func() error { return tn.PurgeApplication(ctx, actor, binned.ID) }},
			{"create flow", func() error {
				_, err := tn.CreateFlow(ctx, actor, userflow.Flow{Name: "Second", SignUpMethod: userflow.EmailCode, MFA: userflow.MFA{Enforcement: userflow.MFAOff}})
				return err
			}},
			{"publish flow", func() error {
				_, err := tn.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error { f.SignUpMethod = userflow.EmailPassword; return nil })
				return err
			}},
			{"add app to flow", func() error { return tn.AddFlowApp(ctx, actor, flow.ID, spare.ID) }},
			{"remove app from flow", func() error { return tn.RemoveFlowApp(ctx, actor, flow.ID, spare.ID) }},
			{"save draft", func() error {
				_, err := tn.SaveDraft(ctx, actor, flow.ID, 0, func(f *userflow.Flow) error { f.Name = "Draft"; return nil })
				return err
			}},
			{"publish draft", func() error {
				d, _, err := tn.Draft(ctx, flow.ID)
				if err == nil {
					_, err = tn.PublishDraft(ctx, actor, flow.ID, d.Revision)
				}
				return err
			}},
			{"restore version", func() error { _, err := tn.RestoreVersion(ctx, actor, flow.ID, 1, 0); return err }},
			{"discard draft", func() error {
				d, _, err := tn.Draft(ctx, flow.ID)
				if err == nil {
					err = tn.DiscardDraft(ctx, actor, flow.ID, d.Revision)
				}
				return err
			}},
			{"create attribute", func() error { _, err := tn.CreateDefinition(ctx, actor, size); return err }},
			{"edit attribute", func() error {
				_, err := tn.EditDefinition(ctx, actor, size.ID, func(d *userflow.Definition) error { d.Description = "x"; return nil })
				return err
			}},
			{"delete attribute", func() error { return tn.DeleteDefinition(ctx, actor, size.ID) }},
			{"create terms", func() error { _, err := tn.CreateTerms(ctx, actor, house); return err }},
			{"publish terms", func() error {
				_, err := tn.PublishTerms(ctx, actor, house.ID, true, func(*userflow.Terms) error { return nil })
				return err
			}},
			{"delete terms", func() error { return tn.DeleteTerms(ctx, actor, house.ID) }},
			{"accept terms", func() error {
				return tn.Accept(ctx, actor, u.ID, []userflow.Acceptance{{TermsID: models.NewID(), Version: 1, At: s.Now()}})
			}},
			{"invite", func() error {
				i := userflow.Invitation{FlowID: flow.ID, ClientID: app.ClientID, Email: "x@example.com"}
				_, _, err := tn.CreateInvitation(ctx, actor, i, nil)
				return err
			}},
			{"resend invitation", func() error { _, _, err := tn.ResendInvitation(ctx, actor, open.ID, nil); return err }},
			{"revoke invitation", func() error { return tn.RevokeInvitation(ctx, actor, open.ID) }},
			{"move a person", func() error { _, err := tn.SetFirstFactor(ctx, actor, u.ID, userflow.EmailPassword); return err }},
			{"move people", func() error {
				_, err := tn.MoveUsers(ctx, actor, userflow.EmailPassword, userflow.EmailCode)
				return err
			}},
			{"delete flow", func() error { return tn.DeleteFlow(ctx, actor, flow.ID) }},
		}
		db := raw(t, s)
		refuse, allow := "CREATE TRIGGER no_audit BEFORE INSERT ON audits BEGIN SELECT RAISE(ABORT, 'disk full'); END", "DROP TRIGGER no_audit"
		if s.Engine == modelstest.Postgres {
			if _, err := db.Exec("CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$ LANGUAGE plpgsql"); err != nil {
				t.Fatal(err)
			}
			refuse, allow = "CREATE TRIGGER no_audit BEFORE INSERT ON audits FOR EACH ROW EXECUTE FUNCTION refuse()", "DROP TRIGGER no_audit ON audits"
		}
		audits := func() (n int) {
			if err := db.QueryRow("SELECT COUNT(*) FROM audits").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, c := range changes {
			before, entries := state(t, s.Store), audits()
			if _, err := db.Exec(refuse); err != nil {
				t.Fatal(err)
			}
			if err := c.do(); err == nil {
				t.Errorf("%s: succeeded without its entry", c.name)
			}
			if _, err := db.Exec(allow); err != nil {
				t.Fatal(err)
			}
			if after := state(t, s.Store); after != before {
				t.Errorf("%s: left something without its entry:\n%s", c.name, firstDifference(before, after))
			}
			if err := c.do(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if n := audits() - entries; n != 1 {
				t.Errorf("%s: wrote %d entries", c.name, n)
			}
		}
	})
}
