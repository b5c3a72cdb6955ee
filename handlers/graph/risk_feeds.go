package graph

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/risk"
	"portico/handlers/graph/odata"
	"portico/models"
)

// threatIndicator is an address, a network or an agent that an administrator knows to be bad.
type threatIndicator struct{ risk.Indicator }

// threatIndicators is /beta/portico/threatIndicators. What one is about stays; its level, note and end can change.
func (a *API) threatIndicators() *collection[threatIndicator] {
	r := &collection[threatIndicator]{
		path: []string{"portico", "threatIndicators"}, name: "portico/threatIndicators", typ: "portico.threatIndicator", beta: true,
		read: readRisks(), write: []access.Permission{access.RiskConfigure}, normalPage: 100, largestPage: 999, order: odata.Order{Path: "createdDateTime", Desc: true},
		id: func(i *threatIndicator) string { return i.ID },
	}
	r.fields = []field[threatIndicator]{
		readOnly("id", func(i *threatIndicator) any { return i.ID }),
		str("kind", 16, func(i *threatIndicator) *string { return &i.Kind }).filterable("risk_indicators.kind", graphWord(risk.IndicatorIP, risk.IndicatorASN, risk.IndicatorAgent)).onCreate(),
		str("value", 200, func(i *threatIndicator) *string { return &i.Value }).filterable("risk_indicators.value", column{kind: odata.String, ops: opEq | opNe | opStarts}).onCreate(),
		str("riskLevel", 16, func(i *threatIndicator) *string { return &i.Level }).filterable("risk_indicators.level", graphWord(riskLevels()...)),
		str("note", 200, func(i *threatIndicator) *string { return &i.Note }),
		{name: "expirationDateTime", get: func(i *threatIndicator) any { return stamp(i.ExpiresAt) }, set: func(i *threatIndicator, raw json.RawMessage) error {
			return setTime("expirationDateTime", raw, &i.ExpiresAt)
		}},
		readOnly("createdDateTime", func(i *threatIndicator) any { return stamp(i.CreatedAt) }).filterable("risk_indicators.created_at", column{kind: odata.Time, ops: opEq | opOrder}).
			sortable(func(i *threatIndicator) any { return i.CreatedAt.UTC() }),
		readOnly("createdBy", func(i *threatIndicator) any { return text(i.By) }),
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]threatIndicator, error) {
		rows, err := models.ListRows[models.RiskIndicatorRow](ctx, c.tenant, l)
		out := make([]threatIndicator, len(rows))
		for n, row := range rows {
			i := risk.Indicator{ID: row.ID, Kind: row.Kind, Value: row.Value, Level: row.Level, Note: row.Note, CreatedAt: row.CreatedAt.UTC(), By: row.ActorName}
			if row.ExpiresAt != nil {
				i.ExpiresAt = row.ExpiresAt.UTC()
			}
			out[n] = threatIndicator{i}
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*threatIndicator, error) {
		i, err := c.tenant.Indicator(ctx, strings.ToLower(key))
		return &threatIndicator{i}, err
	}
	words := func(err error) error {
		return renamed(err, func(name string) string {
			switch name {
			case "level":
				return "riskLevel"
			case "expires", "expiresAt":
				return "expirationDateTime"
			}
			return name
		})
	}
	r.fresh = func(*call) threatIndicator { return threatIndicator{risk.Indicator{Level: risk.High}} }
	r.create = func(ctx context.Context, c *call, i *threatIndicator) error {
		made, err := c.tenant.PutIndicator(ctx, c.actor(), i.Indicator)
		i.Indicator = made
		return words(err)
	}
	r.update = func(ctx context.Context, c *call, _ threatIndicator, i *threatIndicator, again func(*threatIndicator) error) error {
		now, err := c.tenant.Indicator(ctx, i.ID)
		if err != nil {
			return err
		}
		row := threatIndicator{now}
		if err := again(&row); err != nil {
			return err
		}
		i.Indicator, err = c.tenant.PutIndicator(ctx, c.actor(), row.Indicator)
		return words(err)
	}
	r.delete = func(ctx context.Context, c *call, i *threatIndicator) error {
		return c.tenant.DeleteIndicator(ctx, c.actor(), i.ID)
	}
	return r
}

// setTime reads a time; null clears it.
func setTime(name string, raw json.RawMessage, into *time.Time) error {
	var s *string
	if err := strict(name, raw, &s); err != nil {
		return err
	}
	at, err := since(name, s)
	if err == nil {
		*into = at
	}
	return err
}

