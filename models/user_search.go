package models

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"gorm.io/gorm"
)

// Both engines find a part of a name by an index of trigrams: for each three letters, a list of everybody
// who has them somewhere. What a search costs is the length of the lists that it joins and the people that
// it has to look at, so it must ask for the trigrams that few have ("osd" of "rosdor", not "ros"). The
// engines do not tell cheaply how many that are; a sample of everybody does.
const (
	sampleTexts = 6_000
	// Postgres must be told how many a search will find, which takes more than what is rare: see holding.
	sampleParts = 4
	sampleLasts = 10 * time.Minute
	sampleYoung = 30 * time.Second // while there are so few people that an import may change everything
	// Another list to join costs time, too. Postgres' index skips through it, and whoever it finds in vain lies
	// somewhere in a large table.
	mostTrigrams, mostTrigramsPostgres = 4, 5
	enoughTrigrams                     = 3 // when the sample knows nothing that another would do
)

// userSample is what some people's search texts say about everybody's.
type userSample struct {
	taken   time.Time
	people  int                    // in the whole installation, roughly
	tenants []string               // whose the people in the sample are
	created map[string][]time.Time // by tenant: when they came, in order
	having  map[string][]int32     // which of them have a trigram, those that several have
	some    int32                  // that many of them, from everywhere, say what is rare
	letters bool                   // whether Postgres' index knows other letters than the English ones
}

type sampledText struct {
	TenantID, SearchNorm string
	CreatedAt            time.Time
}

// userSamples keeps the present sample.
type userSamples struct {
	last   atomic.Pointer[userSample]
	taking atomic.Bool
}

// sample gives the present sample. When it is too old, one who asks takes a new one, some hundredths of a second
// once in a while; meanwhile the others go on with the old one.
func (s *Store) sample(ctx context.Context) (*userSample, error) {
	x := s.samples.last.Load()
	if x.fresh(s.now()) {
		return x, nil
	}
	if x != nil {
		if !s.samples.taking.CompareAndSwap(false, true) {
			return x, nil
		}
		defer s.samples.taking.Store(false)
	}
	read := s.sampleSQLite
	if s.dialect == "postgres" {
		read = s.samplePostgres
	}
	people, texts, err := read(ctx)
	if err != nil {
		return nil, err
	}
	x = newUserSample(s.now(), people, texts)
	if x.letters, err = s.indexedLetters(ctx); err != nil {
		return nil, err
	}
	s.samples.last.Store(x)
	return x, nil
}

func (x *userSample) fresh(now time.Time) bool {
	if x == nil {
		return false
	}
	age := now.Sub(x.taken)
	return age < sampleYoung || age < sampleLasts && x.people > 3*sampleTexts
}

func newUserSample(now time.Time, people int, texts []sampledText) *userSample {
	x := &userSample{taken: now, people: max(people, len(texts)), tenants: make([]string, len(texts)),
		created: map[string][]time.Time{}, having: map[string][]int32{}, some: int32(min(len(texts), 2*sampleTexts))}
	stride := max(1, len(texts)/sampleTexts)
	i := 0
	for first := range stride { // each stride-th first, so that the first ones are from everywhere
		for at := first; at < len(texts); at += stride {
			text := texts[at]
			x.tenants[i] = text.TenantID
			x.created[text.TenantID] = append(x.created[text.TenantID], text.CreatedAt)
			for _, g := range trigramsOf(text.SearchNorm) {
				if in := x.having[g]; len(in) == 0 || in[len(in)-1] != int32(i) {
					x.having[g] = append(in, int32(i))
				}
			}
			i++
		}
	}
	for _, times := range x.created {
		slices.SortFunc(times, time.Time.Compare)
	}
	// Most are of one person, and so as rare as what does not occur at all.
	maps.DeleteFunc(x.having, func(_ string, in []int32) bool { return len(in) == 1 })
	return x
}

// someHaving are those who have a trigram among the ones that say what is rare.
func (x *userSample) someHaving(trigram string) []int32 {
	all := x.having[trigram]
	n, _ := slices.BinarySearch(all, x.some)
	return all[:n]
}

// within is how many of a tenant's people in the sample came in a span, and how many there are.
func (x *userSample) within(tenantID string, s span) (in, people int) {
	times := x.created[tenantID]
	from, _ := slices.BinarySearchFunc(times, s.from, time.Time.Compare)
	to, _ := slices.BinarySearchFunc(times, s.to, time.Time.Compare)
	return to - from, len(times)
}

// sampleSQLite reads some stretches of people that lie far apart: few places to go to.
func (s *Store) sampleSQLite(ctx context.Context) (people int, texts []sampledText, err error) {
	db := s.read.WithContext(ctx)
	if err := db.Raw("SELECT COALESCE(MAX(num), 0) FROM user_search").Scan(&people).Error; err != nil {
		return 0, nil, err
	}
	stretches := 100
	if people <= sampleTexts {
		stretches = 1
	}
	long := people / stretches
	for i := range stretches {
		var some []sampledText
		from := i * long
		if stretches > 1 { // not at even distances: what was imported may repeat at such
			from += i * i * 7919 % long
		}
		if err := db.Raw("SELECT tenant_id, search_norm FROM user_search WHERE num > ? ORDER BY num LIMIT ?", from, sampleTexts/stretches).Scan(&some).Error; err != nil {
			return 0, nil, err
		}
		texts = append(texts, some...)
	}
	return people, texts, nil
}

