package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"portico/handlers/graph/odata"
	"portico/models"
)

// This file is how any collection takes part in configuration as code, from its table of properties.

func (r *collection[R]) folder() string {
	if r.managing == nil {
		return ""
	}
	return r.plural
}

// inFiles are the properties that a file holds: those that a request could write.
func (r *collection[R]) inFiles() []field[R] {
	var out []field[R]
	for _, f := range r.fields {
		if f.set != nil && f.get != nil && !f.unmanaged && f.name != r.managing.key {
			out = append(out, f)
		}
	}
	return out
}

func (r *collection[R]) shownInFile(f field[R], row *R) any {
	if show, ok := r.managing.show[f.name]; ok {
		return show(row)
	}
	return f.get(row)
}

// every row of the tenant that takes part, in the order of its key.
func (r *collection[R]) every(ctx context.Context, c *call) ([]R, error) {
	var rows []R
	if r.all != nil {
		all, err := r.all(ctx, c)
		if err != nil {
			return nil, err
		}
		rows = all
	} else {
		l := models.Listing{Limit: 500}
		for {
			some, err := r.page(ctx, c, l)
			if err != nil {
				return nil, err
			}
			rows = append(rows, some...)
			if len(some) < l.Limit {
				break
			}
			l.After = &models.Position{ID: r.id(&some[len(some)-1])}
		}
	}
	if r.load != nil && len(rows) > 0 {
		if err := r.load(ctx, c, rows, func(string) bool { return true }); err != nil {
			return nil, err
		}
	}
	if r.managing.skip != nil {
		rows = slices.DeleteFunc(rows, func(row R) bool { return r.managing.skip(&row) })
	}
	if err := r.rename(ctx, c, rows); err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b R) int { return strings.Compare(r.managing.keyOf(&a), r.managing.keyOf(&b)) })
	return rows, nil
}

// rename makes rows say by name what files say by name.
func (r *collection[R]) rename(ctx context.Context, c *call, rows []R) error {
	if r.managing.named == nil || len(rows) == 0 {
		return nil
	}
	return r.managing.named(ctx, c, rows)
}

