package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

func measureEngine(ctx context.Context, p plan, r *report, m machine, binary, dir, engine, server string) error {
	dsn := ""
	if engine == "postgres" {
		scratch, drop, err := scratchDatabase(ctx, server)
		if err != nil {
			return err
		}
		defer drop()
		dsn = scratch
	}
	prog, err := newProgram(binary, dir, dsn)
	if err != nil {
		return err
	}
	defer prog.stop()
	if err := starts(ctx, p, r, prog, engine); err != nil {
		return err
	}
	if err := askNobody(ctx, prog); err != nil {
		return fmt.Errorf("the sample company's listeners: %w", err)
	}
	if engine == "sqlite" && !p.apis {
		if err := pages(r, prog); err != nil {
			return fmt.Errorf("hosted page: %w", err)
		}
		if err := metadata(ctx, p, r, prog); err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
	}
	if p.apis {
		return extensions(ctx, p, r, m, prog, engine)
	}
	for _, measure := range []struct {
		name string
		f    func(context.Context, plan, *report, machine, *program, string) error
	}{{"client credentials", clientCredentials}, {"password journey", journeys}, {"refresh", refreshes}, {"extensions", extensions}, {"transfers", transfers}} {
		if err := measure.f(ctx, p, r, m, prog, engine); err != nil {
			return fmt.Errorf("%s: %w", measure.name, err)
		}
	}
	r.add(engine, figure{what: "resident memory after the load", value: megabytes(prog.resident("VmRSS")), budget: "", ok: true})
	return nil
}

// starts measures the first start, starts on the existing database, and memory when nothing happens.
func starts(ctx context.Context, p plan, r *report, prog *program, engine string) error {
	first, err := prog.start(ctx)
	if err != nil {
		return err
	}
	r.add(engine, figure{what: "first start, sample company made", value: first.Round(time.Millisecond).String(), budget: "≤ 3 s", ok: first < 3*time.Second})
	if err := settled(ctx, prog); err != nil {
		return err
	}
	var again []float64
	for range p.rounds {
		prog.stop()
		took, err := prog.start(ctx)
		if err != nil {
			return err
		}
		again = append(again, float64(took))
	}
	took := time.Duration(median(again))
	budget := figure{what: "start on an existing database", value: took.Round(time.Millisecond).String(), ok: true}
	if engine == "sqlite" {
		budget.budget, budget.ok = "≤ 100 ms", took <= 100*time.Millisecond
	}
	r.add(engine, budget)
	if err := settled(ctx, prog); err != nil {
		return err
	}
	if err := rested(ctx); err != nil {
		return err
	}
	idle, own := prog.resident("VmRSS"), prog.resident("RssAnon")
	r.add(engine, figure{what: "idle resident memory", value: megabytes(idle), budget: "≤ 40 MB", ok: idle <= 40<<20})
	r.add(engine, figure{what: "of that its own, the rest being pages of its file", value: megabytes(own), ok: true})
	return nil
}

// settled waits until the program has nothing to do: almost no processor time for a second.
func settled(ctx context.Context, prog *program) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := prog.cpu()
	for range 60 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := prog.cpu()
		if now-last <= 30*time.Millisecond {
			return nil
		}
		last = now
	}
	return errors.New("the program never comes to rest")
}

// rested waits until the program has given back what its start needed, which it does when it was quiet for five seconds.
func rested(ctx context.Context) error {
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-tick.C:
		return nil
	}
}

