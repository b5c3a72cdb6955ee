// Package evaluate measures the engine: it plays a labelled log of sign-ins, in the column format of the public RBA
// data set (Wiefling et al., ACM TOPS 2023), through the very detectors that assess sign-ins, in the order of time, and
// tells how many attacks are noticed at which cost for honest people. Labels decide what a row is counted as, and
// whether whoever sits there would have passed a challenge; no detector ever sees one.
package evaluate

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/record"
	"portico/app/signal"
)

// Columns of the log, by the names of the data set.
const (
	colTime     = "Login Timestamp"
	colUser     = "User ID"
	colIP       = "IP Address"
	colCountry  = "Country"
	colRegion   = "Region"
	colCity     = "City"
	colASN      = "ASN"
	colAgent    = "User Agent String"
	colBrowser  = "Browser Name and Version"
	colOS       = "OS Name and Version"
	colDevice   = "Device Type"
	colOK       = "Login Successful"
	colListed   = "Is Attack IP"
	colTakeover = "Is Account Takeover"
	colAttacker = "Attacker"      // ours, may be missing: naive, vpn, targeted
	colCookie   = "Device Cookie" // ours, may be missing
)

// Columns lists the names that a header may have, and whether there is no doing without.
func Columns() map[string]bool {
	return map[string]bool{colTime: true, colUser: true, colIP: true, colOK: true, colCountry: false, colRegion: false, colCity: false,
		colASN: false, colAgent: false, colBrowser: false, colOS: false, colDevice: false, colListed: false, colTakeover: false,
		colAttacker: false, colCookie: false}
}

// Row is one row of the log.
type Row struct {
	At       time.Time
	User     string
	Signals  record.Signals
	OK       bool
	Listed   bool
	Takeover bool
	Attacker string
}

// BadRow says what is wrong with a row that was left out.
type BadRow struct {
	Line int
	Err  error
}

// log reads rows in the order of time.
type log struct {
	header map[string]int
	width  int // columns up to the last one that there is no doing without
	agents map[string]record.Signals
	bad    func(BadRow)
	badN   int
}

