package federation

import "strings"

// advice.go: what an admin does about a round trip that came to nothing. The reason says what happened; this says whose
// turn it is and where to look.

// Advice is a verdict and what to do about it.
type Advice struct {
	Title string
	Do    string
}

// rule is one row: the code, the hop ("" = any), and words that the reason holds (none = any). The first that fits counts.
type rule struct {
	code  Code
	what  string
	holds []string
	Advice
}

// Advise says what to do about a refusal.
func Advise(r *Refusal) Advice {
	what := ""
	if n := len(r.Hops); n > 0 {
		what = r.Hops[n-1].What
	}
	for _, x := range rules() {
		if x.code == r.Code && (x.what == "" || x.what == what) && (len(x.holds) == 0 || containsAny(r.Reason, x.holds)) {
			return x.Advice
		}
	}
	return Advice{"The test did not succeed", "Read the reason below; it is what a customer’s sign-in would have ended with."}
}

func containsAny(s string, parts []string) bool {
	s = strings.ToLower(s)
	for _, p := range parts {
		if strings.Contains(s, strings.ToLower(p)) {
			return true
		}
	}
	return false
}

func rules() []rule {
	has := func(parts ...string) []string { return parts }
	return []rule{
		{Cancelled, "", has("interaction_required", "login_required", "consent_required"), Advice{"The provider would not go on without asking",
			"It was not allowed to show its page, or it needs consent that nobody has given. Sign in there in another tab first, or have its admin give consent for everybody, and test again."}},
		{Cancelled, "", nil, Advice{"You cancelled at the provider", "Nothing is wrong with the settings so far. Test again and sign in there to the end. If you did not cancel, your account may not be allowed to use this app there."}},

		{SetUp, "token", has("redirect_uri"), Advice{"The redirect URI is not the registered one", "Copy the redirect URI from this provider’s page and register it at the provider exactly, every letter and no slash at the end."}},
		{SetUp, "token", has("there is no client secret"), Advice{"There is no client secret", "Make one in the provider’s console and enter it under “Edit provider”."}},
		{SetUp, "token", has("32 characters"), Advice{"The client secret is too short for this way", "client_secret_jwt signs with the secret, which takes at least 32 characters. Choose another way to prove who we are, or have a longer secret made."}},
		{SetUp, "token", has("private key"), Advice{"The private key is missing or cannot be used", "Enter the key again under “Edit provider”: the whole file, from BEGIN to END."}},
		{SetUp, "token", has("is not an address"), Advice{"The token address cannot be used", "Correct it under “Advanced settings”, or leave it to the metadata."}},
		{SetUp, "token", has("may not be called"), Advice{"The token address may not be called from here", "Only public https addresses are called. If the provider is inside your network, the operator names it in PORTICO_OUTBOUND_ALLOW."}},
		{SetUp, "token", nil, Advice{"The client id or the secret is wrong", "Copy both from the provider’s console once more. For a secret copy its value, not its id, and look whether it has ended. Then look whether the provider expects another way to prove who we are."}},
		{SetUp, "callback", has("redirect"), Advice{"The provider does not know the redirect URI", "Copy the redirect URI from this provider’s page and register it at the provider exactly."}},
		{SetUp, "callback", has("scope"), Advice{"The provider does not know a scope", "Look at the scopes under “Advanced settings”; empty them to ask for the usual ones."}},
		{SetUp, "callback", has("invalid_client", "unauthorized_client"), Advice{"The provider does not know the client id", "Copy it from the provider’s console once more, and look whether the app is switched on there and may use the authorization code flow."}},
		{SetUp, "callback", has("unsupported_response_type"), Advice{"The app may not use the authorization code flow there", "Allow the authorization code flow (response type “code”) for this app in the provider’s console."}},
		{SetUp, "callback", nil, Advice{"The provider refused our request", "Its own words are below. Compare client id, redirect URI, scopes and kind of app in its console."}},
		{SetUp, "discovery", has("issuer"), Advice{"The metadata are those of another issuer", "Enter the issuer exactly as the metadata say, with or without a slash at the end, or correct the address of the metadata. If you do not know the issuer that it names, stop: somebody else may answer there."}},
		{SetUp, "discovery", has("may not be called"), Advice{"The metadata may not be read from there", "Only public https addresses are called. If the provider is inside your network, the operator names it in PORTICO_OUTBOUND_ALLOW."}},
		{SetUp, "discovery", has("name no"), Advice{"The metadata are incomplete", "They lack an address that is needed. Enter it under “Advanced settings”, or use the metadata of an OpenID Connect provider."}},
		{SetUp, "discovery", nil, Advice{"The metadata cannot be used", "Correct the address of the metadata, or enter the provider’s addresses one by one under “Advanced settings”."}},
		{SetUp, "authorize", nil, Advice{"The sign-in address cannot be used", "Correct it under “Advanced settings”, or leave it to the metadata."}},
		{SetUp, "keys", nil, Advice{"The keys cannot be read from there", "Correct the address of the keys under “Advanced settings”, or leave it to the metadata."}},
		{SetUp, "userinfo", nil, Advice{"The userinfo address cannot be used", "Correct it under “Advanced settings”, or leave it to the metadata."}},
		{SetUp, "metadata", nil, Advice{"The company’s metadata cannot be used", "Ask the company for its present metadata, and enter their address or the file again."}},
		{SetUp, "", nil, Advice{"The settings do not fit", "Compare them with the provider’s console; the reason is below."}},

		{Unreachable, "", has("HTML"), Advice{"A web page answered instead of the provider", "The address leads to a page for people: a sign-in page, an error page or a proxy. Correct it."}},
		{Unreachable, "", has("redirects are not followed"), Advice{"The address leads elsewhere", "Enter the final address: open it in a browser and copy where it ends."}},
		{Unreachable, "", has("x509", "tls", "certificate"), Advice{"The connection is not safe (TLS)", "The provider’s certificate has ended, is for another name, or is from an authority that this server does not know. The provider renews it; there is no switch to do without."}},
		{Unreachable, "", has("no such host", "has no address", "server misbehaving"), Advice{"The host name is not known", "Look for a typing mistake. If the name exists inside your network only, this server’s DNS has to know it."}},
		{Unreachable, "", has("connection refused", "reset by peer", "no route", "unreachable network", "network is unreachable"), Advice{"Nobody answers at the address", "The provider is down, or a firewall is in between. Try again later; then ask the provider or your network’s admin."}},
		{Unreachable, "", has("in time", "timeout", "deadline"), Advice{"The provider did not answer in time", "It is slow or down, or a firewall swallows the call. Try again later; then ask the provider or your network’s admin."}},
		{Unreachable, "", has("1 MB", "too large"), Advice{"The answer is too large", "More than 1 MB is not read. The address is probably not the right one, or the provider puts far too many claims into it."}},
		{Unreachable, "", has("status 5"), Advice{"The provider has a fault", "It answered with an error of its own. Try again later; then tell the provider, with the time."}},
		{Unreachable, "", has("status 401", "status 403"), Advice{"The provider does not let us in", "The address wants rights that our token does not carry: look at the scopes, and at what the app may do in the provider’s console."}},
		{Unreachable, "", has("status 4"), Advice{"The address is not the right one", "The provider knows nothing at this address, or does not take our question there. Correct it."}},
		{Unreachable, "", has("no key"), Advice{"The provider publishes no key that can be used", "RSA, P-256 and Ed25519 keys are taken. Ask the provider to publish its signing key."}},
		{Unreachable, "", has("JSON"), Advice{"The answer cannot be read", "It is not proper JSON. The address is probably not the right one; otherwise tell the provider."}},
		{Unreachable, "", nil, Advice{"The provider cannot be reached", "Try again later; then ask the provider. The reason is below."}},

		{Invalid, "", has("expired at", "in the future", "not valid before", "NotOnOrAfter", "NotBefore"), Advice{"The clocks do not agree", "Its answer is too old or not valid yet. Look at this server’s clock first (a time service should set it), then tell the provider. Three minutes of difference are allowed."}},
		{Invalid, "", has("more than ten minutes", "more than 10 minutes"), Advice{"It took too long", "An answer is taken for ten minutes. Test again."}},
		{Invalid, "", has("openid”", "no id_token"), Advice{"The provider sent no id_token", "The scope “openid” is missing, or the app is not set up for OpenID Connect there. Look at “Advanced settings” and at the provider’s console."}},
		{Invalid, "", has("not for this client id", "to which it was issued", "(azp)"), Advice{"The token is for another client", "The client id here and the app at the provider do not belong together. Copy the client id once more."}},
		{Invalid, "", has("personal account"), Advice{"This kind of account may not sign in", "You signed in with a personal account, and only those of organisations are let in. Sign in with another one, or change who may sign in."}},
		{Invalid, "", has("the answer says that it is from"), Advice{"Somebody else answered", "The answer names another issuer than this provider’s. Enter the issuer exactly as its metadata say. If you do not know the one that it names, stop: somebody slipped the answer in."}},
		{Invalid, "", has("(tid)"), Advice{"The token does not say which directory it is from", "Microsoft’s tokens name their directory (tid). Look whether the settings lead to Microsoft’s own addresses, version 2.0."}},
		{Invalid, "", has("issuer"), Advice{"The token is from another issuer", "Enter the issuer exactly as the provider writes it into its tokens. If you do not know the one that it names, stop: somebody else may have answered."}},
		{Invalid, "", has("algorithm"), Advice{"The token is signed in a way that is not accepted", "Set the app to RS256 in the provider’s console. Signatures by the client secret (HS256), or none, are not taken."}},
		{Invalid, "", has("does not publish", "signature does not fit", "does not fit the provider"), Advice{"The signature cannot be checked", "The provider signs with a key that it does not publish at the address of its keys. Keys that were just replaced are known within a minute; otherwise correct the address of the keys, or tell the provider."}},
		{Invalid, "", has("nonce"), Advice{"The token does not belong to this sign-in", "The provider has to return the nonce that was sent along (OpenID Connect Core §3.1.3.7). If it never does, it cannot be used: tokens could be slipped in."}},
		{Invalid, "", has("at_hash"), Advice{"The two tokens do not belong together", "The provider’s at_hash does not fit its access token. Tell the provider."}},
		{Invalid, "", has("new sign-in was asked"), Advice{"The provider did not ask for a new sign-in", "It was asked to, and answered with an older one. Tell the provider; steps that need a fresh proof will not work with it."}},
		{Invalid, "", has("names nobody", "(sub", "'s sub ", "subject", "who it is about"), Advice{"The provider does not say who it is", "An identifier that never changes (sub) is missing or not usable. Ask the provider to send it."}},
		{Invalid, "", has("(iat)", "(exp)", "not a signed JWT", "cannot be read", "another type"), Advice{"The id_token is not what the protocol demands", "It lacks what every id_token must hold, or is none at all. Look at the kind of app in the provider’s console, then tell the provider."}},
		{Invalid, "", has("state", "another provider's"), Advice{"The answer does not belong to this test", "It came from another tab or an older test, or somebody slipped it in. Test again in one tab."}},
		{Invalid, "", has("RFC 9207", "(iss)", "whose it is"), Advice{"The answer does not say whose it is", "The provider promises to name itself in its answers (iss, RFC 9207) and does not. Tell the provider."}},
		{Invalid, "", has("no access token", "neither a code", "more than once"), Advice{"The answer lacks what is needed", "The provider’s answer is not what the protocol demands. Look at the kind of app in its console (web, authorization code flow), then tell the provider."}},
		{Invalid, "", has("(Audience)", "(Recipient)", "(Destination)", "the answer is from", "the assertion is from"), Advice{"The company’s answer is meant for somebody else", "Entity id or address of the service do not fit. Have the company read our metadata again, and compare its entity id with the one here."}},
		{Invalid, "", has("InResponseTo"), Advice{"The answer belongs to no request of ours", "Begin here, with “Test connection”. Sign-ins that begin at the company, and answers that come twice, are not taken."}},
		{Invalid, "", has("is a clock wrong", "IssueInstant", "AuthnInstant", "SessionNotOnOrAfter"), Advice{"The clocks do not agree", "Look at this server’s clock first (a time service should set it), then tell the company. Three minutes of difference are allowed."}},
		{Invalid, "", has("signed", "signature", "digest", "certificate"), Advice{"The signature does not hold", "The company has to sign the assertion with a certificate that is entered here. If it changed its certificate, read its metadata again or enter the new one."}},
		{Invalid, "", has("encrypted"), Advice{"The encryption does not fit", "Have the company encrypt the whole assertion for the certificate in our metadata, or not at all, as the settings here say."}},
		{Invalid, "", has("attribute", "which says who"), Advice{"An attribute is not as expected", "Compare the attributes that the company sends with the mapping under “Advanced settings”."}},
		{Invalid, "assertion", nil, Advice{"The assertion does not hold", "It is not as SAML 2.0 demands, or somebody changed it on the way; nothing of it is believed. Send the reason to the company."}},
		{Invalid, "", has("SAML"), Advice{"The answer is no SAML response", "Look whether the company posts its answers to the address in our metadata."}},
		{Invalid, "", nil, Advice{"The provider’s answer does not hold", "What it said is not what was agreed; the reason is below. Nothing of it is believed."}},

		{Declined, "token", has("invalid_grant", "bad_verification_code", "code"), Advice{"The provider did not take its own code", "Most often the redirect URI differs by a letter, the code was used before, or took too long. Compare the redirect URI and test again. Where it speaks of PKCE, the app has to be of the kind “web”."}},
		{Declined, "token", nil, Advice{"The provider refused to give tokens", "Its own words are below. Look at the app in its console: is it switched on, and may it use the authorization code flow?"}},
		{Declined, "", has("temporarily_unavailable", "server_error"), Advice{"The provider has a fault", "It says so itself. Try again later; then tell the provider, with the time."}},
		{Declined, "", nil, Advice{"The provider answered with an error", "Its own words are below. Look at the app in its console, and whether your account may use it."}},
	}
}
