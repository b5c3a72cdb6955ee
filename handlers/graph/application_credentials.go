package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

type passwordCredential struct {
	CustomKeyIdentifier *string `json:"customKeyIdentifier"`
	DisplayName         *string `json:"displayName"`
	End                 any     `json:"endDateTime"`
	Hint                *string `json:"hint"`
	KeyID               string  `json:"keyId"`
	SecretText          *string `json:"secretText"`
	Start               any     `json:"startDateTime"`
}

type keyCredential struct {
	CustomKeyIdentifier *string `json:"customKeyIdentifier"`
	DisplayName         *string `json:"displayName"`
	End                 any     `json:"endDateTime"`
	Key                 *string `json:"key"`
	KeyID               string  `json:"keyId,omitempty"`
	Start               any     `json:"startDateTime"`
	Type                string  `json:"type"`
	Usage               string  `json:"usage"`
}

// What a key is there for: the app proves itself with it, or what is for its API is encrypted with it.
const (
	usageVerify  = "Verify"
	usageEncrypt = "Encrypt"
)

// usage is the key's, Verify unless told otherwise.
func (k keyCredential) usage() string {
	if k.Usage == "" {
		return usageVerify
	}
	return k.Usage
}

func shownSecrets(app models.Application) []passwordCredential {
	out := []passwordCredential{}
	for _, s := range app.Secrets {
		out = append(out, shownSecret(s))
	}
	return out
}

func shownSecret(s models.ApplicationSecret) passwordCredential {
	return passwordCredential{DisplayName: pointer(s.Name), End: stamp(s.ExpiresAt), Hint: pointer(s.Hint), KeyID: s.ID, Start: stamp(s.CreatedAt)}
}

// shownKeys lists certificates; the certificate itself only where it is asked for.
func shownKeys(app models.Application, whole bool) []keyCredential {
	out := []keyCredential{}
	for i, k := range slices.Concat(app.Certificates, app.EncryptionKeys) {
		v := keyCredential{DisplayName: pointer(k.Name), End: stamp(k.ExpiresAt), KeyID: k.ID, Start: stamp(k.CreatedAt), Type: "AsymmetricX509Cert", Usage: usageVerify}
		if i >= len(app.Certificates) {
			v.Usage = usageEncrypt
		}
		if thumb, err := base64.RawURLEncoding.DecodeString(k.ThumbprintS1); err == nil {
			v.CustomKeyIdentifier = pointer(base64.StdEncoding.EncodeToString(thumb))
		}
		if block, _ := pem.Decode([]byte(k.PEM)); whole && block != nil {
			v.Key = pointer(base64.StdEncoding.EncodeToString(block.Bytes))
		}
		out = append(out, v)
	}
	return out
}

// setKeys takes the whole list of keys: those with a keyId stay, those with a key are added, the others
// go.
func setKeys(r *application, raw json.RawMessage) error {
	keys := []keyCredential{}
	if err := strict("keyCredentials", raw, &keys); err != nil {
		return err
	}
	for _, k := range keys {
		if err := k.supported(); err != nil {
			return err
		}
		if k.KeyID == "" && k.Key == nil {
			return invalidValue("keyCredentials", ": a new key needs its certificate in key")
		}
	}
	r.keys = &keys
	return nil
}

func (k keyCredential) supported() error {
	switch {
	case k.Type != "" && k.Type != "AsymmetricX509Cert" || k.usage() != usageVerify && k.usage() != usageEncrypt:
		return invalidValue("keyCredentials", ": type AsymmetricX509Cert and the usages Verify and Encrypt are supported")
	case k.KeyID != "" && !odata.IsGUID(k.KeyID):
		return invalidValue("keyCredentials", ": keyId is a GUID")
	}
	return nil
}

