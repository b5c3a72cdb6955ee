package admin

import (
	"fmt"
	"net/url"
	"strings"

	views "portico/views/admin"
)

// endpoints is what an app's configuration is made of, with real values.
type endpoints struct {
	base     string // https://login.example.com
	tenantID string
	clientID string
	kind     string // web, spa, native, daemon
	redirect string // one that is registered, or an example
	scope    string // what a daemon asks for
}

func (e endpoints) authority() string { return e.base + "/" + e.tenantID }
func (e endpoints) issuer() string    { return e.authority() + "/v2.0" }
func (e endpoints) metadata() string  { return e.issuer() + "/.well-known/openid-configuration" }
func (e endpoints) token() string     { return e.authority() + "/oauth2/v2.0/token" }
func (e endpoints) authorize() string { return e.authority() + "/oauth2/v2.0/authorize" }
func (e endpoints) keys() string      { return e.authority() + "/discovery/v2.0/keys" }
func (e endpoints) logout() string    { return e.authority() + "/oauth2/v2.0/logout" }

func (e endpoints) host() string {
	u, err := url.Parse(e.base)
	if err != nil {
		return e.base
	}
	return u.Host
}

func (e endpoints) secure() bool { return strings.HasPrefix(e.base, "https://") }

// settings is the table that any OpenID library understands.
func (e endpoints) settings() []views.Fact {
	code := func(label, v string) views.Fact {
		return views.Fact{Label: label, Value: views.Cell{Kind: views.Code, Text: v}}
	}
	facts := []views.Fact{
		code("Application (client) ID", e.clientID),
		code("Directory (tenant) ID", e.tenantID),
		code("Authority", e.authority()),
		code("Known authority (host)", e.host()),
		code("Issuer", e.issuer()),
		code("Discovery document", e.metadata()),
	}
	if e.kind != "daemon" {
		facts = append(facts, code("Authorization endpoint", e.authorize()))
	}
	facts = append(facts, code("Token endpoint", e.token()), code("Keys", e.keys()))
	if e.kind == "daemon" {
		return append(facts, code("Scope to ask for", e.scope))
	}
	return append(facts, code("Sign-out endpoint", e.logout()), code("Redirect URI", e.redirect),
		code("Scopes to ask for", "openid profile email offline_access"))
}

// library is one way to connect an app.
type library struct {
	key, label string
	kinds      string // kinds of app it fits
	make       func(endpoints) views.Snippet
}

// msalNodeLabel names the library that a native app can only use with a loopback address.
const msalNodeLabel = "MSAL Node"

func libraries() []library {
	return []library{
		{"msal-browser", "MSAL Browser", "spa", msalBrowser},
		{"oidc-client", "openid-client (Node)", "web", openidClient},
		{"msal-node", msalNodeLabel, "web native", msalNode},
		{"go-oidc", "Go (go-oidc)", "web native", goOIDC},
		{"dotnet", ".NET", "web", dotNet},
		{"appauth", "AppAuth", "native", appAuth},
		{"curl", "curl", "daemon", daemonCurl},
		{"msal-node-daemon", "MSAL Node", "daemon", daemonMSAL},
		{"go-daemon", "Go", "daemon", daemonGo},
		{"settings", "Any other library", "web spa native daemon", generic},
	}
}

// librariesFor lists the libraries that fit a kind of app.
func librariesFor(kind string) []library {
	var out []library
	for _, l := range libraries() {
		if strings.Contains(" "+l.kinds+" ", " "+kind+" ") {
			out = append(out, l)
		}
	}
	return out
}

func fill(e endpoints, text string) string {
	return strings.NewReplacer("{client}", e.clientID, "{authority}", e.authority(), "{host}", e.host(), "{issuer}", e.issuer(),
		"{redirect}", e.redirect, "{token}", e.token(), "{scope}", e.scope, "{metadata}", e.metadata(),
		"{authorize}", e.authorize(), "{tenant}", e.tenantID).Replace(text)
}

func originOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	return u.Scheme + "://" + u.Host
}

