package i18n

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Name is a language's name in that language itself, as a chooser shows it.
func (b *Bundle) Name(tag language.Tag) string {
	name := display.Self.Name(tag)
	if name == "" {
		return tag.String()
	}
	return upperFirst(name)
}

func upperFirst(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// Countries gives the ISO 3166-1 codes with their names in this language.
func (l *Localizer) Countries() map[string]string {
	names, english := display.Regions(l.Tag), display.English.Regions()
	out := make(map[string]string, 250)
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.Canonicalize() != r || r.String() != code || userAssigned(code) {
				continue
			}
			name := ""
			if names != nil {
				name = names.Name(r)
			}
			if name == "" {
				name = english.Name(r)
			}
			if name != "" {
				out[code] = name
			}
		}
	}
	return out
}

// userAssigned are codes that name no country: private use, groups, islands without people listed by
// postal unions (ISO 3166-1 §8.1.3, CLDR), except XK, which people live in.
func userAssigned(code string) bool {
	switch code {
	case "AA", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "EU", "EZ", "UN", "CQ":
		return true
	case "XK":
		return false
	}
	return code[0] == 'X' || code[0] == 'Q' && code[1] >= 'M'
}

// Compare orders texts the way this language does.
func (l *Localizer) Compare() func(a, b string) int {
	return collate.New(l.Tag, collate.IgnoreCase).CompareString
}

// Time writes a moment with its distance from UTC for people: day first with the month in words where the catalogue
// has them ("date.format" names the order, "month.1" … the months). Names of zones are not written: few know whether
// theirs is "EET" or "EEST" today.
func (l *Localizer) Time(t time.Time) string {
	return l.T("date.format", "day", t.Day(), "month", l.month(t), "year", t.Year(), "time", t.Format("15:04"), "zone", utcOffset(t))
}

// utcOffset is "UTC", "UTC+1" or "UTC−3:30" (with a minus sign).
func utcOffset(t time.Time) string {
	_, seconds := t.Zone()
	minutes, sign := seconds/60, "+"
	if minutes == 0 {
		return "UTC"
	}
	if minutes < 0 {
		minutes, sign = -minutes, "−"
	}
	out := "UTC" + sign + strconv.Itoa(minutes/60)
	if minutes %= 60; minutes > 0 {
		out += ":" + strconv.Itoa(100 + minutes)[1:]
	}
	return out
}

// Date is Time without the hour.
func (l *Localizer) Date(t time.Time) string {
	return l.T("date.short", "day", t.Day(), "month", l.month(t), "year", t.Year())
}

// ownWord is a word of the reader's language inside a text of the catalogue. It gives the whole its direction
// (a value of another kind is isolated), so that "22 نوفمبر 2026" put into a sentence is not turned around.
type ownWord string

func (l *Localizer) month(t time.Time) ownWord { return ownWord(l.T("month." + itoa(int(t.Month())))) }

func itoa(n int) string {
	if n > 9 {
		return string(rune('0'+n/10)) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// Pseudo is English in accents, forty per cent longer: what no catalogue provides stands out, and what
// does not fit is seen before a translator sees it. It is for the gallery.
func (b *Bundle) Pseudo() *Localizer {
	return &Localizer{bundle: b, Tag: b.tags[0], base: b.tags[0], pseudo: true}
}

func pseudo(text string) string {
	var b strings.Builder
	inside, letters := false, 0
	for _, r := range text {
		switch r {
		case '{':
			inside = true
		case '}':
			inside = false
		}
		if !inside {
			if i := strings.IndexRune("aeiouncyAEIOUNCY", r); i >= 0 {
				r = []rune("áéíóúñçýÁÉÍÓÚÑÇÝ")[i]
			}
			letters++
		}
		b.WriteRune(r)
	}
	for i := 0; i < letters*2/5; i += 4 {
		b.WriteString(" ~~~"[min(1, i%4):])
	}
	return "[" + b.String() + "]"
}
