package extension

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"portico/app/outbound"
)

// bench is an API on this machine, an extension that is it, and a caller that may reach it.
type bench struct {
	*Caller
	conf   *Configuration
	chosen Chosen
}

func newBench(t testing.TB, e Event, answer http.HandlerFunc) *bench {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // else the server does not notice that the caller went away
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return benchAt(t, e, srv.URL)
}

func benchAt(t testing.TB, e Event, at string) *bench {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{}
	b.Caller = NewCaller(Options{Client: &outbound.Client{Allow: allow}, Now: time.Now, NewID: func() string { return "call" },
		Bearer: func(context.Context, string, API) (string, time.Time, error) {
			return "bearer-of-the-tenant", time.Now().Add(time.Hour), nil
		},
		Open: func(string, []byte) ([]byte, error) { return []byte("signing secret"), nil }})
	host := "127.0.0.1"
	if u, err := url.Parse(at); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	x := &Extension{ID: "e", Name: "An API", Event: e, URL: at, Resource: "api://" + host + "/app", Timeout: 20_000, Enabled: true} // what hangs is given less by its test
	b.conf = &Configuration{Extensions: map[string]*Extension{"e": x}, APIs: map[string]API{"api://" + host + "/app": {ClientID: "app", Enabled: true, Granted: true}}}
	b.chosen = Chosen{Listener{ID: "l", Event: e, Extension: "e", AllApps: true, Enabled: true}, x}
	return b
}

func (b *bench) ask(t testing.TB) Result {
	o := Sample(b.chosen.Extension.Event)
	o.TenantID, o.Tenant, o.App = "tenant", "slug", Principal{"object", "client", "An app"}
	return b.Call(t.Context(), b.conf, b.chosen, &o)
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}
}

func answerOf(e Event, action string) string {
	return `{"data":{"@odata.type":"` + e.ResponseType() + `","actions":[` + action + `]}}`
}

const claimsAction = `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"tier":"gold"}}`

