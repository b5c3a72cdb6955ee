// Package insight knows what Application user activity counts: which entry of the sign-in log counts as what
// (Of), how what was counted is kept and added up (Roll), and which question can be asked of it (Query). It is
// pure: the log, the database and the clock belong to whoever calls. app/docs/metrics.md publishes what is
// decided here.
package insight

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/record"
)

// Dimension is something that figures can be narrowed to and broken down by.
type Dimension uint8

// The dimensions. App is the client id; the others are columns of a Roll.
const (
	App      Dimension = iota
	Provider           // an identity provider's id, or the kind of the first proof (Providers of our own)
	Country            // ISO 3166-1 alpha-2
	OS                 // without its version
	Browser            // likewise
	Language           // ISO 639-1
	dimensions
)

// String is the dimension's name in queries and in Graph's rows.
func (d Dimension) String() string {
	return [...]string{"appId", "identityProvider", "country", "os", "browser", "language"}[d]
}

// Dimensions are all that there are, in order.
func Dimensions() []Dimension { return []Dimension{App, Provider, Country, OS, Browser, Language} }

// Values are one event's values by dimension. "" = not known, which is an ordinary value.
type Values [dimensions]string

// What an event may say of the provider besides an identity provider's id: the kind of the first proof, or that
// a session was gone on with.
const (
	BySession  = "session"
	ByPassword = "password"
	ByCode     = "emailCode"
	ByPasskey  = "passkey"
)

// Local reports whether a value of Provider is a way of our own, with no identity provider.
func Local(provider string) bool {
	return provider == "" || provider == BySession || provider == ByPassword || provider == ByCode || provider == ByPasskey
}

// Other is what a name becomes that is not among those told apart: strangers choose their User-Agent, and must
// not fill the database with names.
const Other = "Other"

// Count names one figure: a metric and, below it, what is told apart. Both are words of ours and never hold a colon.
type Count string

// The metrics. What stands below each: Authentications "success" or the number of the failure; Proofs, wrong ones,
// the number of the failure; MFA the method and "success" or "failure"; MFARegistered the method; Requests the
// result; SignUps nothing; Stages the funnel and the stage, as in "signUp/code"; Ended the funnel and the stage
// where somebody left it.
const (
	Authentications = "authentications"
	Proofs          = "proofs"
	MFA             = "mfa"
	MFARegistered   = "mfaRegistered"
	Requests        = "requests"
	SignUps         = "signUps"
	Stages          = "stage"
	Ended           = "ended"
)

// Succeeded is the word for success below Authentications and MFA.
const (
	Succeeded = "success"
	Failed    = "failure"
)

func count(metric string, below ...string) Count {
	return Count(metric + ":" + strings.Join(below, "/"))
}

// Metric is the part before the colon.
func (c Count) Metric() string { m, _, _ := strings.Cut(string(c), ":"); return m }

// Below is the part after it.
func (c Count) Below() string { _, b, _ := strings.Cut(string(c), ":"); return b }

// Event is what one entry of the sign-in log counts as.
type Event struct {
	Day    Day             `json:"d"`
	Values Values          `json:"v"`
	User   string          `json:"u,omitempty"` // who was active; "" = nobody
	Counts map[Count]int64 `json:"c,omitempty"`
}

// None reports whether nothing counts.
func (e Event) None() bool { return e.User == "" && len(e.Counts) == 0 }

// Times is the event n times; a person is active or not.
func (e Event) Times(n int64) Event {
	if n == 1 {
		return e
	}
	counts := make(map[Count]int64, len(e.Counts))
	for k, v := range e.Counts {
		counts[k] = v * n
	}
	e.Counts = counts
	return e
}

// Counted is what an entry of the log counts as: First once, and More for each time that it was repeated
// (entries of the same minute, or of the same wrong password, are one with a number). Key is the same for entries
// of one transaction that say the same, so that it counts once.
type Counted struct {
	Key   string
	First Event
	More  Event
}

// Of decides what an entry counts as. at is the moment that the log has it under. Tests by an admin count as
// nothing.
//
// A transaction is what bears one correlation id. What ended it counts, once for each person, app, day and
// result: so a form that was sent twice is one authentication, and a retry that succeeds is one failure and one
// success. What did not end it, wrong passwords for one, counts as requests and proofs only.
func Of(r record.SignIn, at time.Time) Counted {
	if r.Test {
		return Counted{}
	}
	e := Event{Day: DayOf(at), Values: valuesOf(r), Counts: map[Count]int64{count(Requests, string(r.Outcome.Result)): 1}}
	if r.Kind != record.Interactive || elsewhere(r) {
		return Counted{Key: key(e.Day, "entry", r.ID), First: e, More: e}
	}
	if !ends(r) {
		if len(r.Proofs) > 0 {
			if p := r.Proofs[len(r.Proofs)-1]; !p.OK { // the last one is what failed
				e.Counts[count(Proofs, strconv.Itoa(r.Outcome.Code))] = 1
				if second(r, p) {
					e.Counts[count(MFA, method(p.Method), Failed)] = 1
				}
			}
		}
		more := e
		if stopped(r) && r.Outcome.Result == record.Failure { // the transaction ends here, as far as anybody can tell
			first := Event{Day: e.Day, Values: e.Values, Counts: map[Count]int64{count(Authentications, strconv.Itoa(r.Outcome.Code)): 1}}
			for k, v := range e.Counts {
				first.Counts[k] = v
			}
			stages(r, first.Counts)
			return Counted{Key: transaction(e.Day, r), First: first, More: more}
		}
		return Counted{Key: key(e.Day, "entry", r.ID), First: e, More: more}
	}
	more := Event{Day: e.Day, Values: e.Values, Counts: map[Count]int64{count(Requests, string(r.Outcome.Result)): 1}}
	ok := r.Outcome.Result == record.Success
	if ok {
		e.User = r.User.ID
		e.Counts[count(Authentications, Succeeded)] = 1
	} else {
		e.Counts[count(Authentications, strconv.Itoa(r.Outcome.Code))] = 1
	}
	if ok && r.SignUp {
		e.Counts[count(SignUps)] = 1
	}
	for _, p := range r.Proofs {
		switch {
		case !p.OK:
		case p.Reason == reasonEnrolled && ok: // it is kept when all ended well
			e.Counts[count(MFARegistered, method(p.Method))]++
		case p.Reason != reasonEnrolled && second(r, p):
			e.Counts[count(MFA, method(p.Method), Succeeded)]++
		}
	}
	stages(r, e.Counts)
	return Counted{Key: transaction(e.Day, r), First: e, More: more}
}

