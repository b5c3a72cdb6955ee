package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// manager speaks to the management API.
type manager struct {
	prog  *program
	token string
}

func newManager(ctx context.Context, prog *program) (*manager, error) {
	c, err := prog.apiClient(ctx)
	if err != nil {
		return nil, err
	}
	res, err := http.PostForm(c.TokenEndpoint, url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {c.Scope}})
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	t, err := readTokens(res.StatusCode, body)
	return &manager{prog: prog, token: t.AccessToken}, err
}

type object = map[string]any

func (m *manager) call(ctx context.Context, method, path string, body any) (object, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, m.prog.base+"/v1.0/"+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode > 299 {
		return nil, fmt.Errorf("%s %s answers %d: %s", method, path, res.StatusCode, answer)
	}
	var out object
	if len(answer) > 0 {
		err = json.Unmarshal(answer, &out)
	}
	return out, err
}

func (m *manager) listen(ctx context.Context, id string, on bool) error {
	_, err := m.call(ctx, http.MethodPatch, "identity/authenticationEventListeners/"+id, object{"portico": object{"onFailure": "continue", "isEnabled": on}})
	return err
}

// askNobody turns the sample company's own listeners off: the other figures are of sign-ins that ask no API.
func askNobody(ctx context.Context, prog *program) error {
	m, err := newManager(ctx, prog)
	if err != nil {
		return err
	}
	all, err := m.call(ctx, http.MethodGet, "identity/authenticationEventListeners", nil)
	if err != nil {
		return err
	}
	list, _ := all["value"].([]any)
	for _, l := range list {
		id, _ := l.(object)["id"].(string)
		if err := m.listen(ctx, id, false); err != nil {
			return err
		}
	}
	return nil
}

// claimsAPI is an API on this machine that gives a claim, and hangs when it is told to.
type claimsAPI struct {
	*httptest.Server
	hangs atomic.Bool
	mu    sync.Mutex
	took  []time.Duration // from the question to the end of the answer
}

