package admin

import (
	"context"
	"slices"
	"strings"

	"portico/app/policy"
	"portico/app/record"
	"portico/models"
	views "portico/views/admin"
)

// policy_words.go says in words what policies said: in the sign-in log, in What-If and in replays.

// conditionWord names a condition of a policy.
func conditionWord(name string) string {
	for _, c := range policy.EveryCondition() {
		if c.Name == name {
			return c.Label
		}
	}
	return humane(name)
}

// conditionLine is one condition in one line.
func conditionLine(c record.Condition) string {
	word := map[record.Answer]string{record.Hit: "hit", record.Miss: "miss", record.CouldNotTell: "could not tell, which counts as a hit"}[c.Answer]
	if c.Detail == policy.NotGiven {
		return conditionWord(c.Name) + ": not enough information, which counts as a miss here"
	}
	line := conditionWord(c.Name) + ": " + word
	if c.Detail != "" {
		line += " (" + c.Detail + ")"
	}
	return line
}

// controlWord names what a policy asks for, as the log has it.
func controlWord(known policy.Known, control string) string {
	kind, id, _ := strings.Cut(control, ":")
	name := func(k policy.ThingKind) string {
		if n, _ := known.Name(k, id); n != "" {
			return "“" + n + "”"
		}
		if s, ok := policy.Compile(nil, nil, nil).Strength(id); ok && k == policy.ThingStrength {
			return "“" + s.Name + "”"
		}
		return id
	}
	switch kind {
	case policy.ControlBlock:
		return "Block access"
	case policy.ControlMFA:
		return "A second factor"
	case string(policy.KindStrength):
		return "A second factor of the strength " + name(policy.ThingStrength)
	case policy.ControlPasswordChange:
		return "A new password"
	case string(policy.KindTerms):
		return "Agreement to " + name(policy.ThingTerms)
	case "signInFrequency":
		return "A sign-in that is not too long ago"
	case "persistentBrowser":
		return "Its own answer to “Stay signed in?”"
	}
	return humane(kind)
}

// askWord names what an outcome asks for.
func askWord(known policy.Known, ask string) string {
	kind, id := policy.AskOf(ask)
	switch kind {
	case policy.AskSignIn:
		return "Sign in once more: the last time is too long ago"
	case policy.AskEnrol:
		return "Set up a second factor"
	case policy.AskMFA:
		return "Show a second factor"
	case policy.AskStrength:
		return "Show: " + strings.ToLower(controlWord(known, string(policy.KindStrength)+":"+id)[:1]) + controlWord(known, string(policy.KindStrength)+":"+id)[1:]
	case policy.AskPasswordChange:
		return "Choose a new password"
	case policy.AskTerms:
		return "Agree: " + strings.TrimPrefix(controlWord(known, string(policy.KindTerms)+":"+id), "Agreement to ")
	}
	return humane(kind)
}

// stoppedWord says why somebody does not get in.
func stoppedWord(s string) string {
	switch s {
	case policy.StoppedByPolicy:
		return "Blocked by a policy"
	case policy.StoppedNotEnrolled:
		return "Blocked: a second factor is asked for because of risk, or before a new password, and none is set up"
	case policy.StoppedNoMethod:
		return "Blocked: a second factor is asked for, and the user flow has none that would do"
	case policy.StoppedNoPassword:
		return "Blocked: a new password is asked for, and there is none to change or no safe way to it"
	}
	return humane(s)
}

// outcomeLines is an outcome in words.
func outcomeLines(known policy.Known, o policy.Outcome) []string {
	switch {
	case o.Stopped != "":
		return []string{stoppedWord(o.Stopped)}
	case len(o.Asks) == 0:
		return []string{"Gets in, asked for nothing more"}
	}
	return words(o.Asks, func(a string) string { return askWord(known, a) })
}

// policyResult is the result of a policy in Graph's words, as a badge.
func policyResult(result string) views.Cell {
	switch result {
	case policy.Success:
		return badge("ok", "Success")
	case policy.Failure:
		return badge("danger", "Failure")
	case policy.Interrupted:
		return badge("warn", "User action required")
	case policy.NotApplied:
		return badge("neutral", "Not applied")
	case policy.NotEnabled:
		return badge("neutral", "Not enabled")
	case policy.ReportOnlySuccess:
		return badge("info", "Report-only: Success")
	case policy.ReportOnlyFailure:
		return badge("warn", "Report-only: Failure")
	case policy.ReportOnlyInterrupted:
		return badge("warn", "Report-only: User action required")
	case policy.ReportOnlyNotApplied:
		return badge("neutral", "Report-only: Not applied")
	}
	return badge("neutral", humane(result))
}

func policyStateWord(s policy.State) string {
	switch s {
	case policy.Off:
		return "Off"
	case policy.ReportOnly:
		return "Report-only"
	}
	return "On"
}

// knownOf gives names for what records and reports speak of: strengths and terms, which policies that have changed
// since may no longer name.
func knownOf(ctx context.Context, t *models.Tenant, policies ...policy.Policy) (policy.Known, error) {
	strengths, err := t.Strengths(ctx)
	if err != nil {
		return nil, err
	}
	known, err := t.KnownTo(ctx, policies...)
	if err != nil {
		return nil, err
	}
	terms, err := t.AllTerms(ctx)
	for _, s := range strengths {
		known.Add(policy.ThingStrength, s.ID, s.Name)
	}
	for _, x := range terms {
		known.Add(policy.ThingTerms, x.ID, x.Name)
	}
	return known, err
}

// controlLines are the controls of a policy in words.
func controlLines(known policy.Known, controls []string) []string {
	return words(slices.Clone(controls), func(c string) string { return controlWord(known, c) })
}
