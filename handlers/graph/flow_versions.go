package graph

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
)

// userFlowVersions is /beta/portico/userFlows: what a user flow is besides its published version. The
// vendor's flows have no history and no draft, so the paths are ours; the shapes are the flow's own.
func (a *API) userFlowVersions(flows *collection[flow]) *collection[flow] {
	r := *flows
	r.path, r.name, r.beta = []string{"portico", "userFlows"}, "portico/userFlows", true
	r.create, r.update, r.delete, r.managing, r.plural = nil, nil, nil, nil, ""
	d := drafts{flows, a.attributeName}
	r.actions = []action[flow]{
		{method: http.MethodGet, path: "versions", need: readFlows(), run: d.versions},
		{method: http.MethodGet, path: "versions/{n}", need: readFlows(), run: d.version},
		{method: http.MethodPost, path: "versions/{n}/restore", need: writeFlows(), run: d.restore},
		{method: http.MethodGet, path: "draft", need: readFlows(), run: d.read},
		{method: http.MethodPut, path: "draft", need: writeFlows(), run: d.put},
		{method: http.MethodPatch, path: "draft", need: writeFlows(), run: d.patch},
		{method: http.MethodDelete, path: "draft", need: writeFlows(), run: d.discard},
		{method: http.MethodPost, path: "draft/publish", need: writeFlows(), run: d.publish},
		{method: http.MethodGet, path: "texts", need: readTextsOf(), run: d.allTexts},
		{method: http.MethodGet, path: "texts/{language}", need: readTextsOf(), run: d.texts},
		{method: http.MethodGet, path: "texts/{language}/defaults", need: readTextsOf(), run: d.defaults},
		{method: http.MethodPut, path: "texts/{language}", need: writeTextsOf(), run: d.putTexts},
		{method: http.MethodDelete, path: "texts/{language}", need: writeTextsOf(), run: d.deleteTexts},
	}
	return &r
}

// drafts are the operations below one flow.
type drafts struct {
	flows *collection[flow]
	names func(id string) string // of built-in attributes
}

// as is the flow with another document.
func (f *flow) as(doc userflow.Flow) *flow {
	out := *f
	out.Flow = doc
	return &out
}

// shape is a document of a flow as the API shows flows.
func (d drafts) shape(ctx context.Context, c *call, f *flow) (object, error) {
	if err := f.know(ctx, c); err != nil {
		return nil, err
	}
	return d.flows.render(ctx, c, f, d.flows.fields)
}

// What a version changed, property by property.
type versionChange struct {
	Property string  `json:"property"`
	Old      *string `json:"oldValue"`
	New      *string `json:"newValue"`
}

// changed compares two documents of one flow. Apps belong to no version.
func (d drafts) changed(f *flow, before, after userflow.Flow) ([]versionChange, error) {
	differences, err := d.flows.differences(f.as(before), f.as(after))
	if err != nil {
		return nil, err
	}
	out := []versionChange{}
	if before.Name != after.Name {
		differences = append([]FieldChange{{"displayName", shownValue(before.Name), shownValue(after.Name)}}, differences...)
	}
	for _, one := range differences {
		c := versionChange{Property: one.Property}
		if one.Old != "" {
			c.Old = &one.Old
		}
		if one.New != "" {
			c.New = &one.New
		}
		out = append(out, c)
	}
	return out, nil
}

// summary says the same in sentences.
func (d drafts) summary(f *flow, before, after userflow.Flow) []string {
	return list(userflow.Compare(before, after, func(id string) string {
		if definition := f.custom(id); definition != nil {
			return definition.Name
		}
		for _, t := range f.terms {
			if t.ID == id {
				return t.Name
			}
		}
		return d.names(id)
	}))
}

// history gives every version, newest first, with what it changed.
func (d drafts) history(ctx context.Context, c *call, f *flow) ([]models.FlowVersion, []object, error) {
	if err := f.know(ctx, c); err != nil {
		return nil, nil, err
	}
	versions, err := c.tenant.FlowVersions(ctx, f.ID)
	if err != nil {
		return nil, nil, err
	}
	out := make([]object, len(versions))
	for i, v := range versions {
		changes, said := []versionChange{}, []string{}
		if i+1 < len(versions) {
			if changes, err = d.changed(f, versions[i+1].Flow, v.Flow); err != nil {
				return nil, nil, err
			}
			said = d.summary(f, versions[i+1].Flow, v.Flow)
		}
		out[i] = object{{"version", v.Version}, {"isPublished", v.Version == f.Version}, {"publishedDateTime", stamp(v.CreatedAt)},
			{"publishedBy", text(v.ActorName)}, {"summary", said}, {"changes", changes}}
	}
	return versions, out, nil
}