func newClaimsAPI() *claimsAPI {
	a := &claimsAPI{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		_, _ = io.Copy(io.Discard, r.Body)
		if a.hangs.Load() {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"data":{"@odata.type":"microsoft.graph.onTokenIssuanceStartResponseData","actions":[{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"loyalty_tier":"gold"}}]}}`)
		a.mu.Lock()
		a.took = append(a.took, time.Since(begin))
		a.mu.Unlock()
	}))
	return a
}

// asked gives how long the answers took since it was called last.
func (a *claimsAPI) asked() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.took
	a.took = nil
	return out
}

// known makes the API known as one that is asked about the market's tokens, and gives its listener.
func (a *claimsAPI) known(ctx context.Context, m *manager, clientID string) (string, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return "", err
	}
	app, err := m.call(ctx, http.MethodPost, "applications", object{"displayName": "Bench"})
	if err != nil {
		return "", err
	}
	appID, _ := app["appId"].(string)
	id, _ := app["id"].(string)
	resource := "api://" + u.Hostname() + "/" + appID
	if _, err := m.call(ctx, http.MethodPatch, "applications/"+id, object{"identifierUris": []string{resource},
		"portico": object{"permissions": []string{"CustomAuthenticationExtension.Receive.Payload"}}}); err != nil {
		return "", err
	}
	x, err := m.call(ctx, http.MethodPost, "identity/customAuthenticationExtensions", object{"@odata.type": "#microsoft.graph.onTokenIssuanceStartCustomExtension", "displayName": "Bench",
		"endpointConfiguration":       object{"@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": a.URL + "/claims"},
		"authenticationConfiguration": object{"@odata.type": "#microsoft.graph.azureAdTokenAuthentication", "resourceId": resource},
		"clientConfiguration":         object{"timeoutInMilliseconds": 2000, "maximumRetries": 0},
		"claimsForTokenConfiguration": []object{{"claimIdInApiResponse": "loyalty_tier"}}})
	if err != nil {
		return "", err
	}
	l, err := m.call(ctx, http.MethodPost, "identity/authenticationEventListeners", object{"@odata.type": "#microsoft.graph.onTokenIssuanceStartListener",
		"conditions": object{"applications": object{"includeAllApplications": false, "includeApplications": []object{{"appId": clientID}}}},
		"handler":    object{"@odata.type": "#microsoft.graph.onTokenIssuanceStartCustomExtensionHandler", "customExtension": object{"id": x["id"]}},
		"portico":    object{"onFailure": "continue", "isEnabled": true}})
	if err != nil {
		return "", err
	}
	lid, _ := l["id"].(string)
	return lid, nil
}

// renew rotates a visitor's refresh token.
func renew(c caller, v *visitor, buffer *bytes.Buffer) (time.Duration, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {v.app.id}, "refresh_token": {v.refresh}}
	status, took, err := c.post(v.prog.base+"/fernhill/oauth2/v2.0/token", []byte(form.Encode()), buffer)
	if err != nil {
		return took, err
	}
	t, err := readTokens(status, buffer.Bytes())
	v.refresh = t.RefreshToken
	return took, err
}

// extensions measures what asking an API on this machine adds to a token besides the API's own answer time, and what
// sign-ins to another app notice while that API hangs.
func extensions(ctx context.Context, p plan, r *report, _ machine, prog *program, engine string) error {
	const clients = 4
	visitors, err := people(prog, 2000, 2*clients)
	if err != nil {
		return err
	}
	m, err := newManager(ctx, prog)
	if err != nil {
		return err
	}
	api := newClaimsAPI()
	defer api.Close()
	listener, err := api.known(ctx, m, visitors[0].app.id)
	if err != nil {
		return err
	}
	if err := added(ctx, p, r, engine, m, api, listener, visitors[0]); err != nil {
		return err
	}
	if err := m.listen(ctx, listener, true); err != nil {
		return err
	}
	return beside(ctx, p, r, engine, api, visitors[:clients], visitors[clients:])
}

func added(ctx context.Context, p plan, r *report, engine string, m *manager, api *claimsAPI, listener string, v *visitor) error {
	c, buffer := newCaller(v.prog), &bytes.Buffer{}
	var more, own []float64
	for range max(3, p.rounds) {
		var p50 [2]time.Duration
		for i, on := range []bool{false, true} { // side by side, since the machine's speed changes
			if err := m.listen(ctx, listener, on); err != nil {
				return err
			}
			if _, err := renew(c, v, buffer); err != nil { // the snapshot is read anew, and the API gets its connection
				return err
			}
			api.asked()
			got, err := load(v.prog, p.span, 1, func(int) (time.Duration, error) { return renew(c, v, buffer) })
			if err != nil {
				return err
			}
			answers := api.asked()
			if on == (len(answers) == 0) {
				return fmt.Errorf("the API was asked %d times, listening: %v", len(answers), on)
			}
			if p50[i] = got.p50; on {
				answer := percentile(answers, 0.5)
				own = append(own, float64(answer))
				more = append(more, float64(p50[1]-p50[0]-answer))
			}
		}
	}
	value := time.Duration(median(more))
	r.add(engine, figure{what: "a claim from an API on this machine, added to a token besides its answer time, p50", value: value.Round(10 * time.Microsecond).String(), budget: "< 1 ms",
		ok: value < time.Millisecond, note: "the API's own time " + time.Duration(median(own)).Round(time.Microsecond).String()})
	return nil
}

// beside compares sign-ins to another app of the same tenant, while the market's tokens are asked for twice a second by each
// of some, with an API that answers and with one that hangs.
func beside(ctx context.Context, p plan, r *report, engine string, api *claimsAPI, busy, others []*visitor) error {
	auto, err := demoApp(busy[0].prog, "auto")
	if err != nil {
		return err
	}
	silent := func(i int) (time.Duration, error) {
		begin := time.Now()
		left, err := others[i].fill.Walk(authorize(others[i].prog, auto.id, auto.redirect, challenge(fixedVerifier), nil), auto.redirect)
		if err == nil && !strings.Contains(left, "code=") {
			err = fmt.Errorf("the answer is %s", left)
		}
		return time.Since(begin), err
	}
	for i := range others {
		if _, err := silent(i); err != nil {
			return err
		}
	}
	var p50, p99 [2][]float64
	for round := range max(4, p.rounds) {
		for turn := range 2 { // each first in every other round, and none right after the other's load
			i := (round + turn) % 2
			api.hangs.Store(i == 1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(2 * time.Second):
			}
			around, stop := context.WithCancel(ctx)
			var wait sync.WaitGroup
			var failed atomic.Pointer[error]
			for _, v := range busy {
				wait.Go(func() {
					c, buffer := newCaller(v.prog), &bytes.Buffer{}
					for around.Err() == nil {
						if _, err := renew(c, v, buffer); err != nil {
							failed.CompareAndSwap(nil, &err)
							return
						}
						select {
						case <-around.Done():
						case <-time.After(500 * time.Millisecond):
						}
					}
				})
			}
			got, err := load(busy[0].prog, 2*p.span, len(others), silent)
			stop()
			wait.Wait()
			if bad := failed.Load(); bad != nil {
				err = errors.Join(err, *bad)
			}
			if err != nil {
				return err
			}
			p50[i], p99[i] = append(p50[i], float64(got.p50)), append(p99[i], float64(got.p99))
		}
	}
	half, tail := median(p50[1])/median(p50[0]), median(p99[1])/median(p99[0])
	r.add(engine, figure{what: "sign-ins to another app while an API of the tenant hangs, of those while it answers", value: fmt.Sprintf("p50 %.2f, p99 %.2f times", half, tail), budget: "no slower", ok: half <= 1.25,
		note: fmt.Sprintf("p50 %s, p99 %s beside the one that hangs; it fails open after 2 s, then its circuit opens", time.Duration(median(p50[1])).Round(100*time.Microsecond), time.Duration(median(p99[1])).Round(100*time.Microsecond))})
	return nil
}
