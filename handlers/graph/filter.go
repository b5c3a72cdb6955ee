package graph

import (
	"fmt"
	"strings"

	"portico/handlers/graph/odata"
	"portico/models"
)

// ops is a set of operators that a property may be filtered with.
type ops uint

const (
	opEq       ops = 1 << iota // eq, in
	opNe                       // ne
	opOrder                    // gt ge lt le
	opStarts                   // startsWith
	opEnds                     // endsWith
	opContains                 // contains

	opsID   = opEq | opNe
	opsText = opEq | opNe | opOrder | opStarts
	opsMail = opsText | opEnds
	opsTime = opEq | opNe | opOrder
)

// column says how a property is asked of the database: the allow-list of $filter. SQL is ours; what
// the caller typed is bound.
type column struct {
	sql      string
	kind     odata.Kind // String, Bool, Number or Time
	ops      ops
	fold     func(string) string // how the column was normalised; nil = stored as it was written
	nullable bool
	asText   bool // numbers and truths are kept as their words
	// words are the only values there are, as they are written; nil = any. Another one in a filter is a mistake of the
	// caller's, who would take an empty answer for "there is nothing".
	words []string
	bytes bool // the column sorts by bytes on both engines, so that a prefix is a range of its index
	// exists, for a collection, is a condition with {tenant} where the tenant's id goes and %s where the
	// lambda's body goes; of are the properties inside, "" being the item itself.
	exists string
	of     map[string]column
	// via, for a property that is no column, makes the condition: how is eq or a function's name.
	via func(how, value string) models.Condition
}

// where turns a filter into a database condition. table maps lower-cased paths to columns; more, when not
// nil, finds properties that no table can list, and gives nil for one that is not there.
func where(e odata.Expr, tenantID string, table map[string]column, more func(name string) (*column, error)) (models.Condition, error) {
	c := &compiler{tenant: tenantID, table: table, more: more}
	sql, err := c.expr(e)
	return models.Condition{SQL: sql, Args: c.args}, err
}

type compiler struct {
	tenant string
	table  map[string]column
	more   func(name string) (*column, error)
	args   []any
}

func (c *compiler) bind(v any) string {
	c.args = append(c.args, v)
	return "?"
}

func (c *compiler) expr(e odata.Expr) (string, error) {
	switch e := e.(type) {
	case odata.And:
		return c.pair(e.Left, "AND", e.Right)
	case odata.Or:
		return c.pair(e.Left, "OR", e.Right)
	case odata.Not:
		s, err := c.expr(e.Of)
		return "NOT (" + s + ")", err
	case odata.Truth:
		return c.expr(odata.Compare{Path: e.Path, Op: odata.Eq, Value: odata.Value{Kind: odata.Bool, Bool: true}})
	case odata.Compare:
		return c.compare(e)
	case odata.In:
		return c.in(e)
	case odata.Match:
		return c.match(e)
	case odata.Any:
		return c.any(e)
	}
	return "", unsupported("The filter is not supported.")
}

func (c *compiler) pair(l odata.Expr, op string, r odata.Expr) (string, error) {
	left, err := c.expr(l)
	if err != nil {
		return "", err
	}
	right, err := c.expr(r)
	return "(" + left + " " + op + " " + right + ")", err
}

func (c *compiler) column(p odata.Path, need ops) (column, error) {
	name := p.String()
	col, ok := c.table[strings.ToLower(name)]
	if !ok && c.more != nil {
		found, err := c.more(name)
		if err != nil {
			return col, err
		}
		if ok = found != nil; ok {
			col = *found
		}
	}
	if !ok {
		return col, unsupported("Filtering by the property '" + name + "' is not supported.")
	}
	if col.exists != "" || need != 0 && col.ops&need == 0 {
		return col, unsupported("The operator is not supported for the property '" + name + "'.")
	}
	return col, nil
}

func (c *compiler) compare(e odata.Compare) (string, error) {
	need := map[odata.Op]ops{odata.Eq: opEq, odata.Ne: opNe}[e.Op]
	if need == 0 {
		need = opOrder
	}
	if n := len(e.Path.Parts); n > 1 && e.Path.Parts[n-1] == "$count" {
		return c.count(e)
	}
	if e.Value.Kind == odata.Null && need == opNe {
		need = opEq
	}
	col, err := c.column(e.Path, need)
	if err != nil {
		return "", err
	}
	if e.Value.Kind == odata.Null {
		return null(col, e.Op)
	}
	if col.via != nil {
		return c.special(col, e)
	}
	v, err := value(col, e.Value, e.Path.String())
	if err != nil {
		return "", err
	}
	if col.kind == odata.Bool && need == opOrder {
		return "", unsupported("The operator is not supported for the property '" + e.Path.String() + "'.")
	}
	op := map[odata.Op]string{odata.Eq: "=", odata.Ne: "<>", odata.Gt: ">", odata.Ge: ">=", odata.Lt: "<", odata.Le: "<="}[e.Op]
	left := col.sql
	if s, ok := v.(string); ok && col.kind == odata.String {
		if col.fold == nil {
			left, v = "LOWER("+left+")", strings.ToLower(s)
		}
		if need == opOrder { // an empty text is how "none" is stored; none compares with nothing
			return "(" + col.sql + " <> '' AND " + left + " " + op + " " + c.bind(v) + ")", nil
		}
	}
	sql := left + " " + op + " " + c.bind(col.bound(v))
	if col.nullable && e.Op == odata.Ne {
		return "(" + col.sql + " IS NULL OR " + sql + ")", nil
	}
	if col.nullable {
		return "(" + col.sql + " IS NOT NULL AND " + sql + ")", nil
	}
	return sql, nil
}