func (s *Store) samplePostgres(ctx context.Context) (people int, texts []sampledText, err error) {
	db := s.read.WithContext(ctx)
	if err := db.Raw("SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = 'users'::regclass").Scan(&people).Error; err != nil {
		return 0, nil, err
	}
	part := ""
	wanted := sampleParts * sampleTexts
	if people > 2*wanted {
		part = " TABLESAMPLE SYSTEM (" + strconv.FormatFloat(100*float64(wanted)/float64(people), 'f', 6, 64) + ")"
	}
	return people, texts, db.Raw("SELECT tenant_id, search_norm, created_at FROM users" + part + fmt.Sprintf(" LIMIT %d", 2*wanted)).Scan(&texts).Error
}

// trigramsOf cuts a text up as the engines do.
func trigramsOf(text string) []string {
	r := []rune(text)
	var out []string
	for at := 0; at+3 <= len(r); at++ {
		out = append(out, string(r[at:at+3]))
	}
	return out
}

// rare gives some trigrams of the words that hardly anybody has all of: the rarest first, and each next the one
// that leaves fewest of the people in the sample who have those before. Each word has one among them, since what
// the sample does not know may yet be what a few hundred have.
func (x *userSample) rare(words []string, most int, fit func(trigram string) bool) []string {
	var from, out []string
	for _, w := range words {
		for _, g := range trigramsOf(w) {
			if fit(g) && !slices.Contains(from, g) {
				from = append(from, g)
			}
		}
	}
	var left []int32 // of the sample, who have all of those in out
	for len(from) > 0 && len(out) < most {
		best, rest := -1, []int32(nil)
		for i, g := range from {
			having := x.someHaving(g)
			if len(out) > 0 {
				having = common(left, having)
			}
			// Between two that leave as many, the list that is shorter to read.
			if best < 0 || len(having) < len(rest) || len(having) == len(rest) && len(x.someHaving(g)) < len(x.someHaving(from[best])) {
				best, rest = i, having
			}
		}
		if len(out) >= enoughTrigrams && (len(left) == 0 || len(rest) == len(left)) {
			break
		}
		g := from[best]
		left, out, from = rest, append(out, g), slices.DeleteFunc(from, func(other string) bool { return other == g })
	}
	for _, w := range words {
		of := slices.DeleteFunc(trigramsOf(w), func(g string) bool { return !fit(g) })
		if len(of) > 0 && len(out) < 2*most && !slices.ContainsFunc(of, func(g string) bool { return slices.Contains(out, g) }) {
			out = append(out, slices.MinFunc(of, func(a, b string) int { return len(x.someHaving(a)) - len(x.someHaving(b)) }))
		}
	}
	return out
}

// common is what two sorted lists share.
func common(a, b []int32) []int32 {
	var out []int32
	if len(b) > 16*len(a) {
		for _, n := range a {
			at, found := slices.BinarySearch(b, n)
			if found {
				out = append(out, n)
			}
			b = b[at:]
		}
		return out
	}
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}

// holding estimates how many people hold all the words: everybody, and those of one tenant.
func (x *userSample) holding(words []string, tenantID string) (everywhere, here int) {
	var lists [][]int32
	for _, w := range words {
		for _, g := range trigramsOf(w) {
			lists = append(lists, x.having[g])
		}
	}
	slices.SortFunc(lists, func(a, b []int32) int { return len(a) - len(b) }) // the shortest first: it bounds the rest
	var left []int32
	for i, list := range lists {
		if i == 0 {
			left = list
		} else {
			left = common(left, list)
		}
	}
	for _, i := range left {
		if x.tenants[i] == tenantID {
			here++
		}
	}
	return x.scaled(len(left)), x.scaled(here)
}

// peopleOf estimates how many people a tenant has.
func (x *userSample) peopleOf(tenantID string) int {
	return x.scaled(max(len(x.created[tenantID]), 1))
}

func (x *userSample) scaled(texts int) int { return texts * x.people / max(len(x.tenants), 1) }

// wordSearch is a search for words by the index of trigrams: what the index is asked for, and the words
// that the text must hold besides.
type wordSearch struct {
	words []string
	rare  []string // trigrams that few have; whole words when Postgres' index may not know their letters
	// walk says that so many have the words that walking through everybody in order meets a page of them
	// sooner than the index collects them all (Postgres; SQLite's index gives them one after the other).
	walk   bool
	sample *userSample
}

// match is what SQLite's index is asked.
func (s wordSearch) match() string {
	quoted := make([]string, len(s.rare))
	for i, g := range s.rare {
		quoted[i] = `"` + strings.ReplaceAll(g, `"`, `""`) + `"`
	}
	return strings.Join(quoted, " AND ")
}

