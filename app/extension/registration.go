package extension

import (
	"crypto/rsa"
	"net/url"
	"strings"
	"time"
)

// api finds the app registration of an extension's API and checks that it may be called (R 8.2.2).
func (c *Configuration) api(e *Extension) (API, *Failure) {
	u, err := url.Parse(e.URL)
	if err != nil || u.Hostname() == "" {
		return API{}, fail(BadTargetURL, "the target URL cannot be read")
	}
	if f := CheckResource(e.Resource, u.Hostname()); f != nil {
		return API{}, f
	}
	api, ok := c.APIs[strings.ToLower(e.Resource)]
	switch {
	case !ok:
		return API{}, fail(ResourceNotFound, "no app registration has the identifier URI %s", clip(e.Resource, 200))
	case !api.Enabled:
		return API{}, fail(ResourceDisabled, "the app registration of the API is switched off")
	case !api.Granted:
		return API{}, fail(PermissionNotGranted, "the app registration of the API lacks the permission %s", ReceivePermission)
	case !strings.EqualFold(e.Resource[strings.LastIndexByte(e.Resource, '/')+1:], api.ClientID):
		return API{}, fail(BadResourceID, "the identifier URI does not end with the app id of its registration")
	}
	return api, nil
}

// CheckAPI says what keeps an extension's API from being called at all; nil = nothing does.
func (c *Configuration) CheckAPI(e *Extension) *Failure {
	if c == nil {
		return nil
	}
	_, f := c.api(e)
	return f
}

// CheckResource holds an identifier URI against the place that is called: api://{domain}/{app id}.
func CheckResource(resource, host string) *Failure {
	rest, ok := strings.CutPrefix(resource, "api://")
	domain, id, two := strings.Cut(rest, "/")
	switch {
	case !ok || !two || domain == "" || id == "" || strings.Contains(id, "/"):
		return fail(BadResourceID, "the identifier URI is not of the form api://{domain of the target URL}/{app id}")
	case !strings.EqualFold(domain, host):
		return fail(DomainMismatch, "the identifier URI names %s, and the target URL is at %s", clip(domain, 100), clip(host, 100))
	}
	return nil
}

// encryptionKey is the key that passwords are encrypted with now: the chosen one, or the first that is valid. A chosen key
// that cannot be used is replaced by no other, since nobody said that the API holds that one.
func (a *API) encryptionKey(now time.Time) (EncryptionKey, *Failure) {
	var why *Failure
	for _, k := range a.Keys {
		if a.Chosen != "" && k.ID != a.Chosen {
			continue
		}
		f := k.usable(now)
		if f == nil {
			return k, nil
		}
		if why == nil {
			why = f
		}
	}
	switch {
	case why != nil:
		return EncryptionKey{}, why
	case a.Chosen != "":
		return EncryptionKey{}, fail(ResourceNotFound, "the certificate that was chosen to encrypt passwords with is gone from the app registration of the API")
	}
	return EncryptionKey{}, fail(ResourceNotFound, "the app registration of the API has no certificate to encrypt passwords with")
}

func (k EncryptionKey) usable(now time.Time) *Failure {
	switch key, ok := k.Public.(*rsa.PublicKey); {
	case !ok || key.N == nil || key.N.BitLen() < 2048: // RFC 7518 §4.3
		return fail(ResourceNotFound, "the certificate to encrypt passwords with has no RSA key of 2048 bits or more")
	case now.Before(k.NotBefore):
		return fail(ResourceNotFound, "the certificate to encrypt passwords with is valid only from %s on", k.NotBefore.UTC().Format(time.RFC3339))
	case !k.NotAfter.IsZero() && now.After(k.NotAfter):
		return fail(ResourceNotFound, "the certificate to encrypt passwords with ended on %s", k.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// CheckKey says what keeps passwords from being encrypted for an extension's API; nil = nothing, or it gets none.
func (c *Configuration) CheckKey(e *Extension, now time.Time) *Failure {
	if c == nil || e.Event != PasswordSubmit {
		return nil
	}
	api, f := c.api(e)
	if f == nil {
		_, f = api.encryptionKey(now)
	}
	return f
}