func (r *collection[R]) export(ctx context.Context, c *call) ([]exported, error) {
	rows, err := r.every(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []exported
	for i := range rows {
		out = append(out, r.exportOne(&rows[i]))
	}
	return out, nil
}

func (r *collection[R]) exportOne(row *R) exported {
	m := r.managing
	e := exported{key: m.keyOf(row), name: m.name(row)}
	if r.typed {
		e.object.add("@odata.type", "#microsoft.graph."+r.typeOf(row))
	}
	e.object.add(m.key, e.key)
	for _, f := range r.inFiles() {
		v := r.shownInFile(f, row)
		if s, empty := v.(*string); m.sparse && (v == nil || empty && s == nil) {
			continue
		}
		e.object.add(f.name, v)
	}
	return e
}

func (r *collection[R]) last() bool { return r.managing.late }

// keyed finds each file's key and refuses files without one or with one that another file has.
func (r *collection[R]) keyed(files []configFile) error {
	seen := map[string]string{}
	for i := range files {
		f := &files[i]
		raw, ok := f.doc.values[r.managing.key]
		if !ok || json.Unmarshal(raw, &f.key) != nil || strings.TrimSpace(f.key) == "" {
			return &FileError{f.path, r.managing.key, "is missing; it says which object the file is about"}
		}
		if odata.IsGUID(f.key) {
			f.key = clientID(f.key)
		}
		if other, twice := seen[folded(f.key)]; twice {
			return &FileError{f.path, r.managing.key, "is the same as in " + other}
		}
		seen[folded(f.key)] = f.path
	}
	return nil
}

// prune deletes what has no file.
func (r *collection[R]) prune(ctx context.Context, c *call, files []configFile) ([]Change, error) {
	if err := r.keyed(files); err != nil || r.managing.fixed {
		return nil, err
	}
	rows, err := r.every(ctx, c)
	if err != nil {
		return nil, err
	}
	shown := make([]exported, len(rows))
	for i := range rows {
		shown[i] = exported{key: r.managing.keyOf(&rows[i]), name: r.managing.name(&rows[i])}
	}
	paths := fileNames(shown)
	var out []Change
	for i := range rows {
		key := r.managing.keyOf(&rows[i])
		if slices.ContainsFunc(files, func(f configFile) bool { return sameKey(f.key, key) }) {
			continue
		}
		if err := r.delete(ctx, c, &rows[i]); err != nil {
			return nil, c.missing(err, r.folder()+"/"+paths[i])
		}
		out = append(out, Change{Action: "delete", Kind: r.plural, Name: r.managing.name(&rows[i]), Key: key})
	}
	return out, nil
}

// settle makes each object as its file says.
func (r *collection[R]) settle(ctx context.Context, c *call, files []configFile) ([]Change, error) {
	if len(files) == 0 {
		return nil, nil
	}
	if err := r.keyed(files); err != nil {
		return nil, err
	}
	rows, err := r.every(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := r.release(ctx, c, files, rows); err != nil {
		return nil, err
	}
	var out []Change
	for _, f := range files {
		var row *R
		for i := range rows {
			if sameKey(r.managing.keyOf(&rows[i]), f.key) {
				row = &rows[i]
			}
		}
		change, err := r.settleOne(ctx, c, f, row)
		if err != nil {
			return nil, c.inFile(err, f.path)
		}
		if change != nil {
			out = append(out, *change)
		}
	}
	return out, nil
}

// release lets every row give up what another object may be about to take. What a plan says is worked out
// from the rows as they were.
func (r *collection[R]) release(ctx context.Context, c *call, files []configFile, rows []R) error {
	m := r.managing
	if m.release == nil {
		return nil
	}
	for i := range rows {
		n := slices.IndexFunc(files, func(f configFile) bool { return sameKey(f.key, m.keyOf(&rows[i])) })
		if n < 0 {
			if err := m.release(ctx, c, &rows[i], nil); err != nil {
				return err
			}
			continue
		}
		want := rows[i]
		_, err := r.assign(ctx, c, withoutKey(files[n].doc, m.key), &want, false)
		if err == nil {
			err = m.release(ctx, c, &rows[i], &want)
		}
		if err != nil {
			return c.inFile(err, files[n].path)
		}
	}
	return nil
}

// sameKey compares keys as names are told apart everywhere.
func sameKey(a, b string) bool { return folded(a) == folded(b) }

func (r *collection[R]) settleOne(ctx context.Context, c *call, f configFile, row *R) (*Change, error) {
	m := r.managing
	change := &Change{Action: "update", Kind: r.plural, Key: f.key, File: f.path}
	for _, name := range f.doc.names {
		if name != m.key && !slices.ContainsFunc(r.inFiles(), func(f field[R]) bool { return f.name == name }) {
			return nil, badRequest("This property is not known, or cannot be set.", name)
		}
	}
	if row == nil && m.fixed {
		return nil, badRequest("There is no such object, and it cannot be made.", m.key)
	}
	if row == nil && m.revive != nil {
		back, err := m.revive(ctx, c, f.key)
		if err != nil {
			return nil, err
		}
		if row = back; row != nil {
			change.Action = "restore"
		}
	}
	if row == nil {
		made, err := r.makeFrom(ctx, c, f)
		if err != nil {
			return nil, err
		}
		some := []R{*made}
		if err := r.rename(ctx, c, some); err != nil {
			return nil, err
		}
		made = &some[0]
		change.Action, change.Name = "create", m.name(made)
		if m.notes != nil {
			change.Notes = m.notes(nil, made)
		}
		empty := r.fresh(c)
		change.Fields, err = r.differences(&empty, made)
		return change, err
	}
	doc, err := r.withoutFixed(withoutKey(f.doc, m.key), row)
	if err != nil {
		return nil, err
	}
	want := *row
	if _, err := r.assign(ctx, c, doc, &want, false); err != nil {
		return nil, err
	}
	fields, err := r.differences(row, &want)
	if err != nil {
		return nil, err
	}
	change.Fields, change.Name = fields, m.name(&want)
	if len(fields) == 0 {
		if change.Action == "restore" {
			return change, nil
		}
		return nil, nil
	}
	if m.notes != nil {
		change.Notes = m.notes(row, &want)
	}
	return change, r.change(ctx, c, row, doc)
}

// makeFrom creates the object of a file.
func (r *collection[R]) makeFrom(ctx context.Context, c *call, f configFile) (*R, error) {
	m := r.managing
	if m.adopt == nil {
		made, _, err := r.make(ctx, c, f.doc)
		return made, err
	}
	doc := withoutKey(f.doc, m.key)
	row := r.fresh(c)
	if err := m.adopt(&row, f.key); err != nil {
		return nil, err
	}
	names, err := r.assign(ctx, c, doc, &row, true)
	if err != nil {
		return nil, err
	}
	if r.check != nil {
		if err := r.check(ctx, c, &row, func(n string) bool { return slices.Contains(names, n) }); err != nil {
			return nil, err
		}
	}
	return &row, r.create(ctx, c, &row)
}

// withoutFixed leaves out what can be said only when an object is made, where the file says what it is already.
func (r *collection[R]) withoutFixed(d document, row *R) (document, error) {
	for _, f := range r.inFiles() {
		raw, said := d.values[f.name]
		if !f.createOnly || !said || !slices.Contains(d.names, f.name) {
			continue
		}
		now, err := encode(r.shownInFile(f, row))
		if err != nil {
			return d, err
		}
		var a, b any
		if json.Unmarshal(raw, &a) == nil && json.Unmarshal(now, &b) == nil && reflect.DeepEqual(a, b) {
			d = withoutKey(d, f.name)
		}
	}
	return d, nil
}

func withoutKey(d document, key string) document {
	out := document{names: slices.DeleteFunc(slices.Clone(d.names), func(n string) bool { return n == key }), values: d.values, typ: d.typ}
	return out
}

// differences are the properties, by their paths, in which two rows differ as files would show them.
func (r *collection[R]) differences(a, b *R) ([]FieldChange, error) {
	var out []FieldChange
	for _, f := range r.inFiles() {
		old, err := decoded(r.shownInFile(f, a))
		if err != nil {
			return nil, err
		}
		new, err := decoded(r.shownInFile(f, b))
		if err != nil {
			return nil, err
		}
		out = append(out, differ(f.name, stripped(old), stripped(new))...)
	}
	return out, nil
}

// differ goes into objects, and into lists of objects that a property of theirs tells apart; lists of
// texts say what came and went.
func differ(path string, a, b any) []FieldChange {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	ma, oka := a.(map[string]any)
	mb, okb := b.(map[string]any)
	if oka && okb {
		names := map[string]bool{}
		for k := range ma {
			names[k] = true
		}
		for k := range mb {
			names[k] = true
		}
		sorted := make([]string, 0, len(names))
		for k := range names {
			sorted = append(sorted, k)
		}
		sort.Strings(sorted)
		var out []FieldChange
		for _, k := range sorted {
			out = append(out, differ(path+"."+k, ma[k], mb[k])...)
		}
		return out
	}
	if out := differByName(path, a, b); out != nil {
		return out
	}
	la, oka := texts(a)
	lb, okb := texts(b)
	if oka && okb {
		var out []FieldChange
		for _, s := range la {
			if !slices.Contains(lb, s) {
				out = append(out, FieldChange{path, s, ""})
			}
		}
		for _, s := range lb {
			if !slices.Contains(la, s) {
				out = append(out, FieldChange{path, "", s})
			}
		}
		if out != nil {
			return out
		}
	}
	return []FieldChange{{path, shownValue(a), shownValue(b)}}
}

// differByName compares lists of objects one by one, so that a plan names the question that changed and not
// the whole page; nil when nothing tells the objects apart.
func differByName(path string, a, b any) []FieldChange {
	la, oka := a.([]any)
	lb, okb := b.([]any)
	if !oka || !okb || len(la)+len(lb) == 0 {
		return nil
	}
	if len(la) == 1 && len(lb) == 1 {
		_, oka := la[0].(map[string]any)
		_, okb := lb[0].(map[string]any)
		if oka && okb && keyedBy(la) == "" {
			return differ(path, la[0], lb[0])
		}
	}
	key := keyedBy(slices.Concat(la, lb))
	if keyedBy(la) != key && len(la) > 0 || keyedBy(lb) != key && len(lb) > 0 || key == "" {
		return nil
	}
	index := func(l []any) (map[string]any, []string) {
		byName, order := map[string]any{}, []string{}
		for _, item := range l {
			name := item.(map[string]any)[key].(string)
			byName[name], order = item, append(order, name)
		}
		return byName, order
	}
	before, was := index(la)
	after, is := index(lb)
	if len(before) != len(la) || len(after) != len(lb) {
		return nil
	}
	var out []FieldChange
	for _, name := range was {
		if now, there := after[name]; there {
			out = append(out, differ(path+"["+name+"]", before[name], now)...)
		} else {
			out = append(out, FieldChange{path + "[" + name + "]", shownValue(before[name]), ""})
		}
	}
	for _, name := range is {
		if _, there := before[name]; !there {
			out = append(out, FieldChange{path + "[" + name + "]", "", shownValue(after[name])})
		}
	}
	kept := func(order []string, in map[string]any) []string {
		return slices.DeleteFunc(slices.Clone(order), func(n string) bool { _, there := in[n]; return !there })
	}
	if x, y := kept(was, after), kept(is, before); !slices.Equal(x, y) {
		for len(x) > 0 && x[0] == y[0] {
			x, y = x[1:], y[1:]
		}
		for n := len(x) - 1; n >= 0 && x[n] == y[n]; n-- {
			x, y = x[:n], y[:n]
		}
		out = append(out, FieldChange{path + " (order)", strings.Join(x, ", "), strings.Join(y, ", ")})
	}
	return out
}

// keyedBy is the property that every object of a list has as a text: what it is about.
func keyedBy(l []any) string {
	for _, key := range []string{"attribute", "language", "appId", "id", "keyId", "value", "uri"} {
		if len(l) > 0 && !slices.ContainsFunc(l, func(item any) bool {
			o, _ := item.(map[string]any)
			_, ok := o[key].(string)
			return !ok
		}) {
			return key
		}
	}
	return ""
}

func texts(v any) ([]string, bool) {
	l, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(l))
	for _, item := range l {
		s, ok := item.(string)
		if !ok {
			return nil, false
		}
		out = append(out, fmt.Sprintf("%q", s))
	}
	return out, true
}

func shownValue(v any) string {
	switch l := v.(type) {
	case nil:
		return ""
	case []any:
		if len(l) == 0 {
			return ""
		}
	case string:
		if l == "" {
			return ""
		}
	}
	b, err := encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
