package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// termsOfUse are a tenant's terms, version by version. Graph's agreements are PDF files; these are texts by
// language, so the resource is ours, below /beta/portico. Who agreed is in Graph's agreementAcceptance.
type termsOfUse struct {
	userflow.Terms
	stored bool
}

// termsText is one language's text.
type termsText struct {
	Language string `json:"language"`
	Title    string `json:"title"`
	Body     string `json:"body"`
	URL      string `json:"url"`
}

func (a *API) termsOfUse() *collection[termsOfUse] {
	r := &collection[termsOfUse]{
		path: []string{"portico", "termsOfUse"}, name: "portico/termsOfUse", typ: "porticoTermsOfUse", plural: "terms-of-use", beta: true,
		read: readFlows(), write: writeFlows(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(x *termsOfUse) string { return x.ID },
	}
	r.fields = []field[termsOfUse]{
		readOnly("id", func(x *termsOfUse) any { return x.ID }).sortable(func(x *termsOfUse) any { return x.ID }),
		str("displayName", 120, func(x *termsOfUse) *string { return &x.Name }).sortable(func(x *termsOfUse) any { return x.Name }),
		readOnly("version", func(x *termsOfUse) any { return x.Version }),
		readOnly("acceptedSinceVersion", func(x *termsOfUse) any { return x.Since }),
		str("defaultLanguage", 35, func(x *termsOfUse) *string { return &x.Language }),
		{name: "texts", get: shownTexts, set: setTexts},
	}
	r.fresh = func(*call) termsOfUse { return termsOfUse{} }
	r.all = func(ctx context.Context, c *call) ([]termsOfUse, error) {
		all, err := c.tenant.AllTerms(ctx)
		out := make([]termsOfUse, len(all))
		for i, x := range all {
			out[i] = termsOfUse{x, true}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*termsOfUse, error) {
		versions, err := c.tenant.TermsVersions(ctx, clientID(key))
		if err != nil {
			return nil, err
		}
		return &termsOfUse{versions[0].Terms, true}, nil
	}
	r.check = func(_ context.Context, _ *call, x *termsOfUse, sent func(string) bool) error {
		for _, name := range []string{"displayName", "texts"} {
			if !x.stored && !sent(name) {
				return badRequest("A value is required for property '"+name+"' of resource 'termsOfUse'.", name)
			}
		}
		if x.Language == "" && len(x.Texts) == 1 {
			for tag := range x.Texts {
				x.Language = tag
			}
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, x *termsOfUse) error {
		made, err := c.tenant.CreateTerms(ctx, c.actor(), x.Terms)
		*x = termsOfUse{made, true}
		return termsWords(err)
	}
	r.update = func(ctx context.Context, c *call, _ termsOfUse, x *termsOfUse, again func(*termsOfUse) error) error {
		return publishTerms(ctx, c, x, false, again)
	}
	r.delete = func(ctx context.Context, c *call, x *termsOfUse) error {
		return c.tenant.DeleteTerms(ctx, c.actor(), x.ID)
	}
	r.actions = a.termsActions(r)
	r.managing = &managing[termsOfUse]{key: "displayName", keyOf: func(x *termsOfUse) string { return x.Name }, name: func(x *termsOfUse) string { return x.Name }, late: true}
	return r
}

// publishTerms makes the next version; again lays the request's document onto what is there by then.
func publishTerms(ctx context.Context, c *call, x *termsOfUse, askAgain bool, again func(*termsOfUse) error) error {
	made, err := c.tenant.PublishTerms(ctx, c.actor(), x.ID, askAgain, func(t *userflow.Terms) error {
		now := termsOfUse{*t, true}
		if err := again(&now); err != nil {
			return err
		}
		*t = now.Terms
		return nil
	})
	if err == nil {
		x.Terms = made
	}
	return termsWords(err)
}

func shownTexts(x *termsOfUse) any {
	out := []termsText{}
	for tag, t := range x.Texts {
		out = append(out, termsText{tag, t.Title, t.Body, t.URL})
	}
	slices.SortFunc(out, func(a, b termsText) int {
		if a.Language < b.Language {
			return -1
		}
		return 1
	})
	return out
}

func setTexts(x *termsOfUse, raw json.RawMessage) error {
	var texts []termsText
	if err := strict("texts", raw, &texts); err != nil {
		return err
	}
	x.Texts = make(map[string]userflow.TermsText, len(texts))
	for _, t := range texts {
		if _, twice := x.Texts[t.Language]; twice || t.Language == "" {
			return invalidValue("texts", ": each text needs a language of its own")
		}
		x.Texts[t.Language] = userflow.TermsText{Title: t.Title, Body: t.Body, URL: t.URL}
	}
	return nil
}

func termsWords(err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "name":
			return "displayName"
		case "language":
			return "defaultLanguage"
		}
		return name
	})
}

