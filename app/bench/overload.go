package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// prepared is a visitor who stands at the password: one request that is ready to go.
type prepared struct {
	address, cookies, origin string
	body                     []byte
}

// overload sends ten times as many passwords as the machine can hash, at an even pace, from people who
// stand ready, and looks that the program goes on doing what it can: nearly as many succeed as before, the
// rest is refused at once, and the endpoints that need no hash stay quick.
func overload(ctx context.Context, p plan, r *report, prog *program, visitors []*visitor, peak float64) error {
	span := 3 * p.span
	crowd, err := prepare(ctx, prog, visitors, int(10*peak*span.Seconds()))
	if err != nil {
		return err
	}
	var done, refused atomic.Int64
	var mu sync.Mutex
	var refusals, keys []time.Duration
	var failed atomic.Pointer[error]
	stop := func(err error) { failed.CompareAndSwap(nil, &err) }
	client := &fasthttp.Client{MaxConnsPerHost: 4096, ReadTimeout: time.Minute}
	before, begin := prog.cpu(), time.Now()
	var wait, side sync.WaitGroup
	over := make(chan struct{})
	largest := int64(0)
	side.Go(func() {
		c, url := newCaller(prog), prog.base+"/fernhill/discovery/v2.0/keys"
		var b bytes.Buffer
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			status, took, err := c.get(url, &b)
			if err != nil || status != http.StatusOK {
				stop(fmt.Errorf("under load the keys are answered with %d, %w", status, err))
				return
			}
			keys, largest = append(keys, took), max(largest, prog.resident("VmRSS"))
		}
	})
	pace := time.NewTicker(span / time.Duration(len(crowd)))
	defer pace.Stop()
	for _, one := range crowd {
		<-pace.C
		if failed.Load() != nil || ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			status, took, err := one.send(client)
			switch {
			case err != nil:
				stop(err)
			case status == http.StatusSeeOther:
				done.Add(1)
			case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
				refused.Add(1)
				mu.Lock()
				refusals = append(refusals, took)
				mu.Unlock()
			default:
				stop(fmt.Errorf("under load a password is answered with %d", status))
			}
		})
	}
	wait.Wait()
	wall, cpu := time.Since(begin), prog.cpu()-before
	close(over)
	side.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	goodput := float64(done.Load()) / wall.Seconds()
	r.add("sqlite", figure{what: fmt.Sprintf("overload, %d passwords in %s: accepted", len(crowd), wall.Round(100*time.Millisecond)),
		value: fmt.Sprintf("%.1f/s, %.0f %% of the peak", goodput, 100*goodput/peak), budget: "≥ 90 %", ok: goodput >= 0.9*peak,
		limit: fmt.Sprintf("%.1f/s without the crowd", peak), note: fmt.Sprintf("%d refused; the program had %.1f cores", refused.Load(), cpu.Seconds()/wall.Seconds())})
	slow := percentile(refusals, 0.99)
	r.add("sqlite", figure{what: "overload: a refusal, p99", value: slow.Round(time.Millisecond).String(), budget: "≤ 50 ms", ok: slow <= 50*time.Millisecond,
		note: "p50 " + percentile(refusals, 0.5).Round(100*time.Microsecond).String()})
	quick := percentile(keys, 0.99)
	r.add("sqlite", figure{what: "overload: keys, p99", value: quick.Round(100 * time.Microsecond).String(), budget: "< 20 ms", ok: quick < 20*time.Millisecond,
		note: "p50 " + percentile(keys, 0.5).Round(10*time.Microsecond).String()})
	bound := int64(150+20*runtime.NumCPU()) << 20
	r.add("sqlite", figure{what: "overload: largest resident memory", value: megabytes(largest), budget: "< " + megabytes(bound), ok: largest < bound})
	return nil
}

// prepare lets n people walk to the password page.
func prepare(ctx context.Context, prog *program, visitors []*visitor, n int) ([]prepared, error) {
	crowd := make([]prepared, max(n, 20))
	errs := make(chan error, len(crowd))
	var wait sync.WaitGroup
	places := make(chan struct{}, 2*runtime.NumCPU())
	for i := range crowd {
		places <- struct{}{}
		if ctx.Err() != nil || len(errs) > 0 {
			break
		}
		wait.Go(func() {
			defer func() { <-places }()
			known := visitors[i%len(visitors)]
			v := &visitor{prog: prog, app: known.app, email: known.email, password: known.password}
			var err error
			if crowd[i], err = v.atThePassword(); err != nil {
				errs <- err
			}
		})
	}
	wait.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return crowd, ctx.Err()
	}
}

// atThePassword walks with a browser that was never here and gives the request that would come next.
func (v *visitor) atThePassword() (prepared, error) {
	if err := v.stranger(); err != nil {
		return prepared{}, err
	}
	page, err := v.fill.Open(authorize(v.prog, v.app.id, v.app.redirect, challenge(fixedVerifier), nil))
	for range 3 {
		if err != nil {
			return prepared{}, err
		}
		form := page.Form()
		if form == nil {
			return prepared{}, fmt.Errorf("no form on %q: %s", page.Title, page.Words())
		}
		req, err2 := v.fill.Submit(page, form)
		if err2 != nil {
			return prepared{}, err2
		}
		if hasPassword(form) {
			body, err := io.ReadAll(req.Body)
			var cookies []string
			for _, c := range v.fill.Client.Jar.Cookies(req.URL) {
				cookies = append(cookies, c.Name+"="+c.Value)
			}
			return prepared{address: req.URL.String(), cookies: strings.Join(cookies, "; "), origin: v.prog.base, body: body}, err
		}
		page, _, err = v.fill.Follow(req, v.app.redirect)
	}
	return prepared{}, errors.New("no password page")
}

func (p prepared) send(client *fasthttp.Client) (int, time.Duration, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(p.address)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.Header.Set("Cookie", p.cookies)
	req.Header.Set("Origin", p.origin)
	req.SetBodyRaw(p.body)
	begin := time.Now()
	err := client.Do(req, res)
	return res.StatusCode(), time.Since(begin), err
}
