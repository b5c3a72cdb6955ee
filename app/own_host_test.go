package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/branding"
	"portico/app/config"
	"portico/app/message"
	"portico/app/outbound"
	"portico/app/tenant"
	"portico/models"
)

// small is a program with a tenant "shop" over a database of its own, at an address with the given port.
func small(t *testing.T, port string) (*server, *models.Tenant) {
	t.Helper()
	t.Chdir(t.TempDir())
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, environ: []string{"PORT=" + port}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s := newServer(p)
	must(t, s.wire(t.Context()))
	made, err := p.store.CreateTenant(t.Context(), audit.System("test"), tenant.Tenant{Slug: "shop", Name: "Shop"})
	must(t, err)
	return s, p.store.Tenant(made.ID)
}

// listens starts a listener on this machine that answers as h does; nil = it takes connections and says nothing.
func listens(t *testing.T, h http.HandlerFunc) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	if h != nil {
		srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		go func() { _ = srv.Serve(ln) }()
		t.Cleanup(func() { srv.Close() })
	}
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

// TestReach: what an admin is told about a host that was tried, and that only this installation, asked at that very host, counts.
func TestReach(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	_, here, _ := net.SplitHostPort(ln.Addr().String())
	s, shop := small(t, here)
	s.app.Handler()
	go func() { _ = s.app.Server().Serve(ln) }()
	by := audit.System("test")
	for _, host := range []string{"login.shop.test", "id.shop.test"} {
		_, err := shop.AddCustomDomain(t.Context(), by, host, true)
		must(t, err)
	}
	_, err = shop.AddCustomDomain(t.Context(), by, "claimed.shop.test", false)
	must(t, err)

	closed := listens(t, nil)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, refuses, _ := net.SplitHostPort(gone.Addr().String())
	gone.Close()
	forward := func(host string) http.HandlerFunc { // a proxy that passes requests on under another name
		return func(w http.ResponseWriter, r *http.Request) {
			q, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://127.0.0.1:"+here+r.URL.RequestURI(), nil)
			q.Host = host
			a, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Error(err)
				return
			}
			defer a.Body.Close()
			w.WriteHeader(a.StatusCode)
			_, _ = io.Copy(w, a.Body)
		}
	}
	for name, c := range map[string]struct {
		port, host, want string
	}{
		"it comes out here":           {here, "login.shop.test", ""},
		"a proxy that keeps the host": {listens(t, forward("login.shop.test:"+here)), "login.shop.test", ""},
		"the header of another host":  {listens(t, forward("id.shop.test")), "login.shop.test", "login.shop.test answers, but not this installation."},
		"a proxy that loses the host": {listens(t, forward("localhost")), "login.shop.test", "login.shop.test answers, but not this installation: the proxy has to pass requests on with the header Host as it came in (the answer was Not Found)."},
		"a claim that is not proven":  {here, "claimed.shop.test", "claimed.shop.test answers, but not this installation: the proxy has to pass requests on with the header Host as it came in (the answer was Not Found)."},
		"a redirect":                  {listens(t, http.RedirectHandler("http://localhost:"+here+"/", http.StatusFound).ServeHTTP), "login.shop.test", "login.shop.test redirects. It has to pass requests on to this installation."},
		"another site":                {listens(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<h1>Welcome") }), "login.shop.test", "login.shop.test answers, but not this installation."},
		"the challenge echoed":        {listens(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Query().Get("challenge")) }), "login.shop.test", "login.shop.test answers, but not this installation."},
		"an error":                    {listens(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), "login.shop.test", "(the answer was Bad Gateway)."},
		"nobody listens":              {refuses, "login.shop.test", "login.shop.test cannot be reached: "},
		"taken, and nothing is said":  {closed, "login.shop.test", "login.shop.test did not answer in time."},
	} {
		p := *s.program
		p.config.BaseURL = "http://localhost:" + c.port
		ctx, cancel := t.Context(), func() {}
		if c.port == closed {
			ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
		}
		got := p.reach(ctx, "shop", c.host)
		cancel()
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}

	// Away from development the name is looked up, and what it leads to must be public or allowed.
	p := *s.program
	p.config = config.Config{Env: "production", BaseURL: "http://login.example:" + here}
	for name, c := range map[string]struct {
		addr  []netip.Addr
		err   error
		allow string
		want  string
	}{
		"no such name":    {nil, &net.DNSError{Err: "no such host", IsNotFound: true}, "", "login.shop.test has no address in the DNS."},
		"no answer":       {nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}, "", "login.shop.test cannot be reached: "},
		"inside":          {[]netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil, "", "login.shop.test leads to an address that is not on the public internet; the operator can allow it with PORTICO_OUTBOUND_ALLOW."},
		"inside, allowed": {[]netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil, "127.0.0.1,login.shop.test", ""},
	} {
		allow, err := outbound.ParseAllow(c.allow)
		must(t, err)
		if c.allow == "" { // plain http is possible; the address is not allowed
			allow, err = outbound.ParseAllow("login.shop.test:" + here)
			must(t, err)
		}
		if name == "inside" {
			allow = nil
			p.config.BaseURL = "https://login.example:" + here
		} else {
			p.config.BaseURL = "http://login.example:" + here
		}
		p.outbound = &outbound.Client{Allow: allow, Lookup: func(context.Context, string) ([]netip.Addr, error) { return c.addr, c.err }}
		if got := p.reach(t.Context(), "shop", "login.shop.test"); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestCodesAreBoundToTheHostTheyWereAskedForAt: the last line of a code's mail and text names the page that it is typed into;
// links and pictures lead to the same host, and the letter wears the look of the app.
func TestCodesAreBoundToTheHostTheyWereAskedForAt(t *testing.T) {
	s, shop := small(t, "3000")
	ctx, by := t.Context(), audit.System("test")
	for _, host := range []string{"login.shop.test", "id.shop.test"} {
		_, err := shop.AddCustomDomain(ctx, by, host, true)
		must(t, err)
	}
	must(t, shop.ChooseHosts(ctx, by, "id.shop.test", false))
	app, err := shop.CreateApplication(ctx, by, models.Application{Name: "Market", Kind: models.WebApp, Enabled: true})
	must(t, err)
	publish := func(id string, revision int, color string) {
		t.Helper()
		b, err := shop.SaveBrandingDraft(ctx, by, id, branding.Document{Languages: map[string]branding.Elements{"": {Color: color}}}, revision)
		must(t, err)
		_, err = shop.PublishBranding(ctx, by, id, b.Revision, "")
		must(t, err)
	}
	theme, err := shop.CreateTheme(ctx, by, "Red")
	must(t, err)
	publish(theme.ID, theme.Revision, "#b3123a")
	publish(branding.Company, 0, "#0b6e4f")
	must(t, shop.SetAppTheme(ctx, by, app.ID, theme.ID))

	base, err := url.Parse(s.config.BaseURL)
	must(t, err)
	r := letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf, look: s.lookOf}
	render := func(ctx context.Context, n message.Note) message.Letter {
		t.Helper()
		n.TenantID, n.To, n.Locale = shop.ID, "ann@example.com", "en"
		must(t, shop.InTx(ctx, func(in *models.Tenant) error { return message.Post(ctx, in, n, s.now()) }))
		items, err := s.store.ClaimOutbox(ctx, "test", s.now(), 1000*time.Hour, 100)
		must(t, err)
		if len(items) != 1 {
			t.Fatalf("%d items", len(items))
		}
		var read message.Note
		must(t, json.Unmarshal(items[0].Payload, &read))
		l, err := r.Render(ctx, read)
		must(t, err)
		return l
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"at an own host", tenant.Through(ctx, "login.shop.test"), "login.shop.test"},
		{"at the primary one", tenant.Through(ctx, "id.shop.test"), "id.shop.test"},
		{"at the installation's address", tenant.Through(ctx, ""), "localhost"},
		{"nowhere: by a job", ctx, "id.shop.test"},
	} {
		for _, channel := range []string{"mail", "sms"} {
			l := render(c.ctx, message.Note{Kind: message.Code, Channel: channel, ClientID: app.ClientID, Code: "04231789", ValidFor: time.Minute})
			if !strings.HasSuffix(strings.TrimRight(l.Text, "\n"), "\n@"+c.want+" #04231789") || strings.Count(l.Text, "@") != 1 {
				t.Errorf("%s, %s: %q is not bound to %s", c.name, channel, l.Text, c.want)
			}
			if channel == "mail" && (!strings.Contains(l.HTML, "#b3123a") || strings.Contains(l.HTML, "#0b6e4f")) {
				t.Errorf("%s: not in the look of the app: %s", c.name, l.HTML)
			}
		}
	}
	if l := render(ctx, message.Note{Kind: message.Code, Channel: "mail", Code: "04231789", ValidFor: time.Minute}); !strings.Contains(l.HTML, "#0b6e4f") {
		t.Errorf("of no app: not in the company's look: %s", l.HTML)
	}
	if l := render(tenant.Through(ctx, "login.shop.test"), message.Note{Kind: message.PasswordChanged, Channel: "sms", URL: "https://login.shop.test/shop/account"}); strings.Contains(l.Text, "#") {
		t.Errorf("a notice is bound: %q", l.Text)
	}
}
