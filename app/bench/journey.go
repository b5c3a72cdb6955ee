package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"time"

	"golang.org/x/net/html"

	"portico/app/e2e/formfill"
)

const fixedVerifier = "a-verifier-that-is-long-enough-for-rfc7636-section-4-1"

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func newJar() (*cookiejar.Jar, error) { return cookiejar.New(nil) }

type sample struct{ id, redirect string }

// sampleApp is the public sample application.
func sampleApp(prog *program) (sample, error) { return demoApp(prog, "market") }

// visitor is one person with a browser.
type visitor struct {
	prog     *program
	app      sample
	email    string
	password string
	fill     *formfill.Filler
	refresh  string
}

func newVisitor(prog *program, app sample, i int) (*visitor, error) {
	v := &visitor{prog: prog, app: app, email: fmt.Sprintf("bench%d@example.com", i), password: fmt.Sprintf("a long bench password %d", i)}
	return v, v.stranger()
}

// stranger gives the visitor a browser that was never here.
func (v *visitor) stranger() error {
	jar, err := newJar()
	if err != nil {
		return err
	}
	v.fill = &formfill.Filler{Answers: formfill.Person(v.email, v.password), Code: v.code, Client: &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return nil
}

// code waits for the newest code in the mailbox.
func (v *visitor) code() (string, error) {
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		res, err := http.Get(v.prog.base + "/dev/mailbox.json?to=" + url.QueryEscape(v.email))
		if err != nil {
			return "", err
		}
		var list []struct{ Code string }
		err = json.NewDecoder(res.Body).Decode(&list)
		_ = res.Body.Close()
		if err != nil {
			return "", err
		}
		if len(list) > 0 && list[0].Code != "" {
			return list[0].Code, nil
		}
		<-tick.C
	}
	return "", errors.New("no code arrived")
}

// journey is a sign-in from the application's button to its tokens.
func (v *visitor) journey(more url.Values) error {
	left, err := v.fill.Walk(authorize(v.prog, v.app.id, v.app.redirect, challenge(fixedVerifier), more), v.app.redirect)
	if err != nil {
		return err
	}
	back, err := url.Parse(left)
	if err != nil {
		return err
	}
	if back.Query().Get("state") != "s" || back.Query().Get("code") == "" {
		return fmt.Errorf("the answer is %s", left)
	}
	req, err := http.NewRequest(http.MethodPost, v.prog.base+"/fernhill/oauth2/v2.0/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {v.app.id}, "code": {back.Query().Get("code")},
		"redirect_uri": {v.app.redirect}, "code_verifier": {fixedVerifier}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.prog.base)
	res, err := v.fill.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	t, err := readTokens(res.StatusCode, body)
	if err != nil {
		return err
	}
	v.refresh = t.RefreshToken
	return checkIDToken(t.IDToken, v.app.id, v.email)
}

// checkIDToken reads the claims: the right audience, nonce and person.
func checkIDToken(raw, audience, email string) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return fmt.Errorf("no ID token: %.40s", raw)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	var c struct{ Aud, Nonce, Sub, Email string }
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	if c.Aud != audience || c.Nonce != "n" || c.Sub == "" || c.Email != email {
		return fmt.Errorf("the ID token is wrong: %s", body)
	}
	return nil
}

// hasPassword reports whether a form asks for the password.
func hasPassword(form *html.Node) bool {
	return formfill.First(form, func(n *html.Node) bool { return strings.Contains(formfill.Attr(n, "autocomplete"), "current-password") }) != nil
}

// people signs up n visitors, numbered from first: each has a password and a refresh token then.
func people(prog *program, first, n int) ([]*visitor, error) {
	app, err := sampleApp(prog)
	if err != nil {
		return nil, err
	}
	list := make([]*visitor, n)
	for i := range list {
		if list[i], err = newVisitor(prog, app, first+i); err != nil {
			return nil, err
		}
		if err := list[i].journey(url.Values{"prompt": {"create"}}); err != nil {
			return nil, fmt.Errorf("sign-up: %w (pages: %s)", err, strings.Join(list[i].fill.Titles, " → "))
		}
	}
	return list, nil
}

