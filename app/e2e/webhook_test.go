package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// notice is one request that a receiver got.
type notice struct {
	id, kind, delivery string
	attempt            int
}

// listening is a company's own system that hears what happens; Portico runs in another process. It checks what comes as
// app/docs/webhooks.md says, with code of its own.
type listening struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	secret string
	answer func(notice) int
	got    []notice
}

func newListening(t *testing.T) *listening {
	r := &listening{t: t, answer: func(notice) int { return http.StatusNoContent }}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *listening) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var e struct{ SpecVersion, ID, Type string }
	if err = errors.Join(err, json.Unmarshal(body, &e)); err != nil || e.SpecVersion != "1.0" || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/cloudevents+json") {
		r.t.Errorf("not an event: %v, %s", err, body)
	}
	r.mu.Lock()
	secret, answer := r.secret, r.answer
	x := notice{id: e.ID, kind: strings.TrimPrefix(e.Type, "com.portico."), delivery: req.Header.Get("Portico-Delivery")}
	x.attempt, _ = strconv.Atoi(req.Header.Get("Portico-Attempt"))
	r.got = append(r.got, x)
	r.mu.Unlock()
	if err := verify(secret, req.Header.Get("Portico-Signature"), body, time.Now()); err != nil {
		r.t.Error(err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(answer(x))
}

// verify is what a receiver writes.
func verify(secret, header string, body []byte, now time.Time) error {
	var at string
	fits := false
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		if name == "t" {
			at = value
		}
		if mac, err := hex.DecodeString(value); name == "v1" && err == nil {
			want := hmac.New(sha256.New, []byte(secret))
			_, _ = fmt.Fprintf(want, "%s.%s", at, body)
			fits = fits || hmac.Equal(mac, want.Sum(nil))
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !fits || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("the signature %q does not fit", header)
	}
	return nil
}

// answers decides what is answered from now on.
func (r *listening) answers(f func(notice) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// of are the requests about a kind of event so far.
func (r *listening) of(kind string) (out []notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.got {
		if x.kind == kind {
			out = append(out, x)
		}
	}
	return out
}

// hears waits until there were so many requests about a kind of event.
func (r *listening) hears(kind string, n int, within time.Duration) []notice {
	r.t.Helper()
	var got []notice
	eventually(r.t, within, fmt.Sprintf("%d of %s arrive", n, kind), func() error {
		if got = r.of(kind); len(got) < n {
			return fmt.Errorf("there are %d", len(got))
		}
		return nil
	})
	return got
}

// TestTheCompanyHearsWhatHappens is the story of a webhook: made and tried in the portal; a sign-up that is told although
// the receiver fails twice; a power cut between what the receiver took and what we wrote down, after which it comes again
// with the same id; a receiver that wants nothing more, the dead letter, and its redelivery from the portal.
func TestTheCompanyHearsWhatHappens(t *testing.T) {
	t.Parallel()
	r := newListening(t)
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := boot(t, "PORTICO_OUTBOUND_ALLOW="+u.Host)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	ada := openBrowser(t, s, "webhooks")
	ada.intoPortal("ada@fernhill.example")
	at := s.base + "/admin/t/fernhill/webhooks"
	ada.goTo(at)
	ada.accessible("none")
	ada.goTo(at + "/new")
	ada.accessible("form")
	ada.typeInto("input[name=displayName]", "CRM")
	ada.typeInto("input[name=url]", r.URL+"/in?key=private")
	for _, kind := range []string{"user.created", "user.signedIn"} {
		ada.do("choose "+kind, chromedp.Click(chromedp.CSS("input[name=events][value='"+kind+"']")))
	}
	ada.press(primaryButton)
	ada.sees("is on.")
	hook := ada.url()
	r.mu.Lock()
	r.secret = evaluate[string](ada, `(document.querySelector("main").innerHTML.match(/whsec_[A-Za-z0-9_-]{20,}/)||[""])[0]`)
	r.mu.Unlock()
	ada.press("form[action$='/test'] button")
	ada.sees("The receiver took the test event.")
	ada.accessible("delivery")

	r.answers(func(x notice) int {
		if x.kind == "user.created" && x.attempt < 3 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	b, seen := openBrowser(t, s, "webhook-customer").phone(), map[string]bool{}
	b.toTheQuestions("noor@example.com", seen)
	b.typeInto("input[autocomplete~=given-name]", "Noor")
	b.typeInto("input[autocomplete~=family-name]", "van Dijk")
	b.fillRest()
	b.sees("Hello, Noor")
	made := r.hears("user.created", 3, 60*time.Second)
	if made[0].id != made[2].id || made[0].delivery != made[2].delivery || made[2].attempt != 3 {
		t.Errorf("%+v", made)
	}
	r.hears("user.signedIn", 1, 60*time.Second)

	slow := make(chan struct{})
	r.answers(func(notice) int { <-slow; return http.StatusOK })
	manage.person("slow@example.com", "")
	r.hears("user.created", len(made)+1, 60*time.Second)
	b.toTheQuestions("meanwhile@example.com", seen) // the code is mailed while the receiver hangs
	close(slow)
	eventually(t, 60*time.Second, "nothing waits", func() error {
		waiting := manage.call(http.MethodGet, "/beta/portico/webhookDeliveries?$filter="+url.QueryEscape("state eq 'pending'"), nil)
		if list, _ := waiting["value"].([]any); len(list) > 0 {
			return fmt.Errorf("%v", list)
		}
		return nil
	})

	held, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.answers(func(notice) int {
		once.Do(func() { close(held); <-killed })
		return http.StatusOK
	})
	manage.person("cut@example.com", "")
	select {
	case <-held:
	case <-time.After(60 * time.Second):
		t.Fatal("nothing arrived")
	}
	before := r.of("user.created")
	s.kill()
	close(killed)
	s.start()
	again := r.hears("user.created", len(before)+1, 2*time.Minute) // when the lease has ended
	if a, z := before[len(before)-1], again[len(again)-1]; a.id != z.id || a.delivery != z.delivery || z.attempt != a.attempt+1 {
		t.Errorf("%+v came again as %+v", a, z)
	}

	r.answers(func(notice) int { return http.StatusGone })
	manage.person("gone@example.com", "")
	r.hears("user.created", len(again)+1, 60*time.Second)
	eventually(t, 15*time.Second, "it pauses itself", func() error {
		ada.goTo(hook)
		if !strings.Contains(ada.words(), "It paused itself because the receiver answered 410") {
			return errors.New(ada.words())
		}
		return nil
	})
	ada.accessible("paused")
	r.answers(func(notice) int { return http.StatusOK })
	ada.press("form[action$='/enabled'] button")
	ada.sees("is on again.")
	ada.press("a[href$='/redeliver']")
	ada.accessible("redeliver")
	ada.press(primaryButton)
	ada.sees("1 event is being sent again.")
	last := r.hears("user.created", len(again)+2, 60*time.Second)
	if last[len(last)-1].id != last[len(last)-2].id {
		t.Errorf("the dead letter came as another event: %+v", last)
	}
	eventually(t, 15*time.Second, "its page says so", func() error {
		ada.goTo(hook)
		if w := ada.words(); !strings.Contains(w, "It works") || strings.Contains(w, "private") {
			return errors.New(w)
		}
		return nil
	})
	ada.accessible("working")
	ada.goTo(s.base + "/admin/t/fernhill/webhook-deliveries")
	ada.sees("Delivered")
	ada.accessible("deliveries")
}
