package openid_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"portico/app/openid"
	door "portico/handlers/openid"
	"portico/models/modelstest"
)

// together runs f n times at once.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			f(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// twin starts a second instance over the same database and gives a world whose requests go to it.
func (w *world) twin(s modelstest.Scratch) *world {
	w.t.Helper()
	other := *w
	other.store = s.Again(w.t)
	other.provider = openid.New(openid.Options{Stores: other.store, MAC: other.store.Sealer().MAC, Now: w.clock.Now})
	h := &door.Handler{Provider: other.provider, Store: other.store, BaseURL: w.base, Starter: w.starter, Sessions: w.starter, Pages: door.PlainPages{}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	app := other.server(h, nil)
	go func() { _ = app.Listener(ln) }()
	w.t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	other.base = fmt.Sprintf("http://localhost:%d", ln.Addr().(*net.TCPAddr).Port)
	return &other
}

// 200 parallel redemptions of one code: exactly one success in two instances, and
// the winner's tokens still work.
func TestParallelRedemptionsOfOneCode(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		w := newWorldOn(t, s)
		code := w.browser().code(w.web, "scope", "openid offline_access")
		var mu sync.Mutex
		var wins []map[string]any
		both := []*world{w, w.twin(s)}
		together(200, func(i int) {
			r := both[i%2].tokenPost(w.web, redemption(w.web, code))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case r.status == 200:
				wins = append(wins, r.json(t))
			case r.status != 400 || r.json(t)["error"] != "invalid_grant":
				t.Errorf("%d %s", r.status, r.body)
			}
		})
		if len(wins) != 1 {
			t.Fatalf("%d successes", len(wins))
		}
		if r := w.userinfo(text(wins[0]["access_token"])); r.status != 200 {
			t.Errorf("the winner's access token: %d %s", r.status, r.body)
		}
		mustToken(t, w.refresh(w.web, text(wins[0]["refresh_token"])))
	})
}

// 200 parallel uses of one refresh token at two instances: all get the same one successor, which works.
func TestParallelRefreshesOfOneToken(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		w := newWorldOn(t, s)
		first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
		var mu sync.Mutex
		successors := map[string]int{}
		both := []*world{w, w.twin(s)}
		together(200, func(i int) {
			r := both[i%2].refresh(w.web, first)
			mu.Lock()
			defer mu.Unlock()
			if r.status != 200 {
				t.Errorf("%d %s", r.status, r.body)
				return
			}
			successors[text(r.json(t)["refresh_token"])]++
		})
		if len(successors) != 1 {
			t.Fatalf("%d successors", len(successors))
		}
		for token := range successors {
			mustToken(t, w.refresh(w.web, token))
		}
	})
}
