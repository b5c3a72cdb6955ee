package risk

import (
	"encoding/csv"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"portico/app/fault"
	"portico/app/record"
)

// Kinds of threat indicators.
const (
	IndicatorIP    = "ip"        // an address or a range
	IndicatorASN   = "asn"       // a network by its number
	IndicatorAgent = "userAgent" // part of a User-Agent
)

// IndicatorKinds lists them.
func IndicatorKinds() []string { return []string{IndicatorIP, IndicatorASN, IndicatorAgent} }

// Bounds of threat indicators.
const (
	MaxIndicators      = 10_000
	MaxAgentIndicators = 500 // each is looked for in every agent
	maxIndicatorNote   = 200
	shortestAgent      = 4
	longestAgent       = 120
	widestV4           = 8 // bits of the widest range
	widestV6           = 16
)

// Normal is an indicator in the one spelling that it is kept in; what cannot be read stays as it is, for Validate to
// complain about.
func (i Indicator) Normal() Indicator {
	i.Value, i.Note, i.Level = strings.TrimSpace(i.Value), strings.TrimSpace(i.Note), strings.ToLower(strings.TrimSpace(i.Level))
	if i.Level == "" {
		i.Level = High
	}
	switch i.Kind {
	case IndicatorIP:
		if p, ok := rangeOf(i.Value); ok {
			if i.Value = p.String(); p.IsSingleIP() {
				i.Value = p.Addr().String()
			}
		}
	case IndicatorASN:
		if n, ok := asnOf(i.Value); ok {
			i.Value = "AS" + strconv.FormatUint(uint64(n), 10)
		}
	}
	return i
}

// rangeOf reads an address or a range in CIDR notation.
func rangeOf(s string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.WithZone("").Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr().Unmap(); a != p.Addr() { // ::ffff:203.0.113.0/120
		p = netip.PrefixFrom(a, p.Bits()-96)
	}
	if !p.IsValid() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}

