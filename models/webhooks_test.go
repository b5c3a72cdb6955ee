package models_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/outbound"
	"portico/app/outbox"
	"portico/app/record"
	"portico/app/webhook"
	"portico/models"
	"portico/models/modelstest"
)

// hookReceiver is a real server with TLS that does with a request what answer says.
type hookReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request)
	bodies []string
	heads  []http.Header
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := &hookReceiver{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, req.Header.Clone())
		answer := r.answer
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *hookReceiver) answers(f func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *hookReceiver) status(code int) {
	r.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func (r *hookReceiver) got() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies)
}

// hookBench is a tenant with a webhook to a receiver, and the worker that sends.
type hookBench struct {
	modelstest.Scratch
	t       *testing.T
	tenant  *models.Tenant
	to      *hookReceiver
	hook    models.Webhook
	secret  string
	worker  *outbox.Worker
	courier *webhook.Courier
}

func anySubscription(webhook.Subscription) error { return nil }

func newHookBench(t *testing.T, s modelstest.Scratch, sub webhook.Subscription) *hookBench {
	t.Helper()
	b := &hookBench{Scratch: s, t: t, tenant: modelstest.MustTenant(t, s.Store, "shop"), to: newHookReceiver(t)}
	sub.Name, sub.URL = "CRM", b.to.URL+"/hooks?key=private"
	var err error
	b.hook, b.secret, err = b.tenant.CreateWebhook(t.Context(), audit.System("test"), sub, true, anySubscription)
	must(t, err)
	b.worker = b.sends("worker")
	return b
}

func (b *hookBench) sends(owner string) *outbox.Worker {
	pool := x509.NewCertPool()
	pool.AddCert(b.to.Certificate())
	allow, err := outbound.ParseAllow("127.0.0.0/8")
	must(b.t, err)
	b.courier = &webhook.Courier{Store: b.Store, HTTP: &outbound.Client{Allow: allow, TLS: &tls.Config{RootCAs: pool}}, Now: b.Now}
	return &outbox.Worker{Store: models.WebhookQueue{Store: b.Store}, Channels: map[outbox.Kind]outbox.Deliver{webhook.Channel: b.courier.Deliver}, Owner: owner,
		Now: b.Now, Jitter: func() float64 { return .5 }, Attempts: 1 << 30}
}

// once lets the worker do what is due.
func (b *hookBench) once() int {
	b.t.Helper()
	n, err := b.worker.Once(b.t.Context())
	must(b.t, err)
	return n
}

func (b *hookBench) deliveries(q models.DeliveryQuery) []models.WebhookDelivery {
	b.t.Helper()
	page, err := b.tenant.WebhookDeliveries(b.t.Context(), q)
	must(b.t, err)
	return page.Items
}

func (b *hookBench) kinds() string {
	var out []string
	for _, d := range b.deliveries(models.DeliveryQuery{}) {
		out = append([]string{d.Kind}, out...)
	}
	return strings.Join(out, " ")
}

func (b *hookBench) now() models.Webhook {
	b.t.Helper()
	w, err := b.tenant.Webhook(b.t.Context(), b.hook.ID)
	must(b.t, err)
	return w
}

// signedBy checks a signature without any of our code.
func signedBy(secret, header, body string) bool {
	var t string
	var sums []string
	for _, part := range strings.Split(header, ",") {
		if v, ok := strings.CutPrefix(part, "t="); ok {
			t = v
		} else if v, ok := strings.CutPrefix(part, "v1="); ok {
			sums = append(sums, v)
		}
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(t + "." + body))
	want := hex.EncodeToString(m.Sum(nil))
	for _, s := range sums {
		if s == want {
			return true
		}
	}
	return false
}

func every() []string {
	var out []string
	for _, k := range webhook.Kinds() {
		out = append(out, k.Name)
	}
	return out
}

