package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"portico/app/access"
	"portico/handlers/graph/odata"
	"portico/models"
)

// imported is an import of people, or its dry run.
type imported struct {
	models.Import
	content string
	name    string
	again   bool // dryRun false: import without looking at the dry run first
}

// imports is /beta/portico/imports: a file of people as CSV or JSON in one request, then its dry run, its
// report, and its start.
func (a *API) imports() *collection[imported] {
	r := &collection[imported]{
		path: []string{"portico", "imports"}, name: "portico/imports", typ: "portico.import", beta: true,
		read: readUsers(), write: writeUsers(), normalPage: 50, largestPage: 200, order: odata.Order{Path: "createdDateTime"},
		id: func(i *imported) string { return i.ID },
	}
	option := func(name string, p func(*imported) *string) field[imported] {
		return str(name, 64, p).onCreate()
	}
	yes := func(name string, p func(*imported) *bool) field[imported] { return boolean(name, p).onCreate() }
	count := func(name string, n func(*imported) int64) field[imported] {
		return readOnly(name, func(i *imported) any { return n(i) })
	}
	r.fields = []field[imported]{
		readOnly("id", func(i *imported) any { return i.ID }),
		{name: "fileName", createOnly: true, get: func(i *imported) any { return i.FileName }, set: setString("fileName", 255, func(i *imported) *string { return &i.name })},
		option("format", func(i *imported) *string { return &i.Options.Format }),
		option("mode", func(i *imported) *string { return &i.Options.Mode }),
		option("firstFactor", func(i *imported) *string { return &i.Options.FirstFactor }),
		yes("ignoreUnknown", func(i *imported) *bool { return &i.Options.IgnoreUnknown }),
		yes("temporaryPasswords", func(i *imported) *bool { return &i.Options.TemporaryPasswords }),
		{name: "dryRun", createOnly: true, get: func(i *imported) any { return i.DryRun }, set: func(i *imported, raw json.RawMessage) error {
			dry := true
			if err := boolean("dryRun", func(*imported) *bool { return &dry }).set(i, raw); err != nil {
				return err
			}
			i.again = !dry
			return nil
		}},
		{name: "content", createOnly: true, selectOnly: true, set: func(i *imported, raw json.RawMessage) error { return strict("content", raw, &i.content) }},
		readOnly("state", func(i *imported) any { return i.State }),
		count("bytes", func(i *imported) int64 { return i.Bytes }), count("processedBytes", func(i *imported) int64 { return i.Cursor }),
		count("rows", func(i *imported) int64 { return i.Rows }), count("created", func(i *imported) int64 { return i.Created }),
		count("updated", func(i *imported) int64 { return i.Updated }), count("unchanged", func(i *imported) int64 { return i.Unchanged }),
		count("refused", func(i *imported) int64 { return i.Refused }), count("warned", func(i *imported) int64 { return i.Warned }),
		readOnly("problem", func(i *imported) any {
			if i.Problem == nil {
				return nil
			}
			return a.sentence(i.Problem.Key, i.Problem.Args)
		}),
		readOnly("createdDateTime", func(i *imported) any { return stamp(i.CreatedAt) }).sortable(func(i *imported) any { return i.CreatedAt }),
		readOnly("finishedDateTime", func(i *imported) any { return stamp(i.FinishedAt) }),
	}
	r.all = func(ctx context.Context, c *call) ([]imported, error) {
		var out []imported
		for after := ""; ; { // reports are kept for 30 days, so there are few
			p, err := c.tenant.Imports(ctx, after, 200)
			if err != nil {
				return nil, err
			}
			for _, i := range p.Items {
				out = append(out, imported{Import: i})
			}
			if after = p.Next; after == "" {
				return out, nil
			}
		}
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*imported, error) {
		i, err := c.tenant.Import(ctx, key)
		return &imported{Import: i}, err
	}
	r.fresh = func(*call) imported { return imported{} }
	r.create = func(ctx context.Context, c *call, i *imported) error {
		if i.content == "" {
			return badRequest("A value is required for property 'content': the file, as text.", "content")
		}
		if err := mayCommand(ctx, c, ""); err != nil { // it may change anybody
			return err
		}
		i.Options.Groups = c.caller.may(access.GroupWrite)
		made, err := c.tenant.BeginImport(ctx, c.actor(), i.name, i.Options)
		if err != nil {
			return err
		}
		body := []byte(i.content)
		for n := 0; len(body) > 0; n++ {
			piece := body[:min(len(body), models.ImportChunk)]
			if err := c.tenant.AddImportChunk(ctx, made.ID, n, piece); err != nil {
				return err
			}
			body = body[len(piece):]
		}
		sum := sha256.Sum256([]byte(i.content))
		if err := c.tenant.ImportReceived(ctx, c.actor(), made.ID, hex.EncodeToString(sum[:]), !i.again); err != nil {
			return err
		}
		i.content = ""
		i.Import, err = c.tenant.Import(ctx, made.ID)
		return err
	}
	move := func(path string, do func(*models.Tenant, context.Context, *call, *imported) error) action[imported] {
		return action[imported]{method: http.MethodPost, path: path, need: writeUsers(), run: func(ctx context.Context, c *call, i *imported) (*response, error) {
			return emptied(do(c.tenant, ctx, c, i))
		}}
	}
	r.actions = []action[imported]{
		move("start", func(t *models.Tenant, ctx context.Context, c *call, i *imported) error {
			if err := mayCommand(ctx, c, ""); err != nil {
				return err
			}
			if i.Options.Groups && !c.caller.may(access.GroupWrite) { // somebody with more rights had it checked
				return denied().because("This import was uploaded by somebody who may change groups, and so can change them. Upload the file again.")
			}
			return t.StartImport(ctx, c.actor(), i.ID)
		}),
		move("cancel", func(t *models.Tenant, ctx context.Context, c *call, i *imported) error {
			return t.CancelImport(ctx, c.actor(), i.ID)
		}),
		{method: http.MethodGet, path: "complaints", need: readUsers(), run: a.importComplaints},
	}
	return r
}

// sentence says a message of the catalogue in English, as every message of this API.
func (a *API) sentence(key string, args map[string]any) string {
	if a.Words == nil || !a.Words.Has(key) {
		return key
	}
	return a.Words.T(key, args)
}

// importComplaints is the report: what was wrong with which record, or was changed in taking it.
func (a *API) importComplaints(ctx context.Context, c *call, i *imported) (*response, error) {
	limit, err := c.opts.pageSize(200, 999)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	var from int64
	if after != nil {
		if from, err = strconv.ParseInt(after.Text, 10, 64); err != nil {
			return nil, badRequest("The page token is not valid.", "$skiptoken")
		}
	}
	list, next, err := c.tenant.ImportComplaints(ctx, i.ID, from, limit)
	if err != nil {
		return nil, err
	}
	values := make([]object, len(list))
	for n, x := range list {
		values[n] = object{{"record", x.Record}, {"line", x.Line}, {"who", text(x.Who)}, {"field", text(x.Field.Name)}, {"message", a.sentence(x.Field.Key, x.Field.Args)}, {"refused", x.Refused}}
	}
	out := object{{"@odata.context", c.context("portico/imports('" + i.ID + "')/complaints")}}
	if next > 0 {
		out.add("@odata.nextLink", c.nextLink(position{Kind: "c", Text: strconv.FormatInt(next, 10)}))
	}
	return &response{status: http.StatusOK, body: append(out, member{"value", values})}, nil
}
