package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/openid"
	"portico/handlers/graph/odata"
	"portico/models"
)

type webApplication struct {
	HomePageURL         *string       `json:"homePageUrl"`
	Implicit            *implicit     `json:"implicitGrantSettings"`
	LogoutURL           *string       `json:"logoutUrl"`
	RedirectURIs        []string      `json:"redirectUris"`
	RedirectURISettings []uriSettings `json:"redirectUriSettings"`
}

type implicit struct {
	AccessToken bool `json:"enableAccessTokenIssuance"`
	IDToken     bool `json:"enableIdTokenIssuance"`
}

type uriSettings struct {
	URI   string `json:"uri"`
	Index *int   `json:"index"`
}

type redirects struct {
	RedirectURIs []string `json:"redirectUris"`
}

type apiApplication struct {
	AcceptMappedClaims *bool             `json:"acceptMappedClaims"`
	KnownClients       []string          `json:"knownClientApplications"`
	Scopes             []permissionScope `json:"oauth2PermissionScopes"`
	PreAuthorized      []preAuthorized   `json:"preAuthorizedApplications"`
	TokenVersion       *int              `json:"requestedAccessTokenVersion"`
}

type preAuthorized struct {
	AppID       string   `json:"appId"`
	Permissions []string `json:"delegatedPermissionIds"`
}

type permissionScope struct {
	AdminDescription *string `json:"adminConsentDescription"`
	AdminName        *string `json:"adminConsentDisplayName"`
	ID               string  `json:"id"`
	Enabled          bool    `json:"isEnabled"`
	Origin           *string `json:"origin,omitempty"`
	Type             string  `json:"type"`
	UserDescription  *string `json:"userConsentDescription"`
	UserName         *string `json:"userConsentDisplayName"`
	Value            *string `json:"value"`
}

type appRole struct {
	MemberTypes []string `json:"allowedMemberTypes"`
	Description *string  `json:"description"`
	Name        *string  `json:"displayName"`
	ID          string   `json:"id"`
	Enabled     bool     `json:"isEnabled"`
	Origin      *string  `json:"origin,omitempty"`
	Value       *string  `json:"value"`
}

type informationalURL struct {
	LogoURL      *string `json:"logoUrl"`
	MarketingURL *string `json:"marketingUrl"`
	PrivacyURL   *string `json:"privacyStatementUrl"`
	SupportURL   *string `json:"supportUrl"`
	TermsURL     *string `json:"termsOfServiceUrl"`
}

// porticoApplication is what Graph's application has no word for.
type porticoApplication struct {
	Kind                   string                `json:"kind"`
	BackChannelLogoutURL   string                `json:"backChannelLogoutUrl"`
	PostLogoutRedirectURIs []string              `json:"postLogoutRedirectUris"`
	LogoURL                string                `json:"logoUrl"`
	SigningAlg             string                `json:"signingAlgorithm"`
	AccessTokenMinutes     int                   `json:"accessTokenMinutes"`
	IDTokenMinutes         int                   `json:"idTokenMinutes"`
	RefreshIdleMinutes     int                   `json:"refreshIdleMinutes"`
	AskConsent             bool                  `json:"askConsent"`
	PKCEOptional           bool                  `json:"pkceOptional"`
	Permissions            []string              `json:"permissions"`
	AssignmentRequired     bool                  `json:"appRoleAssignmentRequired"`
	GroupNames             bool                  `json:"groupNames"`
	Claims                 []openid.ClaimMapping `json:"claims"`
}

func redirectsOf(app models.Application, p openid.Platform) []string {
	out := []string{}
	for _, r := range app.Spec.RedirectURIs {
		if r.Platform == p {
			out = append(out, r.URI)
		}
	}
	return out
}

func setRedirects(r *application, p openid.Platform, uris []string) error {
	var out []openid.RedirectURI
	for _, u := range r.Spec.RedirectURIs {
		if u.Platform != p {
			out = append(out, u)
		}
	}
	for _, u := range uris {
		out = append(out, openid.RedirectURI{URI: u, Platform: p})
	}
	// One order, whatever came first, so that equal configurations are equal.
	rank := []openid.Platform{openid.Web, openid.SPA, openid.Native}
	slices.SortStableFunc(out, func(a, b openid.RedirectURI) int {
		return slices.Index(rank, a.Platform) - slices.Index(rank, b.Platform)
	})
	r.Spec.RedirectURIs = out
	return nil
}

