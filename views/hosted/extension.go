package hosted

import "context"

// TryAgain is the button of the page of a failure.
const TryAgain Event = "again"

// StoppedView is the end of a visit that an API of the tenant's has a say in. Title and Text are the API's own; without
// them it could not be asked.
type StoppedView struct {
	Refused   bool // the API said no, be it without a word
	Title     string
	Text      string
	Reference string
	Often     bool // it was asked as often as one visit may ask it
	Again     bool // trying once more may help
}

func (v StoppedView) title(ctx context.Context) string {
	switch {
	case v.Title != "":
		return v.Title
	case v.Often:
		return t(ctx, "stopped.often.title")
	case v.Refused:
		return t(ctx, "stopped.api.title")
	}
	return t(ctx, "stopped.failure.title")
}

func (v StoppedView) text(ctx context.Context) string {
	switch {
	case v.Text != "":
		return v.Text
	case v.Often:
		return t(ctx, "stopped.often.text")
	case v.Refused:
		return t(ctx, "stopped.api.text")
	}
	return t(ctx, "stopped.failure.text")
}
