package graph

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"portico/handlers/graph/odata"
	"portico/models"
)

// options are the query options of a call, read once.
type options struct {
	values   map[string]string // by name without $, lower case
	selected []string
	filter   odata.Expr
	order    []odata.Order
	search   odata.Search
	top      int
	count    bool
}

// parseOptions reads the query string. The $ may be missing and letter case does not matter; an
// option named twice, one that starts with $ and is unknown, and a malformed one are refused.
func parseOptions(raw string) (options, error) {
	o := options{values: map[string]string{}}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return o, badRequest("The query string is not well encoded.", "")
	}
	for name, list := range values {
		key := strings.ToLower(strings.TrimPrefix(name, "$"))
		switch key {
		case "select", "filter", "orderby", "top", "skiptoken", "deltatoken", "count", "search", "expand", "skip", "format":
		default:
			if strings.HasPrefix(name, "$") {
				return o, badRequest("The query parameter '"+name+"' is not known.", name)
			}
			continue
		}
		if _, twice := o.values[key]; twice || len(list) > 1 {
			return o, badRequest("Query option '$"+key+"' was specified more than once, but it must be specified at most once.", "$"+key)
		}
		o.values[key] = list[0]
	}
	bad := func(option string, err error) error {
		return badRequest("Invalid "+option+" clause: "+err.Error()+".", option)
	}
	for key, v := range o.values {
		switch key {
		case "select":
			if v == "" {
				continue
			}
			if o.selected, err = odata.ParseSelect(v); err != nil {
				return o, bad("$select", err)
			}
		case "filter":
			if o.filter, err = odata.Parse(v); err != nil {
				return o, bad("$filter", err)
			}
		case "orderby":
			if o.order, err = odata.ParseOrder(v); err != nil {
				return o, bad("$orderby", err)
			}
		case "search":
			if o.search, err = odata.ParseSearch(v); err != nil {
				return o, bad("$search", err)
			}
		case "top":
			if o.top, err = strconv.Atoi(v); err != nil || o.top < 1 {
				return o, badRequest("Invalid value for $top: a whole number from 1 is needed.", "$top")
			}
		case "count":
			if o.count, err = strconv.ParseBool(strings.ToLower(v)); err != nil {
				return o, badRequest("Invalid value for $count: true or false is needed.", "$count")
			}
		case "skip":
			return o, unsupported("$skip is not supported; follow @odata.nextLink.")
		case "format":
			if l := strings.ToLower(v); l != "json" && !strings.HasPrefix(l, "application/json") {
				return o, badRequest("Only JSON is supported.", "$format")
			}
		}
	}
	return o, nil
}

// pageSize is $top within the resource's bounds.
func (o options) pageSize(normal, most int) (int, error) {
	if o.top == 0 {
		return normal, nil
	}
	if o.top > most {
		return 0, badRequest("Invalid page size specified: '"+strconv.Itoa(o.top)+"'. Must be between 1 and "+strconv.Itoa(most)+" inclusive.", "$top")
	}
	return o.top, nil
}

// position is where a page ended, in a form that survives JSON.
type position struct {
	Kind string `json:"k,omitempty"` // "s" text, "t" time, "" id only
	Text string `json:"v,omitempty"`
	ID   string `json:"i"`
}

func positionOf(value any, id string) position {
	switch v := value.(type) {
	case string:
		return position{"s", v, id}
	case time.Time:
		return position{"t", v.UTC().Format(time.RFC3339Nano), id}
	}
	return position{ID: id}
}

func (p position) listing() (*models.Position, bool) {
	switch p.Kind {
	case "s":
		return &models.Position{Value: p.Text, ID: p.ID}, p.ID != ""
	case "t":
		t, err := time.Parse(time.RFC3339Nano, p.Text)
		return &models.Position{Value: t.UTC(), ID: p.ID}, err == nil && p.ID != ""
	}
	return &models.Position{ID: p.ID}, p.ID != ""
}

const (
	skipPurpose = "graph.skiptoken"
	macSize     = 16
)

// binding is everything that a skip token belongs to: the tenant, the path and the options that decide
// which rows come in which order. A token is worth nothing anywhere else.
func (c *call) binding() []byte {
	v := c.opts.values
	b, _ := json.Marshal([]string{c.caller.TenantID, c.version, strings.ToLower(strings.TrimRight(c.path, "/")), v["filter"], v["orderby"], v["search"]})
	return b
}

// skipToken seals a position. It is no secret, only unforgeable.
func (c *call) skipToken(p position) string {
	b, _ := json.Marshal(p)
	mac := c.tenant.Sealer().MAC(skipPurpose, append(c.binding(), b...))[:macSize]
	return base64.RawURLEncoding.EncodeToString(append(mac, b...))
}

// skipped opens the call's skip token; nil when there is none.
func (c *call) skipped() (*position, error) { return c.openSkip(c.tenant.Sealer()) }

func (c *call) openSkip(sealer models.Sealer) (*position, error) {
	text, ok := c.opts.values["skiptoken"]
	if !ok {
		return nil, nil
	}
	refused := &Error{Status: 400, Code: codeExpiredPage, Message: "The specified page token value has expired or is not valid for this request."}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) <= macSize || len(raw) > 4096 {
		return nil, refused
	}
	mac := sealer.MAC(skipPurpose, append(c.binding(), raw[macSize:]...))[:macSize]
	if !equal(mac, raw[:macSize]) {
		return nil, refused
	}
	var p position
	if err := json.Unmarshal(raw[macSize:], &p); err != nil {
		return nil, refused
	}
	return &p, nil
}

// nextLink is the absolute URL of the page after a position, with all the options of this one.
func (c *call) nextLink(p position) string {
	values, _ := url.ParseQuery(c.query)
	names := make([]string, 0, len(values))
	for name := range values {
		if strings.ToLower(strings.TrimPrefix(name, "$")) != "skiptoken" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var b strings.Builder
	b.WriteString(c.url(c.path) + "?")
	for _, name := range names {
		b.WriteString(escapeQuery(name) + "=" + escapeQuery(values.Get(name)) + "&")
	}
	b.WriteString("$skiptoken=" + c.skipToken(p))
	return b.String()
}

func escapeQuery(s string) string {
	return strings.NewReplacer("+", "%20", "%24", "$", "%2C", ",", "%27", "'").Replace(url.QueryEscape(s))
}
