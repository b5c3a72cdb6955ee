package models_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/openid"
	"portico/app/record"
	"portico/app/tuning"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// The big benchmarks fill a database first, which takes minutes, so they are asked for:
//
//	PORTICO_BENCH_USERS=1000000 go test ./models -run '^$' -bench Search -benchtime 2000x
//	PORTICO_BENCH_SIGNINS=10000000 go test ./models -run '^$' -bench LogPage -benchtime 2000x
//
// PORTICO_BENCH_ENGINE=postgres changes the engine. Each prints its p99. What was filled is kept for further runs
// in the folder PORTICO_BENCH_DIR (SQLite) or the database PORTICO_BENCH_POSTGRES (its address), if those are set.

func benchEngine() string {
	if os.Getenv("PORTICO_BENCH_ENGINE") == modelstest.Postgres {
		return modelstest.Postgres
	}
	return modelstest.SQLite
}

func benchSize(b *testing.B, name string, otherwise int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil || n <= 0 {
		return otherwise
	}
	return n
}

// asServed has the runtime collect garbage as it does when the program serves.
func asServed() { tuning.Collector(os.Environ(), runtime.GOMAXPROCS(0)).Apply() }

// p99 measures each call of f and reports the quantiles.
func p99(b *testing.B, f func(i int)) {
	asServed()
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	used := cpu(b)
	for i := range b.N {
		start := time.Now()
		f(i)
		times = append(times, time.Since(start))
	}
	b.StopTimer()
	used = cpu(b) - used
	slices.Sort(times)
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs") // of this process: not what Postgres takes
	b.ReportMetric(float64(times[0].Microseconds()), "min-µs")
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

// cpu is the processor time that the process has used: beside other work the wall says more about that than about us.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRefresh is the durable write of a refresh: rotation and log entry in one transaction.
func BenchmarkRefresh(b *testing.B) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		for _, clients := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", engine, clients), func(b *testing.B) {
				s := modelstest.OpenScratch(b, engine)
				tn := modelstest.MustTenant(b, s.Store, "")
				now, ctx := s.Now(), context.Background()
				for c := range clients {
					id := fmt.Sprintf("grant-%d", c)
					if err := tn.AddOpenIDGrant(ctx, openid.Grant{ID: id, CodeHash: []byte(id), CreatedAt: now, CodeExpiresAt: now.Add(time.Minute)}); err != nil {
						b.Fatal(err)
					}
					if ok, err := tn.RedeemOpenIDCode(ctx, openid.Redemption{GrantID: id, Now: now, RefreshHash: []byte("0"), RefreshExpiresAt: now.Add(time.Hour)}); !ok || err != nil {
						b.Fatal(ok, err)
					}
				}
				b.ResetTimer()
				var wg sync.WaitGroup
				for c := range clients {
					wg.Go(func() {
						id := fmt.Sprintf("grant-%d", c)
						for i := range b.N / clients {
							ok, err := tn.RotateOpenIDRefresh(ctx, openid.Rotation{GrantID: id, Presented: []byte(strconv.Itoa(i)),
								Successor: []byte(strconv.Itoa(i + 1)), ExpiresAt: now.Add(time.Hour),
								Entry: entry(now, func(r *record.SignIn) { r.User.ID = id })})
							if err == nil && !ok {
								err = fmt.Errorf("%s was not rotated", id)
							}
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N/clients*clients)/b.Elapsed().Seconds(), "refreshes/s")
			})
		}
	}
}

// BenchmarkDirectory is what each request pays for its tenant's snapshot.
func BenchmarkDirectory(b *testing.B) {
	s := modelstest.Open(b)
	modelstest.MustTenant(b, s, "fernhill")
	for b.Loop() {
		if _, err := s.Directory(b.Context(), "fernhill"); err != nil {
			b.Fatal(err)
		}
	}
}

// crowd makes up people as they are in life: a few names that very many have, thousands that few have, and letters
// that do not follow each other equally often. Each person is always the same.
type crowd struct{ given, family []string }

