package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"portico/app/userflow"
	"portico/app/wordbook"
	"portico/models"
)

// This file is a user flow's own texts (F093). The vendor keeps them in the branding alone (R 2.8.1), so a flow's are
// ours: a list in the flow's portico object, which configuration files hold too, and the vendor's flat file for each
// language below /beta/portico/userFlows/{id}/texts.

// flowTexts are the texts of one language, which replace all that there were.
type flowTexts struct {
	Language string            `json:"language"`
	Strings  map[string]string `json:"strings"`
}

func shownFlowTexts(f *flow) []flowTexts {
	out := []flowTexts{}
	for _, lang := range slices.Sorted(maps.Keys(f.Texts)) {
		out = append(out, flowTexts{lang, f.Texts[lang]})
	}
	return out
}

const textsProperty = "portico/texts"

func (a *API) setFlowTexts(f *flow, said []flowTexts) error {
	all := map[string]map[string]string{}
	for i, t := range said {
		where := fmt.Sprintf("%s[%d]", textsProperty, i)
		tag, ok := textsLanguage(t.Language)
		if _, twice := all[t.Language]; !ok || twice {
			return invalidValue(where+"/language", ": a language tag such as 'de' or 'pt-BR' is needed, once")
		}
		taken, err := a.takenTexts(f, tag, t.Strings, where+"/strings")
		if err != nil {
			return err
		}
		all[t.Language] = taken
	}
	f.Texts = nil
	for lang, texts := range all {
		f.SetTexts(lang, texts)
	}
	return nil
}

// textsLanguage reads a language as texts are kept by it: its tag in the usual spelling.
func textsLanguage(said string) (language.Tag, bool) {
	tag, err := language.Parse(said)
	return tag, err == nil && tag != language.Und && tag.String() == said
}

// words lists what a flow may say in a language.
func (a *API) words(f *flow, tag language.Tag) []wordbook.Text {
	return wordbook.In(a.Bundle, tag, f.home, wordbook.Custom(f.definitions))
}

// takenTexts are the texts that a language of the flow keeps of those that were sent: without those that say what is
// built in. All that cannot be taken is refused at once. What the flow has already stays, though a later version of
// ours may have no place for it any more: whoever sends back what they read changes nothing.
func (a *API) takenTexts(f *flow, tag language.Tag, said map[string]string, where string) (map[string]string, error) {
	had := f.Texts[tag.String()]
	report := wordbook.Check(a.words(f, tag), said)
	var bad []Detail
	for _, r := range report.Refused {
		if text, ok := had[r.ID]; ok && text == said[r.ID] {
			report.Taken[r.ID] = text
			continue
		}
		bad = append(bad, Detail{codeBadRequest, clipped(r.ID) + ": " + r.Said(), where})
	}
	for _, id := range report.Same {
		if text, ok := had[id]; ok && text == said[id] {
			report.Taken[id] = text
		}
	}
	if len(bad) == 0 {
		return report.Taken, nil
	}
	const most = 20
	lines := []string{}
	for _, d := range bad[:min(most, len(bad))] {
		lines = append(lines, d.Message)
	}
	if more := len(bad) - most; more > 0 {
		bad, lines = bad[:most], append(lines, fmt.Sprintf("and %d more.", more))
	}
	e := badRequest("These texts are not taken. "+strings.Join(lines, " "), where)
	e.Details = bad
	return nil, e
}

// textsTag names the texts of one language by what they say, so that changes of other languages do not count.
func textsTag(texts map[string]string) string {
	h := sha256.New()
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(h, "%q:%q\n", id, texts[id])
	}
	return `W/"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// textsMoved says that the texts are not those that the caller has seen. Without If-Match, or with *, what is sent counts.
func textsMoved(c *call, texts map[string]string) error {
	own := textsTag(texts)
	switch tag := strings.TrimSpace(c.header("If-Match")); tag {
	case "", "*", own, strings.TrimPrefix(own, "W/"):
		return nil
	}
	return &Error{Status: http.StatusPreconditionFailed, Code: codePrecondition, Target: "If-Match",
		Message: "The texts of this language are not those that If-Match names any more. Read them, then make the change again."}
}

// allTexts lists the languages in which the flow says something of its own.
func (d drafts) allTexts(_ context.Context, c *call, f *flow) (*response, error) {
	out := []object{}
	for _, lang := range slices.Sorted(maps.Keys(f.Texts)) {
		out = append(out, object{{"@odata.etag", textsTag(f.Texts[lang])}, {"language", lang}, {"count", len(f.Texts[lang])}})
	}
	return valueOf(c, "portico/userFlows('"+f.ID+"')/texts", out), nil
}

func (d drafts) textsOf(c *call) (language.Tag, error) {
	tag, ok := textsLanguage(c.params["language"])
	if !ok {
		return tag, notFound("texts/" + c.params["language"])
	}
	return tag, nil
}

// texts is the file of one language, as the portal's "Download overrides": empty where nothing is said.
func (d drafts) texts(ctx context.Context, c *call, f *flow) (*response, error) {
	tag, err := d.textsOf(c)
	if err != nil {
		return nil, err
	}
	return textsFile(f.Texts[tag.String()])
}

func textsFile(texts map[string]string) (*response, error) {
	if texts == nil {
		texts = map[string]string{}
	}
	raw, err := encode(texts)
	res := &response{status: http.StatusOK, raw: raw, kind: "application/json"}
	return res.set("ETag", textsTag(texts)), err
}

// defaults is the file of what is built in, as the portal's "Download defaults".
func (d drafts) defaults(ctx context.Context, c *call, f *flow) (*response, error) {
	tag, err := d.textsOf(c)
	if err == nil {
		err = f.know(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	file := wordbook.File(c.api.words(f, tag), func(t wordbook.Text) (string, bool) { return t.Default, true })
	return &response{status: http.StatusOK, raw: file, kind: "application/json"}, nil
}

// putTexts takes the vendor's flat file in place of all texts of the language, and publishes.
func (d drafts) putTexts(ctx context.Context, c *call, f *flow) (*response, error) {
	said, twice, odd, err := wordbook.Read(c.body)
	switch {
	case err != nil:
		return nil, badRequest("One flat JSON object of ids and texts in UTF-8 is needed.", "")
	case len(odd) > 0:
		return nil, badRequest("The value of '"+clipped(odd[0])+"' is not a text.", odd[0])
	case len(twice) > 0:
		return nil, badRequest("'"+clipped(twice[0])+"' stands twice in the file.", twice[0])
	}
	return d.saveTexts(ctx, c, f, said)
}

func (d drafts) deleteTexts(ctx context.Context, c *call, f *flow) (*response, error) {
	_, err := d.saveTexts(ctx, c, f, nil)
	return emptied(err)
}

func (d drafts) saveTexts(ctx context.Context, c *call, f *flow, said map[string]string) (*response, error) {
	tag, err := d.textsOf(c)
	if err == nil {
		err = f.know(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	var after models.UserFlow
	after, err = c.tenant.PublishFlow(ctx, c.actor(), f.ID, func(m *userflow.Flow) error {
		if err := textsMoved(c, m.Texts[tag.String()]); err != nil {
			return err
		}
		taken, err := c.api.takenTexts(f.as(*m), tag, said, tag.String())
		if err != nil {
			return err
		}
		m.SetTexts(tag.String(), taken)
		return nil
	})
	if err != nil {
		return nil, flowWords(err)
	}
	return textsFile(after.Texts[tag.String()])
}
