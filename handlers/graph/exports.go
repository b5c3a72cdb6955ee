package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/export"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// exporting is a continuous export. Its secret is answered once, by what makes it.
type exporting struct {
	models.Export
	from    time.Time
	fromNow bool
	enabled bool
	secret  string
	whole   bool // the caller may see a webhook's whole URL, which can hold a token of the receiver
}

// exports is /beta/portico/exports: where records of risk and logs go by themselves.
func (a *API) exports() *collection[exporting] {
	r := &collection[exporting]{
		path: []string{"portico", "exports"}, name: "portico/exports", typ: "portico.export", plural: "exports", beta: true,
		read: readRisks(), write: []access.Permission{access.RiskConfigure}, normalPage: 100, largestPage: 100, order: odata.Order{Path: "displayName"},
		id: func(e *exporting) string { return e.ID },
	}
	r.fields = []field[exporting]{
		readOnly("id", func(e *exporting) any { return e.ID }),
		str("displayName", 100, func(e *exporting) *string { return &e.Name }).sortable(func(e *exporting) any { return folded(e.Name) }),
		{name: "kind", get: func(e *exporting) any { return e.Kind }, set: setWord("kind", func(e *exporting) *export.TargetKind { return &e.Kind })},
		{name: "format", get: func(e *exporting) any { return e.Format }, set: setWord("format", func(e *exporting) *export.Format { return &e.Format })},
		{name: "records", get: func(e *exporting) any { return list(e.Records) }, set: func(e *exporting, raw json.RawMessage) error { return strict("records", raw, &e.Records) }},
		{name: "url", get: func(e *exporting) any {
			if e.whole {
				return text(e.URL)
			}
			if e.Kind == export.Webhook {
				return text(e.Place())
			}
			return nil
		}, set: setString("url", 2000, func(e *exporting) *string { return &e.URL })},
		str("address", 300, func(e *exporting) *string { return &e.Address }),
		boolean("withoutTls", func(e *exporting) *bool { return &e.Plain }),
		strs("riskLevels", 3, 16, func(e *exporting) *[]string { return &e.Filter.Levels }),
		strs("riskEventTypes", 50, 48, func(e *exporting) *[]string { return &e.Filter.Types }),
		boolean("isEnabled", func(e *exporting) *bool { return &e.enabled }),
		{name: "beginDateTime", createOnly: true, unmanaged: true, set: func(e *exporting, raw json.RawMessage) error {
			e.fromNow = false
			return setTime("beginDateTime", raw, &e.from)
		}},
		readOnly("secretHint", func(e *exporting) any { return text(e.SecretHint) }),
		{name: "secret", selectOnly: true, once: true, get: func(e *exporting) any { return text(e.secret) }},
		readOnly("recordsSent", func(e *exporting) any { return e.Sent }),
		readOnly("lastDeliveryDateTime", func(e *exporting) any { return stamp(e.SentAt) }),
		readOnly("failuresInARow", func(e *exporting) any { return e.Failures }),
		readOnly("lastError", func(e *exporting) any { return text(e.LastError) }),
		readOnly("lastErrorDateTime", func(e *exporting) any { return stamp(e.FailedAt) }),
		readOnly("createdDateTime", func(e *exporting) any { return stamp(e.CreatedAt) }),
		readOnly("modifiedDateTime", func(e *exporting) any { return stamp(e.ModifiedAt) }),
	}
	wrap := func(c *call, e models.Export) exporting {
		return exporting{Export: e, enabled: e.Enabled, whole: c.caller.may(access.RiskConfigure)}
	}
	r.all = func(ctx context.Context, c *call) ([]exporting, error) {
		found, err := c.tenant.Exports(ctx)
		out := make([]exporting, len(found))
		for i, e := range found {
			out[i] = wrap(c, e)
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*exporting, error) {
		e, err := c.tenant.Export(ctx, key)
		row := wrap(c, e)
		return &row, err
	}
	r.fresh = func(c *call) exporting {
		return exporting{fromNow: true, enabled: true, whole: true, Export: models.Export{Target: export.Target{Kind: export.Webhook, Records: []export.Kind{export.RiskDetection, export.RiskyUser}}}}
	}
	r.create = func(ctx context.Context, c *call, e *exporting) error {
		from := e.from
		if e.fromNow {
			from = a.Store.Now()
		}
		made, secret, err := c.tenant.CreateExport(ctx, c.actor(), e.Target, e.enabled, from, func(t export.Target) error { return c.mayExport(ctx, t) })
		e.Export, e.secret = made, secret
		return exportWords(err)
	}
	r.update = func(ctx context.Context, c *call, before exporting, e *exporting, again func(*exporting) error) error {
		if err := c.mayChangeExport(before.Target); err != nil {
			return err
		}
		var enabled bool
		made, secret, err := c.tenant.UpdateExport(ctx, c.actor(), e.ID, func(t *export.Target) error {
			row := before
			row.Target = *t
			if err := again(&row); err != nil {
				return err
			}
			*t, enabled = row.Target, row.enabled
			return nil
		}, func(was, t export.Target) error {
			if err := c.mayChangeExport(was); err != nil {
				return err
			}
			return c.mayExport(ctx, t)
		})
		if err != nil {
			return exportWords(err)
		}
		if enabled != made.Enabled {
			if made, err = c.tenant.EnableExport(ctx, c.actor(), e.ID, enabled); err != nil {
				return err
			}
		}
		e.Export, e.secret = made, secret
		return nil
	}
	r.delete = func(ctx context.Context, c *call, e *exporting) error {
		if err := c.mayChangeExport(e.Target); err != nil {
			return err
		}
		return c.tenant.DeleteExport(ctx, c.actor(), e.ID)
	}
	// A secret is made where the file is applied and is in no file: "New secret" in the portal, or renewSecret, shows one.
	r.managing = &managing[exporting]{key: "displayName", keyOf: func(e *exporting) string { return e.Name }, name: func(e *exporting) string { return e.Name },
		adopt: func(e *exporting, key string) error { e.Name = key; return nil }}
	write := r.write
	r.actions = []action[exporting]{
		{method: http.MethodPost, path: "test", need: write, run: a.testExport},
		{method: http.MethodGet, path: "sample", need: readRisks(), run: a.sampleExport},
		{method: http.MethodGet, path: "lag", need: readRisks(), run: a.lagOfExport},
		{method: http.MethodPost, path: "renewSecret", need: write, run: func(ctx context.Context, c *call, e *exporting) (*response, error) {
			if err := c.mayChangeExport(e.Target); err != nil {
				return nil, err
			}
			_, secret, err := c.tenant.RenewExportSecret(ctx, c.actor(), e.ID)
			if err != nil {
				return nil, err
			}
			return c.entity("portico/exports('"+e.ID+"')/renewSecret", object{{"secret", secret}}), nil
		}},
		{method: http.MethodPost, path: "rewind", need: write, run: func(ctx context.Context, c *call, e *exporting) (*response, error) {
			if err := c.mayChangeExport(e.Target); err != nil {
				return nil, err
			}
			var s *string
			if err := c.bodyOf(map[string]any{"beginDateTime": &s}); err != nil {
				return nil, err
			}
			from, err := since("beginDateTime", s)
			if err == nil {
				_, err = c.tenant.RewindExport(ctx, c.actor(), e.ID, from)
			}
			return emptied(renamed(err, func(string) string { return "beginDateTime" }))
		}},
	}
	return r
}

// setWord reads a word of a list that the domain checks.
func setWord[R any, T ~string](name string, p func(*R) *T) func(*R, json.RawMessage) error {
	return func(r *R, raw json.RawMessage) error {
		var s string
		if err := strict(name, raw, &s); err != nil {
			return err
		}
		if err := checkText(name, s, 64); err != nil {
			return err
		}
		*p(r) = T(s)
		return nil
	}
}

// mayChangeExport refuses whoever may not read all that an export sends: nobody sends elsewhere what they may not see.
func (c *call) mayChangeExport(t export.Target) error {
	if slices.ContainsFunc(t.Rights(), func(need access.Permission) bool { return !c.caller.may(need) }) {
		return denied()
	}
	return nil
}

// mayExport refuses targets that cannot work, and records that the caller may not read.
func (c *call) mayExport(ctx context.Context, t export.Target) error {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return err
	}
	if err := c.api.Courier.Check(self.Slug, t); err != nil {
		return err
	}
	return c.mayChangeExport(t)
}