func msalBrowser(e endpoints) views.Snippet {
	return views.Snippet{Library: "MSAL Browser", Install: "npm install @azure/msal-browser", File: "auth.js", Code: fill(e, `import { PublicClientApplication } from "@azure/msal-browser";

const msal = new PublicClientApplication({
  auth: {
    clientId: "{client}",
    authority: "{authority}",
    knownAuthorities: ["{host}"],
    redirectUri: "{redirect}",
    postLogoutRedirectUri: "{redirect}",
  },
  cache: { cacheLocation: "sessionStorage" },
});

await msal.initialize();
const result = await msal.handleRedirectPromise();
if (result) msal.setActiveAccount(result.account);

export const signIn = () => msal.loginRedirect({ scopes: ["openid", "profile", "email"] });
export const signOut = () => msal.logoutRedirect();
export const account = () => msal.getActiveAccount();
`)}
}

func msalNode(e endpoints) views.Snippet {
	if e.kind == "native" {
		return views.Snippet{Library: "MSAL Node", Install: "npm install @azure/msal-node open", File: "auth.mjs", Code: fill(e, `import { PublicClientApplication } from "@azure/msal-node";
import open from "open";

const msal = new PublicClientApplication({
  auth: {
    clientId: "{client}",
    authority: "{authority}",
    knownAuthorities: ["{host}"],
  },
});

const result = await msal.acquireTokenInteractive({
  scopes: ["openid", "profile", "email", "offline_access"],
  openBrowser: (url) => open(url),
});
console.log(result.account.username, result.idTokenClaims);
`)}
	}
	return views.Snippet{Library: "MSAL Node", Install: "npm install @azure/msal-node express express-session", File: "server.mjs", Code: fill(e, `import { ConfidentialClientApplication, CryptoProvider } from "@azure/msal-node";
import express from "express";
import session from "express-session";

const msal = new ConfidentialClientApplication({
  auth: {
    clientId: "{client}",
    authority: "{authority}",
    knownAuthorities: ["{host}"],
    clientSecret: process.env.CLIENT_SECRET,
  },
});
const crypto = new CryptoProvider();
const redirectUri = "{redirect}";
const scopes = ["openid", "profile", "email", "offline_access"];

const app = express();
app.use(session({ secret: process.env.SESSION_SECRET, resave: false, saveUninitialized: false }));

app.get("/sign-in", async (req, res) => {
  const pkce = await crypto.generatePkceCodes();
  const state = crypto.createNewGuid();
  req.session.signIn = { verifier: pkce.verifier, state };
  res.redirect(await msal.getAuthCodeUrl({ scopes, redirectUri, state,
    codeChallenge: pkce.challenge, codeChallengeMethod: "S256" }));
});

app.get(new URL(redirectUri).pathname, async (req, res) => {
  const { verifier, state } = req.session.signIn ?? {};
  if (!state || req.query.state !== state) return res.status(400).send("Start again at /sign-in");
  const result = await msal.acquireTokenByCode({ code: req.query.code, scopes, redirectUri, codeVerifier: verifier });
  req.session.user = result.idTokenClaims;
  res.redirect("/");
});

app.get("/", (req, res) => res.json(req.session.user ?? "Not signed in"));
app.listen(new URL(redirectUri).port || 8080);
`)}
}

func openidClient(e endpoints) views.Snippet {
	insecure, option := "", ""
	if !e.secure() {
		option = ", undefined, undefined, {\n  execute: [client.allowInsecureRequests], // development over http only\n}"
	}
	return views.Snippet{Library: "openid-client", Install: "npm install openid-client", File: "auth.mjs", Code: insecure + fill(e, `import * as client from "openid-client";

const config = await client.discovery(new URL("{issuer}"),
  "{client}", process.env.CLIENT_SECRET`+option+`);

const redirect_uri = "{redirect}";

export async function start(session) {
  session.verifier = client.randomPKCECodeVerifier();
  session.state = client.randomState();
  return client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: "openid profile email offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: "S256",
    state: session.state,
  }).href;
}

export async function finish(session, currentUrl) {
  const tokens = await client.authorizationCodeGrant(config, new URL(currentUrl), {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
  });
  return tokens.claims();
}
`)}
}

