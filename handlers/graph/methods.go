package graph

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/access"
	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/message"
	"portico/models"
)

// The ids that the vendor gave to methods of which there is one (graph.md §9).
const (
	passwordMethodID = "28c10230-6103-485e-b985-444c60001490"
	emailMethodID    = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
	mobileMethodID   = "3179e48a-750b-4051-897c-87b9720928f7"
)

// methodKind is a kind of authentication method: where it lives, what it is called, which factor it is.
type methodKind struct{ path, typ, factor string }

func methodKinds() []methodKind {
	return []methodKind{
		{"passwordMethods", "passwordAuthenticationMethod", models.KindPassword},
		{"emailMethods", "emailAuthenticationMethod", models.KindEmail},
		{"phoneMethods", "phoneAuthenticationMethod", models.KindSMS},
		{"fido2Methods", "fido2AuthenticationMethod", models.KindPasskey},
		{"softwareOathMethods", "softwareOathAuthenticationMethod", models.KindTOTP},
	}
}

// authMethod is one method of a person. credential is the row behind it, "" for a password.
type authMethod struct {
	methodKind
	id, credential string
	name           string
	at             time.Time
	first          bool // of its kind
}

// methodsOf lists how a person can prove who they are. No secret is among it. Recovery codes are no method
// in Graph's words; portico of the person counts them.
func methodsOf(u *user) []authMethod {
	var out []authMethod
	if u.HasPassword {
		out = append(out, authMethod{methodKind: methodKinds()[0], id: passwordMethodID, at: u.PasswordSetAt, first: true})
	}
	for _, kind := range methodKinds()[1:] {
		first := true
		for _, m := range u.Methods {
			if m.Kind != kind.factor {
				continue
			}
			one := authMethod{methodKind: kind, id: m.ID, credential: m.ID, name: m.Name, at: m.CreatedAt, first: first}
			if fixed := map[string]string{models.KindEmail: emailMethodID, models.KindSMS: mobileMethodID}[m.Kind]; fixed != "" && first {
				one.id = fixed
			}
			out, first = append(out, one), false
		}
	}
	return out
}

func recoveryCodes(u *user) int {
	n := 0
	for _, m := range u.Methods {
		if m.Kind == models.KindRecovery && m.Name != models.HelpDeskCode {
			n++
		}
	}
	return n
}

// passkeyFacts are what a passkey's public part tells about the authenticator.
type passkeyFacts struct {
	Flags struct {
		BackupEligible bool `json:"backupEligible"`
	} `json:"flags"`
	Authenticator struct {
		AAGUID []byte `json:"AAGUID"`
	} `json:"authenticator"`
	Host string `json:"host"` // of the tenant's own, where alone it works; "" = the installation's address
}

// shownMethod renders a method. details are passkeys' public parts by credential.
func shownMethod(m authMethod, details map[string]passkeyFacts) object {
	o := object{{"@odata.type", "#microsoft.graph." + m.typ}, {"id", m.id}, {"createdDateTime", stamp(m.at)}}
	switch m.factor {
	case models.KindPassword:
		o.add("password", nil)
	case models.KindEmail:
		o.add("emailAddress", text(m.name))
	case models.KindSMS:
		kind := "mobile"
		if !m.first {
			kind = "alternateMobile"
		}
		o.add("phoneNumber", text(m.name))
		o.add("phoneType", kind)
		o.add("smsSignInState", "notSupported") // a number is a second factor here, never a way in
	case models.KindPasskey:
		facts, kind := details[m.credential], "deviceBound"
		if facts.Flags.BackupEligible {
			kind = "synced"
		}
		var model any
		if id, err := uuid.FromBytes(facts.Authenticator.AAGUID); err == nil {
			model = id.String()
		}
		o.add("displayName", text(m.name))
		o.add("aaGuid", model)
		o.add("model", nil)
		o.add("attestationCertificates", []string{})
		o.add("attestationLevel", "notAttested")
		o.add("passkeyType", kind)
		if facts.Host != "" {
			o.add("portico", object{{"host", facts.Host}})
		}
	case models.KindTOTP:
		o.add("secretKey", nil)
		o.add("portico", object{{"displayName", text(m.name)}})
	}
	return o
}

