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
			l.header[column] = i
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
	v := strings.TrimSpace(fields[i])
	if v == "-" || strings.EqualFold(v, "nan") || strings.EqualFold(v, "null") {
		return ""
	}
	return v
}

func (l *log) row(fields []string) (Row, error) {
	var r Row
	var err error
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

func moment(s string) (time.Time, error) {
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
		return 0, err
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
		from := r.InputOffset()
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			if errors.As(err, new(*csv.ParseError)) {
				continue
			}
			return survey{}, err
		}
		at := last // a broken row stays where it is
		if t, err := moment(l.field(fields, colTime)); err == nil {
			at = t.UnixMilli()
		}
		line, _ := r.FieldPos(0)
		s.ordered = s.ordered && at >= last
		last = at
		if takeover, err := truth(l.field(fields, colTakeover)); err == nil {
			s.takeovers = s.takeovers || takeover
		}
		s.places = append(s.places, place{at: at, from: from, till: r.InputOffset(), line: int32(line)})
	}
}

func open(f file, renamed map[string]string, bad func(BadRow)) (*csv.Reader, *log, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	r := reader(bufio.NewReaderSize(f, 1<<18))
	head, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("the header cannot be read: %w", err)
	}
	l, err := newLog(head, renamed, bad)
	return r, l, err
}

func reader(from io.Reader) *csv.Reader {
	r := csv.NewReader(from)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	return r
}

func stream(f file, size int64, renamed map[string]string, bad func(BadRow), done func(float64), visit func(Row) error) (int, error) {
	r, l, err := open(f, renamed, bad)
	if err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return l.badN, nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			l.refuse(parse.Line, parse.Err)
			continue
		} else if err != nil {
			return l.badN, err
		}
		line, _ := r.FieldPos(0)
		row, err := l.row(fields)
		if err != nil {
			l.refuse(line, err)
			continue
		}
		if err := visit(row); err != nil {
			return l.badN, err
		}
		if n%4096 == 0 && done != nil {
			done(float64(r.InputOffset()) / float64(max(size, 1)))
		}
	}
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
		fields, err := reader(bytes.NewReader(buf)).Read()
		if errors.Is(err, io.EOF) {
			continue
		}
		if err != nil {
			l.refuse(int(p.line), err)
			continue
		}
		row, err := l.row(fields)
		if err != nil {
			l.refuse(int(p.line), err)
			continue
		}
		if err := visit(row); err != nil {
			return l.badN, err
		}
		if n%4096 == 0 && done != nil {
			done(float64(n) / float64(len(places)))
		}
	}
	return l.badN, nil
}
