package admin

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"portico/app/extension"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// askers asks extensions at this machine with a token that is none.
func askers(t *testing.T, clock func() time.Time, open func(string, []byte) ([]byte, error)) *extension.Caller {
	t.Helper()
	return extension.NewCaller(extension.Options{Client: providerNet(t, clock).Client, Now: clock, NewID: models.NewID, Open: open,
		Bearer: func(context.Context, string, extension.API) (string, time.Time, error) {
			return "token-of-the-test", clock().Add(time.Hour), nil
		}})
}

// hook is an API that answers with what it is told to, and remembers what it was sent.
type hook struct {
	*httptest.Server
	answer   string
	auth     []string
	payloads []string
}

func newHook(t *testing.T, host, answer string) *hook {
	h := &hook{answer: answer}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.auth, h.payloads = append(h.auth, r.Header.Get("Authorization")), append(h.payloads, string(b))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, h.answer)
	}))
	at, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Listener.Close()
	h.Listener = at
	h.Start()
	t.Cleanup(h.Close)
	return h
}

const goldTier = `{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"tier":"gold"}}]}}`

// extended is an extension with a listener, whose API is registered.
func (b *bench) extended(event extension.Event, url string, app models.Application) models.AuthExtension {
	b.Helper()
	x, err := b.shop.CreateExtension(b.Context(), modelstest.Actor(), extension.Extension{Event: event, Name: "Loyalty", URL: url, Resource: identifierOf(url, app.ClientID), Enabled: true, Claims: []string{"tier"}},
		func(*extension.Extension) fault.Fields { return nil })
	b.must(err)
	_, err = b.shop.UpdateApplication(b.Context(), modelstest.Actor(), app.ID, func(a *models.Application) error {
		a.Spec.IdentifierURIs, a.Spec.Permissions = []string{x.Resource}, []string{extension.ReceivePermission}
		return nil
	})
	b.must(err)
	return x
}

func (b *bench) listener(x models.AuthExtension) models.EventListener {
	b.Helper()
	l, err := b.shop.CreateListener(b.Context(), modelstest.Actor(), extension.Listener{Event: x.Event, Extension: x.ID, AllApps: true, Priority: extension.DefaultPriority, Enabled: true})
	b.must(err)
	return l
}

const extensionsAt = "/admin/t/shop/extensions"