// passkeyDetails reads the public parts of a person's passkeys, when they have any.
func passkeyDetails(ctx context.Context, c *call, u *user) (map[string]passkeyFacts, error) {
	if !slices.ContainsFunc(u.Methods, func(m account.Method) bool { return m.Kind == models.KindPasskey }) {
		return nil, nil
	}
	keys, err := c.tenant.Credentials(ctx, u.ID, models.KindPasskey)
	if err != nil {
		return nil, err
	}
	out := map[string]passkeyFacts{}
	for _, k := range keys {
		var f passkeyFacts
		if json.Unmarshal([]byte(k.Data), &f) == nil { // without them it is a passkey all the same
			out[k.ID] = f
		}
	}
	return out, nil
}

// methodActions are /users/{id}/authentication/… and /me/authentication/….
func (a *API) methodActions() []action[user] {
	read, write := []access.Permission{access.MethodRead}, []access.Permission{access.MethodWrite}
	ownRead, ownWrite := []string{"UserAuthenticationMethod.Read", string(access.OwnMethods)}, []string{string(access.OwnMethods)}
	show := func(path string) action[user] {
		return action[user]{method: http.MethodGet, path: path, need: read, own: ownRead, run: a.listMethods}
	}
	out := []action[user]{show("authentication/methods"), {method: http.MethodGet, path: "authentication/methods/{method}", need: read, own: ownRead, run: a.oneMethod},
		{method: http.MethodPost, path: "authentication/methods/{method}/resetPassword", need: write, run: a.resetPassword},
		{method: http.MethodPost, path: "authentication/passwordMethods/{method}/resetPassword", need: write, run: a.resetPassword},
		{method: http.MethodGet, path: "authentication/operations/{operation}", need: write, run: a.passwordOperation}}
	for _, kind := range methodKinds() {
		at := "authentication/" + kind.path
		out = append(out, show(at), action[user]{method: http.MethodGet, path: at + "/{method}", need: read, own: ownRead, run: a.oneMethod})
		if kind.factor != models.KindPassword {
			out = append(out, action[user]{method: http.MethodDelete, path: at + "/{method}", need: write, own: ownWrite, run: a.removeMethod})
		}
		if kind.factor == models.KindEmail || kind.factor == models.KindSMS {
			out = append(out, action[user]{method: http.MethodPost, path: at, need: write, own: ownWrite, run: a.addMethod},
				action[user]{method: http.MethodPatch, path: at + "/{method}", need: write, own: ownWrite, run: a.changeMethod})
		}
	}
	return append(out, rememberedDevices(read, write, ownRead, ownWrite)...)
}

// methodKind is the kind that the path names; the zero value for authentication/methods, which is all.
func (c *call) methodKind() methodKind {
	path := strings.ToLower(c.path)
	for _, k := range methodKinds() {
		if strings.Contains(path, "/authentication/"+strings.ToLower(k.path)) {
			return k
		}
	}
	return methodKind{}
}

func (a *API) listMethods(ctx context.Context, c *call, u *user) (*response, error) {
	kind := c.methodKind()
	details, err := passkeyDetails(ctx, c, u)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, m := range methodsOf(u) {
		if kind.path == "" || m.path == kind.path {
			out = append(out, shownMethod(m, details))
		}
	}
	return c.small(ctx, "users('"+u.ID+"')/authentication/"+kind.pathOr("methods"), out)
}

func (k methodKind) pathOr(otherwise string) string {
	if k.path == "" {
		return otherwise
	}
	return k.path
}

// methodAt finds the method that the path names, by its own id too where there is a fixed one.
func (c *call) methodAt(u *user) (authMethod, error) {
	kind, id := c.methodKind(), c.params["method"]
	for _, m := range methodsOf(u) {
		if (kind.path == "" || kind.path == m.path) && (strings.EqualFold(m.id, id) || m.credential != "" && strings.EqualFold(m.credential, id)) {
			return m, nil
		}
	}
	return authMethod{}, notFound(id)
}

func (a *API) oneMethod(ctx context.Context, c *call, u *user) (*response, error) {
	m, err := c.methodAt(u)
	if err != nil {
		return nil, err
	}
	details, err := passkeyDetails(ctx, c, u)
	if err != nil {
		return nil, err
	}
	return c.entity("users('"+u.ID+"')/authentication/"+c.methodKind().pathOr("methods")+"/$entity", shownMethod(m, details)), nil
}