func TestWebhookDelivers(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		u := modelstest.MustUser(t, b.tenant, "ana@example.com")
		if n := b.once(); n != 1 {
			t.Fatalf("%d sent", n)
		}
		var e struct {
			SpecVersion, ID, Source, Type, Subject, Time, DataContentType string
			Data                                                          struct {
				TenantID string
				User     struct {
					ID      string
					Profile any
				}
			}
		}
		must(t, json.Unmarshal([]byte(b.to.bodies[0]), &e))
		head := b.to.heads[0]
		if e.SpecVersion != "1.0" || e.Type != "com.portico.user.created" || e.Subject != u.ID || e.Data.User.ID != u.ID || e.Data.User.Profile != nil ||
			e.Source != "urn:portico:tenant:"+b.tenant.ID || e.ID == "" || head.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
			t.Errorf("envelope %+v with %v", e, head)
		}
		if strings.Contains(b.to.bodies[0], "ana@") {
			t.Error("what is personal was sent to a subscription that does not ask for it")
		}
		if !signedBy(b.secret, head.Get("Portico-Signature"), b.to.bodies[0]) {
			t.Errorf("the signature %q does not fit", head.Get("Portico-Signature"))
		}
		d := b.deliveries(models.DeliveryQuery{})[0]
		if !d.Delivered() || d.Status != 204 || d.Attempts != 1 || len(d.Answers) != 1 || d.EventID != e.ID || head.Get("Portico-Delivery") != d.ID {
			t.Errorf("delivery %+v", d)
		}
		if w := b.now(); w.Delivered != 1 || w.DeliveredAt.IsZero() || w.Failures != 0 {
			t.Errorf("webhook %+v", w)
		}
		if b.once() != 0 {
			t.Error("it was sent twice")
		}
	})
}

func TestWebhookIsPartOfTheTransaction(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: every(), Profile: true})
		no := errors.New("no")
		err := b.tenant.InTx(t.Context(), func(tx *models.Tenant) error {
			modelstest.MustUser(t, tx, "ana@example.com")
			return no
		})
		if !errors.Is(err, no) || b.kinds() != "" {
			t.Fatalf("%v; what was taken back was told: %s", err, b.kinds())
		}
	})
}

