package account

import (
	"context"

	"portico/views/hosted"
	"portico/views/ui"
)

// ProfileView is what somebody says about themselves.
type ProfileView struct {
	Attributes []hosted.Attribute
	Languages  []ui.Option // one is selected, or none: as the browser says
	Seen       string      // what stands for the values that the page was drawn with
	Address    string      // where mail goes; changed among the ways in
}

// languages are the options with what was typed, else what is stored.
func (p Page) languages(v ProfileView) []ui.Option {
	typed, again := p.Values["preferredLanguage"]
	out := make([]ui.Option, len(v.Languages))
	for i, o := range v.Languages {
		if again {
			o.Selected = o.Value == typed
		}
		out[i] = o
	}
	return out
}

// asHosted lets the controls of the sign-up page draw what was typed and what was wrong here.
func (p Page) asHosted() hosted.Page { return hosted.Page{Values: p.Values, Errors: p.Errors} }

// OverviewView is the first page.
type OverviewView struct {
	Name, Address string
	Tips          []Go              // worth doing
	States        map[string]string // one line of each page of the menu, by its path
}

func (v OverviewView) initial() string {
	if v.Name != "" {
		return ui.Initial(v.Name)
	}
	return ui.Initial(v.Address)
}

// ways lead to the pages of the menu, each with its state.
func (p Page) ways(ctx context.Context, v OverviewView) []Go {
	var out []Go
	for _, m := range menu() {
		if m.Path != "" {
			out = append(out, Go{Icon: m.Icon, Title: t(ctx, m.Key), Note: v.States[m.Path], Href: p.Base + m.Path})
		}
	}
	return out
}
