package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxBatch is how many requests a batch may hold (graph.md §2.8).
const maxBatch = 20

type batchPart struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batch answers POST /$batch: every part by itself, in order, each authorised by itself, and every id
// answered.
func (a *API) batch(ctx context.Context, caller *Caller, r *request) (*response, error) {
	if r.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	var in struct {
		Requests []batchPart `json:"requests"`
	}
	if media, _, _ := strings.Cut(r.header("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Code: codeBadRequest, Message: "A batch is sent as application/json."}
	}
	if !utf8.Valid(r.body) {
		return nil, notUTF8()
	}
	if err := json.Unmarshal(r.body, &in); err != nil || len(in.Requests) == 0 {
		return nil, badRequest("Invalid batch payload format.", "")
	}
	if len(in.Requests) > maxBatch {
		return nil, badRequest("Number of batch request steps exceeds the maximum value of '20'.", "requests")
	}
	seen := map[string]bool{}
	for _, p := range in.Requests {
		id := strings.ToLower(p.ID)
		if id == "" || seen[id] {
			return nil, badRequest("Each request of a batch needs an id of its own.", "id")
		}
		for _, d := range p.DependsOn {
			if !seen[strings.ToLower(d)] {
				return nil, badRequest("Request '"+p.ID+"' depends on '"+d+"', which does not come before it.", "dependsOn")
			}
		}
		seen[id] = true
	}
	status := map[string]int{}
	answers := make([]object, 0, len(in.Requests))
	for _, p := range in.Requests {
		res := a.part(ctx, caller, r, p, status)
		status[strings.ToLower(p.ID)] = res.status
		headers := map[string]string{}
		for k, v := range res.header {
			headers[k] = v
		}
		var body any = res.body
		switch {
		case res.raw != nil && res.kind == "text/plain":
			headers["Content-Type"], body = res.kind, string(res.raw)
		case res.raw != nil:
			headers["Content-Type"], body = res.kind, base64.StdEncoding.EncodeToString(res.raw)
		case res.body != nil:
			headers["Content-Type"] = "application/json"
		}
		o := object{{"id", p.ID}, {"status", res.status}, {"headers", headers}}
		if body != nil {
			o.add("body", body)
		}
		answers = append(answers, o)
	}
	return &response{status: http.StatusOK, body: object{{"responses", answers}}}, nil
}

func (a *API) part(ctx context.Context, caller *Caller, whole *request, p batchPart, status map[string]int) *response {
	headers := map[string]string{}
	for k, v := range p.Headers {
		headers[strings.ToLower(k)] = v
	}
	path, query, _ := strings.Cut(p.URL, "?")
	r := &request{version: whole.version, base: whole.base, method: strings.ToUpper(p.Method), path: "/" + strings.TrimLeft(path, "/"),
		query: query, id: whole.id, clientID: whole.clientID, ip: whole.ip, place: whole.place, signals: whole.signals,
		header: func(name string) string { return headers[strings.ToLower(name)] }}
	for _, d := range p.DependsOn {
		if s := status[strings.ToLower(d)]; s >= 400 || s == 0 {
			return a.failed(ctx, r, &Error{Status: http.StatusFailedDependency, Code: "FailedDependency",
				Message: "The request '" + d + "' that this one depends on has failed."})
		}
	}
	switch r.method {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
	default:
		return a.failed(ctx, r, badRequest("Invalid method in batch request '"+p.ID+"'.", "method"))
	}
	if strings.Contains(path, "://") || strings.EqualFold(strings.Trim(path, "/"), "$batch") {
		return a.failed(ctx, r, badRequest("Invalid url in batch request '"+p.ID+"': a relative URL is needed.", "url"))
	}
	body := bytes.TrimSpace(p.Body)
	switch {
	case len(body) == 0 || bytes.Equal(body, []byte("null")):
	case body[0] == '"':
		var s string
		if err := json.Unmarshal(body, &s); err == nil {
			if decoded, err := base64.StdEncoding.DecodeString(s); err == nil {
				r.body = decoded
				break
			}
		}
		return a.failed(ctx, r, badRequest("Invalid body in batch request '"+p.ID+"'.", "body"))
	default:
		r.body = body
		if headers["content-type"] == "" {
			return a.failed(ctx, r, badRequest("Batch request '"+p.ID+"' has a body and needs a Content-Type header.", "headers"))
		}
	}
	return a.run(ctx, caller, r)
}
