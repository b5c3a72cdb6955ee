package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// measured is one round of load.
type measured struct {
	rate     float64 // a second
	perCore  float64 // a second of the program's own processor time
	p50, p99 time.Duration
	cpu      time.Duration // of the program, for one
}

// load runs work from several clients at once for a span. Work does one thing, checks its answer, and
// says how long the request itself took.
func load(p *program, span time.Duration, clients int, work func(client int) (time.Duration, error)) (measured, error) {
	var wait sync.WaitGroup
	var failed atomic.Pointer[error]
	times := make([][]time.Duration, clients)
	before, begin := p.cpu(), time.Now()
	for i := range clients {
		wait.Go(func() {
			for time.Since(begin) < span && failed.Load() == nil {
				took, err := work(i)
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				times[i] = append(times[i], took)
			}
		})
	}
	wait.Wait()
	wall, cpu := time.Since(begin), p.cpu()-before
	if err := failed.Load(); err != nil {
		return measured{}, *err
	}
	var all []time.Duration
	for _, t := range times {
		all = append(all, t...)
	}
	if len(all) == 0 || cpu == 0 {
		return measured{}, errors.New("nothing was measured")
	}
	n := float64(len(all))
	return measured{rate: n / wall.Seconds(), perCore: n / cpu.Seconds(), p50: percentile(all, 0.5), p99: percentile(all, 0.99),
		cpu: time.Duration(float64(cpu) / n)}, nil
}

// rounds repeats a measurement; the figures are medians.
func rounds(ctx context.Context, n int, measure func() (measured, error)) (measured, error) {
	var rate, core, p50, p99, cpu []float64
	for range n {
		if err := ctx.Err(); err != nil {
			return measured{}, err
		}
		m, err := measure()
		if err != nil {
			return m, err
		}
		rate, core, cpu = append(rate, m.rate), append(core, m.perCore), append(cpu, float64(m.cpu))
		p50, p99 = append(p50, float64(m.p50)), append(p99, float64(m.p99))
	}
	return measured{rate: median(rate), perCore: median(core), p50: time.Duration(median(p50)), p99: time.Duration(median(p99)),
		cpu: time.Duration(median(cpu))}, nil
}

// caller is a light HTTP client with a connection of its own, so that the generator takes little of the
// machine that it shares with the program.
type caller struct{ *fasthttp.HostClient }

func newCaller(p *program) caller {
	return caller{&fasthttp.HostClient{Addr: p.base[len("http://"):], MaxConns: 1, ReadTimeout: 30 * time.Second}}
}

// post sends a form and gives the status and the body, which is valid until the next call.
func (c caller) post(url string, form []byte, buffer *bytes.Buffer) (int, time.Duration, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(url)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.SetBodyRaw(form)
	begin := time.Now()
	err := c.Do(req, res)
	took := time.Since(begin)
	buffer.Reset()
	buffer.Write(res.Body())
	return res.StatusCode(), took, err
}

func (c caller) get(url string, buffer *bytes.Buffer) (int, time.Duration, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(url)
	begin := time.Now()
	err := c.Do(req, res)
	took := time.Since(begin)
	buffer.Reset()
	buffer.Write(res.Body())
	return res.StatusCode(), took, err
}

// tokens is what the token endpoint answers.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
}

func readTokens(status int, body []byte) (tokens, error) {
	var t tokens
	if status != 200 {
		return t, fmt.Errorf("the token endpoint answers %d: %s", status, body)
	}
	if err := json.Unmarshal(body, &t); err != nil {
		return t, fmt.Errorf("%w: %s", err, body)
	}
	if bytes.Count([]byte(t.AccessToken), []byte(".")) != 2 || t.TokenType != "Bearer" || t.ExpiresIn < 300 {
		return t, fmt.Errorf("no good token: %s", body)
	}
	return t, nil
}