func (d drafts) versions(ctx context.Context, c *call, f *flow) (*response, error) {
	_, list, err := d.history(ctx, c, f)
	if err != nil {
		return nil, err
	}
	return valueOf(c, "portico/userFlows('"+f.ID+"')/versions", list), nil
}

func (d drafts) version(ctx context.Context, c *call, f *flow) (*response, error) {
	versions, list, err := d.history(ctx, c, f)
	if err != nil {
		return nil, err
	}
	for i, v := range versions {
		if strconv.Itoa(v.Version) != c.params["n"] {
			continue
		}
		o, err := d.shape(ctx, c, f.as(v.Flow))
		if err != nil {
			return nil, err
		}
		return &response{status: http.StatusOK, body: slices.Concat(object{{"@odata.context", c.context("portico/userFlows('" + f.ID + "')/versions/$entity")}}, list[i], o)}, nil
	}
	return nil, notFound(c.params["n"])
}

// restore makes a draft of an old version; nothing is published by it.
func (d drafts) restore(ctx context.Context, c *call, f *flow) (*response, error) {
	n, err := strconv.Atoi(c.params["n"])
	if err != nil {
		return nil, notFound(c.params["n"])
	}
	revision, _, err := d.revision(ctx, c, f.ID)
	if err != nil {
		return nil, err
	}
	saved, err := c.tenant.RestoreVersion(ctx, c.actor(), f.ID, n, revision)
	if fault.Is(err, fault.NotFound) {
		return nil, notFound(c.params["n"])
	}
	if err != nil {
		return nil, draftWords(err, c)
	}
	if saved.Revision == 0 || saved.At.IsZero() {
		return nil, &Error{Status: http.StatusConflict, Code: codeConflict, Message: "Version " + c.params["n"] + " is the same as what is published, so there is nothing to restore."}
	}
	return d.show(ctx, c, f, saved)
}

// revision is the one that a change of the draft refers to: that of If-Match, or without it whichever
// there is. The second value says whether there is a draft.
func (d drafts) revision(ctx context.Context, c *call, id string) (int, bool, error) {
	draft, has, err := c.tenant.Draft(ctx, id)
	if err != nil {
		return 0, false, err
	}
	if !has {
		draft.Revision = 0
	}
	tag := strings.TrimSpace(c.header("If-Match"))
	if tag == "" || tag == "*" {
		return draft.Revision, has, nil
	}
	if !has || tag != draftTag(draft.Revision) && tag != strings.TrimPrefix(draftTag(draft.Revision), "W/") {
		return 0, has, &Error{Status: http.StatusPreconditionFailed, Code: codePrecondition,
			Message: "The draft is not the one that If-Match names any more. Read it, then make the change again.", Target: "If-Match"}
	}
	return draft.Revision, has, nil
}

func draftTag(revision int) string { return `W/"` + strconv.Itoa(revision) + `"` }

// show answers a draft in the flow's shape.
func (d drafts) show(ctx context.Context, c *call, f *flow, draft models.FlowDraft) (*response, error) {
	doc := f.as(draft.Flow)
	o, err := d.shape(ctx, c, doc)
	if err != nil {
		return nil, err
	}
	changes, err := d.changed(f, f.Flow, draft.Flow)
	if err != nil {
		return nil, err
	}
	head := object{{"@odata.context", c.context("portico/userFlows('" + f.ID + "')/draft/$entity")}, {"@odata.etag", draftTag(draft.Revision)},
		{"revision", draft.Revision}, {"baseVersion", draft.Base}, {"savedDateTime", stamp(draft.At)}, {"savedBy", text(draft.ActorName)},
		{"summary", d.summary(f, f.Flow, draft.Flow)}, {"changes", changes}}
	res := &response{status: http.StatusOK, body: slices.Concat(head, o)}
	return res.set("ETag", draftTag(draft.Revision)), nil
}

