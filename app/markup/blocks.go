package markup

import "strings"

// Blocks reads a whole text: paragraphs divided by empty lines, headings ("# "), lists ("- " or "1. ").
// Inside a paragraph a line stays a line: who writes an address on three lines means three.
func Blocks(s string) []Node {
	var out []Node
	open := false // the last block goes on with the next line
	for _, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		line = strings.TrimSpace(line)
		kind, level, rest := opening(line)
		last := len(out) - 1
		switch {
		case line == "":
			open = false
			continue
		case kind == Heading:
			out = append(out, Node{Kind: Heading, Level: level, Children: Inline(rest)})
			open = false
			continue
		case kind == Bullets || kind == Numbers:
			item := Node{Kind: Item, Children: Inline(rest)}
			if last >= 0 && out[last].Kind == kind { // also after an empty line between two items
				out[last].Children = append(out[last].Children, item)
			} else {
				out = append(out, Node{Kind: kind, Children: []Node{item}})
			}
		case open && out[last].Kind == Paragraph:
			out[last].Children = append(append(out[last].Children, Node{Kind: Break}), Inline(line)...)
		case open: // a line that goes on with a list's last item
			items := out[last].Children
			item := &items[len(items)-1]
			item.Children = append(append(item.Children, Node{Kind: Break}), Inline(line)...)
		default:
			out = append(out, Node{Kind: Paragraph, Children: Inline(line)})
		}
		open = true
	}
	return out
}

// opening says which block a line begins: Heading, Bullets, Numbers, or Paragraph for none of them.
func opening(line string) (Kind, int, string) {
	if rest := strings.TrimLeft(line, "#"); rest != line && strings.HasPrefix(rest, " ") {
		return Heading, min(len(line)-len(rest), 3), strings.TrimSpace(rest)
	}
	if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "• ") {
		_, rest, _ := strings.Cut(line, " ")
		return Bullets, 0, strings.TrimSpace(rest)
	}
	number := strings.TrimLeft(line, "0123456789")
	if n := len(line) - len(number); n > 0 && n <= 3 && (strings.HasPrefix(number, ". ") || strings.HasPrefix(number, ") ")) {
		return Numbers, 0, strings.TrimSpace(number[2:])
	}
	return Paragraph, 0, line
}
