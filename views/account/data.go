package account

import (
	"iter"
	"strconv"
)

// Personal is the file of everything held about somebody, in words. Its long sheets are read while they are
// written.
type Personal struct {
	Tenant, Name, Made string
	Sheets             []Sheet
	Broken             func() bool // a list broke off
}

// Sheet is one kind of data. Without a head its rows are pairs of a name and a value.
type Sheet struct {
	Title string
	Head  []string
	Rows  iter.Seq[[]string]
}

// personalCSS is the file's own style: it has to be readable wherever it is opened.
const personalCSS = `<style>:root{color-scheme:light dark}body{font:16px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;max-width:70rem;margin:0 auto;padding:1.5rem}` +
	`h2{margin-block:2rem .5rem}caption{text-align:start}table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:start;vertical-align:top;padding:.35rem .6rem;border-block-end:1px solid #8886;overflow-wrap:anywhere}` +
	`tbody th{font-weight:400;width:16rem}div{overflow-x:auto}.soft{opacity:.7}</style>`

func (s Sheet) columns() string { return strconv.Itoa(max(2, len(s.Head))) }