// TestBadAnswers: whatever an API does, there is a code, the declared failure and a record, and nothing hangs (R 8.9.3, R 16.5).
func TestBadAnswers(t *testing.T) {
	good := answerOf(TokenIssuanceStart, claimsAction)
	claims := func(s string) string {
		return answerOf(TokenIssuanceStart, `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":`+s+`}`)
	}
	for _, tc := range []struct {
		name string
		does http.HandlerFunc
		want Code // 0 = it counts
	}{
		{"as it should be", says(good), 0},
		{"types in other letters, as some samples have them", says(strings.ToLower(good)), 0},
		{"a byte order mark", says("\xef\xbb\xbf" + good), 0},
		{"texts and lists", says(claims(`{"a":"x","b":["y","z"],"c":null}`)), 0},
		{"status 201", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); says(good)(w, r) }, InvalidStatus},
		{"status 401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, InvalidStatus},
		{"status 500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, InvalidStatus},
		{"a redirect inside", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://169.254.169.254/", 302) }, InvalidStatus},
		{"it hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, TimedOut},
		{"a slow drip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				<-time.After(20 * time.Millisecond)
			}
		}, TimedOut},
		{"it hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ConnectionError},
		{"another type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, good)
		}, InvalidContentType},
		{"nothing", says(""), EmptyResponse},
		{"white space", says(" \n"), EmptyResponse},
		{"no JSON", says("hello"), InvalidBody},
		{"half of it", says(good[:50]), InvalidBody},
		{"more behind it", says(good + "x"), InvalidBody},
		{"a list", says("[]"), InvalidBody},
		{"no data", says(`{}`), InvalidBody},
		{"not UTF-8", says(strings.Replace(good, "gold", "\xff", 1)), InvalidBody},
		{"a thousand levels", says(claims(strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000))), ClaimsTooLarge},
		{"the type of another event", says(strings.Replace(good, "onTokenIssuanceStartResponseData", "onOtpSendResponseData", 1)), InvalidSchema},
		{"no type", says(`{"data":{"actions":[` + claimsAction + `]}}`), InvalidSchema},
		{"no action", says(answerOf(TokenIssuanceStart, "")), InvalidActionCount},
		{"no list of actions", says(`{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData"}}`), InvalidActionCount},
		{"two actions", says(answerOf(TokenIssuanceStart, claimsAction+","+claimsAction)), InvalidActionCount},
		{"actions is an object", says(`{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":{}}}`), InvalidBody},
		{"an unknown action", says(answerOf(TokenIssuanceStart, `{"@odata.type":"microsoft.graph.tokenIssuanceStart.openTheDoor"}`)), InvalidActionType},
		{"an action of another event", says(answerOf(TokenIssuanceStart, `{"@odata.type":"microsoft.graph.OtpSend.continueWithDefaultBehavior"}`)), InvalidActionType},
		{"an action without a type", says(answerOf(TokenIssuanceStart, `{}`)), InvalidActionType},
		{"an action that is none", says(answerOf(TokenIssuanceStart, `7`)), InvalidBody},
		{"null claims", says(claims("null")), NullClaims},
		{"no claims", says(strings.Replace(good, `,"claims":{"tier":"gold"}`, "", 1)), NullClaims},
		{"a claim without a name", says(claims(`{"":"x"}`)), EmptyClaimName},
		{"a number", says(claims(`{"a":1}`)), InvalidBody},
		{"yes", says(claims(`{"a":true}`)), InvalidBody},
		{"an object", says(claims(`{"a":{}}`)), InvalidBody},
		{"a list with null", says(claims(`{"a":["x",null]}`)), InvalidBody},
		{"four kilobytes of claims", says(claims(`{"a":"` + strings.Repeat("x", 4<<10) + `"}`)), ClaimsTooLarge},
		{"a large body", says(good + strings.Repeat(" ", MaxAnswer)), ResponseTooLarge},
		{"a body without an end", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for chunk := strings.Repeat("x", 64<<10); r.Context().Err() == nil; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		}, ResponseTooLarge},
		{"a packed bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for chunk := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(z, chunk); err != nil {
					return
				}
			}
		}, ResponseTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, TokenIssuanceStart, tc.does)
			if tc.want == TimedOut {
				b.chosen.Extension.Timeout = 300
			}
			start := time.Now()
			r := b.ask(t)
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			if r.Call.Code != tc.want || r.Answered() != (tc.want == 0) {
				t.Fatalf("%d %s %q, want %d", r.Call.Code, r.Call.Detail, r.Call.Response, tc.want)
			}
			if tc.want != 0 && (r.Failure != Block || r.Call.OnFailure != Block || r.Answer.Action != "" || r.Call.Code.Name() == "" || len(r.Call.Attempts) != 1) {
				t.Errorf("%+v", r)
			}
			if len(r.Call.Response) > maxKept+4 || strings.Contains(r.Call.Response+r.Call.Request+r.Call.Detail, "bearer-of") {
				t.Error("the record has too much")
			}
		})
	}
}

// TestWhatIsNotCalled: a registration that is not in order, a place that is not allowed, and a name that leads inside.
func TestWhatIsNotCalled(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(b *bench)
		want   Code
	}{
		{"the identifier URI of another domain", func(b *bench) { b.chosen.Extension.Resource = "api://other.example/app" }, DomainMismatch},
		{"no identifier URI", func(b *bench) { b.chosen.Extension.Resource = "app" }, BadResourceID},
		{"no such registration", func(b *bench) { b.conf.APIs = nil }, ResourceNotFound},
		{"a registration that is switched off", func(b *bench) { b.api(func(a *API) { a.Enabled = false }) }, ResourceDisabled},
		{"a registration without the permission", func(b *bench) { b.api(func(a *API) { a.Granted = false }) }, PermissionNotGranted},
		{"the registration of another app id", func(b *bench) { b.api(func(a *API) { a.ClientID = "other" }) }, BadResourceID},
		{"no extension", func(b *bench) { b.chosen.Extension = nil }, NotFound},
		{"an extension of another event", func(b *bench) { b.chosen.Extension.Event = PasswordSubmit }, NotFound},
		{"plain http on the internet", func(b *bench) { b.chosen.Extension.URL = "http://api.example/" }, BadTargetURL},
		{"no URL", func(b *bench) { b.chosen.Extension.URL = "::" }, BadTargetURL},
		{"a file", func(b *bench) { b.chosen.Extension.URL = "file:///etc/passwd" }, BadTargetURL},
		{"a private address", func(b *bench) { b.to("https://10.0.0.1/") }, BadTargetURL},
		{"the metadata service", func(b *bench) { b.to("https://169.254.169.254/") }, BadTargetURL},
		{"a name that leads inside", func(b *bench) {
			b.o.Client.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("10.1.2.3")}, nil
			}
			b.to("https://api.example/")
		}, ConnectionError},
		{"a name that leads nowhere", func(b *bench) {
			b.o.Client.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
			b.to("https://api.example/")
		}, ConnectionError},
		{"no token", func(b *bench) {
			b.o.Bearer = func(context.Context, string, API) (string, time.Time, error) {
				return "", time.Time{}, errors.New("no key")
			}
		}, Unexpected},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var reached atomic.Bool
			b := newBench(t, TokenIssuanceStart, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
			tc.change(b)
			o := Sample(TokenIssuanceStart)
			o.TenantID = "tenant"
			r := b.Call(t.Context(), b.conf, b.chosen, &o)
			if r.Call.Code != tc.want || r.Failure != Block || reached.Load() {
				t.Errorf("%d %s, reached %v; want %d", r.Call.Code, r.Call.Detail, reached.Load(), tc.want)
			}
		})
	}
	t.Run("a certificate of nobody", func(t *testing.T) {
		srv := httptest.NewTLSServer(says(answerOf(TokenIssuanceStart, claimsAction)))
		defer srv.Close()
		if r := benchAt(t, TokenIssuanceStart, srv.URL).ask(t); r.Call.Code != ConnectionError {
			t.Errorf("%d %s", r.Call.Code, r.Call.Detail)
		}
	})
}

