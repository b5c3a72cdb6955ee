package signal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// lists.go: the operator's lists of addresses (PORTICO_IP_LISTS). A list is a text file with one address, network
// (203.0.113.0/24), range (a-b) or autonomous system (AS64500) in a line; whatever follows a blank, a comma or a
// semicolon is a remark, and so is a line that begins with # or ;. What kind of list it is stands in front of the path
// (tor=/lists/exits.txt), or the file's name begins with it (vpn-providers.txt).

// ListKinds are the kinds of lists, as signals name them (record.Signals.Lists) and in this order.
func ListKinds() []string {
	return []string{"tor", "vpn", "proxy", "malicious", "malware", "threatActor"}
}

// Bounds of one list.
const (
	maxListBytes = 128 << 20
	maxListLines = 4_000_000
	// settled is how old a change must be before a file is read: whoever writes it may not have finished.
	settled = 2 * time.Second
)

// Lists are all lists, ready to be asked. Asking takes no lock: a changed list replaces the table as a whole.
type Lists struct {
	now   func() time.Time
	mu    sync.Mutex // of loading
	files []*listFile
	ready atomic.Pointer[[]loaded]
}

// listFile is one file and what is known of it.
type listFile struct {
	kind, path string
	wrong      error // of the setting itself: it can never be read
	size       int64
	changed    time.Time
	table      *table
	loadedAt   time.Time
	err        error
}

type loaded struct {
	kind   string
	table  *table // nil = it was never read
	failed bool
}

// ListStatus is what the health page and doctor say of one list.
type ListStatus struct {
	Kind     string
	File     string // its name, without the folder
	Path     string
	Entries  int
	LoadedAt time.Time // zero = never
	Err      error     // why it could not be read the last time; the table before is still in use
}

// OpenLists reads every list of the setting. One that cannot be read is told by Status and by each address that is
// looked up (Signals.ListsFailed), and is tried again by Reload.
func OpenLists(setting string, now func() time.Time) *Lists {
	l := &Lists{now: now}
	for _, part := range strings.Split(setting, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		f := &listFile{}
		f.kind, f.path, f.wrong = listOf(part)
		l.files = append(l.files, f)
	}
	l.load(true)
	return l
}

// listOf parts "kind=path", or finds the kind in the file's name.
func listOf(part string) (kind, path string, err error) {
	word, path, told := strings.Cut(part, "=")
	if !told {
		path = part
		word = filepath.Base(path)
		if i := strings.IndexAny(word, "-_."); i >= 0 {
			word = word[:i]
		}
	}
	for _, k := range ListKinds() {
		if strings.EqualFold(k, strings.NewReplacer("-", "", "_", "").Replace(strings.TrimSpace(word))) {
			return k, strings.TrimSpace(path), nil
		}
	}
	return "", strings.TrimSpace(path), fmt.Errorf("%q does not say what kind of list it is: write kind=path, where kind is one of %s",
		part, strings.Join(ListKinds(), ", "))
}

// Reload reads the lists that have changed, and those that could not be read before. It is for a worker.
func (l *Lists) Reload() {
	if l != nil {
		l.load(false)
	}
}

func (l *Lists) load(first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.files {
		l.read(f, first)
	}
	ready := make([]loaded, 0, len(l.files))
	for _, f := range l.files {
		ready = append(ready, loaded{f.kind, f.table, f.err != nil})
	}
	l.ready.Store(&ready)
}

// read loads one file if it is another one than before. A failure keeps the table that is there.
func (l *Lists) read(f *listFile, first bool) {
	if f.err = f.wrong; f.wrong != nil {
		return
	}
	st, err := os.Stat(f.path)
	switch {
	case err != nil:
		f.err, f.changed = err, time.Time{}
		return
	case st.IsDir():
		f.err = errors.New("it is a folder")
		return
	case f.table != nil && st.Size() == f.size && st.ModTime().Equal(f.changed):
		return
	case !first && l.now().Sub(st.ModTime()) < settled && l.now().After(st.ModTime()):
		return // still being written, perhaps: the next time
	}
	t, err := readTable(f.path)
	if err != nil {
		f.err = err
		return
	}
	if f.table != nil && t.entries < f.table.entries && !t.whole {
		f.err = errors.New("it is shorter than before and ends in the middle of a line")
		return
	}
	if again, err := os.Stat(f.path); err != nil || again.Size() != st.Size() || !again.ModTime().Equal(st.ModTime()) {
		if f.table == nil {
			f.err = errors.New("it changed while it was read")
		}
		return
	}
	f.table, f.size, f.changed, f.loadedAt = t, st.Size(), st.ModTime(), l.now()
}

// Status tells of every list.
func (l *Lists) Status() []ListStatus {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ListStatus
	for _, f := range l.files {
		s := ListStatus{Kind: f.kind, File: filepath.Base(f.path), Path: f.path, LoadedAt: f.loadedAt, Err: f.err}
		if f.table != nil {
			s.Entries = f.table.entries
		}
		out = append(out, s)
	}
	return out
}

// Broken joins what is wrong with any list, nil when nothing is.
func (l *Lists) Broken() error {
	var all []error
	for _, s := range l.Status() {
		if s.Err != nil {
			all = append(all, fmt.Errorf("PORTICO_IP_LISTS: %s: %w", s.Path, s.Err))
		}
	}
	return errors.Join(all...)
}

// Fill adds the lists that the address, or its network, is on.
func (l *Lists) Fill(s *Signals) {
	if l == nil || !s.IP.IsValid() {
		return
	}
	ready := l.ready.Load()
	if ready == nil {
		return
	}
	for _, f := range *ready {
		s.ListsFailed = s.ListsFailed || f.failed
		if f.table != nil && !slices.Contains(s.Lists, f.kind) && f.table.holds(s.IP, s.ASN) {
			s.Lists = append(s.Lists, f.kind)
		}
	}
}

