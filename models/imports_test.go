package models_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// shortPasswords refuses what is shorter than eight characters, and hashes cheaply.
type shortPasswords struct{ hasher *factor.Hasher }

func newPasswords() shortPasswords {
	return shortPasswords{factor.NewHasher(factor.Argon{MemoryKiB: 8, Time: 1, Threads: 1}, 0, 0)}
}

func (p shortPasswords) Check(_ context.Context, _, password string, _ ...string) error {
	if len(password) < 8 {
		return fault.BadField("password", "field.new_password.short", map[string]any{"count": 8})
	}
	return nil
}

func (p shortPasswords) Hash(ctx context.Context, tenantID, password string, names ...string) (string, error) {
	if err := p.Check(ctx, tenantID, password, names...); err != nil {
		return "", err
	}
	return p.hasher.Hash(ctx, password)
}

// send uploads a file in small pieces and gives its id.
func send(t testing.TB, tn *models.Tenant, file string, o models.ImportOptions, dryRun bool) string {
	t.Helper()
	i := modelstest.Must(tn.BeginImport(t.Context(), modelstest.Actor(), "people.csv", o))(t)
	n := 0
	for piece := range slices.Chunk([]byte(file), 256<<10) {
		must(t, tn.AddImportChunk(t.Context(), i.ID, n, piece))
		n++
	}
	must(t, tn.ImportReceived(t.Context(), modelstest.Actor(), i.ID, "hash", dryRun))
	return i.ID
}

// importAll runs a file to its end, and gives what was said: "line who field:key".
func importAll(t *testing.T, s *models.Store, tn *models.Tenant, file string, o models.ImportOptions, dryRun bool) (models.Import, []string) {
	t.Helper()
	id := send(t, tn, file, o, dryRun)
	must(t, models.Importer{Store: s, Passwords: newPasswords(), Owner: "test", Batch: 3}.Run(t.Context(), id))
	return reportOf(t, tn, id)
}

func reportOf(t *testing.T, tn *models.Tenant, id string) (models.Import, []string) {
	t.Helper()
	i := modelstest.Must(tn.Import(t.Context(), id))(t)
	list, _, err := tn.ImportComplaints(t.Context(), id, 0, 100)
	must(t, err)
	var said []string
	for _, c := range list {
		said = append(said, fmt.Sprintf("%d %s %s:%s", c.Line, c.Who, c.Field.Name, c.Field.Key))
	}
	return i, said
}

func counts(i models.Import) string {
	return fmt.Sprintf("%s %d: %d created, %d updated, %d unchanged, %d refused", i.State, i.Rows, i.Created, i.Updated, i.Unchanged, i.Refused)
}

