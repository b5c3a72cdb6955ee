package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/message"
	"portico/app/policy"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// ownAttribute reports whether people may change an attribute of themselves, built in or custom: their name and
// language, and what the flow of the calling app, or of an app that they use, asks and shows, as on the account
// pages (F271). What is hidden or read-only there is not theirs: rules of groups read attributes, and groups
// give roles.
func (a *API) ownAttribute(ctx context.Context, c *call, id string, raw json.RawMessage) (bool, error) {
	if id == "preferredLanguage" {
		return true, nil
	}
	dir, err := a.Store.Directory(ctx, c.tenant.ID)
	if err != nil {
		return false, err
	}
	clients, err := c.tenant.ClientsOf(ctx, c.caller.UserID)
	if err != nil {
		return false, err
	}
	flows, _ := dir.FlowsFor(append(clients, c.caller.ClientID))
	asked := userflow.Profile(flows)
	i := slices.IndexFunc(asked, func(x userflow.Attribute) bool { return x.ID == id && !x.ReadOnly })
	if i < 0 {
		return false, nil
	}
	var typed string
	if len(asked[i].Options) > 0 && json.Unmarshal(raw, &typed) == nil && typed != "" {
		if _, wrong := asked[i].Read([]string{typed}); wrong != "" {
			return false, invalidValue(id, ": the user flow offers a list, and this is not in it")
		}
	}
	return true, nil
}

// deleteSelf puts the caller's own account away for 30 days, as the account pages do: signing in within them
// offers to take it back. It needs a fresh proof, and what policies about it ask for.
func (a *API) deleteSelf(ctx context.Context, c *call) (*response, error) {
	if !c.caller.mine(c.caller.UserID, "User.ReadWrite") {
		return nil, denied()
	}
	u, err := a.findUser(ctx, c, "", c.caller.UserID)
	if err != nil {
		return nil, absent(err, c.caller.UserID)
	}
	if err := c.permitted(ctx, u, policy.DeleteAccount); err != nil {
		return nil, err
	}
	if err := c.proven(ctx, u); err != nil {
		return nil, err
	}
	return emptied(c.tenant.InTx(ctx, func(t *models.Tenant) error {
		self, err := t.Get(ctx)
		if err != nil {
			return err
		}
		gone, err := t.DeleteSelf(ctx, c.actor(), u.ID)
		if err != nil {
			return err
		}
		return message.PostLeaving(ctx, t, message.Change{TenantID: t.ID, To: gone.Address(), Locale: gone.PreferredLanguage, At: gone.DeletedAt},
			self.Base(a.BaseURL)+"/"+self.Slug+"/account", gone.DeletedAt.Add(account.Grace), t.Now())
	}))
}

// exportPersonalData answers everything that is held about a person. The vendor writes it to a storage account
// later; here it is the answer itself.
func (a *API) exportPersonalData(ctx context.Context, c *call, u *user) (*response, error) {
	if !c.own(u) {
		if err := mayCommand(ctx, c, u.ID); err != nil {
			return nil, err
		}
	}
	var in struct {
		StorageLocation *string `json:"storageLocation"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if deref(in.StorageLocation) != "" {
		return nil, badRequest("storageLocation is not supported: the answer is the data itself. Leave it out.", "storageLocation")
	}
	return c.personalData(ctx, u)
}

func (c *call) personalData(ctx context.Context, u *user) (*response, error) {
	data, err := c.tenant.PersonalData(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := data.WriteJSON(&b); err != nil {
		return nil, err
	}
	err = c.tenant.WriteAudit(ctx, c.actor(), audit.Event{Activity: "Export personal data", Category: "UserManagement", Operation: "Download",
		Target: audit.Target{Kind: "user", ID: u.ID, Name: u.DisplayName}, Changes: []audit.Change{{Property: "format", New: "json"}}})
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: json.RawMessage(b.Bytes())}, nil
}

// ownData is POST /beta/portico/me/exportPersonalData: what is held about the caller, after a fresh proof.
func (a *API) ownData(ctx context.Context, c *call) (*response, error) {
	if !c.caller.mine(c.caller.UserID, "User.Read", "User.ReadWrite") {
		return nil, denied()
	}
	u, err := a.findUser(ctx, c, "", c.caller.UserID)
	if err != nil {
		return nil, absent(err, c.caller.UserID)
	}
	if err := c.proven(ctx, u); err != nil {
		return nil, err
	}
	return c.personalData(ctx, u)
}

// porticoMe is what people can ask about themselves and the vendor has no word for.
type porticoMe struct{ a *API }

func (porticoMe) prefix() []string { return []string{"portico", "me"} }

func (m porticoMe) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if c.version != "beta" || keys != nil || len(rest) != 1 || !isFunction(rest[0], "exportPersonalData") {
		return nil, noSegment("portico")
	}
	if c.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	if c.caller.UserID == "" {
		return nil, denied()
	}
	return m.a.ownData(ctx, c)
}
