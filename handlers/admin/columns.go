package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	views "portico/views/admin"
)

// listColumn is one column of a list whose columns can be chosen (R 6.6.5). The first one of a list names its
// rows and always stands.
type listColumn[T any] struct {
	id, label string
	extra     bool // not shown until it is chosen
	num       bool // of numbers: at the end of their cells
	cell      func(T) views.Cell
}

// takeColumns reads which columns the address asks for: as boxes that were ticked, or as one list. What is not
// known is dropped, and the usual ones need no word in the address.
func takeColumns[T any](c *fiber.Ctx, w *view, all []listColumn[T]) []listColumn[T] {
	asked := map[string]bool{}
	for _, b := range c.Request().URI().QueryArgs().PeekMulti("columns") {
		for _, id := range strings.Split(filterText(string(b)), ",") {
			asked[strings.TrimSpace(id)] = true
		}
	}
	var chosen, usual []listColumn[T]
	var ids []string
	for i, col := range all {
		if i == 0 || asked[col.id] {
			chosen = append(chosen, col)
			ids = append(ids, col.id)
		}
		if i == 0 || !col.extra {
			usual = append(usual, col)
		}
	}
	same := len(chosen) == len(usual) && !slices.ContainsFunc(usual, func(col listColumn[T]) bool { return !slices.Contains(ids, col.id) })
	if len(chosen) == 1 || same { // the first alone is what an empty choice comes to
		return usual
	}
	w.q.Set("columns", strings.Join(ids[1:], ","))
	return chosen
}

// columnsOf are some of a list's columns, for a table elsewhere.
func columnsOf[T any](all []listColumn[T], ids ...string) []listColumn[T] {
	var out []listColumn[T]
	for _, id := range ids {
		for _, col := range all {
			if col.id == id {
				out = append(out, col)
			}
		}
	}
	return out
}

// tableOf fills the chosen columns.
func tableOf[T any](caption string, cols []listColumn[T], items []T, id func(T) string) views.Table {
	t := views.Table{Caption: caption}
	for _, col := range cols {
		t.Columns = append(t.Columns, views.Column{Label: col.label, Num: col.num})
	}
	for _, x := range items {
		row := views.Row{Value: id(x)}
		for _, col := range cols {
			row.Cells = append(row.Cells, col.cell(x))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// chooser is the form that chooses a list's columns; filters stay as they are.
func chooser[T any](w view, all, chosen []listColumn[T]) *views.Form {
	f := &views.Form{Action: w.path, Get: true, Quiet: true, Submit: "Show these columns"}
	for name := range w.q {
		if name != "columns" && name != "after" {
			f.Fields = append(f.Fields, views.Field{Kind: views.Hidden, Name: name, Value: w.get(name)})
		}
	}
	slices.SortFunc(f.Fields, func(a, b views.Field) int { return strings.Compare(a.Name, b.Name) })
	boxes := views.Field{Kind: views.Checks, Name: "columns", Label: "Columns", Hint: "The address keeps your choice. Downloads always hold every column. None ticked shows the usual ones."}
	for _, col := range all[1:] {
		boxes.Options = append(boxes.Options, views.Option{Value: col.id, Label: col.label})
	}
	for _, col := range chosen {
		boxes.Values = append(boxes.Values, col.id)
	}
	f.Fields = append(f.Fields, boxes)
	return f
}
