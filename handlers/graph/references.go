package graph

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"portico/app/fault"
	"portico/handlers/graph/odata"
)

// maxBind is how many objects one request may bind (graph.md §1.6).
const maxBind = 20

// referred is the id at the end of a reference such as https://host/v1.0/directoryObjects/{id}. The host is
// the client's base URL and decides nothing; what is no id is refused.
func referred(ref string) (string, bool) {
	if len(ref) > 2048 {
		return "", false
	}
	u, err := url.Parse(strings.TrimSpace(ref))
	if err != nil {
		return "", false
	}
	segs, err := odata.ParsePath(u.EscapedPath())
	if err != nil || len(segs) == 0 {
		return "", false
	}
	last := segs[len(segs)-1]
	id := last.Name
	if last.Parens { // directoryObjects('id')
		if id = last.Keys[""]; id == "" {
			id = last.Keys["id"]
		}
	}
	if !odata.IsGUID(id) {
		return "", false
	}
	return strings.ToLower(id), true
}

// refBody reads the body of POST …/$ref.
func (c *call) refBody() (string, error) {
	if _, err := c.json(); err != nil { // the same checks as of any body
		return "", err
	}
	var in struct {
		ID *string `json:"@odata.id"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.ID == nil {
		return "", badRequest("A reference is needed: {\"@odata.id\": \""+c.url("/directoryObjects/{id}")+"\"}.", "@odata.id")
	}
	id, ok := referred(*in.ID)
	if !ok {
		return "", badRequest("The reference '@odata.id' does not end with the id of an object.", "@odata.id")
	}
	return id, nil
}

// bound reads the references of name@odata.bind: one, or a list of up to twenty.
func bound(name string, raw json.RawMessage) ([]string, error) {
	var refs []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		refs = []string{one}
	} else if err := json.Unmarshal(raw, &refs); err != nil {
		return nil, badRequest("A collection of references was expected for '"+name+"'.", name)
	}
	if len(refs) > maxBind {
		return nil, badRequest("At most 20 objects can be bound in one request.", name)
	}
	out := make([]string, 0, len(refs))
	for _, ref := range refs {
		id, ok := referred(ref)
		if !ok {
			return nil, badRequest("A reference of '"+name+"' does not end with the id of an object.", name)
		}
		out = append(out, id)
	}
	return out, nil
}

// memberWords are the vendor's for what can be wrong with a new member: it is there already (400), or it is
// nothing of this directory (404).
func memberWords(err error, id string) error {
	f := fault.Of(err)
	switch {
	case err == nil:
		return nil
	case f.Code == fault.Conflict && f.Key == "group.member.there":
		return &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Target: "members", Cause: err,
			Message: "One or more added object references already exist for the following modified properties: 'members'."}
	}
	return absent(err, id)
}
