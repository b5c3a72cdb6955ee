package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/net/html"

	"portico/app/e2e/formfill"
)

// scratchPostgres makes an empty database on the test server and gives its URL.
func scratchPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PORTICO_TEST_POSTGRES")
	if server == "" {
		lacking(t.(*testing.T), "a Postgres server in PORTICO_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("portico_e2e_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = db.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		_ = db.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// cluster is two instances over one database behind a proxy that sends each request to the other one
// in turn, whoever it is from.
func cluster(t testing.TB) (front *server, instances [2]*server) {
	t.Helper()
	dsn := scratchPostgres(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	secret := "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	var wait sync.WaitGroup
	for i := range instances { // at the same time: migration and sample company must not collide
		wait.Go(func() {
			instances[i] = bootIn(t, t.TempDir(), "DATABASE_URL="+dsn, "PORTICO_SECRET="+secret, "PORTICO_BASE_URL="+base)
		})
	}
	wait.Wait()
	if instances[0] == nil || instances[1] == nil { // and the test has failed, which stops only who was starting it
		t.FailNow()
	}
	var turn atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: instances[turn.Add(1)%2].addr})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}, // sooner than the instances close them
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	srv := &http.Server{Handler: proxy}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	one := *instances[0]
	one.base = base
	return &one, instances
}

// TestTwoInstancesTellOneStory walks the whole story with every request at the other instance.
func TestTwoInstancesTellOneStory(t *testing.T) {
	t.Parallel()
	s, _ := cluster(t)
	for _, app := range []string{"market", "home"} {
		f := newFiller(t, s, app+"@example.com", password)
		f.signedUp(app)
		if app == "market" {
			before := len(f.Titles)
			f.signedIn("auto")
			if pages := f.Titles[before:]; len(pages) != 1 {
				t.Errorf("next door there were pages: %v", pages)
			}
			f.signsOutEverywhere("auto", "market")
		}
		again := newFiller(t, s, app+"@example.com", password)
		again.signedIn(app)
	}
}

// signsOutEverywhere presses the button in one application and waits until the other noticed.
func (f *filler) signsOutEverywhere(here, there string) {
	f.t.Helper()
	p, err := f.Open(f.base + "/demo/" + here)
	if err != nil {
		f.t.Fatal(err)
	}
	form := formfill.First(p.Root, func(n *html.Node) bool { return strings.HasSuffix(formfill.Attr(n, "action"), "/signout") })
	if form == nil {
		f.t.Fatalf("no way out at %s: %s", here, p.Words())
	}
	r, err := f.Submit(p, form)
	if err != nil {
		f.t.Fatal(err)
	}
	if p, _, err = f.Follow(r, "-"); err != nil || !strings.Contains(p.Words(), "signed out everywhere") {
		f.t.Fatalf("%v: %s", err, p.Words())
	}
	eventually(f.t, 20*time.Second, "the back channel reaches "+there, func() error {
		p, err := f.Open(f.base + "/demo/" + there)
		if err == nil && strings.Contains(p.Words(), "Hello, ") {
			err = fmt.Errorf("still signed in")
		}
		return err
	})
}

// crowd does the same thing n times at once and gives every answer.
func crowd[T any](t testing.TB, n int, f func(i int) (T, error)) []T {
	t.Helper()
	answers, errs := make([]T, n), make([]error, n)
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			<-start
			answers[i], errs[i] = f(i)
		})
	}
	close(start)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

