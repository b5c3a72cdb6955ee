package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"portico/app/e2e/formfill"
)

// signInsOf are a person's entries of the log, the newest first.
func (a *api) signInsOf(id string) []any {
	a.t.Helper()
	return a.call(http.MethodGet, "/v1.0/auditLogs/signIns?$filter="+url.QueryEscape("userId eq '"+id+"'"), nil)["value"].([]any)
}

// TestDamagedSourcesStopNobody: a file of places that is none and a list that is gone lead to "could not tell", on the
// page of the sign-in and on that of the sources, and to nothing else; a forwarded address that no trusted proxy wrote
// is nobody's address.
func TestDamagedSourcesStopNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	places := filepath.Join(dir, "places.mmdb")
	if err := os.WriteFile(places, []byte("<html>Your download has expired"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := boot(t, "PORTICO_GEOIP="+places, "PORTICO_IP_LISTS="+filepath.Join(dir, "gone.txt"))
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.mfa(manage.flowOf(p.clientID), "off")
	const email = "omar@example.com"
	id := manage.person(email, "")
	f := newFiller(t, s, email, password).at("203.0.113.7", firefox)
	if got, err := p.redeem(f.Client, p.code(f.walk(p.authorize(), p.redirect))); err != nil || got.IDToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	entry := manage.signInsOf(id)[0].(values)
	if ip := net.ParseIP(entry["ipAddress"].(string)); !ip.IsLoopback() {
		t.Errorf("the forwarded address is believed: %v", entry["ipAddress"])
	}
	ada := openBrowser(t, s, "damaged")
	ada.intoPortal("ada@fernhill.example")
	ada.goTo(s.base + "/admin/t/fernhill/sign-ins/" + entry["id"].(string))
	ada.sees("could not tell, because what it needs could not be read")
	ada.accessible("could-not-tell")
	ada.goTo(s.base + "/admin/t/fernhill/signal-sources")
	ada.sees("places.mmdb")
	ada.sees("gone.txt")
	ada.accessible("damaged-sources")
}

// TestAbsurdAgents: whatever a browser calls itself, the person gets in, and what is kept is short and harmless.
func TestAbsurdAgents(t *testing.T) {
	s := boot(t)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	p := market(t, s)
	manage.mfa(manage.flowOf(p.clientID), "off")
	for i, agent := range []string{"\u202egnitset \U0001F9D9 \u2066x", strings.Repeat("Mozilla/5.0 ", 900), "\x80\xfe\xff", "<script>alert(1)</script>' OR 1=1 --"} {
		email := fmt.Sprintf("agent%d@example.com", i)
		id := manage.person(email, "")
		f := newFiller(t, s, email, password).at("", agent)
		if got, err := p.redeem(f.Client, p.code(f.walk(p.authorize(), p.redirect))); err != nil || got.IDToken == "" {
			t.Fatalf("%.30q: %+v %v", agent, got, err)
		}
		kept, _ := manage.signInsOf(id)[0].(values)["userAgent"].(string)
		if len(kept) > 512 || strings.ContainsFunc(kept, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar
		}) {
			t.Errorf("%.30q is kept as %q", agent, kept)
		}
	}
	// What no client of HTTP sends: a header of 64 KB, which is refused, and one with a NUL, which is cleaned; and the next
	// one is served.
	for name, agent := range map[string]string{"64 KB": strings.Repeat("x", 64<<10), "a NUL": "a\x00b"} {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\nConnection: close\r\n\r\n", strings.TrimPrefix(p.authorize(), s.base), agent) // the other side may close before it has read all
		head := make([]byte, 12)
		if n, _ := c.Read(head); n > 0 && strings.HasPrefix(string(head), "HTTP/1.1 5") || name == "64 KB" && n > 0 && !strings.HasPrefix(string(head), "HTTP/1.1 431") {
			t.Errorf("%s: %q", name, head)
		}
		_ = c.Close()
	}
	res, err := s.client(t).Get(s.base + "/readyz")
	if status, _ := read(t, res, err); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// TestACollectorThatFails: it answers 500, then nothing at all, then as it should. Its page says what happened, other
// collectors get theirs meanwhile, and nothing is missing in the end.
func TestACollectorThatFails(t *testing.T) {
	t.Parallel()
	good := receive(t)
	var asked atomic.Int32
	var read atomic.Bool // what went wrong
	over := make(chan struct{})
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case n == 1, n > 2 && !read.Load():
			http.Error(w, strings.Repeat("broken ", 1<<17), http.StatusInternalServerError)
		case n == 2:
			select { // answers nobody
			case <-over:
			case <-r.Context().Done():
			}
		default:
			good.web.Config.Handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { close(over); bad.Close() })
	place := func(u string) string { at, _ := url.Parse(u); return at.Host }
	s := boot(t, "PORTICO_OUTBOUND_ALLOW="+place(good.web.URL)+","+place(bad.URL))
	manage := newAPI(t, s)
	id := manage.person("lost@example.com", "")
	made := map[string]string{}
	for name, u := range map[string]string{"good": good.web.URL, "bad": bad.URL} {
		made[name] = manage.call(http.MethodPost, "/beta/portico/exports", values{"displayName": name, "kind": "webhook", "format": "jsonArray", "records": []string{"riskDetection"}, "url": u})["id"].(string)
	}
	manage.call(http.MethodPost, "/v1.0/identityProtection/riskyUsers/confirmCompromised", values{"userIds": []string{id}})
	had := func() (n int) {
		good.mu.Lock()
		defer good.mu.Unlock()
		for _, v := range good.seen {
			if v["userId"] == id {
				n++
			}
		}
		return n
	}
	eventually(t, 60*time.Second, "the one that answers has it, whatever the other does", func() error {
		if had() == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	eventually(t, 60*time.Second, "what went wrong is said", func() error {
		if said := manage.call(http.MethodGet, "/beta/portico/exports/"+made["bad"], nil)["lastError"]; said == nil || len(said.(string)) > 2000 {
			return fmt.Errorf("%.300v", said)
		}
		return nil
	})
	read.Store(true)
	eventually(t, 2*time.Minute, "the other has it, too", func() error {
		if n := had(); n < 2 {
			return fmt.Errorf("%d records after %d requests", n, asked.Load())
		}
		return nil
	})
}

// TestTwoAdminsAndWhoIsGone: many answers about the same people at once, in either order, end in one that holds, and
// nobody's fails; the risk of who was deleted can still be closed (R 6.6.7).
func TestTwoAdminsAndWhoIsGone(t *testing.T) {
	for _, engine := range []string{"SQLite", "Postgres"} {
		t.Run(engine, func(t *testing.T) {
			var settings []string
			if engine == "Postgres" {
				settings = append(settings, "DATABASE_URL="+scratchPostgres(t))
			}
			s := boot(t, settings...)
			manage := newAPI(t, s)
			ids := []string{manage.person("one@example.com", formfill.Person("one@example.com", "")["tel"]), manage.person("two@example.com", "")}
			back := []string{ids[1], ids[0]}
			var all sync.WaitGroup
			for i := range 24 {
				all.Go(func() {
					path, who := "/v1.0/identityProtection/riskyUsers/confirmCompromised", ids
					if i%2 == 1 {
						path, who = "/v1.0/identityProtection/riskyUsers/dismiss", back
					}
					if status, said := manage.try(http.MethodPost, path, values{"userIds": who}); status != http.StatusNoContent {
						t.Errorf("%s: %d %v", path, status, said)
					}
				})
			}
			all.Wait()
			manage.call(http.MethodPost, "/v1.0/identityProtection/riskyUsers/dismiss", values{"userIds": ids})
			for _, id := range ids {
				if level, state, detail := manage.riskOf(id); level != "none" || state != "dismissed" || detail != "adminDismissedAllRiskForUser" {
					t.Errorf("in the end: %s %s %s", level, state, detail)
				}
			}
			manage.call(http.MethodDelete, "/v1.0/users/"+ids[0], nil)
			manage.call(http.MethodPost, "/v1.0/identityProtection/riskyUsers/dismiss", values{"userIds": ids})
			gone := manage.call(http.MethodGet, "/v1.0/identityProtection/riskyUsers/"+ids[0], nil)
			if gone["isDeleted"] != true || gone["riskState"] != "dismissed" {
				t.Errorf("who was deleted is %v", gone)
			}
			for _, path := range []string{"/confirmCompromised", "/confirmSafe"} {
				if status, said := manage.try(http.MethodPost, "/v1.0/identityProtection/riskyUsers"+path, values{"userIds": ids[:1]}); status >= 500 {
					t.Errorf("%s of who was deleted: %d %v", path, status, said)
				}
			}
		})
	}
}

// TestALogWithBrokenRows: the evaluation tells which rows it could not read, and goes on.
func TestALogWithBrokenRows(t *testing.T) {
	s := boot(t)
	file := filepath.Join(s.dir, "log.csv")
	rows := []string{"Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover"}
	for i := range 40 {
		rows = append(rows, fmt.Sprintf("2026-01-%02d 08:00:00.000,%d,50,203.0.113.%d,NL,Groningen,Groningen,64500,%s,Firefox 140,Linux,desktop,True,False,False", 1+i/2, i%2, 1+i%2, firefox))
	}
	rows = append(rows, "yesterday,1,x,nowhere,NL", "2026-01-31 08:00:00.000,1,50,not an address,NL,,,,,,,,perhaps,,", "\"unclosed")
	if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := s.command("risk", "evaluate", file)
	if !strings.Contains(out, "40 rows (3 left out), 2 people") {
		t.Errorf("it says\n%s", out)
	}
}