// table is a list in ranges, sorted and joined: an address is found by halving, and a million lines take 8 MB.
type table struct {
	v4      []span4
	v6      []span6
	asn     []uint32
	entries int
	whole   bool // the file ends with a whole line
}

type span4 struct{ from, to uint32 }

type span6 struct{ from, to netip.Addr }

func (t *table) holds(ip netip.Addr, asn uint) bool {
	if asn != 0 {
		if _, found := slices.BinarySearch(t.asn, uint32(asn)); found {
			return true
		}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		x := number(ip)
		i, _ := slices.BinarySearchFunc(t.v4, x, func(s span4, x uint32) int {
			if s.to < x {
				return -1
			}
			return 1
		})
		return i < len(t.v4) && t.v4[i].from <= x
	}
	i, _ := slices.BinarySearchFunc(t.v6, ip, func(s span6, x netip.Addr) int {
		if s.to.Less(x) {
			return -1
		}
		return 1
	})
	return i < len(t.v6) && !ip.Less(t.v6[i].from)
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func readTable(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > maxListBytes {
		return nil, fmt.Errorf("it is larger than %d MB", maxListBytes>>20)
	}
	return parseTable(io.LimitReader(f, maxListBytes))
}

// parseTable reads a list. A file that is mostly something else, or that is empty, is no list: it is half written, or
// the answer of a server that had an error.
func parseTable(r io.Reader) (*table, error) {
	t, end := &table{}, &lastByte{r: r}
	in := bufio.NewScanner(end)
	in.Buffer(make([]byte, 0, 4096), 64<<10)
	lines, bad, firstBad := 0, 0, 0
	for in.Scan() {
		if lines++; lines > maxListLines {
			return nil, fmt.Errorf("it has more than %d lines", maxListLines)
		}
		word := entryOf(in.Bytes())
		if len(word) == 0 {
			continue
		}
		if !t.add(string(word)) {
			if bad++; firstBad == 0 {
				firstBad = lines
			}
		}
	}
	switch err := in.Err(); {
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", lines+1, err)
	case t.entries == 0 && bad == 0:
		return nil, errors.New("it has no entry")
	case bad > t.entries/100+10 || t.entries == 0:
		return nil, fmt.Errorf("%d lines are no address, network, range or AS number, the first of them line %d", bad, firstBad)
	}
	t.whole = end.last == '\n'
	t.join()
	return t, nil
}

// lastByte remembers what a file ends with.
type lastByte struct {
	r    io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

// entryOf is the first word of a line, nothing for a remark.
func entryOf(line []byte) []byte {
	line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff")))
	if len(line) == 0 || line[0] == '#' || line[0] == ';' || bytes.HasPrefix(line, []byte("//")) {
		return nil
	}
	if i := bytes.IndexAny(line, " \t,;#"); i >= 0 {
		line = line[:i]
	}
	return line
}

func (t *table) add(word string) bool {
	if len(word) > 2 && (word[0] == 'A' || word[0] == 'a') && (word[1] == 'S' || word[1] == 's') {
		n, err := strconv.ParseUint(word[2:], 10, 32)
		if err != nil || n == 0 {
			return false
		}
		t.asn, t.entries = append(t.asn, uint32(n)), t.entries+1
		return true
	}
	from, to, ok := rangeOf(word)
	if !ok {
		return false
	}
	t.entries++
	if from.Is4() {
		t.v4 = append(t.v4, span4{number(from), number(to)})
	} else {
		t.v6 = append(t.v6, span6{from, to})
	}
	return true
}

// rangeOf reads an address, a network or a range. Whatever would hold all addresses is none: one slip of a
// generator must not put every customer on a list.
func rangeOf(word string) (from, to netip.Addr, ok bool) {
	if a, b, is := strings.Cut(word, "-"); is {
		f, err := netip.ParseAddr(a)
		l, err2 := netip.ParseAddr(b)
		f, l = f.Unmap().WithZone(""), l.Unmap().WithZone("")
		return f, l, err == nil && err2 == nil && f.BitLen() == l.BitLen() && !l.Less(f) && !(f.IsUnspecified() && l != f)
	}
	if !strings.Contains(word, "/") {
		a, err := netip.ParseAddr(word)
		a = a.Unmap().WithZone("")
		return a, a, err == nil
	}
	p, err := netip.ParsePrefix(word)
	if err != nil || p.Bits() < 4 {
		return from, to, false
	}
	p = p.Masked()
	return p.Addr(), last(p), true
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// join sorts the ranges and makes one of those that overlap or touch.
func (t *table) join() {
	slices.Sort(t.asn)
	t.asn = slices.Compact(t.asn)
	slices.SortFunc(t.v4, func(a, b span4) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	kept := t.v4[:0]
	for _, s := range t.v4 {
		if n := len(kept); n > 0 && (s.from <= kept[n-1].to || s.from == kept[n-1].to+1) {
			kept[n-1].to = max(kept[n-1].to, s.to)
			continue
		}
		kept = append(kept, s)
	}
	t.v4 = slices.Clip(kept)
	slices.SortFunc(t.v6, func(a, b span6) int { return a.from.Compare(b.from) })
	kept6 := t.v6[:0]
	for _, s := range t.v6 {
		if n := len(kept6); n > 0 && !kept6[n-1].to.Less(s.from) {
			if kept6[n-1].to.Less(s.to) {
				kept6[n-1].to = s.to
			}
			continue
		}
		kept6 = append(kept6, s)
	}
	t.v6 = slices.Clip(kept6)
}
