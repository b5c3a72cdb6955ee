package federation

import (
	"net/http"
	"net/url"
	"testing"
)

// RP-Initiated Logout 1.0 §2: where, for whom, and back to where; a provider without such a place is left alone.
func TestLeave(t *testing.T) {
	for name, c := range map[string]struct {
		end     string // what the metadata say
		set     string // what the admin set
		down    bool
		want    string // path; "" = nowhere
		refused bool
	}{
		"by the metadata":     {end: "/bye?brand=x", want: "/bye"},
		"by the settings":     {end: "/bye", set: "/adieu", want: "/adieu"},
		"no such place":       {},
		"down":                {down: true, refused: true},
		"set, though down":    {down: true, set: "/adieu", want: "/adieu"},
		"no address to go to": {end: "javascript:alert(1)", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			full := func(path string) string {
				if path == "" || path[0] != '/' {
					return path
				}
				return co.srv.URL + path
			}
			if c.end != "" {
				co.metadata["end_session_endpoint"] = full(c.end)
			}
			if c.down {
				co.pages[wellKnown] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
			}
			p := co.provider()
			p.EndSessionURL = full(c.set)
			x, _ := Connect(p.Kind)
			got, err := x.Leave(t.Context(), co.net(), p, Secrets{}, Parting{Identity: Identity{IDTokenHint: "hint"}, ReturnTo: "https://id.example/back", State: "s&1"})
			if (err != nil) != c.refused {
				t.Fatalf("%q %v", got, err)
			}
			to, _ := url.Parse(got)
			if to.Path != c.want {
				t.Fatalf("%q, want %s", got, c.want)
			}
			if q := to.Query(); c.want != "" && (q.Get("id_token_hint") != "hint" || q.Get("post_logout_redirect_uri") != "https://id.example/back" || q.Get("state") != "s&1" || q.Get("client_id") != "client-1") {
				t.Errorf("%v", q)
			}
			if c.want == "/bye" && to.Query().Get("brand") != "x" {
				t.Error("what the provider's own address says is lost")
			}
		})
	}
}