func goOIDC(e endpoints) views.Snippet {
	secret := "\n\t\tClientSecret: os.Getenv(\"CLIENT_SECRET\"),"
	if e.kind == "native" {
		secret = ""
	}
	return views.Snippet{Library: "go-oidc and x/oauth2", Install: "go get github.com/coreos/go-oidc/v3 golang.org/x/oauth2", File: "auth.go", Code: fill(e, `provider, err := oidc.NewProvider(ctx, "{issuer}")
if err != nil {
	return err
}
config := oauth2.Config{
	ClientID:    "{client}",`+strings.ReplaceAll(secret, "\t\t", "\t")+`
	Endpoint:    provider.Endpoint(),
	RedirectURL: "{redirect}",
	Scopes:      []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
}

// Start: keep state and verifier in the visitor's session.
verifier := oauth2.GenerateVerifier()
state := rand.Text() // crypto/rand
address := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))

// Callback: compare state first.
token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
if err != nil {
	return err
}
raw, _ := token.Extra("id_token").(string)
idToken, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
if err != nil {
	return err
}
var claims struct{ Name, Email string }
err = idToken.Claims(&claims)
`)}
}

func dotNet(e endpoints) views.Snippet {
	return views.Snippet{Library: "ASP.NET Core", Install: "dotnet add package Microsoft.AspNetCore.Authentication.OpenIdConnect", File: "Program.cs", Code: fill(e, `builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = "{issuer}";
        options.ClientId = "{client}";
        options.ClientSecret = builder.Configuration["ClientSecret"];
        options.ResponseType = "code";
        options.UsePkce = true;
        options.CallbackPath = new Uri("{redirect}").AbsolutePath;
        options.Scope.Add("email");
        options.Scope.Add("offline_access");
        options.MapInboundClaims = false;
        options.TokenValidationParameters.NameClaimType = "name";
    });
`)}
}

func appAuth(e endpoints) views.Snippet {
	return views.Snippet{Library: "AppAuth for iOS and Android", Install: "", File: "settings", Code: fill(e, `issuer        {issuer}
clientId      {client}
redirectUrl   {redirect}
scopes        openid profile email offline_access
response type code, with PKCE S256 (AppAuth's default)
`)}
}

func daemonCurl(e endpoints) views.Snippet {
	return views.Snippet{Library: "curl", Install: "", File: "shell", Code: fill(e, `curl --user "{client}:$CLIENT_SECRET" \
  --data grant_type=client_credentials \
  --data-urlencode "scope={scope}" \
  {token}
`)}
}

func daemonMSAL(e endpoints) views.Snippet {
	return views.Snippet{Library: "MSAL Node", Install: "npm install @azure/msal-node", File: "daemon.mjs", Code: fill(e, `import { ConfidentialClientApplication } from "@azure/msal-node";

const msal = new ConfidentialClientApplication({
  auth: {
    clientId: "{client}",
    authority: "{authority}",
    knownAuthorities: ["{host}"],
    clientSecret: process.env.CLIENT_SECRET,
  },
});
const { accessToken } = await msal.acquireTokenByClientCredential({ scopes: ["{scope}"] });
`)}
}

func daemonGo(e endpoints) views.Snippet {
	return views.Snippet{Library: "Go", Install: "go get golang.org/x/oauth2", File: "daemon.go", Code: fill(e, `config := clientcredentials.Config{
	ClientID:     "{client}",
	ClientSecret: os.Getenv("CLIENT_SECRET"),
	TokenURL:     "{token}",
	Scopes:       []string{"{scope}"},
}
client := config.Client(ctx) // gets tokens and renews them by itself
`)}
}

func generic(e endpoints) views.Snippet {
	var b strings.Builder
	for _, f := range e.settings() {
		fmt.Fprintf(&b, "%-26s %s\n", f.Label, f.Value.Text)
	}
	return views.Snippet{Library: "Any OpenID Connect library", File: "settings", Code: b.String()}
}