// bound is a literal in the form in which the column keeps it.
func (col column) bound(v any) any {
	if col.asText {
		return fmt.Sprint(v)
	}
	return v
}

// special compares a property that is no column.
func (c *compiler) special(col column, e odata.Compare) (string, error) {
	if need := e.Op; need != odata.Eq && need != odata.Ne {
		return "", unsupported("The operator is not supported for the property '" + e.Path.String() + "'.")
	}
	v, err := value(column{kind: odata.String, words: col.words}, e.Value, e.Path.String())
	if err != nil {
		return "", err
	}
	cond := col.via("eq", fmt.Sprint(v))
	c.args = append(c.args, cond.Args...)
	if e.Op == odata.Ne {
		return "NOT (" + cond.SQL + ")", nil
	}
	return "(" + cond.SQL + ")", nil
}

func null(col column, op odata.Op) (string, error) {
	same := op == odata.Eq
	switch {
	case op != odata.Eq && op != odata.Ne:
		return "1 = 0", nil
	case col.via != nil: // it is made from what is always there
		return map[bool]string{true: "1 = 0", false: "1 = 1"}[same], nil
	case col.nullable && same:
		return col.sql + " IS NULL", nil
	case col.nullable:
		return col.sql + " IS NOT NULL", nil
	case col.kind == odata.String && same:
		return col.sql + " = ''", nil
	case col.kind == odata.String:
		return col.sql + " <> ''", nil
	case same:
		return "1 = 0", nil
	}
	return "1 = 1", nil
}

// value checks a literal against the type of its column.
func value(col column, v odata.Value, property string) (any, error) {
	bad := badRequest("A binary operator with incompatible types was detected for the property '"+property+"'.", property)
	switch col.kind {
	case odata.String:
		if v.Kind != odata.String && v.Kind != odata.GUID {
			return nil, bad
		}
		if col.words != nil {
			return known(col.words, v.Text, property)
		}
		if col.fold != nil {
			return col.fold(v.Text), nil
		}
		return v.Text, nil
	case odata.Bool:
		if v.Kind != odata.Bool {
			return nil, bad
		}
		return v.Bool, nil
	case odata.Number:
		if v.Kind != odata.Number || !v.IsInt {
			return nil, bad
		}
		return v.Int, nil
	case odata.Time:
		if v.Kind == odata.String { // some clients quote times
			if t, ok := odata.ParseTime(v.Text); ok {
				return t, nil
			}
		}
		if v.Kind != odata.Time {
			return nil, bad
		}
		return v.Time, nil
	}
	return nil, bad
}

// known is a word of a closed list as the list writes it.
func known(words []string, text, property string) (string, error) {
	text = strings.TrimSpace(text)
	for _, w := range words {
		if strings.EqualFold(w, text) {
			return w, nil
		}
	}
	said := []rune(strings.ToValidUTF8(text, "?"))
	if len(said) > 64 {
		said = append(said[:64], '…')
	}
	of := ""
	if property != "" { // the items of a list have no name
		of = " of the property '" + property + "'"
	}
	return "", badRequest("Invalid filter clause: '"+string(said)+"' is no value"+of+". Known are "+strings.Join(words, ", ")+".", property)
}

// in is one list for the database, however long: a chain of ORs would exceed what SQLite nests.
func (c *compiler) in(e odata.In) (string, error) {
	col, err := c.column(e.Path, opEq)
	if err != nil {
		return "", err
	}
	if col.via != nil && len(e.Values) > 50 {
		return "", unsupported("The list for the property '" + e.Path.String() + "' is too long.")
	}
	var either, marks []string
	left := col.sql
	if col.kind == odata.String && col.fold == nil {
		left = "LOWER(" + left + ")"
	}
	for _, v := range e.Values {
		if v.Kind == odata.Null || col.via != nil {
			s, err := c.compare(odata.Compare{Path: e.Path, Op: odata.Eq, Value: v})
			if err != nil {
				return "", err
			}
			either = append(either, s)
		}
	}
	for _, v := range e.Values {
		if v.Kind == odata.Null || col.via != nil {
			continue
		}
		bound, err := value(col, v, e.Path.String())
		if err != nil {
			return "", err
		}
		if s, ok := bound.(string); ok && col.fold == nil {
			bound = strings.ToLower(s)
		}
		marks = append(marks, c.bind(col.bound(bound)))
	}
	if marks != nil {
		list := left + " IN (" + strings.Join(marks, ", ") + ")"
		if col.nullable { // never unknown, so that not turns it around
			list = "(" + col.sql + " IS NOT NULL AND " + list + ")"
		}
		either = append(either, list)
	}
	return "(" + strings.Join(either, " OR ") + ")", nil
}

