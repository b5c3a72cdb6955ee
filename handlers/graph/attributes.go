package graph

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
)

// userAttribute is what a user flow can ask for as Graph's identityUserFlowAttribute: one of the ten that
// are built in, or a custom attribute of the tenant.
type userAttribute struct {
	userflow.Definition
	builtIn bool
	stored  bool
	said    string // dataType of a request, in Graph's words
}

// porticoAttribute is what Graph has no word for: our own data types and the rules of an answer.
type porticoAttribute struct {
	DataType  string       `json:"dataType"`
	Options   []flowOption `json:"options"`
	Pattern   string       `json:"pattern"`
	Message   string       `json:"message"`
	MaxLength int          `json:"maxLength"`
	Low       *int64       `json:"low"`
	High      *int64       `json:"high"`
}

// graphDataTypes is Graph's closed set; clients generated from its schema stumble over anything else.
func graphDataTypes() []string {
	return []string{"string", "boolean", "int64", "stringCollection", "dateTime"}
}

// graphDataType is what Graph's clients are told that an attribute holds.
func graphDataType(d userflow.DataType) string {
	switch d {
	case userflow.Boolean, userflow.Int:
		return string(d)
	case userflow.Date:
		return "dateTime"
	}
	return string(userflow.String)
}

// userAttributes is /identity/userFlowAttributes (graph.md §6.2).
func (a *API) userAttributes() *collection[userAttribute] {
	r := &collection[userAttribute]{
		path: []string{"identity", "userFlowAttributes"}, name: "identity/userFlowAttributes", typ: "identityUserFlowAttribute",
		typed: true, plural: "user-flow-attributes", subtypes: []string{"identityBuiltInUserFlowAttribute", "identityCustomUserFlowAttribute"},
		read: readAttributes(), write: writeAttributes(), normalPage: 200, largestPage: 999, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(u *userAttribute) string { return u.ID },
	}
	r.kindOf = func(u *userAttribute) string {
		if u.builtIn {
			return "identityBuiltInUserFlowAttribute"
		}
		return "identityCustomUserFlowAttribute"
	}
	r.fields = []field[userAttribute]{
		readOnly("id", func(u *userAttribute) any { return u.ID }).sortable(func(u *userAttribute) any { return u.ID }),
		str("displayName", 64, func(u *userAttribute) *string { return &u.Name }).sortable(func(u *userAttribute) any { return u.Name }),
		{name: "description", get: func(u *userAttribute) any { return text(u.Description) },
			set: setString("description", 500, func(u *userAttribute) *string { return &u.Description })},
		{name: "userFlowAttributeType", get: func(u *userAttribute) any { return u.kind() }, set: setAttributeKind, unmanaged: true},
		{name: "dataType", get: func(u *userAttribute) any { return graphDataType(u.DataType) }, set: setAttributeType},
		complexField("portico", shownPorticoAttribute, setPorticoAttribute),
	}
	r.fresh = func(*call) userAttribute { return userAttribute{} }
	r.all = func(ctx context.Context, c *call) ([]userAttribute, error) {
		definitions, err := c.tenant.Definitions(ctx)
		out := a.builtInAttributes()
		for _, d := range definitions {
			out = append(out, userAttribute{Definition: d, stored: true})
		}
		return out, err
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*userAttribute, error) {
		for _, u := range a.builtInAttributes() {
			if strings.EqualFold(u.ID, key) {
				return &u, nil
			}
		}
		d, err := c.tenant.Definition(ctx, key)
		return &userAttribute{Definition: d, stored: true}, err
	}
	r.check = checkAttribute
	r.create = func(ctx context.Context, c *call, u *userAttribute) error {
		made, err := c.tenant.CreateDefinition(ctx, c.actor(), u.Definition)
		if err != nil {
			return attributeWords(c, err)
		}
		*u = userAttribute{Definition: made, stored: true}
		return nil
	}
	r.update = func(ctx context.Context, c *call, _ userAttribute, u *userAttribute, again func(*userAttribute) error) error {
		made, err := c.tenant.EditDefinition(ctx, c.actor(), u.ID, func(d *userflow.Definition) error {
			now := userAttribute{Definition: *d, stored: true}
			if err := again(&now); err != nil {
				return err
			}
			*d = now.Definition
			return nil
		})
		u.Definition = made
		return attributeWords(c, err)
	}
	r.delete = func(ctx context.Context, c *call, u *userAttribute) error {
		if u.builtIn {
			return builtInStays(u.ID)
		}
		return c.tenant.DeleteDefinition(ctx, c.actor(), u.ID)
	}
	// The id is in apps' code and in tokens, so a copy of the tenant keeps it.
	r.managing = &managing[userAttribute]{key: "id", keyOf: func(u *userAttribute) string { return u.ID }, name: func(u *userAttribute) string { return u.Name },
		skip: func(u *userAttribute) bool { return u.builtIn }, late: true,
		release: func(ctx context.Context, c *call, u, want *userAttribute) error {
			if want != nil && folded(want.Name) == folded(u.Name) {
				return nil
			}
			return c.tenant.ReleaseDefinitionName(ctx, u.ID, want == nil)
		},
		adopt: func(u *userAttribute, id string) error {
			if !attributeID.MatchString(id) {
				return badRequest("The id of a custom attribute looks like extension_0123456789abcdef0123456789abcdef_loyaltyNumber.", "id")
			}
			u.ID = id
			return nil
		}}
	return r
}