func newCrowd() crowd {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list string) string {
		parts := strings.Split(list, " ")
		return parts[skewed(r, len(parts), 3)]
	}
	const onsets = "m s k l b r h d j n t g w f p v sch st br kr th ch gr z fr sh sp kl dr tr bl wh c qu schw cz dh y x"
	const vowels = "a e i o u ei au ie ö ü ä oo ai ea ou y ia ee é ø"
	const codas = "n r l s  t m nn ll rt ck ng st ch k d rd nd lf tz mp x b ss rk"
	distinct := func(n int, endings string) []string {
		seen := map[string]bool{}
		var out []string
		for len(out) < n {
			name := ""
			for range 1 + r.IntN(2) {
				name += pick(onsets) + pick(vowels) + pick(codas)
			}
			if r.IntN(2) == 0 {
				name += pick(endings)
			}
			if len(name) > 2 && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
		return out
	}
	return crowd{given: distinct(3_000, "a o e ina us ia ik ette y el is ander"), family: distinct(40_000, "er mann son sen ski berg es ova ini ez stein ic ford ley wicz dottir")}
}

// skewed gives a number below n, small ones far more often: the first has about one in 2·common·ln(n/common).
func skewed(r *rand.Rand, n int, common float64) int {
	return min(n-1, int(common*(math.Pow((float64(n)+common)/common, r.Float64())-1)))
}

// person gives the names and the address of the i-th person. The commonest given name is that of one in fifty, the
// commonest family name that of one in a hundred and fifty.
func (c crowd) person(i int) (given, family, mail string) {
	r := rand.New(rand.NewPCG(uint64(i), 3))
	given, family = c.given[skewed(r, len(c.given), 10)], c.family[skewed(r, len(c.family), 20)]
	ascii := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "é", "e").Replace(given + "." + family)
	return given, family, fmt.Sprintf("%s%d@example%d.com", ascii, i, i%50)
}

// keptDSN is the place of a store that lasts over runs, "" if the environment names none.
func keptDSN(name string) string {
	if benchEngine() == modelstest.Postgres {
		return os.Getenv("PORTICO_BENCH_POSTGRES")
	}
	if dir := os.Getenv("PORTICO_BENCH_DIR"); dir != "" {
		return "sqlite:" + filepath.Join(dir, name+".db")
	}
	return ""
}

// benchStore opens a store, one that lasts over runs if the environment names its place.
func benchStore(b *testing.B, name string) (*models.Store, func(error)) {
	b.Helper()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	dsn := keptDSN(name)
	if dsn == "" {
		return modelstest.OpenScratch(b, benchEngine()).Store, must
	}
	s, err := models.Open(dsn, modelstest.Sealer(b), nil)
	must(err)
	b.Cleanup(func() { _ = s.Close() })
	must(s.Migrate(b.Context()))
	return s, must
}

func benchAttribute(b *testing.B, tn *models.Tenant, name string) string {
	b.Helper()
	d, err := tn.Directory(b.Context(), tn.ID)
	if err != nil {
		b.Fatal(err)
	}
	for id, x := range d.Definitions {
		if x.Name == name {
			return id
		}
	}
	b.Fatal("no attribute " + name)
	return ""
}