func TestImport(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Loyalty number", DataType: userflow.String, Pattern: `\d+`, Message: "Digits, please"})
		modelstest.MustUser(t, tn, "there@example.com")
		staff := modelstest.Must(tn.CreateGroup(ctx, modelstest.Actor(), account.Group{Name: "Staff"}))(t)
		file := "email;emailVerified;userName;displayName;password;passwordHash;Loyalty number;groups;created;accountEnabled;mfaEmail\n" +
			"a@example.com;yes;;Ann;;$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW;7;Staff;2020-01-02;yes;yes\n" + // 2
			"b@example.com;;;;long enough;;;;;no;\n" + // 3
			"c@example.com;;;C;short;;;;;;\n" + // 4
			"A@EXAMPLE.com;;;Twin;;;;;;;\n" + // 5
			"there@example.com;;;Other;;;;;;;\n" + // 6
			"d@example.com;;;D;;;seven;;;;\n" + // 7
			"e@example.com;;;E;;;;Nobody;;;\n" + // 8
			";;bob;;;;;;;;\n" + // 9
			"f@example.com;;;F;;;;;2150-01-01;;yes\n" + // 10
			"no address;;;G;;;;;;;\n" + // 11
			";;;H;;;;;;;\n" // 12
		want := []string{"4 c@example.com password:field.new_password.short", "5 A@EXAMPLE.com :import.twice", "6 there@example.com email:user.identity.taken",
			"7 d@example.com attributes[" + userflow.DefinitionID(tn.ID, "Loyalty number") + "]:field.attribute.pattern", "8 e@example.com groups:import.group.unknown",
			"9 bob password:import.no_way_in", "10 f@example.com createdDateTime:import.future", "10 f@example.com mfaEmail:import.mfa_email",
			"11 no address email:field.email.invalid", "12 H email:import.no_identity"}
		o := models.ImportOptions{Groups: true, TemporaryPasswords: true}
		before := modelstest.Must(tn.CountUsers(ctx))(t)
		dry, said := importAll(t, s.Store, tn, file, o, true)
		if counts(dry) != "checked 11: 2 created, 0 updated, 0 unchanged, 9 refused" || !same(said, want) {
			t.Errorf("dry run: %s\n%s", counts(dry), strings.Join(said, "\n"))
		}
		if n := modelstest.Must(tn.CountUsers(ctx))(t); n != before {
			t.Errorf("a dry run made %d people", n-before)
		}
		must(t, tn.StartImport(ctx, modelstest.Actor(), dry.ID))
		must(t, models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "test", Batch: 3}.Run(ctx, dry.ID))
		done, said2 := reportOf(t, tn, dry.ID)
		if counts(done) != "done 11: 2 created, 0 updated, 0 unchanged, 9 refused" || !same(said2, said) {
			t.Errorf("the import said something else than its dry run: %s\n%s", counts(done), strings.Join(said2, "\n"))
		}
		ann := modelstest.Must(tn.UserByIdentity(ctx, account.SignInEmail, "", "a@example.com"))(t)
		if !ann.HasPassword || !ann.MailVerified || ann.FirstFactor != "emailPassword" || ann.MustChangePassword || ann.CreatedAt.Year() != 2020 || len(ann.Methods) != 1 || ann.Methods[0].Kind != models.KindEmail {
			t.Errorf("%+v", ann)
		}
		members := modelstest.Must(tn.GroupsOf(ctx, ann.ID, false))(t)
		if len(members) != 1 || members[0].ID != staff.ID {
			t.Errorf("groups %+v", members)
		}
		hash := modelstest.Must(models.SignInStores{Store: s.Store}.SignIns(tn.ID).PasswordHash(ctx, ann.ID))(t)
		if ok, stale, err := newPasswords().hasher.Verify(ctx, hash, "U*U"); !ok || !stale || err != nil {
			t.Errorf("the hash: %v %v %v", ok, stale, err)
		}
		bob := modelstest.Must(tn.UserByIdentity(ctx, account.SignInEmail, "", "b@example.com"))(t)
		if bob.Enabled || !bob.MustChangePassword || bob.DisplayName != "b" {
			t.Errorf("%+v", bob)
		}
		log := modelstest.Must(tn.Audits(ctx, models.AuditQuery{CorrelationID: dry.ID}))(t)
		var acts []string
		for _, e := range log.Items {
			acts = append(acts, e.Activity)
		}
		slices.Sort(acts)
		if !slices.Equal(acts, []string{"Import user", "Import user", "Import users"}) {
			t.Errorf("the log has %v", acts)
		}
		// Again: everybody is there.
		again, _ := importAll(t, s.Store, tn, file, models.ImportOptions{Groups: true, Mode: models.ImportSkip}, false)
		if again.Created != 0 || again.Unchanged != 3 {
			t.Error(counts(again))
		}
	})
}

func same(a, b []string) bool { return slices.Equal(a, b) }