// What happens, and which events that is.
func TestWebhookEvents(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: every(), Profile: true})
		ctx, by := t.Context(), audit.System("test")
		u := modelstest.MustUser(t, b.tenant, "ana@example.com")
		app, _ := modelstest.MustApp(t, b.tenant, "Market", "https://market.example/cb")
		signIn := func(kind record.Kind, result record.Result, code int, up bool) func() error {
			return func() error {
				return b.tenant.LogSignIn(ctx, record.SignIn{Kind: kind, StartedAt: b.Now(), EndedAt: b.Now(), SignUp: up, App: record.Party{ID: app.ClientID}, User: record.Party{ID: u.ID},
					Outcome: record.Outcome{Result: result, Code: code}})
			}
		}
		seen := len(b.deliveries(models.DeliveryQuery{}))
		for _, c := range []struct {
			name string
			do   func() error
			want string
		}{
			{"a property changes", func() error {
				_, err := b.tenant.UpdateUser(ctx, by, u.ID, func(u *models.User) error { u.City = "Porto"; return nil })
				return err
			}, webhook.UserUpdated},
			{"nothing changes", func() error {
				_, err := b.tenant.UpdateUser(ctx, by, u.ID, func(u *models.User) error { u.City = "Porto"; return nil })
				return err
			}, ""},
			{"signed in", signIn(record.Interactive, record.Success, 0, false), webhook.UserSignedIn},
			{"tokens renewed", signIn(record.NonInteractive, record.Success, 0, false), ""},
			{"a machine", signIn(record.Service, record.Success, 0, false), ""},
			{"a wrong password", signIn(record.Interactive, record.Failure, 50126, false), ""},
			{"blocked by a policy", signIn(record.Interactive, record.Failure, 53003, false), webhook.UserSignInBlocked},
			{"a sign-up blocked by a policy", signIn(record.Interactive, record.Failure, 53003, true), webhook.UserSignUpBlocked},
			{"left", signIn(record.Interactive, record.Abandoned, 50140, false), ""},
			{"agreed", func() error { return b.tenant.SaveConsent(ctx, u.ID, app.ClientID, []string{"openid"}, b.Now()) }, webhook.ConsentGranted},
			{"agreed to nothing new", func() error { return b.tenant.SaveConsent(ctx, u.ID, app.ClientID, []string{"openid"}, b.Now()) }, ""},
			{"another password", func() error { return b.tenant.SetPassword(ctx, by, u.ID, models.PasswordChange{Hash: "$argon2id$x"}) }, webhook.UserPasswordChanged},
			{"deleted", func() error { return b.tenant.DeleteUser(ctx, by, u.ID) }, webhook.UserDeleted},
			{"restored", func() error { _, err := b.tenant.RestoreUser(ctx, by, u.ID); return err }, webhook.UserRestored},
		} {
			must(t, c.do())
			list := b.deliveries(models.DeliveryQuery{})
			got := ""
			for _, d := range list[:len(list)-seen] {
				got = strings.TrimSpace(d.Kind + " " + got)
			}
			seen = len(list)
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestWebhookFilters(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserSignedIn, webhook.UserUpdated}, Apps: []string{"MARKET"}})
		ctx := t.Context()
		u := modelstest.MustUser(t, b.tenant, "ana@example.com") // user.created: not subscribed to
		for _, app := range []string{"market", "other"} {
			must(t, b.tenant.LogSignIn(ctx, record.SignIn{Kind: record.Interactive, EndedAt: b.Now(), App: record.Party{ID: app}, User: record.Party{ID: u.ID}, Outcome: record.Outcome{Result: record.Success}}))
		}
		_, err := b.tenant.UpdateUser(ctx, audit.System("test"), u.ID, func(u *models.User) error { u.City = "Porto"; return nil }) // about no app
		must(t, err)
		if got := b.kinds(); got != "user.signedIn user.updated" {
			t.Errorf("got %q", got)
		}
		_, err = b.tenant.EnableWebhook(ctx, audit.System("test"), b.hook.ID, false)
		must(t, err)
		modelstest.MustUser(t, b.tenant, "bob@example.com")
		_, err = b.tenant.UpdateUser(ctx, audit.System("test"), u.ID, func(u *models.User) error { u.City = "Faro"; return nil })
		must(t, err)
		if got := len(b.deliveries(models.DeliveryQuery{})); got != 2 {
			t.Errorf("a paused webhook has %d deliveries", got)
		}
		if b.once() != 0 {
			t.Error("a paused webhook was sent to")
		}
	})
}

