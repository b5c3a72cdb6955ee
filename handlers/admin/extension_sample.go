package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/extension"
	"portico/app/extension/contract"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
)

// sampleOccasion is an event as it could happen here: the tenant's own attributes and application, and a person who does
// not exist, or the one whom the admin chose.
func (p *Portal) sampleOccasion(v *visit, e extension.Event, clientID string, who *models.User) extension.Occasion {
	o := extension.Sample(e)
	o.TenantID, o.Tenant, o.CorrelationID = v.tenant.ID, v.dir.Tenant.Slug, models.NewID()
	if cl := v.dir.Clients[clientID]; cl != nil {
		o.App = extension.Principal{ObjectID: cl.PrincipalID, ClientID: cl.ID, Name: cl.Name}
		for _, m := range cl.Claims {
			if m.Source == openid.FromProvider && m.AnyType {
				o.AnyJSON = append(o.AnyJSON, m.ID)
			}
		}
	}
	if o.SignUp != nil {
		o.SignUp.Attributes = v.sampleAttributes()
		for i := range o.SignUp.Identities {
			o.SignUp.Identities[i].Issuer = v.dir.Tenant.Slug
		}
	}
	if who == nil || o.SignUp != nil { // in sign-up there is nobody yet
		return o
	}
	o.User = &extension.Person{ID: who.ID, DisplayName: who.DisplayName, GivenName: who.GivenName, Surname: who.Surname, Mail: who.Mail, UserPrincipalName: who.Mail, CreatedAt: who.CreatedAt, PreferredLanguage: who.PreferredLanguage}
	return o
}

// sampleAttributes are what the tenant's user flows ask for, each with a value.
func (v *visit) sampleAttributes() []extension.Attribute {
	asked := map[string]bool{}
	for _, f := range v.dir.Flows {
		for _, a := range f.Attributes {
			asked[a.ID] = true
		}
	}
	if len(asked) == 0 {
		asked = map[string]bool{"givenName": true, "surname": true}
		for id := range v.dir.Definitions {
			asked[id] = true
		}
	}
	answers := sampleAnswers(v)
	for _, b := range openid.BuiltinAttributes() {
		answers[b.ID] = b.Example
	}
	var out []extension.Attribute
	for id := range asked {
		a := extension.Attribute{Name: id, Type: extension.String, BuiltIn: true}
		if d, custom := v.dir.Definitions[id]; custom {
			a.BuiltIn = false
			switch d.DataType {
			case userflow.Boolean:
				a.Type = extension.Boolean
			case userflow.Int:
				a.Type = extension.Int64
			}
		}
		if value, ok := answers[id]; ok && (a.Type != extension.String || isText(value)) {
			a.Value = value
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b extension.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func isText(v any) bool { _, ok := v.(string); return ok }

// askedEvent is the event of the address; without one, that of tokens.
func askedEvent(c *fiber.Ctx) (extension.Event, error) {
	return eventOf(c.Query("event", string(extension.TokenIssuanceStart)))
}

// extensionSchema downloads what an event's API is sent and may answer, as JSON Schema.
func (p *Portal) extensionSchema(c *fiber.Ctx) error {
	e, err := askedEvent(c)
	if err != nil {
		return err
	}
	name := wordsOfEvent(e).schema
	b, ok, err := contract.Schema(name)
	if err == nil && !ok {
		err = fmt.Errorf("event %s has no schema", e)
	}
	if err != nil {
		return err
	}
	return downloadJSON(c, name+".schema.json", b)
}

// extensionPayload downloads what an event's API would be sent, with the tenant's own attributes and nobody's data.
func (p *Portal) extensionPayload(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := askedEvent(c)
	if err != nil {
		return err
	}
	clientID := ""
	if all := sortedClients(v.dir); len(all) > 0 {
		clientID = all[0].ID
	}
	o := p.sampleOccasion(v, e, clientID, nil)
	b, err := samplePayload(e, &o)
	if err != nil {
		return err
	}
	return downloadJSON(c, wordsOfEvent(e).schema+".sample.json", b)
}

// samplePayload writes the payload of an occasion. Where a password would be encrypted for the API's own key, words stand.
func samplePayload(e extension.Event, o *extension.Occasion) ([]byte, error) {
	chosen := extension.Chosen{Listener: extension.Listener{ID: "00000000-0000-4000-8000-000000000002", Event: e}, Extension: &extension.Extension{ID: "00000000-0000-4000-8000-000000000003", Event: e}}
	payload, failure := extension.Compose(chosen, o)
	if failure != nil && e == extension.PasswordSubmit {
		plain := *o
		plain.Event, plain.Password = extension.TokenIssuanceStart, nil
		if payload, failure = extension.Compose(chosen, &plain); failure == nil {
			payload.Type, payload.Data.ODataType, payload.Data.Encrypted = e.WireType(), e.CalloutType(), "a JWE (RSA-OAEP-256, A256GCM) with user-password, username and nonce, for your API’s certificate"
		}
	}
	if failure != nil {
		return nil, failure
	}
	b, err := json.MarshalIndent(payload, "", "  ")
	return append(b, '\n'), err
}

// samplePerson finds the one person whom an admin chose; nil = nobody was.
func (v *visit) samplePerson(ctx context.Context, search string) (who *models.User, found int, err error) {
	if search == "" || !v.may(access.UserRead) {
		return nil, 0, nil
	}
	page, err := v.tenant.Users(ctx, models.UserQuery{Search: search, Limit: 2})
	if err != nil || len(page.Items) != 1 {
		return nil, len(page.Items), err
	}
	return &page.Items[0], 1, nil
}
