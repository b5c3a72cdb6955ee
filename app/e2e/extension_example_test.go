package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/models/modelstest"
)

// TestTheExampleAPI runs app/docs/examples/extension as its page says, in a process of its own: a customer signs up, gets
// its claim in the token, another one's password moves over from it, and it is given a code to send.
func TestTheExampleAPI(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "example")
	build := exec.Command("go", "build", "-o", program, "./app/docs/examples/extension")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	host := fmt.Sprintf("127.0.0.1:%d", modelstest.FreePort(t))
	c := &crm{Server: &httptest.Server{URL: "http://" + host}}
	s := boot(t, "PORTICO_OUTBOUND_ALLOW="+host)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	manage.call(http.MethodPost, "/v1.0/identity/userFlowAttributes", values{"displayName": "toBeMigrated", "description": "The password is still kept by the former system", "dataType": "boolean"})
	codes := manage.listens(c, "onAttributeCollectionStart", "onAttributeCollectionSubmit", "onTokenIssuanceStart", "onPasswordSubmit", "onOtpSend")[4]
	sendsCodes := func(on bool) {
		t.Helper()
		manage.call(http.MethodPatch, "/v1.0/identity/authenticationEventListeners/"+codes, values{"@odata.type": "#microsoft.graph.onEmailOtpSendListener", "portico": values{"isEnabled": on}})
	}
	sendsCodes(false)
	audience := manage.call(http.MethodGet, "/v1.0/applications?$filter="+url.QueryEscape("displayName eq 'CRM'"), nil)["value"].([]any)[0].(values)["appId"].(string)

	const moved, former = "mira@example.com", "what the former system knew"
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program, "-listen", host, "-issuer", s.base+"/"+party{t: t, base: s.base}.tenantID()+"/v2.0", "-audience", audience, "-key", key, "-former", moved+"="+former)
	said := &lockedBuffer{}
	run.Stdout, run.Stderr = said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	eventually(t, 20*time.Second, "the example listens", func() error {
		res, err := http.Post("http://"+host, "application/json", strings.NewReader("{}"))
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("a stranger gets %d", res.StatusCode)
		}
		return nil
	})

	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<title>Club</title><h1>Club</h1>") }))
	t.Cleanup(app.Close)
	p := manage.register("Club", strings.Replace(app.URL, "127.0.0.1", "localhost", 1)+"/callback", true)
	registered := manage.call(http.MethodGet, "/v1.0/applications?$filter="+url.QueryEscape("appId eq '"+p.clientID+"'"), nil)["value"].([]any)[0].(values)
	manage.call(http.MethodPatch, "/v1.0/applications/"+registered["id"].(string), values{"portico": values{"claims": []values{{"source": "customClaimsProvider", "id": "loyalty_tier", "name": "loyalty_tier"}}}})
	b, seen := openBrowser(t, s, "example-api").phone(), map[string]bool{}
	b.goTo(p.authorize("prompt=create"))
	b.questions("noor@example.com", seen)
	b.typeInto("input[autocomplete~=given-name]", "Noor")
	b.typeInto("input[autocomplete~=family-name]", "van Dijk")
	b.fillRest()
	tier := func(code string) {
		t.Helper()
		if got, err := p.redeem(s.client(t), code); err != nil || got.IDToken == "" || claims(t, got.IDToken)["loyalty_tier"] != "gold" {
			t.Errorf("%+v %v", got, err)
		}
	}
	tier(p.code(b.url()))

	id := manage.person(moved, "")
	for _, a := range manage.call(http.MethodGet, "/v1.0/identity/userFlowAttributes", nil)["value"].([]any) {
		if name := a.(values)["id"].(string); strings.HasSuffix(name, "toBeMigrated") {
			manage.call(http.MethodPatch, "/v1.0/users/"+id, values{name: true})
		}
	}
	tier(p.code(newFiller(t, s, moved, former).walk(p.authorize(), p.redirect)))

	sendsCodes(true)
	b.forgetCookies()
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.typeInto(emailBox, "coded@example.com")
	b.submit()
	for _, event := range []string{"onAttributeCollectionStart", "onAttributeCollectionSubmit", "onTokenIssuanceStart", "onPasswordSubmit", "onOtpSend"} {
		eventually(t, 20*time.Second, event+" is answered", func() error {
			calls := manage.call(http.MethodGet, "/beta/portico/extensionCalls?$filter="+url.QueryEscape("eventType eq '"+event+"'"), nil)["value"].([]any)
			if len(calls) == 0 {
				return errors.New("not asked")
			}
			for _, one := range calls {
				if one := one.(values); one["httpStatus"] != 200.0 || one["errorCode"] != 0.0 {
					t.Errorf("%s: %v %v %v", event, one["httpStatus"], one["errorName"], one["errorDetail"])
				}
			}
			return nil
		})
	}
	if !strings.Contains(said.String(), "a code for coded@example.com") {
		t.Errorf("it says %s", said.String())
	}
}
