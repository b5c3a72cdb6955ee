package demo

import (
	"context"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"portico/app/fault"
)

// provider is what one application learnt from discovery.
type provider struct {
	client   Client
	oidc     *oidc.Provider
	verifier *oidc.IDTokenVerifier
	config   oauth2.Config
	extra    struct {
		EndSession string `json:"end_session_endpoint"`
		Revocation string `json:"revocation_endpoint"`
	}
}

// provider discovers the issuer once per registration; go-oidc then keeps the keys fresh by itself.
func (s *Site) provider(ctx context.Context, a app) (*provider, error) {
	clients, err := s.Clients(ctx)
	if err != nil {
		return nil, err
	}
	var client Client
	for _, x := range clients {
		if x.Slug == a.slug {
			client = x
		}
	}
	if client.ClientID == "" {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	key := client.Slug + " " + client.Issuer + " " + client.ClientID
	s.mu.Lock()
	known := s.providers[key]
	s.mu.Unlock()
	if known != nil && known.client == client {
		return known, nil
	}
	// The keys are fetched later with this context, so it must not end with the request.
	discovered, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.HTTP), client.Issuer)
	if err != nil {
		return nil, err
	}
	p := &provider{client: client, oidc: discovered, verifier: discovered.Verifier(&oidc.Config{ClientID: client.ClientID, Now: s.Now}),
		config: oauth2.Config{ClientID: client.ClientID, ClientSecret: client.Secret, Endpoint: discovered.Endpoint(),
			RedirectURL: s.BaseURL + "/demo/" + a.slug + "/callback",
			Scopes:      []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess}}}
	p.config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if client.Secret == "" {
		p.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	if err := discovered.Claims(&p.extra); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.providers[key] = p
	s.mu.Unlock()
	return p, nil
}

// httpContext makes x/oauth2 and go-oidc use our client. The public application says which origin it is,
// as a page in a browser would: a provider takes it for what it was registered as.
func (s *Site) httpContext(ctx context.Context, p *provider) context.Context {
	client := s.HTTP
	if p.client.Secret == "" {
		copied := *s.HTTP
		copied.Transport = withOrigin{base: s.HTTP.Transport, origin: s.BaseURL}
		client = &copied
	}
	return oidc.ClientContext(ctx, client)
}

type withOrigin struct {
	base   http.RoundTripper
	origin string
}

func (t withOrigin) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Origin", t.origin)
	if t.base == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return t.base.RoundTrip(r)
}