var attributeID = regexp.MustCompile(`^extension_[0-9a-f]{32}_[A-Za-z0-9_]{1,100}$`)

func (u *userAttribute) kind() string {
	if u.builtIn {
		return "builtIn"
	}
	return "custom"
}

// builtInAttributes are the ten with their English names, in the order of their ids.
func (a *API) builtInAttributes() []userAttribute {
	var out []userAttribute
	for id, most := range userflow.Builtin() {
		out = append(out, userAttribute{builtIn: true, stored: true,
			Definition: userflow.Definition{ID: id, Name: a.attributeName(id), DataType: userflow.String, MaxLength: most}})
	}
	slices.SortFunc(out, func(x, y userAttribute) int { return strings.Compare(x.ID, y.ID) })
	return out
}

func (a *API) attributeName(id string) string {
	if key := "attribute." + id; a.Words != nil && a.Words.Has(key) {
		return a.Words.T(key, nil)
	}
	return id
}

func builtInStays(id string) error {
	return badRequest("The attribute '"+id+"' is built in: it cannot be changed or deleted.", "id")
}

func setAttributeKind(u *userAttribute, raw json.RawMessage) error {
	var kind string
	if err := strict("userFlowAttributeType", raw, &kind); err != nil {
		return err
	}
	if kind != "" && kind != u.kind() {
		return invalidValue("userFlowAttributeType", ": it is "+u.kind()+" and cannot be changed")
	}
	return nil
}

func setAttributeType(u *userAttribute, raw json.RawMessage) error {
	var said string
	if err := strict("dataType", raw, &said); err != nil {
		return err
	}
	switch {
	case said == "":
		return nil
	case !slices.Contains(graphDataTypes(), said):
		return invalidValue("dataType", ": string, boolean or int64 is needed")
	case u.stored && said != graphDataType(u.DataType):
		return badRequest("The data type of an attribute cannot be changed. Make another attribute.", "dataType")
	}
	u.said = said
	return nil
}

func shownPorticoAttribute(u *userAttribute) porticoAttribute {
	out := porticoAttribute{DataType: string(u.DataType), Options: []flowOption{}, Pattern: u.Pattern, Message: u.Message, MaxLength: u.MaxLength, Low: u.Low, High: u.High}
	for _, o := range u.Options {
		out.Options = append(out.Options, flowOption{o.Text, o.Value})
	}
	return out
}

func setPorticoAttribute(u *userAttribute, v porticoAttribute) error {
	if d := userflow.DataType(v.DataType); d != "" {
		switch {
		case !slices.Contains(userflow.DataTypes(), d):
			return invalidValue("portico/dataType", ": string, boolean, int64, date, choice or phone is needed")
		case u.stored && d != u.DataType:
			return badRequest("The data type of an attribute cannot be changed. Make another attribute.", "portico/dataType")
		}
		u.DataType = d
	}
	u.Options = nil
	for _, o := range v.Options {
		u.Options = append(u.Options, userflow.Option{Text: o.Label, Value: o.Value})
	}
	u.Pattern, u.Message, u.MaxLength, u.Low, u.High = v.Pattern, v.Message, v.MaxLength, v.Low, v.High
	return nil
}

// checkAttribute works out the data type of a new attribute from Graph's word and ours.
func checkAttribute(_ context.Context, _ *call, u *userAttribute, sent func(string) bool) error {
	if u.builtIn {
		return builtInStays(u.ID)
	}
	if u.stored {
		return nil
	}
	if !sent("displayName") {
		return badRequest("A value is required for property 'displayName' of resource 'identityUserFlowAttribute'.", "displayName")
	}
	switch {
	case u.DataType == "" && u.said == "":
		return badRequest("A value is required for property 'dataType' of resource 'identityUserFlowAttribute'.", "dataType")
	case u.DataType == "" && (u.said == "stringCollection" || u.said == "dateTime"):
		return invalidValue("dataType", ": string, boolean or int64 is needed; a date, choice or telephone number is made with portico.dataType")
	case u.DataType == "":
		u.DataType = userflow.DataType(u.said)
	case u.said != "" && u.said != graphDataType(u.DataType):
		return invalidValue("dataType", ": with portico.dataType "+string(u.DataType)+" it is "+graphDataType(u.DataType))
	}
	return nil
}

// attributeWords gives complaints Graph's property names.
func attributeWords(c *call, err error) error {
	if err == nil {
		return nil
	}
	if f := fault.Of(err); f.Code == fault.Conflict && f.Key == "attribute.breaks_flow" {
		e := asError(&fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause}, c.api.Words)
		e.Target = "portico/options"
		return e
	}
	return renamed(err, func(name string) string {
		switch name {
		case "name":
			return "displayName"
		case "description", "dataType":
			return name
		}
		return "portico/" + name
	})
}

// renamed gives the fields of a complaint other names.
func renamed(err error, name func(string) string) error {
	f := fault.Of(err)
	if err == nil || f.Code != fault.Invalid && f.Code != fault.Conflict || len(f.Fields) == 0 {
		return err
	}
	out := &fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause}
	for _, field := range f.Fields {
		field.Name = name(field.Name)
		out.Fields = append(out.Fields, field)
	}
	return out
}
