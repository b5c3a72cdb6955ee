package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portico/handlers/graph/odata"
	"portico/models"
)

// Delta queries (graph.md §2.7). Rows are read in the order of their last change. A change becomes visible
// when its transaction commits, which may be after a later one did, so each round looks again at the last
// minute before the one before began, and leaves out what that one has delivered from there already. A change
// is therefore never missed as long as no transaction takes longer than that minute (and no two instances'
// clocks are further apart), and delivered twice only when more than maxSeen of them fell into it.
const (
	deltaOverlap = time.Minute
	maxSeen      = 120
	deltaLife    = 7 * 24 * time.Hour
	deltaPurpose = "graph.deltatoken"
	deltaPage    = 200
)

// deltaState is what a delta token holds: everything that the client must bring along again.
type deltaState struct {
	Select  string    `json:"s,omitempty"`
	Filter  string    `json:"f,omitempty"`
	Started time.Time `json:"b"`           // when this round began
	Since   time.Time `json:"t,omitzero"`  // when the round before began; zero = this is the first
	Seen    []string  `json:"d,omitempty"` // what that round delivered of its last minute
	Fresh   []string  `json:"n,omitempty"` // the same of this one
	Last    time.Time `json:"l,omitzero"`  // of the rows delivered in this round
	After   string    `json:"a,omitempty"`
	Erased  bool      `json:"e,omitempty"` // the rows are done, those erased for good follow
	Cursor  string    `json:"c,omitempty"`
	More    bool      `json:"m,omitempty"` // within a round
}

// changes is what a resource tells about itself for delta queries.
type changes[R any] struct {
	table   string
	changed func(*R) time.Time
	removed func(*R) bool
	page    func(ctx context.Context, c *call, l models.Listing) ([]R, error) // deleted ones included
	erased  string                                                            // activity of the audit log that erases one for good
	// category of that activity, whose index finds it.
	category string
}

func seenName(id string, at time.Time) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	_, _ = h.Write(strconv.AppendInt(nil, at.UnixMicro(), 36))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// deltaQuery answers GET …/delta.
func deltaQuery[R any](r *collection[R], of changes[R]) func(ctx context.Context, c *call) (*response, error) {
	return func(ctx context.Context, c *call) (*response, error) {
		if c.method != http.MethodGet && c.method != http.MethodHead {
			return nil, wrongMethod(http.MethodGet)
		}
		full := c.caller.may(r.read...)
		if !full && !c.caller.may(r.basic...) {
			return nil, denied()
		}
		state, latest, err := c.deltaState(r.path[0])
		if err != nil {
			return nil, err
		}
		round := deltaRound[R]{r: r, of: of, c: c, state: state, full: full, seen: map[string]bool{}}
		for _, s := range state.Seen {
			round.seen[s] = true
		}
		if latest {
			return round.latest(ctx)
		}
		return round.answer(ctx)
	}
}

// deltaState reads where the client stands, or begins.
func (c *call) deltaState(of string) (state deltaState, latest bool, err error) {
	v := c.opts.values
	for _, name := range []string{"top", "orderby", "expand", "search"} {
		if _, ok := v[name]; ok {
			return state, false, unsupported("$" + name + " is not supported in a delta query.")
		}
	}
	token, given := v["deltatoken"]
	if !given {
		token, given = v["skiptoken"]
	}
	if latest = given && strings.EqualFold(token, "latest"); !given || latest {
		return deltaState{Select: v["select"], Filter: v["filter"], Started: c.api.now()}, latest, nil
	}
	if state, err = openDelta(c.tenant.Sealer(), c.deltaBinding(of), token); err != nil {
		return state, false, err
	}
	if c.api.now().Sub(state.Started) > deltaLife {
		return state, false, &Error{Status: http.StatusGone, Code: "resyncRequired", Message: "The delta token is too old. Synchronize from the start.",
			Header: map[string]string{"Location": c.url("/" + of + "/delta")}}
	}
	if !state.More { // the round before has ended
		state.Started = c.api.now()
	}
	// The options are those of the first call.
	if c.opts, err = parseOptions(state.options()); err != nil {
		return state, false, err
	}
	return state, false, nil
}

func (s deltaState) options() string {
	var parts []string
	if s.Select != "" {
		parts = append(parts, "$select="+escapeQuery(s.Select))
	}
	if s.Filter != "" {
		parts = append(parts, "$filter="+escapeQuery(s.Filter))
	}
	return strings.Join(parts, "&")
}

func (c *call) deltaBinding(of string) string { return c.caller.TenantID + "\n" + of }