func TestWebhookRetriesAndDies(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		b.to.status(503)
		modelstest.MustUser(t, b.tenant, "ana@example.com")
		b.once()
		id := b.deliveries(models.DeliveryQuery{})[0].EventID
		modelstest.MustUser(t, b.tenant, "bob@example.com")
		if b.once() != 0 {
			t.Error("a receiver that is away was not left alone")
		}
		began := b.Now()
		for b.now().Enabled && b.Now().Sub(began) < 5*24*time.Hour {
			b.Clock.Advance(10 * time.Minute)
			b.once()
		}
		w := b.now()
		if lasted := b.Now().Sub(began); w.Enabled || w.PausedFor != models.WebhookFailing || lasted < webhook.Keep-2*time.Hour || lasted > webhook.Keep+time.Hour {
			t.Fatalf("%+v after %s", w, b.Now().Sub(began))
		}
		dead := b.deliveries(models.DeliveryQuery{State: "dead"})
		if len(dead) != 2 || dead[1].EventID != id || len(dead[1].Answers) > 10 || dead[1].Attempts < 70 {
			t.Fatalf("%d dead letters, %d attempts", len(dead), dead[1].Attempts)
		}
		told := 0
		for range 2 {
			must(t, b.tenant.TellWebhooks(t.Context(), func(*models.Tenant, models.Webhook) error { told++; return nil }))
		}
		if told != 1 {
			t.Errorf("admins were told %d times", told)
		}
		if _, err := b.tenant.RedeliverDead(t.Context(), audit.System("test"), models.DeliveryQuery{WebhookID: w.ID}); err == nil {
			t.Error("a paused webhook took dead letters")
		}
		_, err := b.tenant.EnableWebhook(t.Context(), audit.System("test"), w.ID, true)
		must(t, err)
		b.to.status(200)
		n, err := b.tenant.RedeliverDead(t.Context(), audit.System("test"), models.DeliveryQuery{WebhookID: w.ID})
		must(t, err)
		if before := b.to.got(); n != 2 || b.once() != 2 || b.to.got() != before+2 || !strings.Contains(strings.Join(b.to.bodies[before:], ""), id) {
			t.Errorf("%d redelivered, %d requests", n, b.to.got()-before)
		}
	})
}

func TestWebhookIsBack(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		b.to.status(500)
		for _, who := range []string{"a", "b", "c"} {
			modelstest.MustUser(t, b.tenant, who+"@example.com")
		}
		if b.once() != 3 { // nothing is known against it yet
			t.Fatal("not sent")
		}
		b.Clock.Advance(time.Hour)
		if b.once() != 1 {
			t.Error("more than one event tried whether it is back")
		}
		b.to.status(200)
		b.Clock.Advance(time.Hour)
		if b.once() != 1 || b.once() != 2 {
			t.Error("the others did not follow the first that arrived")
		}
	})
}

func TestWebhookGone(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		b.to.status(http.StatusGone)
		modelstest.MustUser(t, b.tenant, "ana@example.com")
		b.once()
		if w := b.now(); w.Enabled || w.PausedFor != models.WebhookGone {
			t.Errorf("%+v", w)
		}
		if d := b.deliveries(models.DeliveryQuery{}); !d[0].Dead() {
			t.Errorf("%+v", d[0])
		}
	})
}

// An instance that is killed after the receiver has taken an event, and before it wrote that down: it comes again, with
// the same id.
func TestWebhookAtLeastOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		modelstest.MustUser(t, b.tenant, "ana@example.com")
		killed := b.sends("killed")
		items, err := killed.Store.ClaimOutbox(t.Context(), "killed", b.Now(), time.Minute, 10)
		must(t, err)
		must(t, killed.Channels[webhook.Channel](t.Context(), items[0]))
		if b.once() != 0 {
			t.Error("what another instance holds was taken")
		}
		b.Clock.Advance(time.Minute + time.Second)
		if b.once() != 1 || b.to.got() != 2 || b.to.bodies[0] != b.to.bodies[1] || b.to.heads[0].Get("Portico-Delivery") != b.to.heads[1].Get("Portico-Delivery") {
			t.Errorf("%d requests", b.to.got())
		}
		if err := killed.Store.BuryOutbox(t.Context(), items[0].ID, "killed", "late"); err != nil || !b.deliveries(models.DeliveryQuery{})[0].Delivered() {
			t.Error("a late word counted")
		}
	})
}

func TestWebhookSecretIsReplaced(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		_, fresh, err := b.tenant.RenewWebhookSecret(t.Context(), audit.System("test"), b.hook.ID)
		must(t, err)
		for i, c := range []struct {
			later       time.Duration
			former, now bool
		}{{time.Second, true, true}, {webhook.Overlap - time.Minute, true, true}, {2 * time.Minute, false, true}} {
			b.Clock.Advance(c.later)
			modelstest.MustUser(t, b.tenant, string(rune('a'+i))+"@example.com")
			b.once()
			header, body := b.to.heads[i].Get("Portico-Signature"), b.to.bodies[i]
			if signedBy(b.secret, header, body) != c.former || signedBy(fresh, header, body) != c.now {
				t.Errorf("after %s: %s", c.later, header)
			}
		}
	})
}

