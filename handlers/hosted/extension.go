package hosted

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"

	"portico/app/extension"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	pages "portico/views/hosted"
	"portico/views/ui"
)

// extension.go: what the tenant's own APIs have a say in, as pages show it. All of their words are plain text.

// extended adds the APIs that have a say about an app to where an attempt happens.
func extended(place signin.Place, dir *models.Directory, clientID string) signin.Place {
	place.Extensions, place.App = dir.Extensions, AppOf(dir, clientID)
	return place
}

// AppOf is an app as the APIs are told about it.
func AppOf(dir *models.Directory, clientID string) extension.Principal {
	if c, ok := dir.Clients[clientID]; ok {
		return extension.Principal{ObjectID: c.PrincipalID, ClientID: c.ID, Name: c.Name}
	}
	return extension.Principal{ClientID: clientID}
}

// calling comes back by itself while an answer is awaited.
func calling(d *drawing) templ.Component {
	d.refresh = 1
	d.cancel()
	return pages.Calling(d.page)
}

// stopped offers to begin anew after an API's no, and to try once more after a failure.
func stopped(d *drawing) templ.Component {
	v := pages.StoppedView{Reference: d.info.RequestID, Again: d.res.Step.Retryable(), Refused: !d.res.Step.Retryable(), Often: d.res.Step.Advised != nil && d.res.Step.Advised.Often}
	if a := d.res.Step.Advised; a != nil && !v.Again {
		v.Title, v.Text = a.Title, a.Message
	}
	d.status = http.StatusForbidden
	if v.Again {
		d.status = http.StatusServiceUnavailable
	}
	d.ways(event(pages.Change))
	d.cancel()
	return pages.Stopped(d.page, v)
}

// advised fills fields in as an API wishes, which whoever fills in the page may change.
func (d *drawing) advised(v pages.AttributesView) {
	values := d.facts().Prefilled()
	for i, a := range d.res.Step.Fields {
		if said, ok := values[a.ID]; ok && !a.ReadOnly && !a.MustTick() {
			v.Attributes[i] = v.Attributes[i].Filled(a.Typed(said))
		}
	}
}

// sentBack says beside the fields what an API finds wrong with the answers that are kept.
func (d *drawing) sentBack() {
	said := d.res.Step.Advised
	if said == nil || said.Action != extension.ShowValidationError {
		return
	}
	d.status = http.StatusUnprocessableEntity
	if said.Message != "" {
		d.page.Errors = append(d.page.Errors, ui.FieldError{Text: said.Message})
	}
	unseen := ""
	for _, a := range d.flow().Attributes {
		text := said.Fields[a.ID]
		switch {
		case text == "":
		case slices.ContainsFunc(d.res.Step.Fields, func(f userflow.Attribute) bool { return f.ID == a.ID }):
			d.page.Errors = append(d.page.Errors, ui.FieldError{Name: userflow.FieldName(a.ID), Text: text})
		case unseen == "" && said.Message == "": // about a field that the page does not have: it must not refuse in silence
			unseen = text
		}
	}
	if len(d.page.Errors) == 0 {
		if unseen == "" {
			unseen = d.info.Locale.T("attributes.sent_back", nil)
		}
		d.page.Errors = append(d.page.Errors, ui.FieldError{Text: unseen})
	}
}

// pause lets time pass, or as much of it as the request has left.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
