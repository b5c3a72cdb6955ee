package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portico/app/e2e/formfill"
)

// TestKillInTheMiddleOfSignUps cuts the power while people sign up. Afterwards whoever was told that it
// worked can sign in, and whoever was not can sign up: nobody is stuck half-way.
func TestKillInTheMiddleOfSignUps(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	const people = 12
	finished := make([]atomic.Bool, people)
	var done atomic.Int64
	var wait sync.WaitGroup
	enough, over := make(chan struct{}), make(chan struct{})
	for i := range people {
		f := newFiller(t, s, fmt.Sprintf("kill%d@example.com", i), password)
		wait.Go(func() {
			if _, err := f.Walk(p.authorize("prompt=create"), p.redirect); err == nil {
				finished[i].Store(true)
				if done.Add(1) == people/3 {
					close(enough)
				}
			}
		})
	}
	go func() { wait.Wait(); close(over) }()
	select {
	case <-enough:
	case <-over: // too few of them: what follows tells why
	}
	s.kill()
	<-over
	s.start()
	half := 0
	for i := range people {
		email := fmt.Sprintf("kill%d@example.com", i)
		f := newFiller(t, s, email, password)
		left, err := f.Walk(p.authorize(), p.redirect)
		if err != nil {
			if finished[i].Load() {
				t.Errorf("%s was told that the account exists, but: %v", email, err)
			}
			half++
			if left, err = newFiller(t, s, email, password).Walk(p.authorize("prompt=create"), p.redirect); err != nil {
				// A mail of before the cut, which came only now, had a code that is over.
				left = newFiller(t, s, email, password).walk(p.authorize("prompt=create"), p.redirect)
			}
		}
		got, err := p.redeem(f.Client, p.code(left))
		if err != nil || got.Status != http.StatusOK || claims(t, got.IDToken)["given_name"] != "Robin" {
			t.Errorf("%s afterwards: %+v %v", email, got, err)
		}
	}
	t.Logf("%d of %d were cut off", half, people)
}

// TestStopLetsRequestsFinish sends SIGTERM while passwords are being hashed: every request that had
// begun gets its answer, and the program ends by itself.
func TestStopLetsRequestsFinish(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	newFiller(t, s, "stay@example.com", password).walk(p.authorize("prompt=create"), p.redirect)
	const people = 8
	type begun struct {
		f   *filler
		req *http.Request
	}
	ready := make([]begun, people)
	for i := range ready { // everybody stands at the password
		f := newFiller(t, s, "stay@example.com", password)
		page, err := f.Open(p.authorize())
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		if page, _, err = f.Follow(r, p.redirect); err != nil {
			t.Fatal(err)
		}
		if r, err = f.Submit(page, page.Form()); err != nil {
			t.Fatal(err)
		}
		ready[i] = begun{f, r}
	}
	var sent, wait sync.WaitGroup
	results := make([]error, people)
	for i, b := range ready {
		sent.Add(1)
		var once sync.Once
		// The server says "100 Continue" when it has begun with the request.
		b.req.Header.Set("Expect", "100-continue")
		b.f.Client.Transport.(*http.Transport).ExpectContinueTimeout = patience
		b.req = b.req.WithContext(httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Got100Continue: func() { once.Do(sent.Done) }}))
		wait.Go(func() {
			res, err := b.f.Client.Do(b.req)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err == nil && res.StatusCode != http.StatusSeeOther {
					err = fmt.Errorf("status %d", res.StatusCode)
				}
			}
			results[i] = err
		})
	}
	sent.Wait()
	if err := s.stop(); err != nil {
		t.Errorf("the program ended with %v\n%s", err, s.log)
	}
	wait.Wait()
	for i, err := range results {
		if err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// gate is a TCP proxy that can be closed, as a network does.
type gate struct {
	to       string
	listener net.Listener
	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]bool
}

func newGate(t testing.TB, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{to: to, listener: l, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close(); g.shut(true) })
	go g.serve()
	return g
}