func (b *bench) api(change func(*API)) {
	for k, a := range b.conf.APIs {
		change(&a)
		b.conf.APIs[k] = a
	}
}

func (b *bench) to(at string) {
	u, _ := url.Parse(at)
	b.chosen.Extension.URL, b.chosen.Extension.Resource = at, "api://"+u.Hostname()+"/app"
	b.conf.APIs["api://"+u.Hostname()+"/app"] = API{ClientID: "app", Enabled: true, Granted: true}
}

// TestRetry: once more where the API is in trouble, with the same key, and never where it answered.
func TestRetry(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first http.HandlerFunc
		calls int32
		code  Code
	}{
		{"status 503 once", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, 2, 0},
		{"a hang once", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 2, 0},
		{"hanging up once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 2, 0},
		{"status 400", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, 1, InvalidStatus},
		{"nonsense", says("x"), 1, InvalidBody},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n atomic.Int32
			keys := make(chan string, 4)
			b := newBench(t, TokenIssuanceStart, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				keys <- r.Header.Get("Idempotency-Key")
				if n.Add(1) == 1 {
					tc.first(w, r)
					return
				}
				says(answerOf(TokenIssuanceStart, claimsAction))(w, r)
			})
			b.chosen.Extension.Retries, b.chosen.Extension.Timeout = 1, 3000
			r := b.ask(t)
			if n.Load() != tc.calls || r.Call.Code != tc.code || len(r.Call.Attempts) != int(tc.calls) {
				t.Errorf("asked %d times: %d %s", n.Load(), r.Call.Code, r.Call.Detail)
			}
			for range tc.calls {
				if k := <-keys; k != "call" {
					t.Errorf("key %q", k)
				}
			}
		})
	}
}

// TestCircuit: a dead API is not asked for a while, and an admin's trial goes through all the same.
func TestCircuit(t *testing.T) {
	var n, status atomic.Int32
	status.Store(500)
	b := newBench(t, TokenIssuanceStart, func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.WriteHeader(int(status.Load()))
	})
	var told []string
	outcomes := map[string]int{}
	b.o.Turned = func(tenant, name string, open bool, reason string) {
		told = append(told, fmt.Sprint(tenant, " ", name, " ", open, " ", reason))
	}
	b.o.Counted = func(e Event, outcome string) { outcomes[outcome]++ }
	for range failuresToOpen {
		b.ask(t)
	}
	r := b.ask(t)
	if r.Call.Code != Blocked || r.Call.Circuit != Open || n.Load() != failuresToOpen || len(r.Call.Attempts) != 0 {
		t.Fatalf("%d calls, then %+v", n.Load(), r.Call)
	}
	if s := b.Circuit("tenant", "e").State(time.Now()); s != Open {
		t.Errorf("the portal is told %s", s)
	}
	o := Sample(TokenIssuanceStart)
	o.TenantID = "tenant"
	if r := b.Try(t.Context(), b.conf, b.chosen, &o, Trial{}); r.Call.Status != 500 || !r.Call.Trial {
		t.Errorf("a trial: %+v", r.Call)
	}
	b.o.Now = func() time.Time { return time.Now().Add(firstPause) }
	if r := b.ask(t); r.Call.Status != 500 || r.Call.Circuit != HalfOpen {
		t.Errorf("after the pause: %+v", r.Call)
	}
	if n := b.OpenCircuits(); n != 1 {
		t.Errorf("%d circuits are open", n)
	}
	status.Store(404) // alive
	b.o.Now = func() time.Time { return time.Now().Add(time.Minute) }
	b.ask(t)
	if want := []string{"slug An API true the API answered with status 500", "slug An API false the API answered with status 404"}; !slices.Equal(told, want) || b.OpenCircuits() != 0 {
		t.Errorf("%q, %d open", told, b.OpenCircuits())
	}
	if outcomes["failed"] != failuresToOpen+2 || outcomes["not called"] != 1 {
		t.Errorf("%v", outcomes)
	}
}