// reasonEnrolled marks a factor that was registered in the attempt.
const reasonEnrolled = "signin.enrolled"

// Numbers of failures that are told apart here.
const (
	codeSilent    = 50058  // prompt=none, and a page was due: nobody was asked anything
	codeMFADenied = 500121 // a second factor failed
)

// elsewhere reports whether an entry is about no sign-in to an app: an action on the account pages that policies
// did not allow, or a silent request that nobody saw.
func elsewhere(r record.SignIn) bool {
	return r.Outcome.Code == codeSilent || r.Inputs != nil && r.Inputs.Action != "" && r.Outcome.Result == record.Failure
}

// stopped reports whether a rule or an API said no: the page says so, and the person has no way on.
func stopped(r record.SignIn) bool { return r.Outcome.Step == "blocked" || r.Outcome.Step == "stopped" }

// ends reports whether an entry is a transaction's end. An attempt that was left on the page that said no has
// counted when that page was shown.
func ends(r record.SignIn) bool {
	if r.Outcome.Result == record.Failure {
		return !stopped(r) && !slices.ContainsFunc(r.Proofs, func(p record.Proof) bool { return !p.OK })
	}
	return r.Outcome.Result == record.Success || !stopped(r)
}

// second reports whether a proof was a second factor. Older entries do not say; there the method does.
func second(r record.SignIn, p record.Proof) bool {
	if p.Second || !p.OK && r.Outcome.Code == codeMFADenied {
		return true
	}
	switch p.Method {
	case "totp", "softwareOath", "sms", "recovery":
		return true
	}
	return false
}

// method is a proof's method as figures name it.
func method(m string) string {
	switch m {
	case "totp":
		return "softwareOath"
	case "email":
		return ByCode
	case "passkey":
		return "fido2"
	}
	return m
}

// transaction is the key of what ends one: a day, what bears one correlation id, who, where and how it ended.
func transaction(day Day, r record.SignIn) string {
	if r.CorrelationID == "" {
		return key(day, "entry", r.ID)
	}
	return key(day, "ended", r.CorrelationID, r.App.ID, r.User.ID, string(r.Outcome.Result), strconv.Itoa(r.Outcome.Code))
}

// key begins with the day, so that keys of one day stand together.
func key(day Day, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return day.String() + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// Again is the key of a repetition that is counted by itself.
func Again(c Counted, id string) string { return key(c.First.Day, "again", c.Key, id) }

func valuesOf(r record.SignIn) Values {
	return Values{App: r.App.ID, Provider: providerOf(r), Country: country(r.Signals.Country), OS: family(r.Signals.OS, systems()),
		Browser: family(r.Signals.Browser, browsers()), Language: languageOf(r.Signals.Language)}
}

// providerOf is who vouched for the person: an identity provider, else the kind of the first proof.
func providerOf(r record.SignIn) string {
	if r.Federation != nil && r.Federation.Provider.ID != "" {
		return r.Federation.Provider.ID
	}
	for _, p := range r.Proofs {
		switch p.Method {
		case BySession, ByPassword, ByCode, ByPasskey:
			return p.Method
		}
	}
	return ""
}

// family is a name without its version ("iOS 18.5" is iOS), or Other.
func family(s string, known []string) string {
	if s == "" {
		return ""
	}
	for name := s; ; {
		if slices.Contains(known, name) {
			return name
		}
		i := strings.LastIndexByte(name, ' ')
		if i < 0 {
			return Other
		}
		name = name[:i]
	}
}

func systems() []string {
	return []string{"Windows", "Windows Phone", "Android", "macOS", "iOS", "Linux", "FreeBSD", "ChromeOS", "CrOS", "BlackBerry", "Harmony"}
}

func browsers() []string {
	return []string{"Chrome", "Headless Chrome", "Firefox", "Safari", "Mobile Safari", "Edge", "Opera", "Opera Mini", "Opera Touch", "Vivaldi", "Samsung Browser",
		"Internet Explorer", "Huawei Browser", "Miui Browser", "Android browser", "Facebook App", "Instagram App", "TikTok App"}
}

// country is two capital letters, or not known.
func country(s string) string {
	if len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return ""
}

// languageOf is the two letters that a language tag begins with; longer codes are Other.
func languageOf(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	switch {
	case base == "":
		return ""
	case len(base) == 2 && base[0] >= 'a' && base[0] <= 'z' && base[1] >= 'a' && base[1] <= 'z':
		return base
	}
	return Other
}
