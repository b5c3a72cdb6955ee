package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Phrase is a piece of a sentence. A value is what an admin chose; Gone, that what they chose is no more.
type Phrase struct {
	Text  string
	Value bool
	Gone  bool
}

// Sentence tells a policy in words: "When anyone except Break-glass signs in to Home Insurance from outside
// trusted places, then require a second factor." The editor, the list, What-If and the log all show this one.
func Sentence(p Policy, known Known) []Phrase {
	w := &sentence{known: known}
	w.text("When ")
	for _, c := range EveryCondition() {
		c.words(w, &p)
	}
	w.text(", then ")
	w.controls(&p)
	w.text(".")
	return w.parts
}

// Plain is a sentence as text.
func Plain(parts []Phrase) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// sentence collects the parts while conditions and controls add theirs.
type sentence struct {
	known Known
	parts []Phrase
}

func value(s string) Phrase { return Phrase{Text: s, Value: true} }

func values(of []string, label func(string) string) []Phrase {
	out := make([]Phrase, len(of))
	for i, s := range of {
		out[i] = value(label(s))
	}
	return out
}

// after puts a word before a value.
func (p Phrase) after(lead string) Phrase {
	p.Text = lead + p.Text
	return p
}

func (w *sentence) text(s string) {
	if n := len(w.parts); n > 0 && !w.parts[n-1].Value {
		w.parts[n-1].Text += s
		return
	}
	w.parts = append(w.parts, Phrase{Text: s})
}

func (w *sentence) value(s string) { w.parts = append(w.parts, value(s)) }

func (w *sentence) name(kind ThingKind, id string) Phrase {
	if name, _ := w.known.Name(kind, id); name != "" {
		return value(name)
	}
	if kind == ThingStrength {
		for _, s := range BuiltInStrengths() {
			if s.ID == id {
				return value(s.Name)
			}
		}
	}
	return Phrase{Text: "something deleted (" + id + ")", Value: true, Gone: true}
}

func (w *sentence) names(kind ThingKind, ids []string) []Phrase {
	out := make([]Phrase, len(ids))
	for i, id := range ids {
		out[i] = w.name(kind, id)
	}
	return out
}

// list writes values with commas and a last word between them. A long one is cut short.
func (w *sentence) list(of []Phrase, last string) {
	const most = 5
	rest := 0
	if len(of) > most {
		rest = len(of) - (most - 1)
		of = of[:most-1]
	}
	for i, p := range of {
		switch {
		case i == 0:
		case i == len(of)-1 && rest == 0:
			w.text(" " + last + " ")
		default:
			w.text(", ")
		}
		w.parts = append(w.parts, p)
	}
	if rest > 0 {
		w.text(fmt.Sprintf(" %s %d more", last, rest))
	}
}

// controls writes the "then".
func (w *sentence) controls(p *Policy) {
	var then []Phrase
	between := "and"
	if g := p.GrantControls; g != nil {
		if slices.Contains(g.BuiltInControls, ControlBlock) {
			w.value("block access")
			return
		}
		for _, c := range g.BuiltInControls {
			switch c {
			case ControlMFA:
				then = append(then, value("require a second factor"))
			case ControlPasswordChange:
				then = append(then, value("require a new password"))
			default:
				then = append(then, value("require "+c))
			}
		}
		if g.Strength != nil {
			then = append(then, w.name(ThingStrength, g.Strength.ID).after("require "))
		}
		for _, id := range g.TermsOfUse {
			then = append(then, w.name(ThingTerms, id).after("require agreement to "))
		}
		if strings.EqualFold(g.Operator, "OR") {
			between = "or"
		}
	}
	w.list(then, between)
	var session []Phrase
	if s := p.SessionControls; s != nil {
		if f := s.SignInFrequency; f != nil && f.IsEnabled {
			session = append(session, value(f.words()))
		}
		if b := s.PersistentBrowser; b != nil && b.IsEnabled {
			session = append(session, value(b.words()))
		}
	}
	switch {
	case len(then)+len(session) == 0:
		w.value("do nothing")
	case len(then) > 0 && len(session) > 0:
		w.text(", and ")
	}
	w.list(session, "and")
}

func (f SignInFrequency) words() string {
	what := "ask them to sign in again"
	if f.AuthenticationType == SecondOnly {
		what = "ask for the second factor again"
	}
	if f.FrequencyInterval == EveryTime {
		return what + " every time"
	}
	unit := "hour"
	if f.Type == "days" {
		unit = "day"
	}
	if f.Value == 1 {
		return what + map[string]string{"hour": " after an hour", "day": " after a day"}[unit]
	}
	return fmt.Sprintf("%s after %d %ss", what, f.Value, unit)
}

func (b PersistentBrowser) words() string {
	if b.Mode == "always" {
		return "keep them signed in without asking"
	}
	return "never keep them signed in"
}
