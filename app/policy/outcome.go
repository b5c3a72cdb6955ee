package policy

import (
	"slices"
	"strings"
	"time"

	"portico/app/record"
)

// Outcome is what a decision comes to for one person: whether they get in, and what they are asked for on the way.
// Next works the same out page by page; What-If and replay only need the sum.
type Outcome struct {
	Stopped string   `json:"stopped,omitempty"` // why they do not get in: one of the Stopped… words; "" = they do
	Asks    []string `json:"asks,omitempty"`    // in the order of the pages; Ask… words, with an id after a colon where there are several
	Rests   bool     `json:"rests,omitempty"`   // a second factor was demanded, and the user flow's switch is off
}

// Why somebody does not get in.
const (
	StoppedByPolicy    = "policy"
	StoppedNotEnrolled = "notEnrolled" // a second factor because of risk, from somebody who has none (DESIGN §5.3)
	StoppedNoMethod    = "noMethod"    // the user flow offers none that would do
	StoppedNoPassword  = "noPassword"  // a new password is due, and there is none, or no safe way to it
)

// What somebody is asked for.
const (
	AskSignIn         = "signIn"         // once more: the last time is too long ago
	AskEnrol          = "enrol"          // to register a second factor
	AskMFA            = "mfa"            // to show one
	AskStrength       = "strength"       // to show one of a strength (":id")
	AskPasswordChange = "passwordChange" //
	AskTerms          = "terms"          // to agree to terms of use (":id")
)

// Switch positions of a user flow as record.Inputs.Switch spells them.
const (
	SwitchOff    = "off"
	SwitchAlways = "alwaysOn"
)

// Given is what somebody had shown before anybody asked for more: the rest of what was recorded as shown may have
// been shown because of the very policies that a replay would change. demanded says that these demanded a second
// factor at the time.
func Given(r Recorded, demanded bool) Shown {
	s := ShownOf(r.Inputs)
	s.PasswordChanged = false // it always happens within a sign-in
	if !s.MFA.IsZero() && demanded && s.MFA.After(r.AuthTime) && !s.MFA.Before(r.StartedAt) {
		s.MFA, s.Methods, s.Former = time.Time{}, s.Methods[:min(1, len(s.Methods))], nil
	}
	return s
}

// Outcome works out what a decision comes to for somebody whose side of it is in, who has shown given, at a time.
// It is the table of the machine (R 16.2) without its pages.
func (d Decision) Outcome(in record.Inputs, given Shown, now time.Time) Outcome {
	if d.Block {
		return Outcome{Stopped: StoppedByPolicy}
	}
	x := outcome{in: in, given: given}
	person, factor := d.Frequency.Stale(in.AuthTime, given.MFA, now)
	if person && !in.AuthTime.IsZero() {
		x.out.Asks = append(x.out.Asks, AskSignIn)
	}
	if factor || len(x.out.Asks) > 0 {
		x.given.MFA, x.given.Methods, x.given.Former = time.Time{}, given.Methods[:min(1, len(given.Methods))], nil
	}
	x.has, x.could = in.Enrolled, in.Kinds
	asked, _ := d.asksForSecond()
	x.out.Rests = asked && in.Switch == SwitchOff
	for _, c := range d.Unmet(x.given) {
		if why, ok := x.clause(c); !ok {
			return Outcome{Stopped: why}
		}
	}
	if in.Switch == SwitchAlways && x.given.MFA.IsZero() && !x.second {
		if why, ok := x.can(Control{Kind: KindMFA}, false); !ok {
			return Outcome{Stopped: why}
		}
	}
	return x.sum()
}

// outcome adds up what the clauses of a decision ask for.
type outcome struct {
	in         record.Inputs
	given      Shown
	has, could []string // kinds that meet every demand so far: registered, and offered
	second     bool     // a second factor is to be shown
	strengths  []string // which it must have
	change     bool
	terms      []string
	out        Outcome
}