// sealDelta signs a token. It is no secret, only unforgeable and of one tenant and resource.
func sealDelta(sealer models.Sealer, binding string, s deltaState) string {
	b, _ := json.Marshal(s)
	mac := sealer.MAC(deltaPurpose, append([]byte(binding+"\n"), b...))[:macSize]
	return base64.RawURLEncoding.EncodeToString(append(mac, b...))
}

func openDelta(sealer models.Sealer, binding, token string) (deltaState, error) {
	var s deltaState
	refused := &Error{Status: http.StatusBadRequest, Code: "syncStateNotFound", Message: "The delta token is not valid for this request."}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= macSize || len(raw) > 16<<10 {
		return s, refused
	}
	mac := sealer.MAC(deltaPurpose, append([]byte(binding+"\n"), raw[macSize:]...))[:macSize]
	if !equal(mac, raw[:macSize]) || json.Unmarshal(raw[macSize:], &s) != nil {
		return s, refused
	}
	return s, nil
}

// deltaRound is one page of one round.
type deltaRound[R any] struct {
	r     *collection[R]
	of    changes[R]
	c     *call
	state deltaState
	full  bool
	seen  map[string]bool
}

func (d *deltaRound[R]) floor() time.Time { return d.state.Since.Add(-deltaOverlap) }

func (d *deltaRound[R]) conditions() ([]models.Condition, error) {
	var out []models.Condition
	if d.c.opts.filter != nil {
		only := map[string]column{"id": {sql: d.of.table + ".id", kind: odata.String, ops: opEq, fold: clientID}}
		cond, err := where(d.c.opts.filter, d.c.caller.TenantID, only, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, cond)
	}
	if d.state.Since.IsZero() {
		return append(out, notDeleted(d.of.table)), nil
	}
	return append(out, models.Condition{SQL: d.of.table + ".updated_at > ?", Args: []any{d.floor()}}), nil
}

func (d *deltaRound[R]) answer(ctx context.Context) (*response, error) {
	shown, err := d.r.shown(ctx, d.c, d.full)
	if err != nil {
		return nil, err
	}
	if d.state.Since.IsZero() && d.state.After == "" {
		if err := d.goneBefore(ctx); err != nil {
			return nil, err
		}
	}
	limit := d.c.preferredPage()
	out := object{{"@odata.context", d.c.context(d.r.name)}}
	values := []object{}
	if !d.state.Erased {
		if values, err = d.rows(ctx, shown, limit); err != nil {
			return nil, err
		}
	}
	if d.state.Erased && len(values) < limit {
		gone, err := d.gone(ctx, limit-len(values))
		if err != nil {
			return nil, err
		}
		values = append(values, gone...)
	}
	d.finish(&out)
	out.add("value", values)
	return &response{status: http.StatusOK, body: out}, nil
}

// goneBefore remembers, when the first round begins, who was removed in the minute before: the client never
// hears of them, so it need not hear that they are gone.
func (d *deltaRound[R]) goneBefore(ctx context.Context) error {
	since := d.state.Started.Add(-deltaOverlap)
	rows, err := d.of.page(ctx, d.c, models.Listing{Column: d.of.table + ".updated_at", Desc: true, Limit: maxSeen, Where: []models.Condition{
		{SQL: d.of.table + ".updated_at > ?", Args: []any{since}}, {SQL: d.of.table + ".deleted_at IS NOT NULL"}}})
	if err != nil {
		return err
	}
	for i := range rows {
		d.known(d.r.id(&rows[i]), d.of.changed(&rows[i]))
	}
	entries, err := d.c.tenant.Audits(ctx, models.AuditQuery{Category: d.of.category, Activity: d.of.erased, From: since, Limit: maxSeen})
	for _, e := range entries.Items {
		d.known(e.Target.ID, e.At)
	}
	return err
}

// rows are the next rows that changed. Afterwards state says where they ended, or that they are done.
func (d *deltaRound[R]) rows(ctx context.Context, shown []field[R], limit int) ([]object, error) {
	conditions, err := d.conditions()
	if err != nil {
		return nil, err
	}
	l := models.Listing{Where: conditions, Column: d.of.table + ".updated_at", Limit: limit + 1}
	if d.state.After != "" {
		l.After = &models.Position{Value: d.state.Last, ID: d.state.After}
	}
	rows, err := d.of.page(ctx, d.c, l)
	if err != nil {
		return nil, err
	}
	if d.state.Erased = len(rows) <= limit; !d.state.Erased {
		rows = rows[:limit]
	}
	var here []R
	values := []object{}
	for i := range rows {
		id, at := d.r.id(&rows[i]), d.of.changed(&rows[i])
		d.state.Last, d.state.After = at, id
		if d.known(id, at) {
			continue
		}
		if d.of.removed(&rows[i]) {
			values = append(values, removed(id, "changed"))
			continue
		}
		here = append(here, rows[i])
	}
	rendered, err := d.r.renderAll(ctx, d.c, here, shown)
	if err != nil {
		return nil, err
	}
	for i, o := range rendered {
		if o.get("id") == nil { // the id is what a delta is about, selected or not
			rendered[i] = append(object{{"id", d.r.id(&here[i])}}, o...)
		}
	}
	return append(rendered, values...), nil
}