// settleKind derives the kind from the platforms of the redirect URIs, unless the caller named it or it
// still fits.
func (r *application) settleKind() {
	has := func(p openid.Platform) bool { return len(redirectsOf(r.Application, p)) > 0 }
	fits := r.Kind == models.WebApp && has(openid.Web) || r.Kind == models.SPAApp && has(openid.SPA) || r.Kind == models.NativeApp && has(openid.Native)
	if r.kind || fits || r.Kind != "" && len(r.Spec.RedirectURIs) == 0 {
		return
	}
	switch {
	case has(openid.Web), len(r.Spec.RedirectURIs) == 0:
		r.Kind = models.WebApp
	case has(openid.SPA):
		r.Kind = models.SPAApp
	default:
		r.Kind = models.NativeApp
	}
}

func pointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func shownWeb(r *application) webApplication {
	return webApplication{HomePageURL: pointer(r.Spec.HomepageURL), Implicit: &implicit{}, RedirectURIs: redirectsOf(r.Application, openid.Web),
		RedirectURISettings: []uriSettings{}}
}

func setWeb(r *application, v webApplication) error {
	if v.Implicit != nil && (v.Implicit.AccessToken || v.Implicit.IDToken) {
		return badRequest("The implicit grant is not supported; use the authorization code flow.", "web/implicitGrantSettings")
	}
	if deref(v.LogoutURL) != "" {
		return badRequest("Front-channel logout is not supported; set portico.backChannelLogoutUrl instead.", "web/logoutUrl")
	}
	r.Spec.HomepageURL = deref(v.HomePageURL)
	return setRedirects(r, openid.Web, v.RedirectURIs)
}

func shownInfo(r *application) informationalURL {
	return informationalURL{LogoURL: pointer(r.Spec.LogoURL), PrivacyURL: pointer(r.Spec.PrivacyURL), TermsURL: pointer(r.Spec.TermsURL)}
}

func setInfo(r *application, v informationalURL) error {
	if deref(v.MarketingURL) != "" || deref(v.SupportURL) != "" {
		return badRequest("info.marketingUrl and info.supportUrl are not supported by this directory.", "info")
	}
	if l := deref(v.LogoURL); l != "" && l != r.Spec.LogoURL {
		return badRequest("Property 'info/logoUrl' is read-only; set portico.logoUrl.", "info/logoUrl")
	}
	r.Spec.PrivacyURL, r.Spec.TermsURL = deref(v.PrivacyURL), deref(v.TermsURL)
	return nil
}

func shownAPI(r *application) apiApplication {
	version := 2
	out := apiApplication{KnownClients: []string{}, Scopes: []permissionScope{}, PreAuthorized: []preAuthorized{}, TokenVersion: &version}
	out.Scopes = shownScopes(r.Application)
	if r.Spec.AcceptMappedClaims {
		out.AcceptMappedClaims = &r.Spec.AcceptMappedClaims
	}
	return out
}

func shownScopes(app models.Application) []permissionScope {
	out := []permissionScope{}
	for _, s := range app.Spec.Scopes {
		p := permissionScope{ID: s.ID, Value: pointer(s.Value), Enabled: s.Enabled, Type: "Admin", AdminName: pointer(s.Name), AdminDescription: pointer(s.Description)}
		if s.UserMayConsent {
			p.Type, p.UserName, p.UserDescription = "User", p.AdminName, p.AdminDescription
		}
		out = append(out, p)
	}
	return out
}

func setAPI(r *application, v apiApplication) error {
	if len(v.KnownClients) > 0 || len(v.PreAuthorized) > 0 {
		return badRequest("api.knownClientApplications and api.preAuthorizedApplications are not supported by this directory.", "api")
	}
	// Mapped claims need no opt-in here; the word is kept for the tools that send it and read it back.
	r.Spec.AcceptMappedClaims = v.AcceptMappedClaims != nil && *v.AcceptMappedClaims
	if v.TokenVersion != nil && *v.TokenVersion != 2 {
		return invalidValue("api/requestedAccessTokenVersion", ": tokens have version 2")
	}
	var out []openid.Scope
	for _, s := range v.Scopes {
		if !odata.IsGUID(s.ID) {
			return invalidValue("api/oauth2PermissionScopes/id", ": a GUID is needed")
		}
		if s.Type != "" && s.Type != "User" && s.Type != "Admin" {
			return invalidValue("api/oauth2PermissionScopes/type", ": User or Admin is needed")
		}
		name, description := deref(s.AdminName), deref(s.AdminDescription)
		if s.Type == "User" && deref(s.UserName) != "" {
			name, description = deref(s.UserName), deref(s.UserDescription)
		}
		out = append(out, openid.Scope{ID: strings.ToLower(s.ID), Value: deref(s.Value), Name: name, Description: description,
			UserMayConsent: s.Type == "User", Enabled: s.Enabled})
	}
	r.Spec.Scopes = out
	return nil
}