func asnOf(s string) (uint, bool) {
	if len(s) > 2 && strings.EqualFold(s[:2], "AS") {
		s = s[2:]
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint(n), err == nil && n > 0
}

// everydayAgents are what many people come with: an indicator that fits one of them fits nearly everybody.
func everydayAgents() []string {
	return []string{
		"mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/140.0.0.0 safari/537.36",
		"mozilla/5.0 (iphone; cpu iphone os 18_5 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/18.5 mobile/15e148 safari/604.1",
		"mozilla/5.0 (windows nt 10.0; win64; x64; rv:140.0) gecko/20100101 firefox/140.0",
		"mozilla/5.0 (linux; android 10; k) applewebkit/537.36 (khtml, like gecko) chrome/140.0.0.0 mobile safari/537.36",
	}
}

// Validate refuses what means nothing, and what means nearly everybody.
func (i Indicator) Validate(now time.Time) error {
	var bad fault.Fields
	switch i.Kind {
	case IndicatorIP:
		p, ok := rangeOf(i.Value)
		switch {
		case !ok:
			bad.Add("value", "risk.indicator.ip", nil)
		case p.Addr().Is4() && p.Bits() < widestV4, p.Addr().Is6() && p.Bits() < widestV6:
			bad.Add("value", "risk.indicator.wide", map[string]any{"v4": widestV4, "v6": widestV6})
		}
	case IndicatorASN:
		if _, ok := asnOf(i.Value); !ok {
			bad.Add("value", "risk.indicator.asn", nil)
		}
	case IndicatorAgent:
		switch n := utf8.RuneCountInString(i.Value); {
		case n < shortestAgent || n > longestAgent || strings.ContainsFunc(i.Value, unicode.IsControl):
			bad.Add("value", "risk.indicator.agent", map[string]any{"min": shortestAgent, "max": longestAgent})
		case slices.ContainsFunc(everydayAgents(), func(a string) bool { return strings.Contains(a, strings.ToLower(i.Value)) }):
			bad.Add("value", "risk.indicator.everyday", nil)
		}
	default:
		bad.Add("kind", "admin.choose", nil)
	}
	if Rank(i.Level) == 0 {
		bad.Add("level", "admin.choose", nil)
	}
	if utf8.RuneCountInString(i.Note) > maxIndicatorNote || strings.ContainsFunc(i.Note, unicode.IsControl) {
		bad.Add("note", "risk.indicator.note", map[string]any{"max": maxIndicatorNote})
	}
	if !i.ExpiresAt.IsZero() && !i.ExpiresAt.After(now) {
		bad.Add("expires", "risk.indicator.expired", nil)
	}
	return bad.Err()
}

// Indicators are a directory's indicators made ready to be looked up: one look-up for each length of range that
// occurs, one for the network, and a search for each part of an agent. They are never changed.
type Indicators struct {
	ranges  map[netip.Prefix][]Indicator
	bits4   []int
	bits6   []int
	asn     map[uint][]Indicator
	agents  []Indicator
	lowered []string // of agents
}

// CompileIndicators makes indicators ready. What cannot be read is left out.
func CompileIndicators(list []Indicator) *Indicators {
	x := &Indicators{ranges: map[netip.Prefix][]Indicator{}, asn: map[uint][]Indicator{}}
	for _, i := range list {
		switch i.Kind {
		case IndicatorIP:
			p, ok := rangeOf(i.Value)
			if !ok {
				continue
			}
			x.ranges[p] = append(x.ranges[p], i)
			bits := &x.bits4
			if p.Addr().Is6() {
				bits = &x.bits6
			}
			if !slices.Contains(*bits, p.Bits()) {
				*bits = append(*bits, p.Bits())
			}
		case IndicatorASN:
			if n, ok := asnOf(i.Value); ok {
				x.asn[n] = append(x.asn[n], i)
			}
		case IndicatorAgent:
			x.agents, x.lowered = append(x.agents, i), append(x.lowered, strings.ToLower(i.Value))
		}
	}
	slices.Sort(x.bits4)
	slices.Sort(x.bits6)
	return x
}

// Match gives the indicators that signals match and that still count.
func (x *Indicators) Match(s record.Signals, now time.Time) []Indicator {
	if x == nil {
		return nil
	}
	var out []Indicator
	add := func(list []Indicator) {
		for _, i := range list {
			if i.ExpiresAt.IsZero() || i.ExpiresAt.After(now) {
				out = append(out, i)
			}
		}
	}
	if ip := s.IP.Unmap().WithZone(""); ip.IsValid() {
		bits := x.bits4
		if ip.Is6() {
			bits = x.bits6
		}
		for _, n := range bits {
			if p, err := ip.Prefix(n); err == nil {
				add(x.ranges[p])
			}
		}
	}
	if s.ASN != 0 {
		add(x.asn[s.ASN])
	}
	if s.UserAgent != "" && len(x.agents) > 0 {
		agent := strings.ToLower(s.UserAgent)
		for n, part := range x.lowered {
			if strings.Contains(agent, part) {
				add(x.agents[n : n+1])
			}
		}
	}
	return out
}

// RowProblem is what is wrong with one row of a file.
type RowProblem struct {
	Row int
	Err error // a *fault.Error
}

// IndicatorColumns are those of a file of indicators, in their order.
func IndicatorColumns() []string { return []string{"kind", "value", "level", "note", "expires"} }

// ParseIndicators reads a file of indicators: kind, value, level, note, expires. A first row with these names may stand
// in front; level, note and expires may be missing. A row that is wrong is reported, and the others are read on.
func ParseIndicators(r io.Reader, now time.Time) ([]Indicator, []RowProblem, error) {
	file := csv.NewReader(r)
	file.FieldsPerRecord, file.TrimLeadingSpace, file.LazyQuotes = -1, true, true
	var out []Indicator
	var bad []RowProblem
	seen := map[string]bool{}
	for row := 1; ; row++ {
		cells, err := file.Read()
		if errors.Is(err, io.EOF) {
			return out, bad, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			bad = append(bad, RowProblem{row, fault.BadField("row", "risk.indicator.row", nil)})
			continue
		}
		if err != nil {
			return out, bad, err
		}
		if row == 1 && len(cells) > 0 && strings.EqualFold(strings.TrimPrefix(cells[0], "\ufeff"), "kind") || len(cells) == 1 && strings.TrimSpace(cells[0]) == "" {
			continue
		}
		i, err := indicatorOf(cells, now)
		if err != nil {
			bad = append(bad, RowProblem{row, err})
			continue
		}
		if key := i.Kind + "\x00" + strings.ToLower(i.Value); !seen[key] {
			seen[key] = true
			out = append(out, i)
		}
		if len(out) > MaxIndicators {
			return out, bad, fault.BadField("file", "risk.indicator.many", map[string]any{"max": MaxIndicators})
		}
	}
}

func indicatorOf(cells []string, now time.Time) (Indicator, error) {
	for n := range cells {
		cells[n] = strings.TrimSpace(strings.TrimPrefix(strings.ToValidUTF8(cells[n], ""), "\ufeff"))
	}
	for len(cells) < len(IndicatorColumns()) {
		cells = append(cells, "")
	}
	i := Indicator{Value: cells[1], Level: cells[2], Note: unneutral(cells[3])}
	for _, k := range IndicatorKinds() {
		if strings.EqualFold(k, cells[0]) {
			i.Kind = k
		}
	}
	if cells[4] != "" {
		at, err := time.Parse(time.RFC3339, cells[4])
		if err != nil {
			if at, err = time.Parse(time.DateOnly, cells[4]); err != nil {
				return i, fault.BadField("expires", "risk.indicator.date", nil)
			}
		}
		i.ExpiresAt = at.UTC()
	}
	i = i.Normal()
	return i, i.Validate(now)
}

// unneutral takes back the apostrophe with which a download keeps spreadsheets from calculating.
func unneutral(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@", rune(s[1])) {
		return s[1:]
	}
	return s
}
