package graph

import (
	"context"
	"encoding/json"
	"strings"

	"portico/app/access"
	"portico/app/extension"
	"portico/handlers/graph/odata"
	"portico/models"
)

// extensionCall is one of /beta/portico/extensionCalls: what an API was asked and answered, with secrets masked, and with
// people's data masked for whoever may not read people.
type extensionCall struct{ extension.Call }

func (a *API) extensionCalls() *collection[extensionCall] {
	r := &collection[extensionCall]{
		path: []string{"portico", "extensionCalls"}, name: "portico/extensionCalls", typ: "portico.extensionCall", beta: true,
		read: []access.Permission{access.ExtensionRead}, normalPage: 50, largestPage: 200, order: odata.Order{Path: "createdDateTime", Desc: true},
		id: func(x *extensionCall) string { return x.ID },
	}
	r.fields = []field[extensionCall]{
		readOnly("id", func(x *extensionCall) any { return x.ID }),
		readOnly("createdDateTime", func(x *extensionCall) any { return stamp(x.At) }).filterable("extension_calls.at", column{kind: odata.Time, ops: opEq | opOrder}).sortable(func(x *extensionCall) any { return x.At.UTC() }),
		readOnly("eventType", func(x *extensionCall) any { return string(x.Event) }).filterable("extension_calls.event", graphWord(eventNames()...)),
		readOnly("extensionId", func(x *extensionCall) any { return text(x.ExtensionID) }).filterable("extension_calls.extension_id", column{kind: odata.String, ops: opEq}),
		readOnly("extensionDisplayName", func(x *extensionCall) any { return text(x.Name) }),
		readOnly("listenerId", func(x *extensionCall) any { return text(x.ListenerID) }),
		readOnly("targetUrl", func(x *extensionCall) any { return text(x.URL) }),
		readOnly("httpStatus", func(x *extensionCall) any { return x.Status }),
		readOnly("errorCode", func(x *extensionCall) any { return int(x.Code) }).filterable("extension_calls.code", column{kind: odata.Number, ops: opEq | opNe}),
		readOnly("errorName", func(x *extensionCall) any { return text(x.Code.Name()) }),
		readOnly("errorDetail", func(x *extensionCall) any { return text(x.Detail) }),
		readOnly("onFailure", func(x *extensionCall) any { return text(string(x.OnFailure)) }),
		readOnly("action", func(x *extensionCall) any { return text(string(x.Action)) }),
		readOnly("changed", func(x *extensionCall) any { return list(x.Changed) }),
		readOnly("numberOfAttempts", func(x *extensionCall) any { return len(x.Attempts) }),
		readOnly("durationInMilliseconds", func(x *extensionCall) any { return x.Duration.Milliseconds() }),
		readOnly("isTrial", func(x *extensionCall) any { return x.Trial }),
		readOnly("correlationId", func(x *extensionCall) any { return text(x.CorrelationID) }).filterable("extension_calls.correlation_id", column{kind: odata.String, ops: opEq, fold: strings.TrimSpace}),
		readOnly("signInId", func(x *extensionCall) any { return text(x.SignInID) }).filterable("extension_calls.sign_in_id", column{kind: odata.String, ops: opEq}),
		readOnly("appId", func(x *extensionCall) any { return text(x.AppID) }).filterable("extension_calls.app_id", column{kind: odata.String, ops: opEq, fold: clientID}),
		readOnly("request", func(x *extensionCall) any { return text(x.Request) }),
		readOnly("response", func(x *extensionCall) any { return text(x.Response) }),
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]extensionCall, error) {
		rows, err := models.ListRows[models.ExtensionCallRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		out := make([]extensionCall, len(rows))
		for i, row := range rows {
			if err := json.Unmarshal([]byte(row.Document), &out[i].Call); err != nil {
				return nil, err
			}
			out[i].Call = c.readable(out[i].Call)
		}
		return out, nil
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*extensionCall, error) {
		x, err := c.tenant.ExtensionCall(ctx, strings.ToLower(key))
		return &extensionCall{c.readable(x)}, err
	}
	return r
}

// readable is a recorded call as the caller may see it: what was asked and answered is about somebody, so it takes the
// right to read people besides.
func (c *call) readable(x extension.Call) extension.Call {
	if c.caller.may(access.UserRead) {
		return x
	}
	return x.Impersonal()
}

func eventNames() []string {
	var out []string
	for _, e := range extension.Events() {
		out = append(out, string(e))
	}
	return out
}