func shownRoles(app models.Application) []appRole {
	out := []appRole{}
	for _, x := range app.Spec.AppRoles {
		out = append(out, appRole{MemberTypes: list(x.MemberTypes), Description: pointer(x.Description), Name: pointer(x.Name), ID: x.ID,
			Enabled: x.Enabled, Value: pointer(x.Value)})
	}
	return out
}

func setRoles(r *application, v []appRole) error {
	var out []models.AppRole
	for _, x := range v {
		if !odata.IsGUID(x.ID) {
			return invalidValue("appRoles/id", ": a GUID is needed")
		}
		for _, m := range x.MemberTypes {
			if m != "User" && m != "Application" {
				return invalidValue("appRoles/allowedMemberTypes", ": User or Application is needed")
			}
		}
		out = append(out, models.AppRole{ID: strings.ToLower(x.ID), Value: deref(x.Value), Name: deref(x.Name), Description: deref(x.Description),
			MemberTypes: x.MemberTypes, Enabled: x.Enabled})
	}
	r.Spec.AppRoles = out
	return nil
}

func setAudience(_ *application, raw json.RawMessage) error {
	var s *string
	if err := strict("signInAudience", raw, &s); err != nil {
		return err
	}
	if s != nil && *s != "AzureADMyOrg" {
		return invalidValue("signInAudience", ": only AzureADMyOrg is supported, an application belongs to one directory")
	}
	return nil
}

func shownPortico(r *application) porticoApplication {
	s := r.Spec
	return porticoApplication{Kind: r.Kind, BackChannelLogoutURL: s.BackChannelLogoutURI, PostLogoutRedirectURIs: list(s.PostLogoutRedirectURIs),
		LogoURL: s.LogoURL, SigningAlg: s.SigningAlg, AccessTokenMinutes: s.AccessTokenMinutes, IDTokenMinutes: s.IDTokenMinutes,
		RefreshIdleMinutes: s.RefreshIdleMinutes, AskConsent: s.AskConsent, PKCEOptional: s.PKCEOptional, Permissions: list(s.Permissions),
		AssignmentRequired: s.AppRoleRequired, GroupNames: s.GroupNames, Claims: list(s.Claims)}
}

func setPortico(r *application, v porticoApplication) error {
	known := access.Known()
	for _, p := range v.Permissions {
		if !slices.Contains(known, access.Permission(p)) {
			return invalidValue("portico/permissions", ": the permission '"+p+"' is not known")
		}
	}
	if v.Kind != "" && v.Kind != r.Kind {
		r.Kind, r.kind = v.Kind, true
	}
	r.kind = r.kind || v.Kind != "" && len(r.Spec.RedirectURIs) == 0
	s := &r.Spec
	s.BackChannelLogoutURI, s.PostLogoutRedirectURIs, s.LogoURL, s.SigningAlg = v.BackChannelLogoutURL, v.PostLogoutRedirectURIs, v.LogoURL, v.SigningAlg
	s.AccessTokenMinutes, s.IDTokenMinutes, s.RefreshIdleMinutes = v.AccessTokenMinutes, v.IDTokenMinutes, v.RefreshIdleMinutes
	s.AskConsent, s.PKCEOptional, s.Permissions = v.AskConsent, v.PKCEOptional, v.Permissions
	s.AppRoleRequired, s.GroupNames, s.Claims = v.AssignmentRequired, v.GroupNames, v.Claims
	return nil
}

// setGroupClaims takes one of the vendor's words; which of them there are, the application itself says.
func setGroupClaims(r *application, raw json.RawMessage) error {
	var s *string
	if err := strict("groupMembershipClaims", raw, &s); err != nil {
		return err
	}
	r.Spec.GroupClaims = openid.GroupClaims(deref(s))
	if r.Spec.GroupClaims == openid.NoGroups {
		r.Spec.GroupClaims = ""
	}
	return nil
}