func TestImportUpdates(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn, other := modelstest.MustTenant(t, s.Store, ""), modelstest.MustTenant(t, s.Store, "")
		ann := modelstest.MustUserWithPassword(t, tn, "a@example.com", "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OWFiY2RlZg")
		bob := modelstest.MustUser(t, tn, "b@example.com")
		gone := modelstest.MustUser(t, tn, "gone@example.com")
		must(t, tn.DeleteUser(ctx, modelstest.Actor(), gone.ID))
		stranger := modelstest.MustUser(t, other, "x@example.com")
		app, _ := modelstest.MustApp(t, tn, "Shop", "https://shop.example.com/cb")
		fresh := "0b0e7c4e-58c2-4d52-9a4a-3f2f4a4c1d11"
		file := "id,email,city,accountEnabled,passwordHash\n" +
			",A@example.com,Paris,,$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n" + // 2: profile changes, password stays
			bob.ID + ",new@example.com,,no,\n" + // 3: another address, disabled
			ann.ID + ",b@example.com,,,\n" + // 4: two people
			stranger.ID + ",c@example.com,,,\n" + // 5: an id of another tenant
			app.ServicePrincipalID + ",d@example.com,,,\n" + // 6: the id of an application
			fresh + ",e@example.com,,,\n" + // 7
			gone.ID + ",f@example.com,,,\n" + // 8: deleted
			"u1,g@example.com,,,\n" // 9: no id
		for _, dryRun := range []bool{true, false} {
			i, said := importAll(t, s.Store, tn, file, models.ImportOptions{Mode: models.ImportUpdate}, dryRun)
			want := []string{"2 A@example.com password:import.password.kept", "4 b@example.com :import.two_people", "5 c@example.com id:import.id_new", "6 d@example.com id:import.id_new",
				"8 f@example.com :import.deleted", "9 g@example.com id:import.id"}
			if i.Created != 3 || i.Updated != 2 || i.Refused != 3 || !same(said, want) {
				t.Errorf("%s\n%s", counts(i), strings.Join(said, "\n"))
			}
		}
		ann = modelstest.Must(tn.User(ctx, ann.ID))(t)
		if hash := modelstest.Must(models.SignInStores{Store: s.Store}.SignIns(tn.ID).PasswordHash(ctx, ann.ID))(t); ann.City != "Paris" || !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("%s %+v", hash, ann)
		}
		bob = modelstest.Must(tn.User(ctx, bob.ID))(t)
		if bob.Enabled || len(bob.Identities) != 1 || bob.Identities[0].Value != "new@example.com" || bob.MailVerified || bob.SessionsValidFrom.IsZero() {
			t.Errorf("%+v", bob)
		}
		if e := modelstest.Must(tn.User(ctx, fresh))(t); e.Mail != "e@example.com" {
			t.Errorf("%+v", e)
		}
		if x := modelstest.Must(other.User(ctx, stranger.ID))(t); x.Mail != "x@example.com" {
			t.Errorf("another tenant's person became %+v", x)
		}
		if i, _ := importAll(t, s.Store, tn, "id,email,city\n"+ann.ID+",a@example.com,Paris\n", models.ImportOptions{Mode: models.ImportUpdate}, false); i.Unchanged != 1 {
			t.Error(counts(i))
		}
	})
}

func TestImportsThatCannotBe(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx := t.Context()
		tn := modelstest.MustTenant(t, s.Store, "")
		staff := modelstest.MustTenant(t, s.Store, tenant.WorkforceSlug)
		if _, err := staff.BeginImport(ctx, modelstest.Actor(), "x", models.ImportOptions{}); !fault.Is(err, fault.Denied) {
			t.Errorf("the directory of admins: %v", err)
		}
		i, _ := importAll(t, s.Store, tn, "shoe size\n45\n", models.ImportOptions{}, true)
		if i.State != models.ImportFailed || i.Problem == nil || i.Problem.Key != "import.file.heading" {
			t.Errorf("%+v", i)
		}
		if _, said := importAll(t, s.Store, tn, "email,groups\na@example.com,Staff\n", models.ImportOptions{}, true); !same(said, []string{"2 a@example.com groups:import.group.denied"}) {
			t.Error(said)
		}
		// A file that breaks in the middle: nothing of it is taken, and it is said where it broke.
		i, _ = importAll(t, s.Store, tn, "[{\"email\":\"one@example.com\"},\n{\"email\":\"two@example.com\"},\n{\"ema", models.ImportOptions{}, false)
		if i.State != models.ImportFailed || i.Created != 0 || i.Problem.Key != "import.file.json" || fmt.Sprint(i.Problem.Args["line"]) != "3" {
			t.Errorf("%s %+v", counts(i), i.Problem)
		}
		id := send(t, tn, "email\nc@example.com\n", models.ImportOptions{}, false)
		must(t, tn.CancelImport(ctx, modelstest.Actor(), id))
		if err := (models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "x"}).Run(ctx, id); err == nil {
			t.Error("a cancelled import ran")
		}
		if err := tn.StartImport(ctx, modelstest.Actor(), id); !fault.Is(err, fault.Conflict) {
			t.Errorf("started: %v", err)
		}
		other := modelstest.MustTenant(t, s.Store, "")
		if _, err := other.Import(ctx, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant reads it: %v", err)
		}
		if err := other.CancelImport(ctx, modelstest.Actor(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("another tenant cancels it: %v", err)
		}
		s.Clock.Advance(31 * 24 * time.Hour)
		must(t, tn.PurgeImports(ctx, modelstest.Actor()))
		if p := modelstest.Must(tn.Imports(ctx, "", 0))(t); slices.ContainsFunc(p.Items, func(i models.Import) bool { return i.State != models.ImportCancelled }) {
			t.Errorf("%+v", p.Items)
		}
	})
}

