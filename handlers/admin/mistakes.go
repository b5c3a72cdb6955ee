package admin

import (
	"strings"

	"portico/models"
	views "portico/views/admin"
)

// mistakeOf turns a noted mistake of an app into words: what happened, the two strings that differ when
// there are two, and what to do about it. edit is the address of the app's settings.
func mistakeOf(row models.ClientDiagnosticRow, edit string) views.Mistake {
	m := views.Mistake{Count: row.Count, At: row.LastAt, Given: row.Given, GivenLabel: "Your app sent", ExpectedLabel: "Registered here"}
	if row.Expected != "" {
		m.Expected = strings.Split(row.Expected, "\n")
	}
	switch models.ClientMistake(row.Kind) {
	case models.MistakeRedirectURI:
		m.Title = "The redirect URI is not registered"
		m.Do = "The address must match character by character. Add the one your app sent, or change your app to send a registered one."
		m.Fix = &views.Link{Label: "Change the redirect URIs", Href: edit + "#redirect-uris"}
		compare(&m)
	case models.MistakePostLogoutURI:
		m.Title = "The address after sign-out is not registered"
		m.Do = "Add the address that your app sent as post_logout_redirect_uri to the sign-out addresses of this application."
		m.Fix = &views.Link{Label: "Change the sign-out addresses", Href: edit + "#sign-out"}
		compare(&m)
	case models.MistakeTokenRedirectURI:
		m.Title = "The token request has another redirect URI than the sign-in request"
		m.Do = "Send the very same redirect_uri in both requests."
		m.ExpectedLabel = "In the sign-in request"
		compare(&m)
	case models.MistakeResponseType:
		m.Title, m.Do = "The response type is not offered", "Ask for response_type=code with PKCE. Tokens are never sent through the address bar."
	case models.MistakeResponseMode:
		m.Title, m.Do = "The response mode is not offered", "Use query, fragment or form_post, or leave response_mode out."
	case models.MistakeGrantType:
		m.Title, m.Do = "The grant type is refused", "Use authorization_code and refresh_token for people, client_credentials for daemons. The password grant is always refused."
	case models.MistakeScope:
		m.Title, m.Do = "An unknown scope was asked for", "Ask only for scopes that exist. A scope of your own interface must be exposed first, by the application that owns it."
		m.ExpectedLabel = "Scopes that exist"
	case models.MistakePKCEMissing:
		m.Title, m.Do = "The sign-in request has no PKCE challenge", "Send code_challenge and code_challenge_method=S256; every current library does when PKCE is on."
	case models.MistakePKCEMethod:
		m.Title, m.Do = "The PKCE method is not S256", "Send code_challenge_method=S256. The plain method protects nothing."
	case models.MistakePKCEWrong:
		m.Title, m.Do = "The PKCE verifier does not fit the challenge", "Keep the code_verifier of each sign-in apart, for example in the visitor's session. Two tabs must not share one."
	case models.MistakeClientAuthMissing:
		m.Title, m.Do = "The app did not prove who it is", "This application has a secret or certificate, so the token request must carry it. A browser or phone app must be registered as such instead."
		m.Fix = &views.Link{Label: "See the secrets and certificates", Href: edit + "#credentials"}
	case models.MistakeClientSecret:
		m.Title, m.Do = "The client secret is wrong", "Copy the secret's value, not its ID, and check that nothing was added or cut off. A lost value cannot be shown again: make a new secret."
		m.Fix = &views.Link{Label: "Make a new secret", Href: edit + "/secrets/new"}
	case models.MistakeSecretExpired:
		m.Title, m.Do = "The client secret has expired", "Make a new secret, put it into your app, then delete the old one."
		m.ExpectedLabel = "Expired on"
		m.Fix = &views.Link{Label: "Make a new secret", Href: edit + "/secrets/new"}
	case models.MistakeAssertion:
		m.Title, m.Do = "The signed assertion was refused", "The audience must be the token endpoint or the issuer, the key a registered certificate, the lifetime short, and each assertion used once."
		m.GivenLabel = "Why"
		m.Fix = &views.Link{Label: "See the certificates", Href: edit + "#credentials"}
	case models.MistakePublicClient:
		m.Title, m.Do = "A public app sent a secret", "Browser and phone apps cannot keep a secret. Leave it out, or register the app as a web application."
	case models.MistakeCode:
		m.Title, m.Do = "The authorization code was not accepted", "A code works once and for 60 seconds. Redeem it at once, and only in one place; reloading the callback page sends it twice."
	case models.MistakeDisabled:
		m.Title, m.Do = "This application is disabled", "Enable it to let people sign in again."
		m.Fix = &views.Link{Label: "Open the application", Href: edit}
	case models.MistakeNoFlow:
		m.Title, m.Do = "No user flow has this application", "Add the application to a user flow, so that people get a sign-in page."
		m.Fix = &views.Link{Label: "Add it to a user flow", Href: edit + "#user-flow"}
	default:
		m.Title, m.Do = "A parameter is wrong", "Compare the request with the settings on this page."
	}
	return m
}

