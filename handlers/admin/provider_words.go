package admin

import (
	"portico/app/federation"
	views "portico/views/admin"
)

func providerHelp() views.Help {
	return views.Help{What: "An identity provider is another company that says who somebody is: Google, Apple, an employer. People then sign in without a password of ours. Each one is set up once here, and shown by the user flows that you choose.",
		Do: "Add a provider, copy its redirect URI into the provider’s console, paste back what the console shows, and test the connection. Then put it into a user flow and publish it."}
}

// providerSteps says where to find each value, in the words that the provider's own console uses.
func providerSteps(kind federation.Kind) []string {
	switch kind {
	case federation.Google:
		return []string{"1. Open console.cloud.google.com, choose or make a project, then “APIs & Services”, “OAuth consent screen”: user type External, your app’s name and address.",
			"2. Under “Credentials” choose “Create credentials”, “OAuth client ID”, type “Web application”.",
			"3. Paste the redirect URI below under “Authorized redirect URIs” and create it.",
			"4. Copy “Client ID” and “Client secret” into the form.",
			"5. Publish the consent screen: while it is in testing, only the test users that you list can sign in."}
	case federation.Apple:
		return []string{"1. Open developer.apple.com, “Certificates, Identifiers & Profiles”. You need an App ID with “Sign in with Apple” switched on.",
			"2. Under “Identifiers” make a “Services ID”. Its identifier is the Service ID below.",
			"3. Configure “Sign in with Apple” of the Services ID: choose the App ID, enter this site’s domain, and paste the redirect URI below under “Return URLs”. Apple takes https addresses with a real domain only.",
			"4. Under “Keys” make a key for “Sign in with Apple” and download the .p8 file; that works once. Its Key ID is on the same page.",
			"5. The Team ID stands at the top right, below your name. The client secret is made from the key by itself and never runs out."}
	case federation.Facebook:
		return []string{"1. Open developers.facebook.com, “My Apps”, “Create app”, and choose “Authenticate and request data from users with Facebook Login”.",
			"2. Under “Use cases”, “Customize”, add the permission “email”.",
			"3. In “Settings” of Facebook Login paste the redirect URI below under “Valid OAuth Redirect URIs”.",
			"4. “App settings”, “Basic” shows App ID and App secret. Enter the addresses of your privacy policy and of your page about deleting data there too.",
			"5. Switch the app to “Live”: before that only people with a role in it can sign in."}
	case federation.Microsoft:
		return []string{"1. Open entra.microsoft.com, “App registrations”, “New registration”.",
			"2. Choose the account types that may sign in; they must fit the choice below.",
			"3. Choose the platform “Web” and paste the redirect URI below.",
			"4. “Overview” shows “Application (client) ID”.",
			"5. Under “Certificates & secrets” make a client secret and copy its value, not its id. Enter its end below to be told in time.",
			"6. Under “Token configuration” add the optional claims email and xms_edov, so that addresses of verified domains count as proven."}
	case federation.GitHub:
		return []string{"1. Open github.com, “Settings”, “Developer settings”, “OAuth Apps”, “New OAuth app”.",
			"2. Paste the redirect URI below under “Authorization callback URL”.",
			"3. Register it, then copy “Client ID”, make a client secret and copy it."}
	case federation.SAML:
		return samlSteps()
	case federation.LinkedIn:
		return []string{"1. Open linkedin.com/developers, “Create app”, and verify the company page.",
			"2. Under “Products” request “Sign In with LinkedIn using OpenID Connect”.",
			"3. Under “Auth” paste the redirect URI below into “Authorized redirect URLs”.",
			"4. Copy “Client ID” and “Primary Client Secret” from the same page."}
	}
	return []string{"1. Ask the company for an OpenID Connect client of the kind “web”, with the authorization code flow.",
		"2. Give them the redirect URI below; it has to be registered exactly like that.",
		"3. They give you the address of their metadata (it ends in /.well-known/openid-configuration), a client id, and a client secret unless you agree on a private key.",
		"4. Ask them to send the claims email and email_verified; without the second, people prove their address by a code."}
}

// clientLabels are a provider's own words for client id and secret.
func clientLabels(kind federation.Kind) (id, secret string) {
	switch kind {
	case federation.Facebook:
		return "App ID", "App secret"
	case federation.SAML:
		return "Our own entity id", ""
	case federation.Apple:
		return "Service ID", ""
	case federation.Microsoft:
		return "Application (client) ID", "Client secret (value)"
	}
	return "Client ID", "Client secret"
}

func kindWords(kind federation.Kind) string {
	return map[federation.Kind]string{federation.Google: "Everybody with a Google account", federation.Apple: "Everybody with an Apple account", federation.Facebook: "Everybody with a Facebook account",
		federation.Microsoft: "Personal accounts, any company’s, or one company’s", federation.GitHub: "Everybody with a GitHub account", federation.LinkedIn: "Everybody with a LinkedIn account",
		federation.OpenID: "A company or a service of your own that speaks OpenID Connect", federation.SAML: "A company whose directory speaks SAML 2.0: Entra, Okta, Google Workspace, AD FS and others"}[kind]
}

func clientAuthOptions() []views.Option {
	return []views.Option{{Value: "", Label: "As the provider says"}, {Value: string(federation.SecretBasic), Label: "Secret in the header (client_secret_basic)"}, {Value: string(federation.SecretPost), Label: "Secret in the form (client_secret_post)"},
		{Value: string(federation.SecretJWT), Label: "Signed with the secret (client_secret_jwt)"}, {Value: string(federation.PrivateKeyJWT), Label: "Signed with a private key (private_key_jwt)", Hint: "A key is made here; its public half is shown afterwards."},
		{Value: string(federation.NoSecret), Label: "None, PKCE alone", Hint: "Only if the company allows it."}}
}

func directoryOptions() []views.Option {
	return []views.Option{{Value: "common", Label: "Personal accounts and those of any company"}, {Value: "organizations", Label: "Accounts of any company"}, {Value: "consumers", Label: "Personal accounts"}, {Value: "one", Label: "Accounts of one company"}}
}
