package extension

import (
	"crypto/rsa"
	"net/url"
	"strings"
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

// encryptionKey is the registration's key for passwords; nil when it has none.
func (a *API) encryptionKey() *rsa.PublicKey {
	for _, k := range a.Keys {
		if key, ok := k.(*rsa.PublicKey); ok {
			return key
		}
	}
	return nil
}