// termsActions are publishing, the history and who agreed.
func (a *API) termsActions(r *collection[termsOfUse]) []action[termsOfUse] {
	return []action[termsOfUse]{
		{method: http.MethodPost, path: "publish", need: writeFlows(), run: func(ctx context.Context, c *call, x *termsOfUse) (*response, error) {
			askAgain := false
			d := document{values: map[string]json.RawMessage{}}
			if len(c.body) > 0 {
				var err error
				if d, err = c.json(); err != nil {
					return nil, err
				}
			}
			if raw, ok := d.values["askAgain"]; ok {
				if err := strict("askAgain", raw, &askAgain); err != nil {
					return nil, err
				}
				d = withoutKey(d, "askAgain")
			}
			err := publishTerms(ctx, c, x, askAgain, func(now *termsOfUse) error {
				names, err := r.assign(ctx, c, d, now, false)
				if err != nil {
					return err
				}
				return r.check(ctx, c, now, func(n string) bool { return slices.Contains(names, n) })
			})
			if err != nil {
				return nil, err
			}
			return r.answer(ctx, c, http.StatusOK, x)
		}},
		{method: http.MethodGet, path: "versions", need: readFlows(), run: func(ctx context.Context, c *call, x *termsOfUse) (*response, error) {
			versions, err := c.tenant.TermsVersions(ctx, x.ID)
			if err != nil {
				return nil, err
			}
			out := make([]object, len(versions))
			for i, v := range versions {
				out[i] = shownTermsVersion(v)
			}
			return valueOf(c, r.name+"('"+x.ID+"')/versions", out), nil
		}},
		{method: http.MethodGet, path: "versions/{n}", need: readFlows(), run: func(ctx context.Context, c *call, x *termsOfUse) (*response, error) {
			versions, err := c.tenant.TermsVersions(ctx, x.ID)
			if err != nil {
				return nil, err
			}
			for _, v := range versions {
				if strconv.Itoa(v.Version) == c.params["n"] {
					return &response{status: http.StatusOK, body: append(object{{"@odata.context", c.context(r.name + "('" + x.ID + "')/versions/$entity")}}, shownTermsVersion(v)...)}, nil
				}
			}
			return nil, notFound(c.params["n"])
		}},
		{method: http.MethodGet, path: "acceptances", need: readUsers(), run: a.acceptancesOf},
	}
}

func shownTermsVersion(v models.TermsVersion) object {
	x := &termsOfUse{v.Terms, true}
	return object{{"version", v.Version}, {"acceptedSinceVersion", v.Since}, {"displayName", v.Name}, {"defaultLanguage", v.Language},
		{"texts", shownTexts(x)}, {"publishedDateTime", stamp(v.CreatedAt)}, {"publishedBy", text(v.ActorName)}}
}

// answer is one row with the default set of properties.
func (r *collection[R]) answer(ctx context.Context, c *call, status int, row *R) (*response, error) {
	shown, err := r.shown(ctx, c, true)
	if err != nil {
		return nil, err
	}
	o, err := r.render(ctx, c, row, shown)
	if err != nil {
		return nil, err
	}
	return &response{status: status, body: append(object{{"@odata.context", c.context(r.name + "/$entity")}}, o...)}, nil
}
