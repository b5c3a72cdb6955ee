package ui

import (
	"context"
	"strconv"

	"portico/app/i18n"
)

func itoa(n int) string { return strconv.Itoa(n) }

func buttonClass(kind string) string {
	switch kind {
	case "primary", "danger", "quiet", "small":
		return "button button--" + kind
	case "wide":
		return "button button--primary button--wide"
	}
	return "button"
}

func rank(level string) int {
	switch level {
	case "low":
		return 1
	case "medium":
		return 2
	case "high":
		return 3
	}
	return 0
}

func levelWord(level string) string {
	switch level {
	case "low":
		return "Low"
	case "medium":
		return "Medium"
	case "high":
		return "High"
	}
	return "None"
}

func lang(ctx context.Context) string { return i18n.From(ctx).Spoken() }
func dir(ctx context.Context) string  { return i18n.From(ctx).Dir() }