func many(from, to int) string {
	var b strings.Builder
	b.WriteString("email,displayName,givenName,surname\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "person%d@example.com,Person %d,Per,Son\n", i, i)
	}
	return b.String()
}

// The power goes in the middle, again and again; each time another process goes on. Nobody is imported twice,
// nobody is left out.
// TestNothingOfAFileThatBreaksOff: the end of the file is read before its beginning is written.
func TestNothingOfAFileThatBreaksOff(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		const file = "email,displayName\nann@example.com,Ann\nbea@example.com,Bea\nc@example.com,C\nd@example.com,D\nbob@example.com,\"Bob\ncy@example.com,Cy\n"
		i, _ := importAll(t, s, tn, file, models.ImportOptions{Mode: models.ImportCreate}, false)
		if i.State != models.ImportFailed || i.Created != 0 {
			t.Error(counts(i))
		}
		if n, err := tn.CountUsers(t.Context()); err != nil || n != 0 {
			t.Errorf("%d people, %v", n, err)
		}
	})
}

func TestImportGoesOnAfterAKill(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		const people = 1000
		id := send(t, tn, many(0, people), models.ImportOptions{}, false)
		kills := 0
		for {
			ctx, kill := context.WithCancel(t.Context())
			batches := 0
			m := models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: fmt.Sprintf("process %d", kills), Batch: 50,
				Wrote: func(models.Import) {
					if batches++; batches == 3 {
						kill()
					}
				}}
			worked, err := m.Next(ctx)
			kill()
			must(t, err)
			if !worked {
				break
			}
			kills++
			if worked, _ := (models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "too early"}).Next(t.Context()); worked {
				i := modelstest.Must(tn.Import(t.Context(), id))(t)
				t.Fatalf("somebody took a lease that was held: %s", counts(i))
			}
			s.Clock.Advance(time.Minute) // the lease ends
		}
		i, said := reportOf(t, tn, id)
		if counts(i) != "done 1000: 1000 created, 0 updated, 0 unchanged, 0 refused" || len(said) > 0 || kills < 6 {
			t.Errorf("%d kills: %s %v", kills, counts(i), said)
		}
		if n := modelstest.Must(tn.CountUsers(t.Context()))(t); n != people {
			t.Errorf("%d people", n)
		}
	})
}

// Two processes work on one import at the same time, because the first was slow to die: the people are there once.
func TestTwoImportersOfOneFile(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		id := send(t, tn, many(0, 500), models.ImportOptions{}, false)
		var wait sync.WaitGroup
		slow := make(chan struct{})
		wait.Go(func() {
			n := 0
			_, _ = models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "slow", Batch: 20, Wrote: func(models.Import) {
				if n++; n == 3 {
					s.Clock.Advance(time.Minute)
					close(slow)
				}
			}}.Next(t.Context())
		})
		<-slow
		_, err := models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "quick", Batch: 20}.Next(t.Context())
		must(t, err)
		wait.Wait()
		s.Clock.Advance(time.Minute)
		for range 3 { // whoever lost may have stood in the middle
			_, err := models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "last"}.Next(t.Context())
			must(t, err)
		}
		i, _ := reportOf(t, tn, id)
		if n := modelstest.Must(tn.CountUsers(t.Context()))(t); n != 500 || i.Created != 500 || i.State != models.ImportDone {
			t.Errorf("%d people, %s", n, counts(i))
		}
	})
}