func (c *compiler) match(e odata.Match) (string, error) {
	need := map[string]ops{"startswith": opStarts, "endswith": opEnds, "contains": opContains}[e.Func]
	col, err := c.column(e.Path, need)
	if err != nil {
		return "", err
	}
	if col.kind != odata.String {
		return "", badRequest("The function needs a text property.", e.Path.String())
	}
	if col.via != nil {
		cond := col.via(e.Func, e.Value)
		c.args = append(c.args, cond.Args...)
		return "(" + cond.SQL + ")", nil
	}
	left, v := col.sql, strings.ToLower(e.Value)
	if col.bytes && e.Func == "startswith" && v != "" {
		return "(" + left + " >= " + c.bind(v) + " AND " + left + " < " + c.bind(v+"\U0010FFFF") + ")", nil
	}
	if col.fold == nil {
		left = "LOWER(" + left + ")"
	}
	return c.like(left, e.Func, v), nil
}

func (c *compiler) like(left, how, v string) string {
	return left + " LIKE " + c.bind(pattern(how, v)) + ` ESCAPE '\'`
}

// pattern is a LIKE pattern in which what the caller typed stands for itself.
func pattern(how, v string) string {
	v = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(v)
	if how != "startswith" {
		v = "%" + v
	}
	if how != "endswith" {
		v += "%"
	}
	return v
}

func (c *compiler) any(e odata.Any) (string, error) {
	col, ok := c.table[strings.ToLower(e.Path.String())]
	if !ok || col.exists == "" {
		return "", unsupported("The lambda is not supported for the property '" + e.Path.String() + "'.")
	}
	if strings.Contains(col.exists, "{tenant}") {
		c.bind(c.tenant)
	}
	body := "1 = 1"
	if e.Body != nil {
		inner := &compiler{tenant: c.tenant, table: col.of, args: c.args}
		s, err := inner.expr(e.Body)
		if err != nil {
			return "", err
		}
		body, c.args = s, inner.args
	}
	return "(" + strings.Replace(strings.Replace(col.exists, "{tenant}", "?", 1), "%s", body, 1) + ")", nil
}

// count answers "p/$count eq 0" and its likes, which ask only whether there is any.
func (c *compiler) count(e odata.Compare) (string, error) {
	path := odata.Path{Parts: e.Path.Parts[:len(e.Path.Parts)-1]}
	some, err := c.any(odata.Any{Path: path})
	if err != nil {
		return "", err
	}
	if e.Value.Kind == odata.Number && e.Value.IsInt {
		switch {
		case e.Op == odata.Eq && e.Value.Int == 0, e.Op == odata.Lt && e.Value.Int == 1, e.Op == odata.Le && e.Value.Int == 0:
			return "NOT " + some, nil
		case e.Op == odata.Ne && e.Value.Int == 0, e.Op == odata.Gt && e.Value.Int == 0, e.Op == odata.Ge && e.Value.Int == 1:
			return some, nil
		}
	}
	return "", unsupported("$count in a filter compares with 0 only.")
}

// search turns a $search into a condition: each word of a clause begins a word of the property.
func search(s odata.Search, columns map[string]column) (models.Condition, error) {
	c := &compiler{}
	var either []string
	for _, all := range s {
		var both []string
		for _, clause := range all {
			col, ok := columns[strings.ToLower(clause.Property)]
			if !ok {
				return models.Condition{}, unsupported("$search does not support the property '" + clause.Property + "'.")
			}
			left := col.sql
			if col.fold == nil {
				left = "LOWER(" + left + ")"
			}
			for _, word := range strings.Fields(strings.ToLower(clause.Text)) {
				if col.ops&opContains != 0 {
					both = append(both, c.like(left, "contains", word))
					continue
				}
				starts := c.like(left, "startswith", word)
				both = append(both, "("+starts+" OR "+c.like(left, "contains", " "+word)+")")
			}
		}
		either = append(either, "("+strings.Join(both, " AND ")+")")
	}
	return models.Condition{SQL: strings.Join(either, " OR "), Args: c.args}, nil
}

// clientID is how application ids are stored.
func clientID(s string) string { return strings.ToLower(s) }
