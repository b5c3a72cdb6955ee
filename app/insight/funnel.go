package insight

import (
	"slices"

	"portico/app/record"
)

// Funnel is a way of several pages, of which people leave some unfinished.
type Funnel struct {
	Name   string
	Stages []string // in order; Began is the first and Completed the last, and not everybody meets all between
}

// Began and Completed are the ends of every funnel.
const (
	Began     = "began"
	Completed = "completed"
)

// Names of the funnels.
const (
	SignUpFunnel = "signUp"
	MFAFunnel    = "mfaSetUp"
	ResetFunnel  = "passwordReset"
)

// Funnels are all that there are. The stages between are steps of the sign-in machine.
func Funnels() []Funnel {
	return []Funnel{
		{SignUpFunnel, []string{Began, "signUp", "provider", "code", "newPassword", "attributes", "terms", "enrol", Completed}},
		{MFAFunnel, []string{Began, "enrol", "recovery", Completed}},
		{ResetFunnel, []string{Began, "forgot", "code", "resetPassword", Completed}},
	}
}

// stages counts the stages that an ended transaction reached, once each, and where it was left.
func stages(r record.SignIn, counts map[Count]int64) {
	ok := r.Outcome.Result == record.Success
	for _, f := range Funnels() {
		began, completed := false, false
		switch f.Name {
		case SignUpFunnel:
			began, completed = r.SignUp || r.Existing || reached(r, "signUp"), ok && r.SignUp
		case MFAFunnel:
			enrolled := slices.ContainsFunc(r.Proofs, func(p record.Proof) bool { return p.OK && p.Reason == reasonEnrolled })
			began, completed = enrolled || reached(r, "enrol"), ok && enrolled
		case ResetFunnel:
			began, completed = reached(r, "forgot"), reached(r, "resetDone") || ok && slices.Contains(r.Notes, noteReset)
		}
		if !began {
			continue
		}
		counts[count(Stages, f.Name, Began)] = 1
		for _, s := range f.Stages[1 : len(f.Stages)-1] {
			if reached(r, s) {
				counts[count(Stages, f.Name, s)] = 1
			}
		}
		switch {
		case completed:
			counts[count(Stages, f.Name, Completed)] = 1
		case r.Existing && f.Name == SignUpFunnel:
			counts[count(Ended, f.Name, "existing")] = 1
		default:
			counts[count(Ended, f.Name, left(r))] = 1
		}
	}
}

// noteReset marks a sign-in that came by a new password in place of a forgotten one.
const noteReset = "password_reset"

func reached(r record.SignIn, step string) bool {
	return r.Outcome.Step == step || slices.ContainsFunc(r.Steps, func(s record.Step) bool { return s.Name == step })
}

// left is the last step that somebody saw.
func left(r record.SignIn) string {
	switch {
	case r.Outcome.Step != "":
		return r.Outcome.Step
	case len(r.Steps) > 0:
		return r.Steps[len(r.Steps)-1].Name
	}
	return Began
}

// Drop is one stage of a funnel and how many reached it.
type Drop struct {
	Stage   string
	Reached int64
	Left    int64 // went no further than this step
}

// Of reads a funnel from counts.
func (f Funnel) Of(counts map[Count]int64) []Drop {
	out := make([]Drop, 0, len(f.Stages))
	for _, s := range f.Stages {
		out = append(out, Drop{Stage: s, Reached: counts[count(Stages, f.Name, s)], Left: counts[count(Ended, f.Name, s)]})
	}
	return out
}