// authorize is the address of a sign-in at the public sample application.
func authorize(prog *program, clientID, redirect, verifierChallenge string, more url.Values) string {
	q := url.Values{"client_id": {clientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile email offline_access"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {verifierChallenge}, "code_challenge_method": {"S256"}}
	for k, v := range more {
		q[k] = v
	}
	return prog.base + "/fernhill/oauth2/v2.0/authorize?" + q.Encode()
}

// fetch gives the unpacked body, how many bytes came over the wire, and where a redirect leads.
func fetch(client *http.Client, address string) (body []byte, wire int, next string, err error) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, "", err
	}
	req.Header.Set("Accept-Encoding", "br")
	req.Header.Set("Accept", "text/html")
	res, err := client.Do(req)
	if err != nil {
		return nil, 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, 0, "", err
	}
	if to := res.Header.Get("Location"); to != "" {
		u, err := res.Request.URL.Parse(to)
		return nil, 0, u.String(), err
	}
	if res.StatusCode != http.StatusOK {
		return nil, 0, "", fmt.Errorf("%s answers %d", address, res.StatusCode)
	}
	wire = len(raw)
	if res.Header.Get("Content-Encoding") == "br" {
		raw, err = io.ReadAll(brotli.NewReader(bytes.NewReader(raw)))
	}
	return raw, wire, "", err
}

// metadata measures discovery and keys: bytes that were made once.
func metadata(ctx context.Context, p plan, r *report, prog *program) error {
	for _, path := range []string{"/fernhill/v2.0/.well-known/openid-configuration", "/fernhill/discovery/v2.0/keys"} {
		clients := 8
		callers, buffers := make([]caller, clients), make([]bytes.Buffer, clients)
		for i := range callers {
			callers[i] = newCaller(prog)
		}
		var want bytes.Buffer
		status, _, err := callers[0].get(prog.base+path, &want)
		if err != nil || status != 200 || want.Len() < 100 {
			return fmt.Errorf("%s answers %d, %w", path, status, err)
		}
		m, err := rounds(ctx, p.rounds, func() (measured, error) {
			return load(prog, p.span, clients, func(i int) (time.Duration, error) {
				status, took, err := callers[i].get(prog.base+path, &buffers[i])
				if err == nil && (status != 200 || !bytes.Equal(buffers[i].Bytes(), want.Bytes())) {
					err = fmt.Errorf("%s: %d, another body", path, status)
				}
				return took, err
			})
		})
		if err != nil {
			return err
		}
		name := "discovery"
		if strings.HasSuffix(path, "keys") {
			name = "keys"
		}
		r.add("sqlite", figure{what: name + ", per core", value: perSecond(m.perCore), budget: "≥ 40,000/s", ok: m.perCore >= 40000,
			note: fmt.Sprintf("%s seen with the generator beside it, p99 %s", perSecond(m.rate), m.p99.Round(10*time.Microsecond))})
	}
	return nil
}

// clientCredentials measures the token endpoint for machines.
func clientCredentials(ctx context.Context, p plan, r *report, limit machine, prog *program, engine string) error {
	c, err := prog.apiClient(ctx)
	if err != nil {
		return err
	}
	form := []byte(url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {c.Scope}}.Encode())
	const clients = 8
	callers, buffers, last := make([]caller, clients), make([]bytes.Buffer, clients), make([]string, clients)
	for i := range callers {
		callers[i] = newCaller(prog)
	}
	m, err := rounds(ctx, p.rounds, func() (measured, error) {
		return load(prog, p.span, clients, func(i int) (time.Duration, error) {
			status, took, err := callers[i].post(c.TokenEndpoint, form, &buffers[i])
			if err != nil {
				return took, err
			}
			t, err := readTokens(status, buffers[i].Bytes())
			if err == nil && t.AccessToken == last[i] {
				err = errors.New("the same token twice")
			}
			last[i] = t.AccessToken
			return took, err
		})
	})
	if err != nil {
		return err
	}
	r.add(engine, figure{what: "client credentials, per core", value: perSecond(m.perCore), budget: "≥ 10,000/s", ok: m.perCore >= 10000,
		limit: perSecond(limit.es256/float64(runtime.NumCPU())) + " signatures a core",
		note:  fmt.Sprintf("%s seen with the generator beside it", perSecond(m.rate))})
	r.add(engine, figure{what: "client credentials, p99 at 8 clients", value: m.p99.Round(10 * time.Microsecond).String(), budget: "< 3 ms", ok: m.p99 < 3*time.Millisecond,
		note: "p50 " + m.p50.Round(10*time.Microsecond).String()})
	return nil
}