// newLog reads the header. Renamed gives another header's name for a column.
func newLog(head []string, renamed map[string]string, bad func(BadRow)) (*log, error) {
	l := &log{header: map[string]int{}, agents: map[string]record.Signals{}, bad: bad}
	at := map[string]int{}
	for i, name := range head {
		at[plain(name)] = i
	}
	var missing []string
	for column, needed := range Columns() {
		name := column
		if other, ok := renamed[column]; ok {
			name = other
		}
		if i, ok := at[plain(name)]; ok {
			if l.header[column] = i; needed {
				l.width = max(l.width, i+1)
			}
		} else if _, asked := renamed[column]; needed || asked {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, fmt.Errorf("the header lacks %s; --column tells what a column is called here", strings.Join(missing, ", "))
	}
	return l, nil
}

// plain compares names of columns without case, blanks, and the mark that some programs put in front of a file.
func plain(name string) string {
	return strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
}

func (l *log) refuse(line int, err error) {
	l.badN++
	if l.bad != nil {
		l.bad(BadRow{line, err})
	}
}

func (l *log) field(fields []string, column string) string {
	i, ok := l.header[column]
	if !ok || i >= len(fields) {
		return ""
	}
	v := strings.ToValidUTF8(strings.TrimSpace(fields[i]), "\uFFFD")
	if v == "-" || strings.EqualFold(v, "nan") || strings.EqualFold(v, "null") {
		return ""
	}
	return v
}

func (l *log) row(fields []string) (Row, error) {
	var r Row
	var err error
	if len(fields) < l.width {
		return r, fmt.Errorf("%d columns, where there have to be %d", len(fields), l.width)
	}
	if r.At, err = moment(l.field(fields, colTime)); err != nil {
		return r, err
	}
	if r.User = strings.Clone(l.field(fields, colUser)); r.User == "" {
		return r, errors.New("no user")
	}
	if r.OK, err = truth(l.field(fields, colOK)); err != nil {
		return r, fmt.Errorf("%s: %w", colOK, err)
	}
	if r.Listed, err = truth(l.field(fields, colListed)); err != nil {
		return r, fmt.Errorf("%s: %w", colListed, err)
	}
	if r.Takeover, err = truth(l.field(fields, colTakeover)); err != nil {
		return r, fmt.Errorf("%s: %w", colTakeover, err)
	}
	r.Attacker = attacker(l.field(fields, colAttacker))
	if browser, system := l.field(fields, colBrowser), l.field(fields, colOS); browser != "" || system != "" {
		r.Signals.Browser, r.Signals.OS = strings.Clone(browser), strings.Clone(system)
		r.Signals.DeviceType = device(l.field(fields, colDevice))
	} else {
		r.Signals = l.agent(l.field(fields, colAgent))
	}
	if r.Signals.IP, err = netip.ParseAddr(l.field(fields, colIP)); err != nil {
		return r, fmt.Errorf("%s: %w", colIP, err)
	}
	if asn := strings.TrimPrefix(strings.TrimSuffix(l.field(fields, colASN), ".0"), "AS"); asn != "" {
		n, err := strconv.ParseUint(asn, 10, 32)
		if err != nil {
			return r, fmt.Errorf("%s: %q is no number", colASN, asn)
		}
		r.Signals.ASN = uint(n)
	}
	r.Signals.Country = strings.Clone(l.field(fields, colCountry))
	r.Signals.Region = strings.Clone(l.field(fields, colRegion))
	r.Signals.City = strings.Clone(l.field(fields, colCity))
	r.Signals.DeviceID = strings.Clone(l.field(fields, colCookie))
	return r, nil
}

// agent reads an agent string as the product does. A log has few different ones, again and again.
func (l *log) agent(value string) record.Signals {
	if s, ok := l.agents[value]; ok {
		return s
	}
	var s record.Signals
	signal.Agent(&s, value)
	if len(l.agents) > 20_000 {
		clear(l.agents)
	}
	l.agents[strings.Clone(value)] = s
	return s
}

// device is the type of device in our words.
func device(s string) string {
	switch s = strings.ToLower(s); s {
	case "mobile":
		return "phone"
	case "unknown":
		return ""
	}
	return strings.Clone(s)
}

func attacker(s string) string {
	switch s = strings.ToLower(s); s {
	case "naïve", "naive":
		return Naive
	case "vpn", "targeted":
		return strings.Clone(s)
	}
	return ""
}

func truth(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "1", "1.0", "yes":
		return true, nil
	case "false", "0", "0.0", "no", "":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither True nor False", s)
}

// moment reads a time. What is out of all reason is none: it would count as usual for ever, or fade everything else.
func moment(s string) (time.Time, error) {
	t, err := instant(s)
	if err == nil && (t.Year() < 1970 || t.Year() >= 2200) {
		return t, fmt.Errorf("%s: %q is out of all reason", colTime, s)
	}
	return t, err
}

func instant(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		if ms > 1e11 {
			return time.UnixMilli(ms).UTC(), nil
		}
		return time.Unix(ms, 0).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%s: %q is no time", colTime, s)
}

// place is where a row lies in the file.
type place struct {
	at   int64 // milliseconds
	from int64
	till int64
	line int32
}

// file is what a log is read from: from its beginning, and where it is not in the order of time, anywhere.
type file interface {
	io.Reader
	io.ReaderAt
	io.Seeker
}

// each calls visit for each good row in the order of time, and done now and then with how far it has come (0 to 1).
// A log that is in order, as the data set is, is streamed. Of another one, where each row lies is kept, 32 bytes each.
func each(f file, renamed map[string]string, bad func(BadRow), told func(survey), done func(float64), visit func(Row) error) (badRows int, err error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("a file is needed that can be read twice, which a pipe is not: %w", err)
	}
	seen, err := look(f, renamed)
	if err != nil {
		return 0, err
	}
	told(seen)
	places := seen.places
	if seen.ordered {
		seen.places = nil
		return stream(f, size, renamed, bad, done, visit)
	}
	slices.SortStableFunc(places, func(a, b place) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	return scattered(f, places, renamed, bad, done, visit)
}

// survey is what a first reading tells: whether the log is in order, where its rows lie if it is not, and whether it
// says which sign-ins are takeovers.
type survey struct {
	ordered   bool
	takeovers bool
	places    []place
}

func look(f file, renamed map[string]string) (survey, error) {
	r, l, err := open(f, renamed, nil)
	if err != nil {
		return survey{}, err
	}
	s, last := survey{ordered: true}, int64(math.MinInt64)
	for {
		fields, err := r.next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil && !errors.Is(err, errLine) {
			return survey{}, err
		}
		at := last // a broken row stays where it is
		if t, err := moment(l.field(fields, colTime)); err == nil {
			at = t.UnixMilli()
		}
		s.ordered = s.ordered && at >= last
		last = at
		if takeover, err := truth(l.field(fields, colTakeover)); err == nil {
			s.takeovers = s.takeovers || takeover
		}
		s.places = append(s.places, place{at: at, from: r.from, till: r.till, line: int32(r.line)})
	}
}

func open(f file, renamed map[string]string, bad func(BadRow)) (*lines, *log, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	r := &lines{r: bufio.NewReaderSize(f, 1<<18)}
	head, err := r.next()
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the header cannot be read: %w", err)
	}
	l, err := newLog(head, renamed, bad)
	if err != nil {
		if hint := odd(strings.Join(head, ",")); hint != "" {
			err = fmt.Errorf("%w (%s)", err, hint)
		}
	}
	return r, l, err
}