// A tenant's slow receivers take their share and no more.
func TestWebhookShares(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		ctx, by := t.Context(), audit.System("test")
		for range 5 {
			_, _, err := b.tenant.CreateWebhook(ctx, by, webhook.Subscription{Name: "more", URL: b.to.URL, Events: []string{webhook.UserCreated}}, true, anySubscription)
			must(t, err)
		}
		other := modelstest.MustTenant(t, s.Store, "other")
		_, _, err := other.CreateWebhook(ctx, by, webhook.Subscription{Name: "theirs", URL: b.to.URL, Events: []string{webhook.UserCreated}}, true, anySubscription)
		must(t, err)
		for i := range 10 {
			modelstest.MustUser(t, b.tenant, string(rune('a'+i))+"@example.com")
		}
		modelstest.MustUser(t, other, "x@example.com")
		items, err := models.WebhookQueue{Store: s.Store}.ClaimOutbox(ctx, "w", b.Now(), time.Minute, 100)
		must(t, err)
		mine, theirs := 0, 0
		for _, it := range items {
			if it.TenantID == b.tenant.ID {
				mine++
			} else {
				theirs++
			}
		}
		if mine != 12 || theirs != 1 {
			t.Errorf("%d of the one, %d of the other", mine, theirs)
		}
	})
}

func TestWebhookDeliveriesAreForgotten(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		modelstest.MustUser(t, b.tenant, "ana@example.com")
		b.once()
		b.to.status(400)
		modelstest.MustUser(t, b.tenant, "bob@example.com")
		b.once()
		_, err := b.tenant.EnableWebhook(t.Context(), audit.System("test"), b.hook.ID, false)
		must(t, err)
		for _, c := range []struct {
			after time.Duration
			want  string
		}{{24 * time.Hour, "delivered pending"}, {3 * 24 * time.Hour, "delivered dead"}, {4 * 24 * time.Hour, "dead"}, {31 * 24 * time.Hour, ""}} {
			b.Clock.Advance(c.after)
			_, err := b.tenant.ExpireWebhookDeliveries(t.Context(), 100)
			must(t, err)
			var states []string
			for _, d := range b.deliveries(models.DeliveryQuery{}) {
				states = append([]string{d.State}, states...)
			}
			if got := strings.Join(states, " "); got != c.want {
				t.Errorf("after %s more: %q, want %q", c.after, got, c.want)
			}
		}
	})
}

func TestWebhookTest(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		b.to.status(500)
		it, err := b.tenant.BeginWebhookTest(t.Context(), audit.System("test"), b.hook.ID, "portal")
		must(t, err)
		if b.once() != 0 {
			t.Error("the worker took what somebody waits for")
		}
		must(t, b.courier.SendNow(t.Context(), b.worker.Store, it, "portal"))
		if d := b.deliveries(models.DeliveryQuery{})[0]; !d.Dead() || d.Kind != webhook.Test || d.Status != 500 {
			t.Errorf("%+v", d)
		}
		if w := b.now(); w.Failures != 0 || !w.Enabled {
			t.Error("a test was counted against the receiver")
		}
	})
}