// setEncryptionKey chooses the key that is encrypted with; whether it is there is known when the keys are.
func setEncryptionKey(r *application, raw json.RawMessage) error {
	var id *string
	if err := strict("tokenEncryptionKeyId", raw, &id); err != nil {
		return err
	}
	if id != nil && !odata.IsGUID(*id) {
		return invalidValue("tokenEncryptionKeyId", "")
	}
	r.Spec.TokenEncryptionKeyID = strings.ToLower(deref(id))
	return nil
}

// keysInFile are the certificates by themselves: ids of this installation and dates, which are inside the
// certificate, are left out.
func keysInFile(r *application) any {
	var keys []keyCredential
	if r.keys != nil {
		keys = *r.keys
	} else {
		keys = shownKeys(r.Application, true)
	}
	out := []object{}
	for _, k := range keys {
		key := k.Key
		for _, have := range shownKeys(r.Application, true) {
			if key == nil && have.KeyID == k.KeyID {
				key = have.Key
			}
		}
		out = append(out, object{{"displayName", deref(k.DisplayName)}, {"key", strings.Join(strings.Fields(deref(key)), "")}, {"type", "AsymmetricX509Cert"}, {"usage", k.usage()}})
	}
	slices.SortFunc(out, func(a, b object) int {
		return cmp.Or(strings.Compare(a.get("key").(string), b.get("key").(string)), strings.Compare(a.get("usage").(string), b.get("usage").(string)))
	})
	return out
}

// keysDiffer lists what must be added and removed so that an application has the wanted keys.
func keysDiffer(have models.Application, want []keyCredential) (add []keyCredential, remove []string, err error) {
	shown := shownKeys(have, true)
	keep := map[string]bool{}
	for _, w := range want {
		i := slices.IndexFunc(shown, func(h keyCredential) bool {
			return w.KeyID != "" && h.KeyID == strings.ToLower(w.KeyID) && (w.Usage == "" || w.Usage == h.Usage) || w.Key != nil && w.usage() == h.Usage && h.Key != nil && strings.Join(strings.Fields(*w.Key), "") == *h.Key
		})
		switch {
		case i >= 0:
			keep[shown[i].KeyID] = true
		case w.Key != nil:
			add = append(add, w)
		default:
			return nil, nil, invalidValue("keyCredentials", ": there is no key '"+w.KeyID+"'")
		}
	}
	for _, h := range shown {
		if !keep[h.KeyID] {
			remove = append(remove, h.KeyID)
		}
	}
	return add, remove, nil
}

// mayGive refuses what would give the caller's helper more than the caller has (DESIGN §9.8): new
// permissions, or a new credential of an app that holds more.
func mayGive(c *call, permissions []string) error {
	want := make([]access.Permission, len(permissions))
	for i, p := range permissions {
		want[i] = access.Permission(p)
	}
	if !access.Covers(c.caller.Permissions, want) {
		e := denied()
		e.Message = "Insufficient privileges to complete the operation: nobody can grant a permission that they do not hold."
		return e
	}
	return nil
}

// putKeys makes the wanted keys so, inside the running transaction.
func (a *API) putKeys(ctx context.Context, c *call, t *models.Tenant, row *application) error {
	if row.keys != nil {
		if err := a.changeKeys(ctx, c, t, row); err != nil {
			return err
		}
	}
	if id := row.Spec.TokenEncryptionKeyID; id != "" && !slices.ContainsFunc(row.EncryptionKeys, func(k models.ApplicationCertificate) bool { return k.ID == id }) {
		return invalidValue("tokenEncryptionKeyId", ": the application has no key with this id and the usage Encrypt")
	}
	return nil
}

func (a *API) changeKeys(ctx context.Context, c *call, t *models.Tenant, row *application) error {
	add, remove, err := keysDiffer(row.Application, *row.keys)
	if err != nil || len(add)+len(remove) == 0 {
		return err
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return err
	}
	for _, id := range remove {
		if err := t.RemoveApplicationCredential(ctx, c.actor(), row.ID, id); err != nil {
			return err
		}
	}
	for _, k := range add {
		if _, err := t.RegisterCertificate(ctx, c.actor(), row.ID, k.asked()); err != nil {
			return keyWords(err)
		}
	}
	row.Application, err = t.Application(ctx, row.ID)
	row.keys = nil
	return err
}

