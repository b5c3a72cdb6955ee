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
		s.MFA, s.Methods = time.Time{}, s.Methods[:min(1, len(s.Methods))]
	}
	return s
}

// Outcome works out what a decision comes to for somebody whose side of it is in, who has shown given, at a time.
func (d Decision) Outcome(in record.Inputs, given Shown, now time.Time) Outcome {
	var o Outcome
	if d.Block {
		o.Stopped = StoppedByPolicy
		return o
	}
	person, factor := d.Frequency.Stale(in.AuthTime, given.MFA, now)
	if person && !in.AuthTime.IsZero() {
		o.Asks = append(o.Asks, AskSignIn)
	}
	if factor || len(o.Asks) > 0 {
		given.MFA, given.Methods = time.Time{}, given.Methods[:min(1, len(given.Methods))]
	}
	unmet := d.Unmet(given)
	asked, risk := d.asksForSecond()
	o.Rests = asked && in.Switch == SwitchOff
	var due []Control // one for each clause: what its page would ask for first
	for _, c := range unmet {
		if first, ok := firstAsked(c); ok {
			due = append(due, first)
		}
	}
	second := slices.ContainsFunc(due, isSecond) || in.Switch == SwitchAlways && given.MFA.IsZero()
	if second && in.Switch != SwitchOff {
		has, could := in.Enrolled, in.Kinds
		for _, c := range due {
			has, could = c.fits(has, given), c.fits(could, given)
		}
		switch {
		case asked && risk && len(has) == 0:
			o.Stopped = StoppedNotEnrolled
		case len(could) == 0:
			o.Stopped = StoppedNoMethod
		case len(has) == 0:
			o.Asks = append(o.Asks, AskEnrol)
		}
		if o.Stopped != "" {
			o.Asks = nil
			return o
		}
		if len(has) > 0 {
			o.Asks = append(o.Asks, secondAsks(due)...)
		}
	}
	for _, kind := range []Kind{KindPasswordChange, KindTerms} {
		for _, c := range due {
			if c.Kind == kind {
				o.add(c.ask())
			}
		}
	}
	return o
}

func (o *Outcome) add(ask string) {
	if !slices.Contains(o.Asks, ask) {
		o.Asks = append(o.Asks, ask)
	}
}

// asksForSecond reports whether a second factor of any kind is asked for, and whether because of risk.
func (d Decision) asksForSecond() (asks, risk bool) {
	mfa, mfaRisk := d.Asks(KindMFA)
	strength, strengthRisk := d.Asks(KindStrength)
	return mfa || strength, mfaRisk || strengthRisk
}

func isSecond(c Control) bool { return c.Kind == KindMFA || c.Kind == KindStrength }

// firstAsked is what the page of a clause asks for: of several that would do, the first in the order of prompts.
func firstAsked(c Clause) (Control, bool) {
	for _, kind := range []Kind{KindMFA, KindStrength, KindPasswordChange, KindTerms} {
		for _, one := range c.AnyOf {
			if one.Kind == kind {
				return one, true
			}
		}
	}
	return Control{}, false
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

// secondAsks names the one page of the second factor: by the strengths that it must have, if any.
func secondAsks(due []Control) []string {
	var out []string
	for _, c := range due {
		if c.Kind == KindStrength && !slices.Contains(out, c.ask()) {
			out = append(out, c.ask())
		}
	}
	if len(out) == 0 {
		out = []string{AskMFA}
	}
	return out
}

// AskOf takes a word of Outcome.Asks apart.
func AskOf(ask string) (kind, id string) {
	kind, id, _ = strings.Cut(ask, ":")
	return kind, id
}