// TestRate: fifty calls a second for all extensions of a tenant, and another tenant has its own.
func TestRate(t *testing.T) {
	b := newBench(t, TokenIssuanceStart, says(answerOf(TokenIssuanceStart, claimsAction)))
	now := time.Now()
	b.o.Now = func() time.Time { return now }
	for i := range CallsPerSecond {
		if r := b.ask(t); !r.Answered() {
			t.Fatalf("call %d: %d %s", i, r.Call.Code, r.Call.Detail)
		}
	}
	if r := b.ask(t); r.Call.Code != Throttled {
		t.Errorf("one more: %d", r.Call.Code)
	}
	o := Sample(TokenIssuanceStart)
	o.TenantID = "another"
	if r := b.Call(t.Context(), b.conf, b.chosen, &o); !r.Answered() {
		t.Errorf("another tenant: %d", r.Call.Code)
	}
}

// TestAnswers: each event's answers, field by field.
func TestAnswers(t *testing.T) {
	attributes := `"givenName":"Ann","loyaltyNumber":42,"newsletter":false,"unknown":"ignored","surname":null`
	values := map[string]any{"givenName": "Ann", "loyaltyNumber": int64(42), "newsletter": false}
	for _, tc := range []struct {
		event  Event
		action string
		want   string // the answer as JSON, or the code
	}{
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.continueWithDefaultBehavior"}`, `{"Action":"continueWithDefaultBehavior"}`},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.setPrefillValues","inputs":{` + attributes + `}}`, fmt.Sprintf(`{"Action":"setPrefillValues","Values":%s}`, text(values))},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.showBlockPage","title":"No","message":"<b>Not\u0007 today\u202e</b>"}`, `{"Action":"showBlockPage","Title":"No","Message":"<b>Not today</b>"}`},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.showBlockPage","title":"No"}`, `{"Action":"showBlockPage","Title":"No"}`},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.showBlockPage","message":7}`, "1003003"},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionStart.setPrefillValues","inputs":{"loyaltyNumber":"42"}}`, "1003003"},
		{AttributeCollectionStart, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{}}`, "1003012"},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{` + attributes + `}}`, fmt.Sprintf(`{"Action":"modifyAttributeValues","Values":%s}`, text(values))},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{"newsletter":"yes"}}`, "1003003"},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":{"loyaltyNumber":4.2}}`, "1003003"},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showValidationError","message":"Mend it","attributeErrors":{"givenName":"Too short","unknown":"x"}}`, `{"Action":"showValidationError","Errors":{"givenName":"Too short"},"Message":"Mend it"}`},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showValidationError"}`, `{"Action":"showValidationError","Errors":{}}`},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showValidationError","attributeErrors":7}`, "1003003"},
		{AttributeCollectionSubmit, `{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showBlockPage","title":"T","message":"M"}`, `{"Action":"showBlockPage","Title":"T","Message":"M"}`},
		{OtpSend, `{"@odata.type":"microsoft.graph.OtpSend.continueWithDefaultBehavior"}`, `{"Action":"continueWithDefaultBehavior"}`},
	} {
		o := Sample(tc.event)
		a, f := Parse(&o, []byte(answerOf(tc.event, tc.action)))
		got := fmt.Sprint(text(a))
		if f != nil {
			got = fmt.Sprint(int(f.Code))
		}
		var want, have map[string]any
		_ = json.Unmarshal([]byte(tc.want), &want)
		_ = json.Unmarshal([]byte(got), &have)
		for k, v := range have {
			if v == nil || v == "" {
				delete(have, k)
			}
		}
		if text(have) != text(want) || want == nil && got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.event, tc.action, text(have), tc.want)
		}
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// TestPasswordSubmit: only who holds the private key reads the password, and only the nonce inside opens the answer. The
// record has neither.
func TestPasswordSubmit(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		nonce  func(string) string
		action string
		want   Code
	}{
		{"migrate", func(n string) string { return n }, "MigratePassword", 0},
		{"another nonce", func(n string) string { return n + "x" }, "MigratePassword", InvalidBody},
		{"no nonce", func(string) string { return "" }, "Retry", InvalidBody},
		{"an action that there is not", func(n string) string { return n }, "LetIn", InvalidActionType},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, PasswordSubmit, func(w http.ResponseWriter, r *http.Request) {
				var p Payload
				_ = json.NewDecoder(r.Body).Decode(&p)
				jwe, err := jose.ParseEncryptedCompact(p.Data.Encrypted, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
				if err != nil {
					t.Error(err)
					return
				}
				if jwe.Header.KeyID != "the key" {
					t.Errorf("kid %q", jwe.Header.KeyID)
				}
				plain, err := jwe.Decrypt(key)
				if err != nil {
					t.Error(err)
				}
				var c passwordContext
				_ = json.Unmarshal(plain, &c)
				if c.Password != "not a real password" || c.UserName != "mia.sample@example.com" {
					t.Errorf("inside: %+v", c)
				}
				says(`{"data":{"@odata.type":"microsoft.graph.onPasswordSubmitResponseData","nonce":"`+tc.nonce(c.Nonce)+`","echo":"`+c.Password+`",
					"actions":[{"@odata.type":"microsoft.graph.passwordSubmit.`+tc.action+`"}]}}`)(w, r)
			})
			b.api(func(a *API) { a.Keys = append(a.Keys, EncryptionKey{ID: "the key", Public: key.Public()}) })
			r := b.ask(t)
			if r.Call.Code != tc.want || r.Answered() != (tc.want == 0) {
				t.Errorf("%d %s", r.Call.Code, r.Call.Detail)
			}
			if kept := text(r.Call); strings.Contains(kept, "not a real password") || strings.Contains(kept, "c2FtcGxlLW5vbmNl") {
				t.Errorf("the record has a secret: %s", kept)
			}
		})
	}
	b := newBench(t, PasswordSubmit, says("{}"))
	if r := b.ask(t); r.Call.Code != ResourceNotFound || len(r.Call.Attempts) != 0 {
		t.Errorf("without a key: %d", r.Call.Code)
	}
}