func BenchmarkSearch(b *testing.B) {
	n := benchSize(b, "PORTICO_BENCH_USERS", 5_000)
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	s, must := benchStore(b, "users")
	ctx, people := b.Context(), newCrowd()
	var tn *models.Tenant
	if t, err := s.TenantBy(ctx, "bench"); err == nil {
		tn = s.Tenant(t.ID)
	} else {
		tn = modelstest.MustTenant(b, s, "bench")
		for _, name := range []string{"plan", "card"} {
			modelstest.MustDefinition(b, tn, userflow.Definition{Name: name, DataType: userflow.String})
		}
		plan, card := benchAttribute(b, tn, "plan"), benchAttribute(b, tn, "card")
		for from := 0; from < n; from += 5_000 {
			var list []models.User
			for i := from; i < min(n, from+5_000); i++ {
				first, last, mail := people.person(i)
				u := models.User{Account: account.Account{ID: models.NewID(), DisplayName: first + " " + last, GivenName: first, Surname: last,
					Mail: mail, Enabled: i%50 != 0, MustChangePassword: i%1000 == 7, CreatedAt: start.Add(time.Duration(i) * time.Second),
					Attributes: map[string]any{card: fmt.Sprintf("L-%d", i), plan: []string{"free", "free", "free", "free", "gold"}[i%5]},
					Identities: []account.Identity{{SignInType: account.SignInEmail, Value: mail}}}}
				if i%3 > 0 {
					u.LastSignInAt = start.Add(time.Duration(i*7919%n) * time.Second)
				}
				list = append(list, u)
			}
			must(tn.ImportUsers(ctx, modelstest.Actor(), list))
		}
		must(s.Settle())
	}
	plan, card := benchAttribute(b, tn, "plan"), benchAttribute(b, tn, "card")
	no, yes := false, true
	at := func(i int) time.Time { return start.Add(time.Duration(i*7907%n) * time.Second) }
	// Whoever is looked for is anybody, so that common names are looked for more often than others.
	anybody := func(i int) (given, family, mail string) { return people.person(i * 7907 % n) }
	given := func(i int) string { g, _, _ := anybody(i); return g }
	family := func(i int) string { _, f, _ := anybody(i); return f }
	address := func(i int) string { _, _, m := anybody(i); return m }
	for _, c := range []struct {
		name string
		q    func(i int) models.UserQuery
	}{
		{"exact", func(i int) models.UserQuery { return models.UserQuery{Identity: address(i)} }},
		{"prefix", func(i int) models.UserQuery {
			f := []rune(family(i))
			return models.UserQuery{NamePrefix: given(i) + " " + string(f[:min(len(f), 2)])}
		}},
		{"prefix of a given name", func(i int) models.UserQuery {
			g := []rune(given(i))
			return models.UserQuery{NamePrefix: string(g[:min(len(g), 3)])}
		}},
		{"substring of an address", func(i int) models.UserQuery {
			return models.UserQuery{Search: fmt.Sprintf("%d@example%d", i*7907%n, i*7907%n%50)}
		}},
		{"first and last name", func(i int) models.UserQuery { return models.UserQuery{Search: given(i) + " " + family(i)} }},
		{"family name", func(i int) models.UserQuery { return models.UserQuery{Search: family(i)} }},
		{"given name", func(i int) models.UserQuery { return models.UserQuery{Search: given(i)} }},
		{"inside a name", func(i int) models.UserQuery {
			f := []rune(given(i) + family(i))
			return models.UserQuery{Search: string(f[len(f)-4:])}
		}},
		{"list by name", func(i int) models.UserQuery { return models.UserQuery{} }},
		{"list by created", func(i int) models.UserQuery { return models.UserQuery{Sort: models.SortByCreated, Desc: true} }},
		{"attribute of one", func(i int) models.UserQuery {
			return models.UserQuery{Attribute: card, AttributeValue: fmt.Sprintf("L-%d", i*7907%n)}
		}},
		{"attribute of many", func(i int) models.UserQuery { return models.UserQuery{Attribute: plan, AttributeValue: "gold"} }},
		{"disabled", func(i int) models.UserQuery { return models.UserQuery{Enabled: &no} }},
		{"must change", func(i int) models.UserQuery { return models.UserQuery{MustChangePassword: true} }},
		{"last sign-in range", func(i int) models.UserQuery {
			return models.UserQuery{LastSignInFrom: at(i), LastSignInBefore: at(i).Add(time.Hour)}
		}},
		{"never signed in", func(i int) models.UserQuery { return models.UserQuery{NeverSignedIn: true} }},
		{"list by last sign-in", func(i int) models.UserQuery { return models.UserQuery{Sort: models.SortByLastSignIn, Desc: true} }},
		{"nobody: many with many without", func(i int) models.UserQuery {
			return models.UserQuery{Attribute: plan, AttributeValue: "gold", Enabled: &yes, NamePrefix: "zz"}
		}},
		{"rare among many", func(i int) models.UserQuery {
			return models.UserQuery{Attribute: plan, AttributeValue: "gold", MustChangePassword: true, CreatedFrom: at(i)}
		}},
		{"two that exclude each other", func(i int) models.UserQuery {
			return models.UserQuery{Attribute: plan, AttributeValue: "gold", NeverSignedIn: true, Enabled: &no, CreatedBefore: at(i)}
		}},
		{"search with state, created and last sign-in", func(i int) models.UserQuery {
			return models.UserQuery{Search: family(i), Enabled: &no, CreatedFrom: at(i), NeverSignedIn: true}
		}},
		{"email and created, by name", func(i int) models.UserQuery {
			return models.UserQuery{SignInType: account.SignInEmail, CreatedFrom: at(i), Sort: models.SortByName}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			found := 0
			p99(b, func(i int) {
				p, err := tn.Users(ctx, c.q(i))
				must(err)
				found += len(p.Items)
			})
			b.ReportMetric(float64(found)/float64(b.N), "found")
		})
	}
}