// Whoever signs up while the file is read keeps the address.
func TestImportMeetsANewcomer(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		id := send(t, tn, many(0, 100), models.ImportOptions{}, false)
		met := false
		must(t, models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "x", Batch: 10, Wrote: func(models.Import) {
			if !met {
				met = true
				modelstest.MustUser(t, tn, "person50@example.com")
			}
		}}.Run(t.Context(), id))
		i, said := reportOf(t, tn, id)
		if i.Created != 99 || !same(said, []string{"52 person50@example.com email:user.identity.taken"}) {
			t.Errorf("%s %v", counts(i), said)
		}
	})
}

// TestImportTakesAnAddressThatWasLeft: of somebody who deleted their account more than thirty days ago and whom the
// job has not erased yet; before that the address is theirs.
func TestImportTakesAnAddressThatWasLeft(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn := modelstest.MustTenant(t, s.Store, "")
		u := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "hash:x")
		modelstest.Must(tn.DeleteSelf(t.Context(), modelstest.Actor(), u.ID))(t)
		file := "email;displayName;password\nAnn@example.com;New Ann;long enough\nbob@example.com;Bob;long enough\n"
		s.Clock.Advance(29 * 24 * time.Hour)
		early, said := importAll(t, s.Store, tn, strings.Replace(file, "bob", "bo", 1), models.ImportOptions{}, false)
		if counts(early) != "done 2: 1 created, 0 updated, 0 unchanged, 1 refused" {
			t.Errorf("within the grace: %s %v", counts(early), said)
		}
		s.Clock.Advance(2 * 24 * time.Hour)
		done, said := importAll(t, s.Store, tn, file, models.ImportOptions{}, false)
		if counts(done) != "done 2: 2 created, 0 updated, 0 unchanged, 0 refused" {
			t.Fatalf("%s %v", counts(done), said)
		}
		ann := modelstest.Must(tn.UserByIdentity(t.Context(), account.SignInEmail, "", "ann@example.com"))(t)
		if ann.ID == u.ID || ann.DisplayName != "New Ann" {
			t.Errorf("%+v", ann.Account)
		}
		if _, err := tn.RestoreUser(t.Context(), modelstest.Actor(), u.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("who left takes the address back: %v", err)
		}
	})
}

func TestATrialHoldsTenThousand(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	made := modelstest.Must(s.CreateTenant(t.Context(), modelstest.Actor(), tenant.Tenant{Slug: "trial", Name: "Trial", Plan: tenant.Trial}))(t)
	tn := s.Tenant(made.ID)
	id := send(t, tn, many(0, 10_003), models.ImportOptions{}, true)
	must(t, models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "x"}.Run(t.Context(), id))
	i, said := reportOf(t, tn, id)
	if i.Created != 10_000 || i.Refused != 3 || said[0] != "10002 person10000@example.com :import.limit" {
		t.Errorf("%s %v", counts(i), said)
	}
}

// A trial that is over, or a tenant that is deleted, takes no import that was sent before.
func TestNoImportIntoAClosedTenant(t *testing.T) {
	s := modelstest.OpenScratch(t, modelstest.SQLite)
	made := modelstest.Must(s.CreateTenant(t.Context(), modelstest.Actor(), tenant.Tenant{Slug: "trial", Name: "Trial", Plan: tenant.Trial}))(t)
	tn := s.Tenant(made.ID)
	id := send(t, tn, many(0, 3), models.ImportOptions{}, false)
	s.Clock.Advance(31 * 24 * time.Hour)
	must(t, models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "x"}.Run(t.Context(), id))
	if i, _ := reportOf(t, tn, id); i.State != models.ImportFailed || i.Problem.Key != "import.tenant" {
		t.Errorf("%s %+v", counts(i), i.Problem)
	}
}