// TestOtpIsNotKept: the code reaches the API and not the record.
func TestOtpIsNotKept(t *testing.T) {
	keyed := newBench(t, OtpSend, func(w http.ResponseWriter, r *http.Request) {
		if k := r.Header.Get("Idempotency-Key"); k != "the item" {
			t.Errorf("key %q", k)
		}
		w.WriteHeader(500)
	})
	for range 2 * failuresToOpen { // a trial's failures are not the API's
		o := Sample(OtpSend)
		o.TenantID, o.Key, o.Trial = "tenant", "the item", true
		if r := keyed.Call(t.Context(), keyed.conf, keyed.chosen, &o); !r.Call.Trial || r.Call.Code != InvalidStatus {
			t.Errorf("%+v", r.Call)
		}
	}
	if s := keyed.Circuit("tenant", "e").State(time.Now()); s != Closed {
		t.Errorf("the circuit is %s", s)
	}
	b := newBench(t, OtpSend, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), `"oneTimeCode":"12345678"`) || !strings.Contains(string(body), `"requestType":"signIn"`) {
			t.Errorf("sent %s", body)
		}
		says(strings.Replace(answerOf(OtpSend, `{"@odata.type":"microsoft.graph.OtpSend.continueWithDefaultBehavior"}`), "{", `{"echo":"12345678",`, 1))(w, r)
	})
	b.chosen.Extension.URL += "?code=a-key"
	r := b.ask(t)
	if kept := text(r.Call); !r.Answered() || strings.Contains(kept, "12345678") || strings.Contains(kept, "a-key") {
		t.Errorf("%s", kept)
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range Events() {
		for _, a := range e.Actions() {
			f.Add(string(e), answerOf(e, `{"@odata.type":"`+e.WireAction(a)+`","claims":{"a":["b"]},"inputs":{"givenName":"x"},"attributes":{},"title":"t","message":"m"}`))
		}
	}
	f.Add(string(TokenIssuanceStart), `{"data":{"actions":[null]}}`)
	f.Add(string(TokenIssuanceStart), answerOf(TokenIssuanceStart, `{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"a":[{"b":"[\\\"["}],"c":"d"}}`))
	f.Fuzz(func(t *testing.T, event, body string) {
		o := Sample(Event(event))
		o.AnyJSON = []string{"a"}
		a, bad := Parse(&o, []byte(body))
		if bad != nil && (a.Action != "" || bad.Code.Name() == "") {
			t.Errorf("%+v %v", a, bad)
		}
		if bad == nil && a.Action == "" {
			t.Error("an answer without an action")
		}
		if _, err := json.Marshal(a); err != nil {
			t.Errorf("an answer that cannot be written: %v", err)
		}
		for name := range a.Values {
			if _, ok := o.SignUp.attribute(name); !ok {
				t.Errorf("an attribute %q that nobody collects", name)
			}
		}
	})
}