// What is kept of events about somebody goes with them; that they are gone is told with nothing but their id.
func TestErasingAPersonErasesWhatWasToldAboutThem(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: every(), Profile: true})
		ctx, by := t.Context(), audit.System("test")
		other := modelstest.MustTenant(t, s.Store, "other")
		_, _, err := other.CreateWebhook(ctx, by, webhook.Subscription{Name: "theirs", URL: b.to.URL, Events: every()}, true, anySubscription)
		must(t, err)
		ana, bob := modelstest.MustUser(t, b.tenant, "ana@example.com"), modelstest.MustUser(t, b.tenant, "bob@example.com")
		must(t, other.LogSignIn(ctx, record.SignIn{Kind: record.Interactive, EndedAt: b.Now(), User: record.Party{ID: ana.ID}, Outcome: record.Outcome{Result: record.Success}}))
		b.to.status(400)
		b.once() // what arrived and what is tried again
		must(t, b.tenant.DeleteUser(ctx, by, ana.ID))
		must(t, b.tenant.PurgeUser(ctx, by, ana.ID))
		left := b.deliveries(models.DeliveryQuery{Subject: ana.ID})
		if len(left) != 1 || left[0].Kind != webhook.UserDeleted || !strings.Contains(left[0].Body, `"permanent":true`) || strings.Contains(left[0].Body, "ana@") {
			t.Errorf("%d are kept: %+v", len(left), left)
		}
		if len(b.deliveries(models.DeliveryQuery{Subject: bob.ID})) != 1 {
			t.Error("what was told about somebody else is gone")
		}
		if p, err := other.WebhookDeliveries(ctx, models.DeliveryQuery{Subject: ana.ID}); err != nil || len(p.Items) != 1 {
			t.Errorf("another tenant's are gone: %v", err)
		}
	})
}

// A server that hangs holds up neither another receiver of the same tenant nor one of another tenant, however much
// waits for it.
func TestHangingReceiverDelaysNobodyElse(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		b := newHookBench(t, s, webhook.Subscription{Events: []string{webhook.UserCreated}})
		ctx, by := t.Context(), audit.System("test")
		release, arrived := make(chan struct{}), make(chan string, 100)
		b.to.answers(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hooks" {
				<-release
			} else {
				arrived <- r.URL.Path
			}
		})
		quick := func(in *models.Tenant, path string) {
			_, _, err := in.CreateWebhook(ctx, by, webhook.Subscription{Name: path, URL: b.to.URL + path, Events: []string{webhook.UserCreated}}, true, anySubscription)
			must(t, err)
		}
		other := modelstest.MustTenant(t, s.Store, "other")
		quick(b.tenant, "/ours")
		quick(other, "/theirs")
		for i := range 8 {
			modelstest.MustUser(t, b.tenant, string(rune('a'+i))+"@example.com")
		}
		modelstest.MustUser(t, other, "x@example.com")
		b.worker.Parallel = 32
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { b.worker.Run(running, s.WebhooksQueued(), 20*time.Millisecond); close(ended) }()
		defer func() { close(release); stop(); <-ended }()
		got, late := map[string]int{}, time.After(2*time.Minute)
		for got["/ours"] < 8 || got["/theirs"] < 1 {
			select {
			case path := <-arrived:
				got[path]++
			case <-late:
				t.Fatalf("only %v arrived beside a receiver that hangs", got)
			}
		}
	})
}

// BenchmarkSignInWithWebhook says what a subscription costs the request that signs somebody in.
func BenchmarkSignInWithWebhook(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(map[bool]string{false: "none", true: "one"}[with], func(b *testing.B) {
			s := modelstest.OpenScratch(b, modelstest.SQLite)
			tn := modelstest.MustTenant(b, s.Store, "shop")
			if with {
				_, _, err := tn.CreateWebhook(context.Background(), audit.System("bench"), webhook.Subscription{Name: "x", URL: "https://example.com", Events: []string{webhook.UserSignedIn}}, true, anySubscription)
				if err != nil {
					b.Fatal(err)
				}
			}
			u := modelstest.MustUser(b, tn, "ana@example.com")
			b.ResetTimer()
			for b.Loop() {
				if err := tn.RecordSignIn(context.Background(), record.SignIn{Kind: record.Interactive, StartedAt: s.Now(), EndedAt: s.Now(), App: record.Party{ID: "app"}, User: record.Party{ID: u.ID}, Outcome: record.Outcome{Result: record.Success}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