// odd says what a file looks like that is no comma-separated text.
func odd(head string) string {
	switch {
	case strings.HasPrefix(head, "\x1f\x8b"):
		return "it is compressed: unpack it first"
	case strings.HasPrefix(head, "\xff\xfe"), strings.HasPrefix(head, "\xfe\xff"), strings.Contains(head, "\x00"):
		return "it is UTF-16: save it as UTF-8"
	case strings.Count(head, ";") > strings.Count(head, ","), strings.Contains(head, "\t"):
		return "columns are separated by commas"
	}
	return ""
}

// lines reads one record from each line, so that a stray quote spoils one row and not the rest of the file: nothing in
// such a log holds a line break.
type lines struct {
	r          *bufio.Reader
	from, till int64 // where the line lies in the file
	line       int
	buf        []byte
}

// errLine is about one line, which is left out.
var errLine = errors.New("the line cannot be read")

const longestLine = 1 << 20

func (l *lines) next() ([]string, error) {
	for {
		l.buf, l.from = l.buf[:0], l.till
		l.line++
		long := false
		for {
			part, err := l.r.ReadSlice('\n')
			l.till += int64(len(part))
			if long = long || len(l.buf)+len(part) > longestLine; !long {
				l.buf = append(l.buf, part...)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if errors.Is(err, io.EOF) && l.till > l.from {
				break
			}
			if err != nil {
				return nil, err
			}
			break
		}
		if long {
			return nil, fmt.Errorf("%w: it is longer than %d bytes", errLine, longestLine)
		}
		if text := bytes.TrimRight(l.buf, "\r\n"); len(text) > 0 {
			return split(string(text))
		}
	}
}

// split takes a line apart.
func split(text string) ([]string, error) {
	if !strings.Contains(text, `"`) {
		return strings.Split(text, ","), nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	fields, err := r.Read()
	if err == nil && r.InputOffset() < int64(len(text)) {
		err = errors.New("quotes that do not close")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLine, err)
	}
	return fields, nil
}

func stream(f file, size int64, renamed map[string]string, bad func(BadRow), done func(float64), visit func(Row) error) (int, error) {
	r, l, err := open(f, renamed, bad)
	if err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		fields, err := r.next()
		if errors.Is(err, io.EOF) {
			return l.badN, nil
		}
		if err != nil && !errors.Is(err, errLine) {
			return l.badN, err
		}
		if err := l.take(fields, err, r.line, visit); err != nil {
			return l.badN, err
		}
		if n%4096 == 0 && done != nil {
			done(float64(r.till) / float64(max(size, 1)))
		}
	}
}

// take hands a row on, or refuses it.
func (l *log) take(fields []string, err error, line int, visit func(Row) error) error {
	var row Row
	if err == nil {
		row, err = l.row(fields)
	}
	if err != nil {
		l.refuse(line, err)
		return nil
	}
	if err = visit(row); errors.Is(err, errRow) {
		l.refuse(line, err)
		return nil
	}
	return err
}

func scattered(f file, places []place, renamed map[string]string, bad func(BadRow), done func(float64), visit func(Row) error) (int, error) {
	_, l, err := open(f, renamed, bad)
	if err != nil {
		return 0, err
	}
	var buf []byte
	for n, p := range places {
		buf = slices.Grow(buf[:0], int(p.till-p.from))[:p.till-p.from]
		if _, err := f.ReadAt(buf, p.from); err != nil {
			return l.badN, err
		}
		var fields []string
		err := fmt.Errorf("%w: it is longer than %d bytes", errLine, longestLine)
		if len(buf) <= longestLine {
			fields, err = split(string(bytes.TrimRight(buf, "\r\n")))
		}
		if err := l.take(fields, err, int(p.line), visit); err != nil {
			return l.badN, err
		}
		if n%4096 == 0 && done != nil {
			done(float64(n) / float64(len(places)))
		}
	}
	return l.badN, nil
}