// FuzzCheckResource: what passes names the host that is called and one app id, whatever else is in it.
func FuzzCheckResource(f *testing.F) {
	for _, s := range []string{"api://api.example/app", "api://api.example", "api:///app", "api://api.example/a/b", "https://api.example/app", "api://API.example/app"} {
		f.Add(s, "api.example")
	}
	f.Fuzz(func(t *testing.T, resource, host string) {
		bad := CheckResource(resource, host)
		if bad != nil && bad.Code != BadResourceID && bad.Code != DomainMismatch {
			t.Errorf("%d", bad.Code)
		}
		if bad == nil && (host == "" || !strings.HasPrefix(resource, "api://") || strings.Count(resource[6:], "/") != 1 || !strings.EqualFold(resource[6:strings.LastIndexByte(resource, '/')], host)) {
			t.Errorf("%q fits %q", resource, host)
		}
	})
}

// BenchmarkCall is what a call adds besides the API's own time: loopback, a kept connection.
func BenchmarkCall(b *testing.B) {
	api := newBench(b, TokenIssuanceStart, says(answerOf(TokenIssuanceStart, claimsAction)))
	var ticks atomic.Int64
	start := time.Now()
	api.o.Now = func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Second) } // past the rate
	for b.Loop() {
		if r := api.ask(b); !r.Answered() {
			b.Fatal(r.Call.Detail)
		}
	}
}

// TestIdentifiersAreGUIDs: an API in .NET reads them as such, and answers with an error to anything else (R 8.3): neither a
// name that somebody gave a request nor a sample without a listener may make it fail.
func TestIdentifiersAreGUIDs(t *testing.T) {
	const mine = "0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11"
	for _, said := range []string{"", "df1n-50b4-ff1h", strings.Repeat("x", 64), mine} {
		var header string
		var body struct {
			Data struct {
				ListenerID string                         `json:"authenticationEventListenerId"`
				Context    struct{ CorrelationID string } `json:"authenticationContext"`
			}
		}
		b := newBench(t, TokenIssuanceStart, func(w http.ResponseWriter, r *http.Request) {
			header = r.Header.Get("x-ms-client-request-id")
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			says(answerOf(TokenIssuanceStart, claimsAction))(w, r)
		})
		b.chosen.Listener.ID = ""
		o := Sample(TokenIssuanceStart)
		o.CorrelationID = said
		r := b.Call(t.Context(), b.conf, b.chosen, &o)
		sent := body.Data.Context.CorrelationID
		if id, err := uuid.Parse(sent); err != nil || id == uuid.Nil || header != sent || r.Call.CorrelationID != sent || said == mine && sent != mine {
			t.Errorf("%q became %q, %q in the header, %q in the record", said, sent, header, r.Call.CorrelationID)
		}
		if id, err := uuid.Parse(body.Data.ListenerID); err != nil || id == uuid.Nil {
			t.Errorf("listener %q", body.Data.ListenerID)
		}
	}
}