// wordSearch says how the index of trigrams can answer a search; false when it cannot.
func (t *Tenant) wordSearch(ctx context.Context, search string) (s wordSearch, ok bool, err error) {
	if search = fold(search); search == "" || isID(search) {
		return s, false, nil
	}
	s.words = strings.Fields(search)
	if !slices.ContainsFunc(s.words, indexed) {
		return s, false, nil
	}
	x, err := t.sample(ctx)
	if err != nil {
		return s, false, err
	}
	s.sample = x
	if t.dialect == "sqlite" {
		s.rare = x.rare(s.words, mostTrigrams, func(string) bool { return true })
		return s, true, nil
	}
	if s.rare = x.rare(s.words, mostTrigramsPostgres, x.inWords); len(s.rare) == 0 {
		s.rare = slices.DeleteFunc(slices.Clone(s.words), func(w string) bool { return !indexed(w) })
	}
	s.walk = x.walks(s.words, t.ID)
	return s, true, nil
}

// walks weighs what Postgres would do: reading from all over the table whoever the index finds, in whatever
// tenant, or reading the tenant's people in order until a page is full.
func (x *userSample) walks(words []string, tenantID string) bool {
	everywhere, _ := x.holding(words, tenantID)
	return x.walksAmong(words, tenantID, everywhere)
}

// fewFound is how many the index may find to read them in any case.
const fewFound = 250

// walksAmong weighs the same when the index would find so many.
func (x *userSample) walksAmong(words []string, tenantID string, found int) bool {
	const scattered = 6 // one row that lies anywhere costs as much as so many that lie together
	everywhere, here := x.holding(words, tenantID)
	if everywhere < fewFound {
		return false
	}
	people := x.peopleOf(tenantID)
	if here > 0 {
		people = min(people, people*defaultLimit/here)
	}
	return people < scattered*found
}

// inWords reports whether Postgres' index holds a trigram as it is: it leaves out everything else than letters and
// digits.
func (x *userSample) inWords(trigram string) bool {
	return !strings.ContainsFunc(trigram, func(r rune) bool {
		if r < 0x80 || !x.letters {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9')
		}
		return !unicode.IsLetter(r)
	})
}

// indexedLetters asks Postgres which letters there are besides the English ones: that depends on the database's locale.
func (s *Store) indexedLetters(ctx context.Context) (all bool, err error) {
	if s.dialect != "postgres" {
		return true, nil
	}
	db := s.read.WithContext(ctx)
	var installed int
	if err := db.Raw("SELECT COUNT(*) FROM pg_extension WHERE extname = 'pg_trgm'").Scan(&installed).Error; err != nil || installed == 0 {
		return false, err
	}
	return all, db.Raw("SELECT cardinality(show_trgm('ä')) > 0 AND cardinality(show_trgm('ж')) > 0 AND cardinality(show_trgm('あ')) > 0").Scan(&all).Error
}

// find asks Postgres' index, for those who came in a span when its mark is not "". What the index finds is compared with
// each pattern again; so there is one for each word, and the mark, which follows all words in the text, is part of the
// last.
func (s wordSearch) find(q *gorm.DB, mark string) *gorm.DB {
	patterns := s.patterns()
	if mark != "" {
		if len(patterns) == 0 {
			patterns = []string{"%"}
		}
		patterns[len(patterns)-1] += mark + "%"
	}
	for _, p := range patterns {
		q = q.Where("search_marked LIKE ? ESCAPE '\\'", p)
	}
	return s.check(q)
}

// stretch is a part of a word: from is included, to is not.
type stretch struct{ from, to int }

// patterns gives for each word one pattern that holds its trigrams among the rare ones in their order; those that
// overlap become one piece.
func (s wordSearch) patterns() []string {
	var out []string
	left := slices.Clone(s.rare)
	for _, w := range s.words {
		var found []stretch // byte offsets in the word
		left = slices.DeleteFunc(left, func(g string) bool {
			at := strings.Index(w, g)
			if at >= 0 {
				found = append(found, stretch{at, at + len(g)})
			}
			return at >= 0
		})
		if len(found) == 0 {
			continue
		}
		slices.SortFunc(found, func(a, b stretch) int { return a.from - b.from })
		pieces := found[:1]
		for _, f := range found[1:] {
			if last := &pieces[len(pieces)-1]; f.from < last.to {
				last.to = max(last.to, f.to)
			} else {
				pieces = append(pieces, f)
			}
		}
		p := "%"
		for _, at := range pieces {
			p += likeEscape(w[at.from:at.to]) + "%"
		}
		out = append(out, p)
	}
	return out
}

// check looks for the words in rows that something else has found, the marks of time aside; spelled so that no index is asked.
func (s wordSearch) check(q *gorm.DB) *gorm.DB {
	for _, w := range s.words {
		q = q.Where(holdsWord(q, "search_norm"), w)
	}
	return q
}

// holdsWord is a condition that a text holds a word.
func holdsWord(q *gorm.DB, column string) string {
	if q.Name() == "postgres" {
		return "strpos(" + column + ", ?) > 0"
	}
	return "instr(" + column + ", ?) > 0"
}

// indexed reports whether a trigram index can find the word: it needs three characters.
func indexed(word string) bool { return len([]rune(word)) >= 3 }
