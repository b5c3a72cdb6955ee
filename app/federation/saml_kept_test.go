package federation

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// drawer is a shelf in memory.
type drawer map[string][]byte

func (d drawer) Keep(_ context.Context, tenant, id string, doc []byte) { d[tenant+" "+id] = doc }
func (d drawer) Kept(_ context.Context, tenant, id string) []byte      { return d[tenant+" "+id] }

// TestSAMLKept: after a restart while the company's metadata cannot be read, the last good ones serve: for this provider as
// it is set up, for as long as they would in memory, and only until they can be read again.
func TestSAMLKept(t *testing.T) {
	const path = "/saml"
	for name, c := range map[string]struct {
		more   string // of the metadata
		change func(n *Net, p *Provider)
		later  time.Duration
		served bool
	}{
		"right after":         {served: true},
		"a day":               {later: cacheStale, served: true},
		"more than a day":     {later: cacheStale + time.Second},
		"past validUntil":     {more: `validUntil="` + testNow.Add(time.Hour).Format(time.RFC3339) + `"`, later: time.Hour},
		"another address":     {change: func(_ *Net, p *Provider) { p.MetadataURL += "?x" }},
		"another company":     {change: func(_ *Net, p *Provider) { p.EntityID = "b" }},
		"another provider":    {change: func(_ *Net, p *Provider) { p.ID = "p2" }},
		"another tenant":      {change: func(n *Net, _ *Provider) { n.Tenant = "northwind" }},
		"nothing keeps them":  {change: func(n *Net, _ *Provider) { n.Cache.Shelf = nil }},
		"a look at what is":   {change: func(n *Net, _ *Provider) { n.Cache = &Cache{} }},
		"not a provider yet":  {change: func(_ *Net, p *Provider) { p.ID = "" }},
		"what is not written": {change: func(n *Net, p *Provider) { n.Cache.Shelf = drawer{"fernhill p1": []byte("{")} }},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.now = testNow
			page, down := described(t, "a", 2, c.more), false
			co.pages[path] = func(w http.ResponseWriter, _ *http.Request) {
				if down {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				_, _ = w.Write([]byte(page))
			}
			shelf := drawer{}
			p := Provider{ID: "p1", Kind: SAML, Name: "Corp", EntityID: "a", MetadataURL: co.srv.URL + path}
			n := co.net()
			n.Cache = &Cache{Shelf: shelf}
			first, refusal := (&trip{n: n, p: p}).samlPlace(t.Context(), false)
			if refusal != nil {
				t.Fatal(refusal)
			}
			down, co.now = true, co.now.Add(c.later)
			n.Cache = &Cache{Shelf: shelf} // the program began anew
			if c.change != nil {
				c.change(&n, &p)
			}
			got, refusal := (&trip{n: n, p: p}).samlPlace(t.Context(), false)
			if (refusal == nil) != c.served {
				t.Fatalf("%v", refusal)
			}
			if !c.served {
				return
			}
			if got.Redirect != first.Redirect || got.SignOut != first.SignOut || !got.WantsSigned || len(got.Certificates) != 2 || !got.Certificates[1].Equal(first.Certificates[1]) {
				t.Errorf("%+v", got)
			}
			// It is up again, with other certificates: read at once when an answer is signed by one, else soon.
			page, down, co.now = described(t, "a", 1, ""), false, co.now.Add(cacheAgain)
			if got, refusal = (&trip{n: n, p: p}).samlPlace(t.Context(), true); refusal != nil || len(got.Certificates) != 1 {
				t.Errorf("what was kept outlives what is there: %v %+v", refusal, got)
			}
			// A kept reading does not grow younger by being served.
			down, co.now = true, co.now.Add(cacheStale+time.Second)
			if _, refusal = (&trip{n: n, p: p}).samlPlace(t.Context(), false); refusal == nil {
				t.Error("served for ever")
			}
		})
	}
}