func (a *API) removeMethod(ctx context.Context, c *call, u *user) (*response, error) {
	m, err := c.methodAt(u)
	if err != nil {
		return nil, err
	}
	if err := c.guarded(ctx, u, c.own(u)); err != nil {
		return nil, err
	}
	return emptied(c.tenant.InTx(ctx, func(t *models.Tenant) error {
		// Recovery codes go with the last factor that they stand in for.
		if _, err := t.InWays().Unregister(ctx, c.actor(), u.ID, m.credential); err != nil {
			return err
		}
		return tellMethod(ctx, t, c, u, message.MethodRemoved, m.factor)
	}))
}

// tellMethod tells somebody that a way to prove who they are came or went, at their own address.
func tellMethod(ctx context.Context, t *models.Tenant, c *call, u *user, kind message.Kind, method string) error {
	self, err := t.Get(ctx)
	if err != nil {
		return err
	}
	return message.PostNotice(ctx, t, message.Notice{Kind: kind, Method: method, TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: t.Now(),
		URL: self.Base(c.api.BaseURL) + "/" + self.Slug + "/account"}, t.Now())
}

type methodBody struct {
	ID           *string `json:"id"`
	EmailAddress string  `json:"emailAddress"`
	PhoneNumber  string  `json:"phoneNumber"`
	PhoneType    string  `json:"phoneType"`
}

// methodAddress reads and checks the address or number that a request wants to be a method.
func (c *call) methodAddress(kind methodKind) (string, error) {
	var in methodBody
	if err := bodyOf(c, &in); err != nil {
		return "", err
	}
	if kind.factor == models.KindEmail {
		if in.PhoneNumber != "" || in.PhoneType != "" {
			return "", badRequest("Invalid property 'phoneNumber'.", "phoneNumber")
		}
		if _, err := account.CanonicalEmail(in.EmailAddress); err != nil {
			return "", invalidValue("emailAddress", ": an email address is needed")
		}
		return strings.TrimSpace(in.EmailAddress), nil
	}
	if in.EmailAddress != "" {
		return "", badRequest("Invalid property 'emailAddress'.", "emailAddress")
	}
	if in.PhoneType != "" && in.PhoneType != "mobile" {
		return "", invalidValue("phoneType", ": only mobile is supported, codes come by text message")
	}
	said, err := account.CanonicalPhone(in.PhoneNumber)
	if err != nil {
		return "", invalidValue("phoneNumber", ": a number with its country code is needed, such as +49 30 123456")
	}
	return said, nil
}

