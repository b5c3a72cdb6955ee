package branding

import (
	"slices"
	"strconv"
	"strings"
)

// A box to type in and a button have to be seen as what they are (WCAG 2.2, 1.4.11): by an edge, or by a background, that
// stands out from the box they are in by EdgeRatio. A line that takes the edge away is left out where the background does
// not stand out; a rule whose background makes a part one with the box gets our edge.

// edged are the kinds of parts that need one.
func edged(k int) bool { return slices.Contains([]int{onPrimary, 9, 10, 14}, k) }

// An edge as a declaration leaves it.
const (
	edgeAsIs = iota
	edgeHidden
	edgeShown
)

// edgeOf tells what a declaration does to the edge of a part that stands on papers. What cannot be judged, such as the
// company's own colour, counts as hidden.
func edgeOf(d decl, around []shade, dark bool) int {
	if !strings.HasPrefix(d.name, "border") || strings.HasSuffix(d.name, "radius") {
		return edgeAsIs
	}
	parts := topLevel(d.value, ' ')
	hidden, styled := 0, false
	for _, part := range parts {
		switch m := measured.FindStringSubmatch(part); {
		case m != nil:
			if n, _ := strconv.ParseFloat(m[1], 64); n == 0 {
				hidden++
			}
		case oneOf("none hidden transparent "+globals, part):
			hidden++
		case oneOf("solid dashed dotted double groove ridge inset outset", part):
			styled = true
		case oneOf("thin medium thick currentcolor", part):
		default:
			ink := shades(part, dark)
			if part == "var(--edge)" {
				ink = []shade{{OKLCH([2]float64{.61, .58}[btoi(dark)], .017, 264), 1, ""}}
			}
			if len(ink) == 0 || worst(ink, around) < EdgeRatio {
				hidden++
			}
		}
	}
	several := strings.HasSuffix(d.name, "-color") || strings.HasSuffix(d.name, "-style") || strings.HasSuffix(d.name, "-width")
	switch {
	case several && hidden == len(parts), !several && hidden > 0:
		return edgeHidden
	case !several && styled:
		return edgeShown
	}
	return edgeAsIs
}

// edgeMedia are those in which the edges of a rule are judged.
func (x *inkPass) edgeMedia(media string) []medium {
	list := []medium{{strings.Contains(media, darkScheme), func(m string) bool { return m == "" || m == media }}}
	if media == "" && x.schemed() {
		list = append(list, medium{true, func(m string) bool { return m == "" || m == darkScheme }})
	}
	return list
}

// edges leaves out lines that take edges away, and draws ours where a background takes it.
func (c *cleaner) edges(x *inkPass) {
	gone := map[int]bool{} // kinds of parts whose edge a sheet takes, as it may
	needs := map[int]bool{}
	for i := range c.out {
		r := &c.out[i]
		p, paints := paintOf(*r)
		for _, m := range x.edgeMedia(r.media) {
			list := x.stand(m)
			around := x.papers(list, onBox, list[onBox].paint, true, m.dark)
			for j := range r.of {
				for _, k := range x.named[i][j] {
					if !edged(k) {
						continue
					}
					out := standsOut(x.papers(list, k, merged(list[k].paint, p), false, m.dark), around)
					needs[i] = needs[i] || paints && !out && !x.hasEdge(m, k, i, around)
					r.body = slices.DeleteFunc(slices.Clone(r.body), func(d decl) bool {
						if edgeOf(d, around, m.dark) != edgeHidden || shownAfter(r.body, d, around, m.dark) {
							return false
						}
						if gone[k] = gone[k] || out; !out {
							c.drop(max(1, d.line), d.name+": "+d.value, whyEdge)
						}
						return !out
					})
				}
			}
		}
	}
	for i := range c.out {
		r := &c.out[i]
		for _, of := range x.named[i] {
			for _, k := range of {
				if edged(k) && needs[i] && (k == onPrimary || gone[k]) {
					needs[i] = false
					r.body = append([]decl{{"border", "1px solid var(--edge)", 0}}, slices.DeleteFunc(slices.Clone(r.body), func(d decl) bool {
						return strings.HasPrefix(d.name, "border") && !strings.HasSuffix(d.name, "radius")
					})...)
				}
			}
		}
	}
	c.out = slices.DeleteFunc(c.out, func(r ruleSet) bool { return len(r.body) == 0 })
}

// shownAfter tells whether a later line of the same rule draws an edge again, as a line below a box to type in.
func shownAfter(body []decl, d decl, around []shade, dark bool) bool {
	at := slices.Index(body, d)
	return slices.ContainsFunc(body[at+1:], func(d decl) bool { return edgeOf(d, around, dark) == edgeShown })
}

// hasEdge tells whether a rule, or one that holds always, draws the edge of a kind of part.
func (x *inkPass) hasEdge(m medium, k, rule int, around []shade) bool {
	for i, r := range x.rules {
		if !m.holds(r.media) || !slices.ContainsFunc(r.body, func(d decl) bool { return edgeOf(d, around, m.dark) == edgeShown }) {
			continue
		}
		for j, s := range r.of {
			if slices.Contains(x.named[i][j], k) && (i == rule || s.plain()) {
				return true
			}
		}
	}
	return false
}

// standsOut tells whether what is painted can be told from what is around it.
func standsOut(papers, around []shade) bool {
	for _, p := range papers {
		for _, a := range around {
			if p.token != "" || a.token != "" || Contrast(p.Color, a.Color) < EdgeRatio {
				return false
			}
		}
	}
	return len(papers) > 0
}