// asked is a key as it is registered.
func (k keyCredential) asked() models.NewCertificate {
	return models.NewCertificate{ID: k.KeyID, Name: deref(k.DisplayName), Text: deref(k.Key), Encrypt: k.usage() == usageEncrypt}
}

// keyWords names Graph's property for a certificate that was refused.
func keyWords(err error) error {
	if f := fault.Of(err); f.Code == fault.Invalid {
		return &fault.Error{Code: f.Code, Key: f.Key, Args: f.Args, Cause: f.Cause, Fields: []fault.Field{{Name: "keyCredentials", Key: f.Key, Args: f.Args}}}
	}
	return err
}

func (a *API) addPassword(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		Credential *passwordCredential `json:"passwordCredential"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return nil, err
	}
	name, end := "", a.now().AddDate(2, 0, 0)
	if p := in.Credential; p != nil {
		name = deref(p.DisplayName)
		if s, ok := p.End.(string); ok {
			at, ok := odata.ParseTime(s)
			if !ok {
				return nil, invalidValue("passwordCredential/endDateTime", "")
			}
			end = at
		}
		if s, ok := p.Start.(string); ok {
			if at, ok := odata.ParseTime(s); !ok || at.After(a.now().Add(5*time.Minute)) {
				return nil, invalidValue("passwordCredential/startDateTime", ": a secret is valid from now on")
			}
		}
	}
	secret, made, err := c.tenant.AddSecret(ctx, c.actor(), row.ID, name, end)
	if err != nil {
		return nil, err
	}
	shown := shownSecret(made)
	shown.SecretText = &secret
	v, err := decoded(shown)
	if err != nil {
		return nil, err
	}
	out := object{{"@odata.context", c.context("microsoft.graph.passwordCredential")}}
	m, _ := v.(map[string]any)
	for _, name := range []string{"customKeyIdentifier", "displayName", "endDateTime", "hint", "keyId", "secretText", "startDateTime"} {
		out.add(name, m[name])
	}
	return &response{status: http.StatusOK, body: out}, nil
}

func (a *API) addKey(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		Key      *keyCredential      `json:"keyCredential"`
		Password *passwordCredential `json:"passwordCredential"`
		Proof    *string             `json:"proof"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if in.Key == nil || in.Key.Key == nil {
		return nil, badRequest("A value is required for 'keyCredential'.", "keyCredential")
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return nil, err
	}
	if err := in.Key.supported(); err != nil {
		return nil, err
	}
	made, err := c.tenant.RegisterCertificate(ctx, c.actor(), row.ID, in.Key.asked())
	if err != nil {
		return nil, keyWords(err)
	}
	only := models.Application{Certificates: []models.ApplicationCertificate{made}}
	if in.Key.usage() == usageEncrypt {
		only.Certificates, only.EncryptionKeys = nil, only.Certificates
	}
	shown := shownKeys(only, false)[0]
	return &response{status: http.StatusOK, body: shown}, nil
}

// removeKey takes a secret or a certificate away. Who holds less than the app may not stop it either.
func (a *API) removeKey(ctx context.Context, c *call, row *application) (*response, error) {
	var in struct {
		KeyID string  `json:"keyId"`
		Proof *string `json:"proof"`
	}
	if err := bodyOf(c, &in); err != nil {
		return nil, err
	}
	if !odata.IsGUID(in.KeyID) {
		return nil, invalidValue("keyId", "")
	}
	if err := mayGive(c, row.Spec.Permissions); err != nil {
		return nil, err
	}
	if err := c.tenant.RemoveApplicationCredential(ctx, c.actor(), row.ID, strings.ToLower(in.KeyID)); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil, badRequest("No credentials found to be removed.", "keyId")
		}
		return nil, err
	}
	return noContent(), nil
}