// addMethod registers an address or number as a second factor. An administrator vouches for it; people prove
// theirs with a code, which needs a page.
func (a *API) addMethod(ctx context.Context, c *call, u *user) (*response, error) {
	kind := c.methodKind()
	if c.own(u) {
		return nil, byPages()
	}
	if err := mayCommand(ctx, c, u.ID); err != nil {
		return nil, err
	}
	address, err := c.methodAddress(kind)
	if err != nil {
		return nil, err
	}
	err = c.tenant.InTx(ctx, func(t *models.Tenant) error {
		now, err := t.User(ctx, u.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(now.Methods, func(m account.Method) bool { return m.Kind == kind.factor }) {
			return badRequest("The person has such a method already. Change it with PATCH.", kind.path)
		}
		if err := putMethod(ctx, t, c, u, kind, address); err != nil {
			return err
		}
		if u.User, err = t.User(ctx, u.ID); err != nil {
			return err
		}
		return tellMethod(ctx, t, c, u, message.MethodAdded, kind.factor)
	})
	if err != nil {
		return nil, err
	}
	for _, m := range methodsOf(u) {
		if m.path == kind.path {
			at := "/users/" + u.ID + "/authentication/" + kind.path
			return c.created("users('"+u.ID+"')/authentication/"+kind.path+"/$entity", shownMethod(m, nil), at+"/"+m.id), nil
		}
	}
	return nil, fault.New(fault.Internal, "error.internal")
}

// changeMethod replaces an address or number.
func (a *API) changeMethod(ctx context.Context, c *call, u *user) (*response, error) {
	m, err := c.methodAt(u)
	if err != nil {
		return nil, err
	}
	if c.own(u) {
		return nil, byPages()
	}
	if err := mayCommand(ctx, c, u.ID); err != nil {
		return nil, err
	}
	address, err := c.methodAddress(m.methodKind)
	if err != nil {
		return nil, err
	}
	return emptied(c.tenant.InTx(ctx, func(t *models.Tenant) error {
		if m.factor == models.KindEmail {
			if err := t.RemoveCredential(ctx, c.actor(), u.ID, m.credential); err != nil {
				return err
			}
		}
		if err := putMethod(ctx, t, c, u, m.methodKind, address); err != nil {
			return err
		}
		return tellMethod(ctx, t, c, u, message.MethodAdded, m.factor)
	}))
}

// putMethod registers an address, or a number in place of the one that is there.
func putMethod(ctx context.Context, t *models.Tenant, c *call, u *user, kind methodKind, address string) error {
	if kind.factor == models.KindSMS {
		return t.InWays().ReplacePhone(ctx, c.actor(), u.ID, address)
	}
	_, err := t.AddCredential(ctx, c.actor(), models.Credential{UserID: u.ID, Kind: kind.factor, Name: address})
	return err
}

func byPages() *Error {
	return &Error{Status: http.StatusForbidden, Code: codeDenied,
		Message: "An address or number of one's own is proven with a code: it is added and changed on the account pages."}
}

// resetPassword gives somebody a temporary password that they must change at the next sign-in. It is done at
// once; the operation that the answer names can be read afterwards as the vendor's tools expect.
func (a *API) resetPassword(ctx context.Context, c *call, u *user) (*response, error) {
	if m, err := c.methodAt(u); err != nil || m.factor != models.KindPassword {
		return nil, notFound(c.params["method"])
	}
	if c.own(u) {
		return nil, badRequest("One's own password is changed with /me/changePassword.", "")
	}
	if err := mayCommand(ctx, c, u.ID); err != nil {
		return nil, err
	}
	var in struct {
		New                 *string `json:"newPassword"`
		RequireChangeOnNext *bool   `json:"requireChangeOnNextSignIn"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	answer := object{{"@odata.context", c.context("microsoft.graph.passwordResetResponse")}}
	password := deref(in.New)
	if password == "" {
		made, err := factor.TemporaryPassword(rand.Reader)
		if err != nil {
			return nil, err
		}
		password = made
		answer.add("newPassword", made)
	}
	hash, err := a.hash(ctx, c, u, password)
	if err != nil {
		return nil, inParameter(err, "newPassword")
	}
	var operation string
	err = c.tenant.InTx(ctx, func(t *models.Tenant) error {
		if err := t.SetPassword(ctx, c.actor(), u.ID, models.PasswordChange{Hash: hash, MustChange: in.RequireChangeOnNext == nil || *in.RequireChangeOnNext, RevokeSessions: true}); err != nil {
			return err
		}
		if err := tellPassword(ctx, t, u); err != nil {
			return err
		}
		done, err := t.Audits(ctx, models.AuditQuery{TargetID: u.ID, Activity: resetActivity, Limit: 1})
		if err == nil && len(done.Items) > 0 {
			operation = done.Items[0].ID
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	res := &response{status: http.StatusAccepted, body: answer}
	return res.set("Location", c.url("/users/"+u.ID+"/authentication/operations/"+operation)), nil
}

// resetActivity is what the audit log calls a reset of somebody's password.
const resetActivity = "Reset password"

// passwordOperation shows a reset that was done: it is the entry of the audit log, so it needs no table.
func (a *API) passwordOperation(ctx context.Context, c *call, u *user) (*response, error) {
	e, err := c.tenant.Audit(ctx, strings.ToLower(c.params["operation"]))
	if err != nil || e.Target.ID != u.ID || e.Activity != resetActivity {
		return nil, missing(err, c.params["operation"])
	}
	at := "/users/" + u.ID + "/authentication/passwordMethods/" + passwordMethodID
	return c.entity("users('"+u.ID+"')/authentication/operations/$entity", object{{"@odata.type", "#microsoft.graph.longRunningOperation"}, {"id", e.ID},
		{"status", "succeeded"}, {"createdDateTime", stamp(e.At)}, {"lastActionDateTime", stamp(e.At)}, {"resourceLocation", c.url(at)}, {"statusDetail", nil}}), nil
}