// compare marks where the given string differs from the registered one that is nearest to it.
func compare(m *views.Mistake) {
	if m.Given == "" {
		m.WhatTheDiffSays = "Your app sent no address."
		return
	}
	if len(m.Expected) == 0 {
		m.WhatTheDiffSays = "Nothing is registered yet."
		return
	}
	best := nearest(m.Given, m.Expected)
	m.GivenParts, m.NearestParts = parts(m.Given, best), parts(best, m.Given)
	m.WhatTheDiffSays = sayDifference(m.Given, best)
}

// parts splits a into its common beginning with b, the middle that differs, and the common end.
func parts(a, b string) []views.Part {
	ra, rb := []rune(a), []rune(b)
	head := 0
	for head < len(ra) && head < len(rb) && ra[head] == rb[head] {
		head++
	}
	tail := 0
	for tail < len(ra)-head && tail < len(rb)-head && ra[len(ra)-1-tail] == rb[len(rb)-1-tail] {
		tail++
	}
	var out []views.Part
	for _, p := range []views.Part{{Text: string(ra[:head]), Same: true}, {Text: string(ra[head : len(ra)-tail])}, {Text: string(ra[len(ra)-tail:]), Same: true}} {
		if p.Text != "" {
			out = append(out, p)
		}
	}
	return out
}

// nearest is the registered string that the given one was most likely meant to be: first the ones of which
// can be said precisely what differs, in the order of overlooked, then the one with the fewest changes.
func nearest(given string, registered []string) string {
	best, rank, distance := "", 0, 0
	for i, r := range registered {
		k := len(overlooked())
		if given == r {
			k = -1
		}
		for n, d := range overlooked() {
			if k == len(overlooked()) && d.same(given, r) {
				k = n
			}
		}
		if n := edits(given, r); i == 0 || k < rank || k == rank && n < distance {
			best, rank, distance = r, k, n
		}
	}
	return best
}

// difference is one that people overlook: two strings that are equal but for it.
type difference struct {
	says string
	same func(a, b string) bool
}

// overlooked are the differences that can be named, the smallest first.
func overlooked() []difference {
	without := func(strip func(string) string) func(a, b string) bool {
		return func(a, b string) bool { return strip(a) == strip(b) }
	}
	replaced := func(from, to string) func(a, b string) bool {
		return without(func(s string) string { return strings.Replace(s, from, to, 1) })
	}
	return []difference{
		{"Only the slash at the end differs.", without(func(s string) string { return strings.TrimRight(s, "/") })},
		{"Only http and https differ.", without(func(s string) string {
			if rest, ok := strings.CutPrefix(s, "http://"); ok {
				return "https://" + rest
			}
			return s
		})},
		{"Only the port differs.", without(portless)},
		{"Only upper and lower case differ.", strings.EqualFold},
		{"Only localhost and 127.0.0.1 differ.", replaced("127.0.0.1", "localhost")},
		{"Only www differs.", replaced("://www.", "://")},
	}
}

// portless is an address without its port; what is no address stays as it is.
func portless(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host := rest[:end]
	if at := strings.LastIndexByte(host, ':'); at > 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	return scheme + "://" + host + rest[end:]
}

// edits is the number of characters to insert, delete or replace to get from a to b.
func edits(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			keep := diagonal
			if x != y {
				keep++
			}
			diagonal = row[j+1]
			row[j+1] = min(keep, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}

// sayDifference names the differences that people overlook.
func sayDifference(given, want string) string {
	if given == want {
		return "The two are the same now: the address was registered since."
	}
	for _, d := range overlooked() {
		if d.same(given, want) {
			return d.says
		}
	}
	if originOf(given) == originOf(want) {
		return "The host is the same; the path differs."
	}
	return "The nearest registered address is shown below; the marked part differs."
}