// exportWords gives complaints the properties' names.
func exportWords(err error) error {
	return renamed(err, func(name string) string {
		if name == "plain" {
			return "withoutTls"
		}
		return name
	})
}

func (a *API) exportStore() models.ExportStore {
	return models.ExportStore{Store: a.Store, Say: a.explain}
}

// testExport sends the marked sample while the caller waits.
func (a *API) testExport(ctx context.Context, c *call, e *exporting) (*response, error) {
	if err := c.mayChangeExport(e.Target); err != nil {
		return nil, err
	}
	parcel, err := c.tenant.ExportParcel(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	problem := a.Courier.Test(ctx, parcel)
	if err := c.tenant.NoteExportTest(ctx, c.actor(), e.Export, problem); err != nil {
		return nil, err
	}
	said := any(nil)
	if problem != nil {
		said = problem.Error()
	}
	return c.entity("portico/exports('"+e.ID+"')/test", object{{"delivered", problem == nil}, {"error", said}}), nil
}

// sampleExport is the latest record as it travels; the test record where there is none.
func (a *API) sampleExport(ctx context.Context, c *call, e *exporting) (*response, error) {
	if err := c.mayChangeExport(e.Target); err != nil {
		return nil, err
	}
	parcel, err := c.tenant.ExportParcel(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	record, ok, err := a.exportStore().Latest(ctx, c.tenant.ID, e.Target)
	if err == nil && !ok {
		record, err = export.Sample(c.tenant.ID, a.Store.Now())
	}
	if err != nil {
		return nil, err
	}
	parcel.Records, parcel.Secret = []export.Record{record}, nil
	return c.entity("portico/exports('"+e.ID+"')/sample", object{{"isTest", record.Test}, {"content", strings.TrimSuffix(a.Courier.Preview(parcel), "\n")}}), nil
}

func (a *API) lagOfExport(ctx context.Context, c *call, e *exporting) (*response, error) {
	const most = 10_000
	lag, err := a.exportStore().Lag(ctx, c.tenant.ID, e.Export, most)
	if fault.Is(err, fault.NotFound) {
		return nil, notFound(e.ID)
	}
	if err != nil {
		return nil, err
	}
	return c.entity("portico/exports('"+e.ID+"')/lag", object{{"secondsBehind", int64(lag.Behind / time.Second)}, {"waiting", lag.Waiting}, {"more", lag.More}}), nil
}