func BenchmarkLogPage(b *testing.B) {
	n := benchSize(b, "PORTICO_BENCH_SIGNINS", 20_000)
	s, must := benchStore(b, "signins")
	ctx := b.Context()
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(i int) time.Time { return start.Add(time.Duration(i) * 900 * time.Millisecond) }
	user := func(i int) string { return fmt.Sprintf("user-%d", i*7919%(n/50+1)) }
	var tn *models.Tenant
	if t, err := s.TenantBy(ctx, "bench"); err == nil {
		tn = s.Tenant(t.ID)
	} else {
		tn = modelstest.MustTenant(b, s, "bench")
		countries := []string{"DE", "FR", "US", "GB", "NL", "PL", "IT", "ES"}
		for from := 0; from < n; from += 5_000 {
			var list []record.SignIn
			for i := from; i < min(n, from+5_000); i++ {
				list = append(list, entry(at(i), func(r *record.SignIn) {
					r.User = record.Party{ID: user(i), Name: "Somebody"}
					r.Identifier, r.CorrelationID = user(i)+"@example.com", models.NewID()
					r.App.ID = fmt.Sprintf("app-%d", i%7)
					r.Signals.IP = netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
					r.Signals.Country = countries[i%len(countries)]
					if i%9973 == 0 {
						r.Signals.Country = "IS"
					}
					if i%20 == 0 {
						r.Outcome = record.Outcome{Result: record.Failure, Code: 50126}
					}
					r.SignUp = i%50 == 0
				}))
			}
			_, err := tn.ImportSignIns(ctx, list)
			must(err)
		}
		must(s.Settle())
	}
	yes := true
	for _, c := range []struct {
		name string
		q    func(i int) models.SignInQuery
	}{
		{"newest", func(int) models.SignInQuery { return models.SignInQuery{} }},
		{"somewhere in time", func(i int) models.SignInQuery { return models.SignInQuery{To: at(i * 7907 % n)} }},
		{"one user", func(i int) models.SignInQuery { return models.SignInQuery{UserID: user(i)} }},
		{"one app, failures", func(i int) models.SignInQuery {
			return models.SignInQuery{ClientID: "app-3", Result: "failure", To: at(i * 7907 % n)}
		}},
		{"rare country", func(i int) models.SignInQuery { return models.SignInQuery{Country: "IS"} }},
		{"address", func(i int) models.SignInQuery {
			return models.SignInQuery{IP: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}).String()}
		}},
		{"sign-ups", func(i int) models.SignInQuery { return models.SignInQuery{SignUp: &yes, To: at(i * 7907 % n)} }},
		{"text", func(i int) models.SignInQuery { return models.SignInQuery{Search: user(i) + "@"} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			found := 0
			p99(b, func(i int) {
				p, err := tn.SignIns(ctx, c.q(i))
				must(err)
				found += len(p.Items)
			})
			b.ReportMetric(float64(found)/float64(b.N), "found")
		})
	}
}

// BenchmarkImport is one person of a file, with a password's hash that another product made: nothing is hashed.
//
//	go test ./models -run '^$' -bench Import -benchtime 20000x
func BenchmarkImport(b *testing.B) {
	people := newCrowd()
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := modelstest.OpenScratch(b, engine)
			tn := modelstest.MustTenant(b, s.Store, "")
			var file strings.Builder
			file.WriteString("email,displayName,givenName,surname,city,passwordHash\n")
			for i := range b.N {
				first, last, mail := people.person(i)
				fmt.Fprintf(&file, "%s,%s %s,%s,%s,Town,$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n", mail, first, last, first, last)
			}
			id := send(b, tn, file.String(), models.ImportOptions{Mode: models.ImportCreate}, false)
			b.ResetTimer()
			if err := (models.Importer{Store: s.Store, Passwords: newPasswords(), Owner: "bench"}).Run(b.Context(), id); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "people/s")
			if i, err := tn.Import(b.Context(), id); err != nil || i.Created != int64(b.N) {
				b.Fatal(i, err)
			}
		})
	}
}
