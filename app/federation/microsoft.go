package federation

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	microsoftHost = "https://login.microsoftonline.com/"
	// consumersID is the directory of personal accounts.
	consumersID = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// microsoft is the Microsoft identity platform: personal accounts, any organisation's, or one directory's. Each
// directory is an issuer of its own.
//
// An address in a token of an organisation is whatever its admins wrote there, so it proves nothing by itself ("nOAuth"):
// it counts only when the directory has proven the domain (xms_edov), or when the admin trusts the one directory.
func microsoft() preset {
	return preset{kind: Microsoft, label: "Microsoft", scopes: []string{"openid", "profile", "email"}, clientAuth: SecretPost, claims: nameClaims(),
		at: func(k preset, p Provider) preset {
			d := or(p.Directory, "common")
			k.discovery = microsoftHost + url.PathEscape(d) + "/v2.0" + wellKnown
			k.issuer = microsoftHost + tenantOf(d) + "/v2.0"
			k.endSession = microsoftHost + url.PathEscape(d) + "/oauth2/v2.0/logout"
			return k
		},
		ask: func(q url.Values, _ Provider, a Ask) {
			if a.DomainHint != "" {
				q.Set("domain_hint", words(a.DomainHint))
			}
		},
		issues: microsoftIssuer,
		vouch: func(id *Identity, p Provider, c claims, domain string) {
			personal := slices.Contains([]string{"outlook.com", "hotmail.com", "live.com", "msn.com"}, domain) && c.text("tid") == consumersID && p.Issuer == ""
			id.EmailVerified, id.Authoritative = c.yes("xms_edov") || personal, personal
		}}
}

// tenantOf is how metadata name the directory in their issuer: those of several name none.
func tenantOf(directory string) string {
	switch directory {
	case "common", "organizations":
		return "{tenantid}"
	case "consumers":
		return consumersID
	}
	return strings.ToLower(directory)
}

// directoryID is a directory's id; lower case, as tokens write it.
var directoryID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// microsoftIssuer: the issuer is that of the directory which the token names (tid), and the directory is one that may
// sign in here.
func microsoftIssuer(e endpoints, p Provider, c claims) string {
	iss, tid := c.text("iss"), c.text("tid")
	want := strings.ReplaceAll(e.issuer, "{tenantid}", tid)
	switch {
	case !directoryID.MatchString(tid):
		return "the id_token does not say which directory it is from (tid)"
	case iss != want:
		return "the id_token's issuer is “" + words(iss) + "”; expected was “" + words(want) + "”"
	case p.Directory == "organizations" && tid == consumersID:
		return "this is a personal account; only accounts of organisations may sign in here"
	}
	return ""
}
