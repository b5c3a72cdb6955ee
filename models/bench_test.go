package models_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/openid"
	"portico/app/record"
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

// p99 measures each call of f and reports the quantiles.
func p99(b *testing.B, f func(i int)) {
	times := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		start := time.Now()
		f(i)
		times = append(times, time.Since(start))
	}
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
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

func syllables(n int) string {
	words := []string{"an", "ber", "cal", "dor", "el", "fin", "gus", "hel", "ir", "jo", "ka", "lin", "mar", "no", "ol", "pet", "quin", "ros", "sam", "tom"}
	out := ""
	for range 3 {
		out += words[n%len(words)]
		n /= len(words)
	}
	return out
}

// benchStore opens a store, one that lasts over runs if the environment names its place.
func benchStore(b *testing.B, name string) (*models.Store, func(error)) {
	b.Helper()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var dsn string
	if dir := os.Getenv("PORTICO_BENCH_DIR"); dir != "" && benchEngine() == modelstest.SQLite {
		dsn = "sqlite:" + filepath.Join(dir, name+".db")
	} else if benchEngine() == modelstest.Postgres {
		dsn = os.Getenv("PORTICO_BENCH_POSTGRES")
	}
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
	ctx := b.Context()
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
				first, last := syllables(i*7919), syllables(i*104729+13)
				mail := fmt.Sprintf("%s.%s%d@example%d.com", first, last, i, i%50)
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
	for _, c := range []struct {
		name string
		q    func(i int) models.UserQuery
	}{
		{"exact", func(i int) models.UserQuery {
			i = i * 7907 % n
			return models.UserQuery{Identity: fmt.Sprintf("%s.%s%d@example%d.com", syllables(i*7919), syllables(i*104729+13), i, i%50)}
		}},
		{"prefix", func(i int) models.UserQuery { return models.UserQuery{NamePrefix: syllables(i * 31)[:4]} }},
		{"substring of an address", func(i int) models.UserQuery {
			return models.UserQuery{Search: fmt.Sprintf("%d@example%d", i*7907%n, i*7907%n%50)}
		}},
		{"first and last name", func(i int) models.UserQuery {
			return models.UserQuery{Search: syllables(i*7919) + " " + syllables(i*104729+13)}
		}},
		{"one name", func(i int) models.UserQuery { return models.UserQuery{Search: syllables(i * 31)} }},
		{"four letters", func(i int) models.UserQuery { return models.UserQuery{Search: syllables(i * 31)[1:5]} }},
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
			return models.UserQuery{Search: syllables(i * 31), Enabled: &no, CreatedFrom: at(i), NeverSignedIn: true}
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
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := modelstest.OpenScratch(b, engine)
			tn := modelstest.MustTenant(b, s.Store, "")
			var file strings.Builder
			file.WriteString("email,displayName,givenName,surname,city,passwordHash\n")
			for i := range b.N {
				first, last := syllables(i*7919), syllables(i*104729+13)
				fmt.Fprintf(&file, "%s.%s%d@example.com,%s %s,%s,%s,Town,$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n", first, last, i, first, last, first, last)
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
