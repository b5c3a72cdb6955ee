package account

import "context"

// QuestionView asks about one sign-in, in the words of the mail.
type QuestionView struct {
	Token   string
	Unusual bool // else it is only that the device is new
	App     string
	When    string
	Where   string // "" = not known
	Device  string
	Action  string // where the forms post to
}

// DisownedView is what comes after "no".
type DisownedView struct {
	Token   string
	Recover string // where "choose a new password" posts to; "" = there is none to choose
	Stuck   bool   // only support can help
	Over    string // the day of the report, once nothing is left to be done about it
}

func disownedTitle(ctx context.Context, v DisownedView) string {
	if v.Over != "" {
		return t(ctx, "account.disowned.over_title")
	}
	return t(ctx, "account.disowned.title")
}

// questionFacts are when, where, with what and for which app it was.
func questionFacts(ctx context.Context, v QuestionView) []Line {
	var out []Line
	for _, f := range []Line{{Label: t(ctx, "mail.when"), Value: v.When}, {Label: t(ctx, "mail.where"), Value: v.Where},
		{Label: t(ctx, "mail.device"), Value: v.Device}, {Label: t(ctx, "mail.app"), Value: v.App}} {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}