// clause takes the first control, in the order of prompts, that the person can give.
func (x *outcome) clause(c Clause) (why string, ok bool) {
	controls := slices.Clone(c.AnyOf)
	slices.SortStableFunc(controls, func(a, b Control) int { return a.Kind.order() - b.Kind.order() })
	for _, one := range controls {
		reason, can := x.can(one, c.Risk)
		if can {
			return "", true
		}
		if why == "" {
			why = reason
		}
	}
	if why == "" {
		why = StoppedByPolicy
	}
	return why, false
}

func (x *outcome) can(c Control, risk bool) (why string, ok bool) {
	switch c.Kind {
	case KindMFA, KindStrength:
		enrolled, given := x.in.Enrolled, x.given
		if risk {
			enrolled, given = former(x.in), given.former()
		}
		has, could := c.fits(enrolled, given), c.fits(x.in.Kinds, given)
		switch {
		case risk && len(has) == 0:
			return StoppedNotEnrolled, false
		case len(could) == 0:
			return StoppedNoMethod, false
		}
		x.second = true
		x.has, x.could = both(x.has, has), both(x.could, could)
		if c.Kind == KindStrength && !slices.Contains(x.strengths, c.ask()) {
			x.strengths = append(x.strengths, c.ask())
		}
		return "", true
	case KindPasswordChange:
		switch {
		case len(x.given.Methods) > 0 && !slices.Contains(x.given.Methods, "password"), x.in.Switch == SwitchOff:
			return StoppedNoPassword, false
		case x.given.former().MFA.IsZero() && len(former(x.in)) == 0: // it follows a second factor that was registered before (R 5.7.3)
			return StoppedNotEnrolled, false
		}
		x.second = x.second || x.given.former().MFA.IsZero()
		x.change = true
		return "", true
	case KindTerms:
		x.terms = append(x.terms, c.ask())
		return "", true
	}
	return "", false
}

// former are the registered kinds that meet what is asked because of risk.
func former(in record.Inputs) []string {
	if in.RiskSince.IsZero() {
		return in.Enrolled
	}
	return in.Former
}

// sum puts the pages into their order.
func (x *outcome) sum() Outcome {
	add := func(ask string) {
		if !slices.Contains(x.out.Asks, ask) {
			x.out.Asks = append(x.out.Asks, ask)
		}
	}
	switch {
	case !x.second:
	case len(x.has) == 0:
		add(AskEnrol)
	case len(x.strengths) > 0:
		for _, s := range x.strengths {
			add(s)
		}
	default:
		add(AskMFA)
	}
	if x.change {
		add(AskPasswordChange)
	}
	for _, t := range x.terms {
		add(t)
	}
	return x.out
}

// both are the kinds that meet both demands; where none does, each is met in its turn.
func both(a, b []string) []string {
	out := slices.DeleteFunc(slices.Clone(a), func(k string) bool { return !slices.Contains(b, k) })
	if len(out) == 0 {
		return b
	}
	return out
}

// asksForSecond reports whether a second factor of any kind is asked for, and whether because of risk.
func (d Decision) asksForSecond() (asks, risk bool) {
	mfa, mfaRisk := d.Asks(KindMFA)
	strength, strengthRisk := d.Asks(KindStrength)
	return mfa || strength, mfaRisk || strengthRisk
}

// ask is the control as a word of Outcome.Asks.
func (c Control) ask() string {
	switch {
	case c.Kind == KindStrength && c.Strength != nil:
		return AskStrength + ":" + c.Strength.ID
	case c.Kind == KindTerms:
		return AskTerms + ":" + c.Terms
	case c.Kind == KindPasswordChange:
		return AskPasswordChange
	}
	return AskMFA
}

// fits keeps the kinds that, shown after what was shown, would meet the control.
func (c Control) fits(kinds []string, given Shown) []string {
	if c.Kind != KindStrength {
		return kinds
	}
	var out []string
	for _, k := range kinds {
		after := given
		after.Methods, after.MFA = append(slices.Clone(given.Methods), k), time.Unix(1, 0)
		if c.Met(after) {
			out = append(out, k)
		}
	}
	return out
}

// AskOf takes a word of Outcome.Asks apart.
func AskOf(ask string) (kind, id string) {
	kind, id, _ = strings.Cut(ask, ":")
	return kind, id
}