func (d drafts) read(ctx context.Context, c *call, f *flow) (*response, error) {
	draft, has, err := c.tenant.Draft(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	if !has {
		return nil, notFound("draft")
	}
	return d.show(ctx, c, f, draft)
}

// document is a request's body without what an answer holds besides the flow, so that what was read can
// be sent back.
func (d drafts) document(c *call) (document, error) {
	doc, err := c.json()
	if err != nil {
		return doc, err
	}
	for _, name := range []string{"id", "version", "revision", "baseVersion", "savedDateTime", "savedBy", "summary", "changes"} {
		doc = withoutKey(doc, name)
	}
	return doc, nil
}

func (d drafts) patch(ctx context.Context, c *call, f *flow) (*response, error) {
	doc, err := d.document(c)
	if err != nil {
		return nil, err
	}
	return d.save(ctx, c, f, func(now *flow) error {
		_, err := d.flows.assign(ctx, c, doc, now, false)
		return err
	})
}

// put replaces the draft: what the body leaves out is as in a new flow.
func (d drafts) put(ctx context.Context, c *call, f *flow) (*response, error) {
	doc, err := d.document(c)
	if err != nil {
		return nil, err
	}
	return d.save(ctx, c, f, func(now *flow) error {
		fresh := d.flows.fresh(c)
		fresh.apps, fresh.terms, fresh.definitions, fresh.upstream, fresh.home = now.apps, now.terms, now.definitions, now.upstream, now.home
		names, err := d.flows.assign(ctx, c, doc, &fresh, true)
		if err != nil {
			return err
		}
		*now = fresh
		return d.flows.check(ctx, c, &fresh, func(n string) bool { return slices.Contains(names, n) })
	})
}

func (d drafts) save(ctx context.Context, c *call, f *flow, edit func(*flow) error) (*response, error) {
	if err := f.know(ctx, c); err != nil {
		return nil, err
	}
	revision, _, err := d.revision(ctx, c, f.ID)
	if err != nil {
		return nil, err
	}
	saved, err := c.tenant.SaveDraft(ctx, c.actor(), f.ID, revision, func(m *userflow.Flow) error {
		now := f.as(*m)
		if err := edit(now); err != nil {
			return err
		}
		if !slices.Equal(now.apps, f.apps) {
			return badRequest("Applications use the user flow, not its draft. Change them at /identity/authenticationEventsFlows/"+f.ID+".", "conditions")
		}
		*m = now.Flow
		return nil
	})
	if err != nil {
		return nil, draftWords(err, c)
	}
	return d.show(ctx, c, f, saved)
}

// discard throws the draft away. Like publish it names what was looked at, by If-Match; "*" means whatever it is.
func (d drafts) discard(ctx context.Context, c *call, f *flow) (*response, error) {
	revision, has, err := d.revision(ctx, c, f.ID)
	switch {
	case err != nil:
		return nil, err
	case !has:
		return nil, notFound("draft")
	case c.header("If-Match") == "":
		return nil, badRequest("Name the revision of the draft that you have seen by If-Match, or send If-Match: * to discard whatever it is.", "If-Match")
	}
	if err := c.tenant.DiscardDraft(ctx, c.actor(), f.ID, revision); err != nil {
		return nil, draftWords(err, c)
	}
	return emptied(nil)
}

// publish makes the draft the next version. It names the revision that was looked at, by If-Match or in
// the body: what somebody else saved meanwhile is never published unseen.
func (d drafts) publish(ctx context.Context, c *call, f *flow) (*response, error) {
	var in struct {
		Revision *int `json:"revision"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	revision, has, err := d.revision(ctx, c, f.ID)
	switch {
	case err != nil:
		return nil, err
	case !has:
		return nil, draftWords(fault.New(fault.Conflict, "flow.draft.none"), c)
	case in.Revision != nil:
		revision = *in.Revision
	case c.header("If-Match") == "":
		return nil, badRequest("Name the revision of the draft that you have seen, in 'revision' or by If-Match.", "revision")
	}
	if _, err := c.tenant.PublishDraft(ctx, c.actor(), f.ID, revision); err != nil {
		return nil, draftWords(err, c)
	}
	made, err := d.flows.find(ctx, c, "", f.ID)
	if err != nil {
		return nil, err
	}
	o, err := d.shape(ctx, c, made)
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: slices.Concat(object{{"@odata.context", c.context("portico/userFlows/$entity")}, {"version", made.Version}}, o)}, nil
}

// draftWords keeps conflicts about the draft conflicts, and names Graph's properties in the others.
func draftWords(err error, c *call) error {
	if f := fault.Of(err); f.Code == fault.Conflict && len(f.Fields) == 0 {
		return asError(err, c.api.Words)
	}
	return flowWords(err)
}