// TestOneTimeThingsAreUsedOnce lets two hundred clients at two instances fight for one code, one
// refresh token and one mailed code.
func TestOneTimeThingsAreUsedOnce(t *testing.T) {
	t.Parallel()
	s, _ := cluster(t)
	p := market(t, s)
	f := newFiller(t, s, "olga@example.com", password)
	code := p.code(f.walk(p.authorize("prompt=create"), p.redirect))
	client := s.client(t)

	t.Run("authorization code", func(t *testing.T) {
		var winners []answer
		for n := 200; ; n /= 2 {
			winners = nil
			begin := time.Now()
			for _, a := range crowd(t, n, func(int) (answer, error) { return p.redeem(client, code) }) {
				switch {
				case a.Status == http.StatusOK:
					winners = append(winners, a)
				case a.Error != "invalid_grant":
					t.Errorf("a loser got %d %s: %s", a.Status, a.Error, a.Description)
				}
			}
			if len(winners) != 1 {
				t.Fatalf("%d of %d got tokens", len(winners), n)
			}
			// Where the crowd took longer than twins may (2 s), its last ones replayed the code, and the winner's tokens are gone.
			if time.Since(begin) < 2*time.Second || n < 10 {
				break
			}
			code = p.code(f.walk(p.authorize(), p.redirect))
		}
		if status, c := p.userinfo(client, winners[0].AccessToken); status != http.StatusOK || c["email"] != "olga@example.com" {
			t.Errorf("the winner's access token: %d %v", status, c)
		}
		if a, err := p.refresh(client, winners[0].RefreshToken); err != nil || a.Status != http.StatusOK {
			t.Errorf("the winner's refresh token: %+v %v", a, err)
		}
	})

	t.Run("refresh token", func(t *testing.T) {
		successors := map[string]bool{}
		for n, late := 100, true; late; n /= 2 {
			got, err := p.redeem(client, p.code(f.walk(p.authorize(), p.redirect)))
			if err != nil || got.RefreshToken == "" {
				t.Fatalf("%+v %v", got, err)
			}
			clear(successors)
			begin := time.Now()
			answers := crowd(t, n, func(int) (answer, error) { return p.refresh(client, got.RefreshToken) })
			if late = time.Since(begin) > 10*time.Second && n > 10; late {
				continue // the last ones were out of the grace time
			}
			for _, a := range answers {
				if a.Status != http.StatusOK {
					t.Errorf("within the grace time: %d %s %s", a.Status, a.Error, a.Description)
					continue
				}
				successors[a.RefreshToken] = true
			}
		}
		if len(successors) != 1 {
			t.Fatalf("%d successors of one refresh token", len(successors))
		}
		for next := range successors {
			if a, err := p.refresh(client, next); err != nil || a.Status != http.StatusOK {
				t.Errorf("the successor: %+v %v", a, err)
			}
		}
	})

	t.Run("mailed code", func(t *testing.T) {
		home := sample(t, s, "home")
		g := newFiller(t, s, "otto@example.com", password)
		page, err := g.Open(home.authorize("prompt=create"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		if page, _, err = g.Follow(r, home.redirect); err != nil {
			t.Fatal(err)
		}
		r, err = g.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		statuses := map[int]int{}
		for _, status := range crowd(t, 200, func(int) (int, error) {
			one := r.Clone(r.Context())
			one.Body = io.NopCloser(strings.NewReader(string(body)))
			res, err := g.Client.Do(one)
			if err != nil {
				return 0, err
			}
			defer func() { _ = res.Body.Close() }()
			_, err = io.Copy(io.Discard, res.Body)
			return res.StatusCode, err
		}) {
			statuses[status]++
		}
		t.Log("answers to two hundred equal forms:", statuses)
		for status := range statuses {
			if status >= 500 {
				t.Errorf("an answer was %d", status)
			}
		}
		got, err := home.redeem(client, home.code(g.walk(page.URL.String(), home.redirect)))
		_ = got
		if err != nil {
			t.Fatal(err)
		}
		// The record says what was accepted: one code, once.
		var proofs int
		eventually(t, 10*time.Second, "the sign-in is recorded", func() error {
			for _, rec := range records(t, s, "otto@example.com") {
				if rec.Outcome.Result == "success" {
					proofs = 0
					for _, x := range rec.Proofs {
						if x.OK && x.Method == "emailCode" { // the text that came afterwards is another proof
							proofs++
						}
					}
					return nil
				}
			}
			return fmt.Errorf("no successful record")
		})
		if proofs != 1 {
			t.Errorf("the record shows %d accepted proofs", proofs)
		}
	})
}

// record is what a test reads of a stored sign-in.
type record struct {
	ID      string
	Outcome struct{ Result string }
	Proofs  []struct {
		Method string
		OK     bool
	}
}

// records reads the sign-in log of a person through the management API.
func records(t testing.TB, s *server, email string) []record {
	t.Helper()
	a := newAPI(t, s)
	var list []record
	for _, v := range a.call(http.MethodGet, "/beta/auditLogs/signIns?$top=50", nil)["value"].([]any) {
		row := v.(values)
		own, _ := row["portico"].(values)
		raw, err := json.Marshal(own["trace"])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(raw), email) {
			continue
		}
		var r record
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}