// known reports whether the client has a change already, and remembers it for the round after this one.
func (d *deltaRound[R]) known(id string, at time.Time) bool {
	name := seenName(id, at)
	if at.After(d.state.Started.Add(-deltaOverlap)) {
		if len(d.state.Fresh) >= maxSeen {
			d.state.Fresh = d.state.Fresh[1:]
		}
		d.state.Fresh = append(d.state.Fresh, name)
	}
	return d.seen[name]
}

func removed(id, reason string) object {
	return object{{"id", id}, {"@removed", object{{"reason", reason}}}}
}

// gone are those that were erased for good meanwhile: no row is left of them, only the audit log's entry.
func (d *deltaRound[R]) gone(ctx context.Context, limit int) ([]object, error) {
	d.state.More = false
	if d.state.Since.IsZero() || d.of.erased == "" {
		return nil, nil
	}
	entries, err := d.c.tenant.Audits(ctx, models.AuditQuery{Category: d.of.category, Activity: d.of.erased, From: d.floor(), OldestFirst: true, After: d.state.Cursor, Limit: limit})
	if err != nil {
		return nil, err
	}
	values := []object{}
	for _, e := range entries.Items {
		if d.known(e.Target.ID, e.At) || !d.asked(e.Target.ID) {
			continue
		}
		values = append(values, removed(e.Target.ID, "deleted"))
	}
	d.state.Cursor, d.state.More = entries.Next, entries.Next != ""
	return values, nil
}

func (d *deltaRound[R]) asked(id string) bool {
	return d.c.opts.filter == nil || odata.Eval(d.c.opts.filter, map[string]any{"id": id})
}

// finish adds the link to the next page, or the one to ask with for what changes from now on.
func (d *deltaRound[R]) finish(out *object) {
	s := d.state
	if !s.Erased || s.More {
		s.More = true
		out.add("@odata.nextLink", d.c.url("/"+d.r.path[0]+"/delta?$skiptoken="+sealDelta(d.c.tenant.Sealer(), d.c.deltaBinding(d.r.path[0]), s)))
		return
	}
	out.add("@odata.deltaLink", d.link(deltaState{Select: s.Select, Filter: s.Filter, Started: s.Started, Since: s.Started, Seen: s.Fresh}))
}

func (d *deltaRound[R]) link(s deltaState) string {
	return d.c.url("/" + d.r.path[0] + "/delta?$deltatoken=" + sealDelta(d.c.tenant.Sealer(), d.c.deltaBinding(d.r.path[0]), s))
}

// latest gives only the link: the client knows everything that is there now.
func (d *deltaRound[R]) latest(ctx context.Context) (*response, error) {
	if _, err := d.r.shown(ctx, d.c, d.full); err != nil {
		return nil, err
	}
	d.state.Since = d.state.Started
	conditions, err := d.conditions()
	if err != nil {
		return nil, err
	}
	rows, err := d.of.page(ctx, d.c, models.Listing{Where: conditions, Column: d.of.table + ".updated_at", Desc: true, Limit: maxSeen})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		d.known(d.r.id(&rows[i]), d.of.changed(&rows[i]))
	}
	if _, err := d.gone(ctx, maxSeen); err != nil {
		return nil, err
	}
	link := d.link(deltaState{Select: d.state.Select, Filter: d.state.Filter, Started: d.state.Started, Since: d.state.Started, Seen: d.state.Fresh})
	return &response{status: http.StatusOK, body: object{{"@odata.context", d.c.context(d.r.name)}, {"@odata.deltaLink", link}, {"value", []object{}}}}, nil
}

// preferredPage is how many the client wants at once (Prefer: odata.maxpagesize).
func (c *call) preferredPage() int {
	for part := range strings.SplitSeq(c.header("Prefer"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && strings.EqualFold(name, "odata.maxpagesize") && n > 0 {
			return min(n, 999)
		}
	}
	return deltaPage
}