func TestSettingUpAnExtension(t *testing.T) {
	b := newBench(t)
	w, th := b.global(), b.things()
	if a := w.get(extensionsAt); a.status != 200 || !strings.Contains(a.body, "None yet") || !strings.Contains(a.body, "Token issuance start") {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	form := w.get(extensionsAt + "/new?event=onTokenIssuanceStart")
	if form.status != 200 || !strings.Contains(form.body, `name="claims"`) || !strings.Contains(text(form.body), "Nothing changes for customers yet") {
		t.Errorf("%d %s", form.status, text(form.body))
	}
	if a := w.get(extensionsAt + "/new?event=onTeaTime"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
	// What is wrong stands beside its field, and nothing that was typed is lost.
	bad := w.post(extensionsAt, "event", "onTokenIssuanceStart", "displayName", "", "targetUrl", "http://hooks.example/x", "api", th.app.ClientID, "timeoutInMilliseconds", "5", "maximumRetries", "1", "claims", "tier\nshop", "description", "<b>ours</b>")
	for _, says := range []string{"Give it a name", "This address cannot be called", "Choose between 200 and 2000", "http://hooks.example/x", "tier\nshop", "&lt;b&gt;ours"} {
		if bad.status != 422 || !strings.Contains(bad.body, says) {
			t.Errorf("%d lacks %q: %s", bad.status, says, text(bad.body))
		}
	}
	made := w.post(extensionsAt, "event", "onTokenIssuanceStart", "displayName", "Loyalty", "targetUrl", "https://hooks.example/tier", "api", th.app.ClientID, "timeoutInMilliseconds", "1500", "maximumRetries", "1", "claims", "tier", "signed", "yes")
	if made.status != 303 {
		t.Fatalf("%d %s", made.status, text(made.body))
	}
	all, err := b.shop.Extensions(t.Context())
	b.must(err)
	x := all[0]
	if x.Resource != "api://hooks.example/"+th.app.ClientID || x.Timeout != 1500 || x.Retries != 1 || !x.Signed || x.Claims[0] != "tier" {
		t.Errorf("%+v", x)
	}
	at := extensionsAt + "/" + x.ID
	page := w.get(at)
	for _, says := range []string{"Signing secret", "99045fe1-7639-4a75-9d4a-577b6ca3810f", th.app.ClientID, "/v2.0", "It cannot be called: The application “" + th.app.Name + "” is not set up", "Set the application up", "None: nobody asks this API"} {
		if !strings.Contains(text(page.body), says) {
			t.Errorf("lacks %q: %s", says, text(page.body))
		}
	}
	if again := w.get(at); strings.Contains(again.body, "Copy it now") {
		t.Error("the secret is shown twice")
	}
	if a := w.post(at + "/registration"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if a := w.get(at); strings.Contains(text(a.body), "It cannot be called") {
		t.Errorf("%s", text(a.body))
	}
	// A listener says in words what its failure means.
	const listeners = extensionsAt + "/listeners"
	form = w.get(listeners + "/new?extension=" + x.ID)
	for _, says := range []string{"nobody gets a token for these apps", "tokens are issued without its claims", "Stop (usual)"} {
		if form.status != 200 || !strings.Contains(form.body, says) {
			t.Errorf("%d lacks %q", form.status, says)
		}
	}
	bad = w.post(listeners, "event", "onTokenIssuanceStart", "extension", x.ID, "displayName", "Tiers", "scope", "some", "onFailure", "continue", "priority", "soon")
	if bad.status != 422 || !strings.Contains(bad.body, "soon") || !strings.Contains(bad.body, "Tiers") {
		t.Errorf("%d %s", bad.status, text(bad.body))
	}
	if bad = w.post(listeners, "event", "onTokenIssuanceStart", "extension", x.ID, "scope", "some", "onFailure", "fallback", "priority", "5"); bad.status != 422 || !strings.Contains(bad.body, "Choose at least one application") || !strings.Contains(bad.body, "Choose one of the ways that this event allows") {
		t.Errorf("%d %s", bad.status, text(bad.body))
	}
	if a := w.post(listeners, "event", "onTokenIssuanceStart", "extension", x.ID, "displayName", "Tiers", "scope", "some", "apps", th.app.ClientID, "onFailure", "continue", "priority", "700"); a.status != 303 || a.location != at {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	list, err := b.shop.Listeners(t.Context())
	b.must(err)
	l := list[0]
	if l.OnFailure != extension.Continue || l.Priority != 700 || l.Apps[0] != th.app.ClientID || !l.Enabled {
		t.Errorf("%+v", l)
	}
	if a := w.get(at + "/disable"); !strings.Contains(text(a.body), "Tokens lack the claims that come from it") || !strings.Contains(text(a.body), "Market") {
		t.Errorf("%s", text(a.body))
	}
	if a := w.get(listeners + "/" + l.ID + "/disable"); !strings.Contains(text(a.body), "no longer asked for: Market") {
		t.Errorf("%s", text(a.body))
	}
	if a := w.post(listeners+"/"+l.ID+"/enabled", "enabled", ""); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if a := w.post(at + "/delete"); a.status != 303 || a.location != at {
		t.Errorf("%d %s: one that a listener names stays", a.status, a.location)
	}
	if a := w.post(listeners + "/" + l.ID + "/delete"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if a := w.post(at + "/delete"); a.status != 303 || a.location != extensionsAt {
		t.Errorf("%d %s", a.status, a.location)
	}
}

func TestSamplesAndReplays(t *testing.T) {
	b := newBench(t)
	w, th := b.global(), b.things()
	api, other := newHook(t, "127.0.0.1", goldTier), newHook(t, "127.0.0.2", strings.Replace(goldTier, "gold", "silver", 1))
	x := b.extended(extension.TokenIssuanceStart, api.URL+"/tier?key=s3cr3t-key", th.app)
	at := extensionsAt + "/" + x.ID
	if a := w.post(at+"/try", "app", th.app.ClientID, "url", "http://10.0.0.1/x"); a.status != 422 || !strings.Contains(a.body, "http://10.0.0.1/x") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(at+"/try", "app", th.app.ClientID, "person", "nobody at all"); a.status != 422 || !strings.Contains(a.body, "Nobody was found") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	sent := w.post(at+"/try", "app", th.app.ClientID)
	if sent.status != 303 || len(api.payloads) != 1 || !strings.Contains(api.payloads[0], "Mia Sample") || api.auth[0] != "Bearer token-of-the-test" {
		t.Fatalf("%d %s %v %v", sent.status, text(sent.body), api.payloads, api.auth)
	}
	page := w.get(sent.location)
	for _, says := range []string{"Answered", "Gave claims", "tier", "gold", "Mia Sample"} {
		if !strings.Contains(page.body, says) {
			t.Errorf("lacks %q: %s", says, text(page.body))
		}
	}
	if strings.Contains(page.body, "s3cr3t") || strings.Contains(page.body, "token-of-the-test") {
		t.Error("a secret is shown")
	}
	// The same question at another host: the answers are compared, and our token stays here.
	replay := w.post(sent.location+"/replay", "url", other.URL)
	if replay.status != 303 || len(other.payloads) != 1 || other.payloads[0] != api.payloads[0] || other.auth[0] != "" {
		t.Fatalf("%d %s %v %q", replay.status, text(replay.body), other.payloads, other.auth)
	}
	page = w.get(replay.location)
	if !strings.Contains(page.body, "silver") || !strings.Contains(page.body, "gold") || !strings.Contains(text(page.body), "claims.tier") {
		t.Errorf("%s", text(page.body))
	}
	// A failed call says in plain words what was wrong.
	api.answer = `{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[]}}<script>alert(1)</script>`
	sent = w.post(at+"/try", "app", th.app.ClientID, "person", "ada@example.com")
	page = w.get(sent.location)
	if !strings.Contains(api.payloads[1], "ada@example.com") || !strings.Contains(text(page.body), "1003003") || strings.Contains(page.body, "<script>alert") {
		t.Errorf("%s %s", api.payloads[1], text(page.body))
	}
	list := w.get(extensionsAt + "/calls?outcome=failed")
	if list.status != 200 || !strings.Contains(list.body, "1003003") || strings.Contains(list.body, "Gave claims") {
		t.Errorf("%d %s", list.status, text(list.body))
	}
	// Trials say nothing about how the API is doing.
	if a := w.get(extensionsAt); !strings.Contains(a.body, "Not called lately") {
		t.Errorf("%s", text(a.body))
	}
	b.shop.KeepCall(extension.Call{ID: models.NewID(), Event: x.Event, ExtensionID: x.ID, Name: x.Name, At: b.clock.Now(), Code: extension.TimedOut, OnFailure: extension.Block, Request: "{}"})
	b.must(b.store.FlushCalls(t.Context()))
	if a := w.get(extensionsAt); !strings.Contains(a.body, "Failing") {
		t.Errorf("%s", text(a.body))
	}
}

func TestWhatCannotBeReplayed(t *testing.T) {
	for name, x := range map[string]extension.Call{
		"a code":            {Event: extension.OtpSend, Request: "{}"},
		"a password":        {Event: extension.PasswordSubmit, Request: "{}"},
		"nothing was sent":  {Event: extension.TokenIssuanceStart},
		"only the first 16": {Event: extension.TokenIssuanceStart, Request: `{"type":"…`},
	} {
		if replayable(x) == "" {
			t.Error(name)
		}
	}
	if replayable(extension.Call{Event: extension.AttributeCollectionSubmit, Request: "{}"}) != "" {
		t.Error("one that is whole")
	}
}

func TestSchemasAndSamples(t *testing.T) {
	b := newBench(t)
	w, th := b.global(), b.things()
	for _, e := range extension.Events() {
		for _, what := range []string{"schema", "payload"} {
			a := w.get(extensionsAt + "/" + what + "?event=" + string(e))
			var doc map[string]any
			if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || json.Unmarshal([]byte(a.body), &doc) != nil {
				t.Errorf("%s of %s: %d %s", what, e, a.status, a.body)
			}
			if what == "payload" && doc["type"] != e.WireType() {
				t.Errorf("%s: %v", e, doc["type"])
			}
			if what == "payload" && e == extension.AttributeCollectionSubmit && !strings.Contains(a.body, th.attribute.ID) {
				t.Errorf("the tenant's own attribute is missing: %s", a.body)
			}
		}
	}
	if a := w.get(extensionsAt + "/schema?event=x"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

// TestKnownClaims: an application's claims page offers what extensions say they give and what their answers held; a name
// can be typed besides. An extension's name is its alone.
func TestKnownClaims(t *testing.T) {
	b := newBench(t)
	w, th := b.global(), b.things()
	form := "/admin/t/shop/applications/" + th.app.ID + "/claims"
	if a := w.get(form + "/edit?source=customClaimsProvider"); a.status != 200 || !strings.Contains(text(a.body), "None is known yet") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	x := b.extended(extension.TokenIssuanceStart, "https://hooks.example/tier", th.app)
	b.shop.KeepCall(extension.Call{ID: models.NewID(), Event: x.Event, ExtensionID: x.ID, Name: x.Name, At: b.clock.Now(), Action: extension.ProvideClaims, Changed: []string{"clubs"}})
	b.must(b.store.FlushCalls(t.Context()))
	page := w.get(form + "/edit?source=customClaimsProvider").body
	if !strings.Contains(page, `<option value="tier"`) || !strings.Contains(page, `<option value="clubs"`) {
		t.Errorf("%s", text(page))
	}
	for _, c := range [][2]string{{"clubs", ""}, {"", "typed"}, {"tier", "left over"}} {
		name := choose(c[0] != "", c[0], c[1])
		if a := w.post(form, "source", "customClaimsProvider", "name", "my_"+name, "known", c[0], "id", c[1]); a.status != 303 {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
	}
	app, err := b.shop.Application(t.Context(), th.app.ID)
	b.must(err)
	var got []string
	for _, m := range app.Spec.Claims {
		got = append(got, m.ID)
	}
	if strings.Join(got, " ") != "clubs typed tier" {
		t.Errorf("%v", got)
	}
	taken := w.post(extensionsAt, "event", "onOtpSend", "displayName", " LOYALTY", "targetUrl", "https://hooks.example/codes", "api", th.app.ClientID, "timeoutInMilliseconds", "1500", "maximumRetries", "1")
	if !strings.Contains(taken.body, "is called “LOYALTY” already") || !strings.Contains(taken.body, "hooks.example/codes") || taken.status < 400 {
		t.Errorf("%d %s", taken.status, text(taken.body))
	}
	if a := w.post(extensionsAt+"/"+x.ID+"/edit", "displayName", "Loyalty", "description", "Ours", "targetUrl", "https://hooks.example/tier", "api", th.app.ClientID, "timeoutInMilliseconds", "1500", "maximumRetries", "1"); a.status != 303 {
		t.Errorf("its own name: %d %s", a.status, text(a.body))
	}
}