func (g *gate) serve() {
	for {
		in, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		closed := g.closed
		g.mu.Unlock()
		if closed {
			_ = in.Close()
			continue
		}
		out, err := net.Dial("tcp", g.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		g.mu.Lock()
		if closed = g.closed; !closed { // it may have been shut meanwhile
			g.conns[in], g.conns[out] = true, true
		}
		g.mu.Unlock()
		if closed {
			_, _ = in.Close(), out.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

// shut cuts every connection and refuses new ones, or lets them through again.
func (g *gate) shut(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
	if closed {
		for c := range g.conns {
			_ = c.Close()
		}
		clear(g.conns)
	}
}

// TestDatabaseGoneForAWhile takes the database away between two pages: the person is told so kindly,
// nothing typed is lost, and when it is back the same form goes through.
func TestDatabaseGoneForAWhile(t *testing.T) {
	dsn, err := url.Parse(scratchPostgres(t))
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t, dsn.Host)
	dsn.Host = g.listener.Addr().String()
	s := boot(t, "DATABASE_URL="+dsn.String())
	p := market(t, s)
	f := newFiller(t, s, "dora@example.com", password)
	page, err := f.Open(p.authorize("prompt=create"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := f.Submit(page, page.Form())
	if err != nil {
		t.Fatal(err)
	}
	g.shut(true)
	gone, _, err := f.Follow(first, p.redirect)
	if err != nil {
		t.Fatal(err)
	}
	if gone.Status != http.StatusServiceUnavailable {
		t.Errorf("without a database the page answers %d: %s", gone.Status, gone.Words())
	}
	if form := gone.Form(); form == nil {
		t.Errorf("the page has no way to try again: %s", gone.Words())
	} else if again, err := f.Submit(gone, form); err != nil {
		t.Error(err)
	} else {
		body, _ := io.ReadAll(again.Body)
		if !strings.Contains(string(body), url.QueryEscape("dora@example.com")) {
			t.Errorf("what was typed is lost: %s", body)
		}
	}
	probe := func(path string) int {
		res, err := f.Client.Get(s.base + path)
		status, _ := read(t, res, err)
		return status
	}
	if probe("/healthz") != http.StatusOK {
		t.Error("the program itself should be alive")
	}
	eventually(t, 20*time.Second, "readiness tells", func() error {
		if status := probe("/readyz"); status != http.StatusServiceUnavailable {
			return fmt.Errorf("readyz answers %d", status)
		}
		return nil
	})
	g.shut(false)
	eventually(t, 30*time.Second, "ready again", func() error {
		if status := probe("/readyz"); status != http.StatusOK {
			return fmt.Errorf("readyz answers %d", status)
		}
		return nil
	})
	var next formfill.Page
	var left string
	eventually(t, 20*time.Second, "the same form goes through", func() error { // it may first meet a connection that died with the database
		again, err := f.Submit(gone, gone.Form())
		if err != nil {
			return err
		}
		if next, left, err = f.Follow(again, p.redirect); err == nil && next.Status == http.StatusServiceUnavailable {
			err = errors.New(next.Words())
		}
		return err
	})
	if left == "" {
		left = f.walk(next.URL.String(), p.redirect)
	}
	if got, err := p.redeem(f.Client, p.code(left)); err != nil || got.Status != http.StatusOK {
		t.Errorf("afterwards: %+v %v", got, err)
	}
}

// TestKnownAndUnknownTakeTheSameTime compares wrong passwords of people who exist with those of people
// who do not, and asking for a code likewise, by ranks (Mann–Whitney).
func TestKnownAndUnknownTakeTheSameTime(t *testing.T) {
	s := boot(t)
	p := market(t, s)
	const samples, perPerson = 64, 8
	var known []string
	for i := range samples / perPerson {
		email := fmt.Sprintf("known%d@example.com", i)
		newFiller(t, s, email, password).walk(p.authorize("prompt=create"), p.redirect)
		known = append(known, email)
	}
	type one struct {
		email string
		known bool
	}
	var order []one
	for i := range samples {
		order = append(order, one{known[i%len(known)], true}, one{fmt.Sprintf("unknown%d@example.com", i%len(known)), false})
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	times, words := map[bool][]float64{}, map[bool]string{}
	for _, o := range order {
		f := newFiller(t, s, o.email, "not the right password")
		page, err := f.Open(p.authorize())
		if err != nil {
			t.Fatal(err)
		}
		identify, err := f.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		if page, _, err = f.Follow(identify, p.redirect); err != nil {
			t.Fatal(err)
		}
		wrong, err := f.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		refused, left, err := f.Follow(wrong, p.redirect)
		if err != nil || left != "" {
			t.Fatalf("%v %s", err, left)
		}
		times[o.known] = append(times[o.known], float64(time.Since(begin)))
		said := strings.ReplaceAll(fmt.Sprint(refused.Status, refused.Title, refused.Words()), o.email, "ADDRESS")
		if words[o.known] == "" {
			words[o.known] = said
		}
	}
	if words[true] != words[false] {
		t.Errorf("known:\n%s\nunknown:\n%s", words[true], words[false])
	}
	z := mannWhitney(times[true], times[false])
	t.Logf("medians %s and %s, z = %.2f", mid(times[true]), mid(times[false]), z)
	// 4.5 standard deviations: chance gives that once in a hundred thousand runs; a hash that is left
	// out gives more than nine.
	if math.Abs(z) > 4.5 {
		t.Errorf("known and unknown accounts differ in time: z = %.2f, medians %s and %s", z, mid(times[true]), mid(times[false]))
	}
}

// TestAskingForACodeTakesTheSameTime compares by ranks how long the page takes that sends a code, for
// customers and for addresses that nobody has.
func TestAskingForACodeTakesTheSameTime(t *testing.T) {
	s := boot(t)
	p := sample(t, s, "home")
	const samples = 60
	var addresses []string
	for _, u := range newAPI(t, s).call(http.MethodGet, "/v1.0/users?$top=100&$select=mail", nil)["value"].([]any) {
		if mail, ok := u.(values)["mail"].(string); ok && len(addresses) < samples {
			addresses = append(addresses, mail)
		}
	}
	if len(addresses) < samples {
		t.Fatalf("only %d customers", len(addresses))
	}
	for i := range samples {
		addresses = append(addresses, fmt.Sprintf("stranger%d@example.com", i))
	}
	order := rand.New(rand.NewPCG(5, 6)).Perm(2 * samples)
	times, words := map[bool][]float64{}, map[string]bool{}
	for _, i := range order {
		f := newFiller(t, s, addresses[i], password)
		page := f.stand(p, 0)
		r, err := f.Submit(page, page.Form())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		next, _, err := f.Follow(r, p.redirect)
		if err != nil {
			t.Fatal(err)
		}
		times[i < samples] = append(times[i < samples], float64(time.Since(begin)))
		words[fmt.Sprint(next.Status, strings.ReplaceAll(next.Words(), addresses[i], "ADDRESS"))] = true
	}
	if len(words) != 1 {
		t.Errorf("customers and strangers read different pages: %v", slices.Collect(maps.Keys(words)))
	}
	z := mannWhitney(times[true], times[false])
	t.Logf("medians %s and %s, z = %.2f", mid(times[true]), mid(times[false]), z)
	if math.Abs(z) > 4.5 {
		t.Errorf("customers and strangers differ in time: z = %.2f, medians %s and %s", z, mid(times[true]), mid(times[false]))
	}
}

func mid(list []float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return time.Duration(sorted[len(sorted)/2]).Round(10 * time.Microsecond)
}

// mannWhitney gives how many standard deviations the rank sum of a lies from what chance expects.
func mannWhitney(a, b []float64) float64 {
	u := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				u++
			case x == y:
				u += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	return (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func TestMannWhitneyTellsApart(t *testing.T) {
	d := rand.New(rand.NewPCG(3, 4))
	draw := func(mean float64) []float64 {
		list := make([]float64, 64)
		for i := range list {
			list[i] = mean + d.NormFloat64()
		}
		return list
	}
	if z := mannWhitney(draw(10), draw(10)); math.Abs(z) > 3.5 {
		t.Errorf("equal: z = %.2f", z)
	}
	if z := mannWhitney(draw(12), draw(10)); z < 6 {
		t.Errorf("two deviations apart: z = %.2f", z)
	}
}

// TestRefusesToServeOthersInDevelopment: a forgotten PORTICO_ENV exposes nothing.
func TestRefusesToServeOthersInDevelopment(t *testing.T) {
	s := boot(t)
	for _, path := range []string{"/demo", "/dev/mailbox", "/dev/mailbox.json", "/demo/market"} {
		r, err := http.NewRequest(http.MethodGet, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "portico.example.com" // a name that somebody pointed at 127.0.0.1
		res, err := s.client(t).Do(r)
		if status, _ := read(t, res, err); status != http.StatusNotFound {
			t.Errorf("%s for another host answers %d", path, status)
		}
	}
	for _, ip := range addresses(t) {
		if conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip, strings.TrimPrefix(s.addr, "127.0.0.1:")), time.Second); err == nil {
			_ = conn.Close()
			t.Errorf("development listens on %s", ip)
		}
	}
}

func addresses(t testing.TB) []string {
	t.Helper()
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			out = append(out, n.IP.String())
		}
	}
	return out
}
