package signin

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"portico/app/fault"
	"portico/app/userflow"
)

// TermsField is the name of the box by which somebody agrees to terms.
func TermsField(id string) string { return "terms[" + id + "]" }

// TermsMark is the value of that box: the version and the language that stood beside it. A form says what
// was read, so that nobody agrees to a text that was published a moment later.
func TermsMark(version int, locale string) string { return strconv.Itoa(version) + " " + locale }

// termsDue lists the terms that flow and policies ask for and that the person has not agreed to in a version that
// still counts (F069).
func termsDue(f Facts, w World, byPolicy []string) []userflow.Terms {
	have := acceptances(f, w)
	var due []userflow.Terms
	for _, t := range w.Terms {
		if !t.Accepted(have) {
			due = append(due, t)
		}
	}
	for _, id := range byPolicy {
		t, ok := w.Texts[id]
		if ok && !t.Accepted(have) && !slices.ContainsFunc(due, func(d userflow.Terms) bool { return d.ID == id }) {
			due = append(due, t)
		}
	}
	return due
}

// acceptances are those from before and those of this attempt.
func acceptances(f Facts, w World) []userflow.Acceptance {
	have := slices.Clone(w.Accepted)
	for _, t := range f.Terms {
		have = append(have, userflow.Acceptance{TermsID: t.ID, Version: t.Version, Locale: t.Locale, At: t.At})
	}
	return have
}

// acceptedTerms are the ids of the published terms that the person agreed to in a version that still counts.
func acceptedTerms(f Facts, w World) []string {
	have := acceptances(f, w)
	var ids []string
	for _, a := range have {
		if t, ok := w.Texts[a.TermsID]; ok && t.Accepted(have) && !slices.Contains(ids, t.ID) {
			ids = append(ids, t.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// loadTerms reads what flow and policies ask people to agree to, and what this person agreed to before.
func (r *run) loadTerms(ctx context.Context, s Store, w *World) error {
	w.Terms, w.Accepted = nil, nil
	for _, id := range w.Flow.Terms {
		if t, ok := r.place.Terms[id]; ok {
			w.Terms = append(w.Terms, t)
		}
	}
	who := person(r.a, *w)
	if len(w.Terms) == 0 && !r.needs().Terms || !who.Proven || who.Account.ID == "" {
		return nil
	}
	var err error
	w.Accepted, err = s.Acceptances(ctx, who.Account.ID)
	return err
}

// agree takes the form of AskTerms: every text that is due has a box of its own, and each must be ticked.
func (r *run) agree(s Step, f Form) error {
	var bad fault.Fields
	var agreed []TermsAnswer
	for _, t := range s.Terms {
		version, locale, _ := strings.Cut(f.Value(TermsField(t.ID)), " ")
		text, _ := t.Text(locale)
		_, known := t.Texts[locale]
		switch {
		case version == "":
			text, _ = t.Text(r.visit.Locale)
			bad.Add(TermsField(t.ID), "field.terms.required", map[string]any{"title": text.Title})
		case version != strconv.Itoa(t.Version), !known:
			bad.Add(TermsField(t.ID), "field.terms.changed", map[string]any{"title": text.Title})
		default:
			agreed = append(agreed, TermsAnswer{ID: t.ID, Version: t.Version, Locale: locale, At: r.w.Now})
		}
	}
	if err := bad.Err(); err != nil {
		return err
	}
	r.a.Facts.Terms = append(slices.Clip(r.a.Facts.Terms), agreed...)
	return nil
}

// accept writes down what was agreed to, with the account.
func (r *run) accept(ctx context.Context, s Store, userID string) error {
	var list []userflow.Acceptance
	for _, t := range r.a.Facts.Terms {
		list = append(list, userflow.Acceptance{TermsID: t.ID, Version: t.Version, Locale: t.Locale, At: t.At})
	}
	if len(list) == 0 {
		return nil
	}
	return s.Accept(ctx, userID, list, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}
