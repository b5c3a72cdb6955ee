package models

import (
	"context"
	"encoding/json"
	"reflect"

	"portico/app/audit"
	"portico/app/branding"
)

// EditPublishedBranding changes what customers see, at once, as the next version. A draft that somebody works at is
// neither published nor lost: it gets the same change, except in what its author changed too.
func (t *Tenant) EditPublishedBranding(ctx context.Context, actor audit.Actor, id, note string, edit func(*branding.Document) error) (Branding, error) {
	var b Branding
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, before, err := t.lockBranding(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		doc, err := documentOf(row.Published, id)
		if err != nil {
			return audit.Event{}, err
		}
		if doc.Languages == nil {
			doc.Languages = map[string]branding.Elements{}
		}
		if err := edit(&doc); err != nil {
			return audit.Event{}, err
		}
		if err := t.checkBranding(ctx, doc); err != nil {
			return audit.Event{}, err
		}
		base := row.Published
		if row.Published, err = packDocument(doc); err != nil {
			return audit.Event{}, err
		}
		if row.Published == base || base == "" && row.Published == "{}" {
			b = before
			return audit.Event{}, nil
		}
		if row.Draft != "" {
			if row.Draft, err = rebasedDocument(base, row.Draft, row.Published); err != nil {
				return audit.Event{}, err
			}
			draft, err := documentOf(row.Draft, id)
			if err == nil {
				err = t.checkBranding(ctx, draft)
			}
			if err != nil {
				return audit.Event{}, err
			}
			if row.Draft == row.Published {
				row.Draft = ""
			}
		}
		row.Version++
		err = t.w(ctx).Create(&BrandingVersionRow{TenantID: t.ID, BrandingID: id, Version: row.Version, Document: row.Published,
			Note: note, CreatedAt: t.Now(), ActorName: actor.Name}).Error
		if err != nil {
			return audit.Event{}, err
		}
		if b, err = t.keepBranding(ctx, actor, row); err != nil {
			return audit.Event{}, err
		}
		changes := append([]audit.Change{{Property: "version", Old: before.Version, New: row.Version}}, documentChanges(before.Published, b.Published)...)
		return brandingEvent(id, row.Name, "Publish branding", "Update", changes), nil
	})
	return b, err
}

// rebasedDocument is what a draft becomes when what it was made from changed: what its author changed stays, everything
// else is as it is published now.
func rebasedDocument(base, draft, now string) (string, error) {
	var values [3]any
	for i, text := range []string{base, draft, now} {
		if text == "" {
			text = "{}"
		}
		if err := json.Unmarshal([]byte(text), &values[i]); err != nil {
			return "", badJSON("branding", "draft", err)
		}
	}
	b, err := json.Marshal(rebased(values[0], values[1], values[2]))
	if err != nil {
		return "", err
	}
	doc, err := documentOf(string(b), "draft")
	if err != nil {
		return "", err
	}
	return packDocument(doc)
}

func rebased(base, mine, theirs any) any {
	switch {
	case reflect.DeepEqual(mine, base):
		return theirs
	case reflect.DeepEqual(theirs, base):
		return mine
	}
	m, okm := mine.(map[string]any)
	t, okt := theirs.(map[string]any)
	if !okm || !okt {
		return mine
	}
	b, _ := base.(map[string]any)
	out := map[string]any{}
	for _, of := range []map[string]any{m, t} {
		for name := range of {
			if v := rebased(b[name], m[name], t[name]); v != nil {
				out[name] = v
			}
		}
	}
	return out
}