// leakedList is a list of addresses whose accounts were leaked elsewhere.
type leakedList struct {
	models.LeakedImport
	addresses []string
}

// leakedAddresses is /beta/portico/leakedAddresses: a POST reads a list and counts whom it concerns; nothing comes of
// it before …/apply says how many people that are. Only keyed hashes are kept, so no list can be read back.
func (a *API) leakedAddresses() *collection[leakedList] {
	r := &collection[leakedList]{
		path: []string{"portico", "leakedAddresses"}, name: "portico/leakedAddresses", typ: "portico.leakedAddresses", beta: true,
		read: readRisks(), write: []access.Permission{access.RiskEventWrite}, normalPage: 50, largestPage: 200, order: odata.Order{Path: "createdDateTime", Desc: true},
		id: func(l *leakedList) string { return l.ID },
	}
	count := func(name string, n func(*leakedList) int64) field[leakedList] {
		return readOnly(name, func(l *leakedList) any { return n(l) })
	}
	r.fields = []field[leakedList]{
		readOnly("id", func(l *leakedList) any { return l.ID }),
		str("source", 100, func(l *leakedList) *string { return &l.Source }).onCreate(),
		{name: "leakedDateTime", createOnly: true, get: func(l *leakedList) any { return stamp(l.LeakedAt) }, set: func(l *leakedList, raw json.RawMessage) error {
			return setTime("leakedDateTime", raw, &l.LeakedAt)
		}},
		{name: "addresses", createOnly: true, selectOnly: true, set: func(l *leakedList, raw json.RawMessage) error { return strict("addresses", raw, &l.addresses) }},
		readOnly("state", func(l *leakedList) any { return l.State }),
		count("rows", func(l *leakedList) int64 { return l.Rows }), count("unreadable", func(l *leakedList) int64 { return l.Bad }), count("added", func(l *leakedList) int64 { return l.Added }),
		count("people", func(l *leakedList) int64 { return l.People }), count("detections", func(l *leakedList) int64 { return l.Found }),
		readOnly("createdBy", func(l *leakedList) any { return text(l.ActorName) }),
		readOnly("createdDateTime", func(l *leakedList) any { return stamp(l.CreatedAt) }).sortable(func(l *leakedList) any { return l.CreatedAt.UTC() }),
	}
	r.all = func(ctx context.Context, c *call) ([]leakedList, error) {
		var out []leakedList
		for after := ""; ; { // few: each is uploaded by a person
			p, err := c.tenant.LeakedImports(ctx, after, 200)
			if err != nil {
				return nil, err
			}
			for _, l := range p.Items {
				out = append(out, leakedList{LeakedImport: l})
			}
			if after = p.Next; after == "" || len(out) >= 2000 {
				return out, nil
			}
		}
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*leakedList, error) {
		l, err := c.tenant.LeakedImport(ctx, strings.ToLower(key))
		return &leakedList{LeakedImport: l}, err
	}
	r.fresh = func(*call) leakedList { return leakedList{} }
	r.create = func(ctx context.Context, c *call, l *leakedList) error {
		if len(l.addresses) == 0 {
			return invalidValue("addresses", ": at least one address is expected")
		}
		at := l.LeakedAt
		if at.IsZero() {
			at = c.api.Store.Now()
		}
		made, err := c.tenant.ImportLeaked(ctx, c.actor(), l.Source, at, lines(l.addresses))
		l.LeakedImport = made
		return err
	}
	r.delete = func(ctx context.Context, c *call, l *leakedList) error {
		return c.tenant.DeleteLeaked(ctx, c.actor(), l.ID)
	}
	r.actions = []action[leakedList]{{method: http.MethodPost, path: "apply", need: []access.Permission{access.RiskEventWrite}, run: func(ctx context.Context, c *call, l *leakedList) (*response, error) {
		people := int64(-1)
		if err := c.bodyOf(map[string]any{"people": &people}); err != nil {
			return nil, err
		}
		after, err := c.tenant.ApplyLeaked(ctx, c.actor(), l.ID, people)
		if err != nil {
			return nil, renamed(err, func(string) string { return "people" })
		}
		o, err := r.render(ctx, c, &leakedList{LeakedImport: after}, r.fields)
		if err != nil {
			return nil, err
		}
		return c.entity(r.name+"/$entity", o), nil
	}}}
	return r
}

func lines(list []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, s := range list {
			if strings.ContainsAny(s, "\r\n") {
				yield("", fault.BadField("addresses", "field.characters", nil))
				return
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}