// journeys measures whole password sign-ins, each from a browser that was never here, beside the rate at
// which the machine could hash if it did nothing else.
func journeys(ctx context.Context, p plan, r *report, limit machine, prog *program, engine string) error {
	clients := 4 * runtime.NumCPU()
	visitors, err := people(prog, 0, clients)
	if err != nil {
		return err
	}
	m, err := rounds(ctx, p.rounds, func() (measured, error) {
		return load(prog, 2*p.span, clients, func(i int) (time.Duration, error) {
			if err := visitors[i].stranger(); err != nil {
				return 0, err
			}
			begin := time.Now()
			err := visitors[i].journey(nil)
			return time.Since(begin), err
		})
	})
	if err != nil {
		return err
	}
	share := m.rate / limit.hashes
	r.add(engine, figure{what: "password sign-ins", value: fmt.Sprintf("%s, %.0f %% of the hash bound", perSecond(m.rate), 100*share), budget: "≥ 90 %", ok: share >= 0.9,
		limit: perSecond(limit.hashes) + " hashes", note: "p99 " + m.p99.Round(time.Millisecond).String() + "; the generator takes its share of the cores"})
	own := m.perCore / (1 / limit.hash.Seconds())
	r.add(engine, figure{what: "password sign-ins, per core of the program", value: fmt.Sprintf("%.1f/s, %.0f %% of its hash bound", m.perCore, 100*own), budget: "≥ 90 %", ok: own >= 0.9,
		limit: fmt.Sprintf("%.1f hashes a core", 1/limit.hash.Seconds())})
	if engine == "sqlite" {
		if err := overload(ctx, p, r, prog, visitors, m.rate); err != nil {
			return fmt.Errorf("overload: %w", err)
		}
	}
	pages, silent, err := withoutHash(ctx, p, prog, visitors)
	if err != nil {
		return err
	}
	rest := m.cpu - limit.hash
	r.add(engine, figure{what: "processor time of a sign-in besides the hash", value: rest.Round(10 * time.Microsecond).String(), budget: "≤ 1 ms", ok: rest <= time.Millisecond,
		note: "sign-in to tokens, " + m.cpu.Round(100*time.Microsecond).String() + " in all, less the hash measured alone on busy cores"})
	r.add(engine, figure{what: "of that: four requests up to the password page", value: pages.Round(10 * time.Microsecond).String(), ok: true,
		note: "a sign-in without typing, to tokens, takes " + silent.Round(10*time.Microsecond).String()})
	return nil
}

// withoutHash measures what needs no hash by itself, so that nothing has to be subtracted: the pages up to
// the password, and a sign-in with a session that is there already.
func withoutHash(ctx context.Context, p plan, prog *program, visitors []*visitor) (pages, silent time.Duration, err error) {
	m, err := rounds(ctx, p.rounds, func() (measured, error) {
		return load(prog, p.span, len(visitors), func(i int) (time.Duration, error) {
			v := &visitor{prog: prog, app: visitors[i].app, email: visitors[i].email, password: visitors[i].password}
			begin := time.Now()
			_, err := v.atThePassword()
			return time.Since(begin), err
		})
	})
	if err != nil {
		return 0, 0, err
	}
	pages = m.cpu
	m, err = rounds(ctx, p.rounds, func() (measured, error) {
		return load(prog, p.span, len(visitors), func(i int) (time.Duration, error) {
			begin := time.Now()
			err := visitors[i].journey(nil)
			return time.Since(begin), err
		})
	})
	return pages, m.cpu, err
}

// refreshes measures rotation: each client always presents the newest token that it got.
func refreshes(ctx context.Context, p plan, r *report, limit machine, prog *program, engine string) error {
	const clients = 8
	visitors, err := people(prog, 1000, clients)
	if err != nil {
		return err
	}
	callers, buffers := make([]caller, clients), make([]bytes.Buffer, clients)
	for i := range callers {
		callers[i] = newCaller(prog)
	}
	token := prog.base + "/fernhill/oauth2/v2.0/token"
	m, err := rounds(ctx, p.rounds, func() (measured, error) {
		return load(prog, p.span, clients, func(i int) (time.Duration, error) {
			v := visitors[i]
			form := url.Values{"grant_type": {"refresh_token"}, "client_id": {v.app.id}, "refresh_token": {v.refresh}}
			status, took, err := callers[i].post(token, []byte(form.Encode()), &buffers[i])
			if err != nil {
				return took, err
			}
			t, err := readTokens(status, buffers[i].Bytes())
			if err == nil && (t.RefreshToken == "" || t.RefreshToken == v.refresh) {
				err = errors.New("the refresh token was not rotated")
			}
			v.refresh = t.RefreshToken
			return took, err
		})
	})
	if err != nil {
		return err
	}
	budget := map[string]float64{"sqlite": 3000, "postgres": 1000}[engine]
	f := figure{what: "refresh with rotation, per core", value: perSecond(m.perCore), budget: fmt.Sprintf("≥ %.0f/s", budget), ok: m.perCore >= budget,
		note: fmt.Sprintf("%s seen with the generator beside it, p99 %s", perSecond(m.rate), m.p99.Round(10*time.Microsecond))}
	if engine == "sqlite" {
		f.limit = perSecond(limit.commits) + " commits, one at a time"
	}
	r.add(engine, f)
	return nil
}
