package ui

import (
	"context"
	"io"
	"strconv"

	"github.com/a-h/templ"

	"portico/app/markup"
)

// Rich draws a line that an admin wrote with Markdown's links and emphasis. It keeps a direction of its
// own, whatever the language of the page.
func Rich(text string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return (&prose{ctx: ctx, w: w}).all("<bdi>", markup.Inline(text), "</bdi>")
	})
}

// Prose draws a whole text: paragraphs, lists, headings. Title is the level of the heading that it stands under.
func Prose(text string, title int) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return (&prose{ctx: ctx, w: w, title: title}).all("", markup.Blocks(text), "")
	})
}

// prose writes a tree. Every text and address is escaped here, once.
type prose struct {
	ctx   context.Context
	w     io.Writer
	title int
	err   error
}

func (p *prose) all(before string, nodes []markup.Node, after string) error {
	p.write(before)
	for _, n := range nodes {
		p.node(n)
	}
	p.write(after)
	return p.err
}

func (p *prose) write(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *prose) node(n markup.Node) {
	around := func(tag string) { _ = p.all("<"+tag+">", n.Children, "</"+tag+">") }
	switch n.Kind {
	case markup.Text:
		p.write(templ.EscapeString(n.Text))
	case markup.Break:
		p.write("<br>")
	case markup.Strong:
		around("strong")
	case markup.Emphasis:
		around("em")
	case markup.Underline:
		around("u")
	case markup.Paragraph, markup.Item:
		tag := "p"
		if n.Kind == markup.Item {
			tag = "li"
		}
		_ = p.all("<"+tag+` dir="auto">`, n.Children, "</"+tag+">")
	case markup.Bullets:
		around("ul")
	case markup.Numbers:
		around("ol")
	case markup.Heading:
		tag := "h" + strconv.Itoa(p.title+n.Level)
		_ = p.all("<"+tag+` dir="auto">`, n.Children, "</"+tag+">")
	case markup.Link:
		p.write(`<a href="` + templ.EscapeString(n.Href) + `"`)
		if len(n.Href) > 7 && n.Href[:7] == "mailto:" {
			_ = p.all(">", n.Children, "</a>")
			return
		}
		_ = p.all(` target="_blank" rel="noopener noreferrer">`, n.Children, `<span class="hidden"> `+templ.EscapeString(T(p.ctx, "ui.new_tab"))+"</span></a>")
	}
}
