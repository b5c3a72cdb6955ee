package export

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A syslog message (RFC 5424): facility 10 (security), severity by the risk's level, structured data with what a
// collector filters by, and the record as JSON or CEF. Over a stream each is framed by its length (RFC 6587 §3.4.1,
// RFC 5425 §4.3), so that a line break in a message ends nothing.

const facility = 10 // authorization messages (private), RFC 5424 §6.2.1

// severity is RFC 5424 §6.2.1: 3 error, 4 warning, 5 notice, 6 informational.
func severity(r Record) int {
	switch r.Level {
	case "high":
		return 3
	case "medium":
		return 4
	case "low":
		return 5
	}
	return 6
}

// enterprise is the private enterprise number that names our structured data. Portico has none of its own; 32473 is
// the one that RFC 5612 reserves for such use.
const enterprise = "32473"

// Message is one syslog message without its frame. host is the name of this installation.
func Message(r Record, host, tenantSlug string, as Format) []byte {
	at := r.Happened
	if at.IsZero() {
		at = r.At
	}
	var b []byte
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(facility*8+severity(r)), 10)
	b = append(b, ">1 "...)
	b = at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, ' ')
	b = append(b, header(host, 255)...)
	b = append(b, " portico - "...)
	b = append(b, header(string(r.Kind), 32)...)
	b = append(b, " [portico@"+enterprise...)
	for _, p := range [][2]string{{"tenant", tenantSlug}, {"id", r.ID}, {"event", r.Event}, {"level", r.Level}, {"state", r.State}, {"user", r.User}, {"ip", r.IP}, {"test", word(r.Test)}, {"simulated", word(r.Simulated)}} {
		if p[1] != "" {
			b = append(b, ' ')
			b = append(b, p[0]...)
			b = append(b, `="`...)
			b = append(b, parameter(p[1])...)
			b = append(b, '"')
		}
	}
	b = append(b, "] "...)
	if as == CEF {
		return append(b, CommonEvent(r, tenantSlug)...)
	}
	return append(append(b, "\xEF\xBB\xBF"...), r.Body...) // the mark says that UTF-8 follows (§6.4)
}

func word(yes bool) string {
	if yes {
		return "true"
	}
	return ""
}

// framed puts the message's length in front of it (octet counting).
func framed(message []byte) []byte {
	out := make([]byte, 0, len(message)+8)
	out = strconv.AppendInt(out, int64(len(message)), 10)
	out = append(out, ' ')
	return append(out, message...)
}

// header is a field of the header: printable ASCII without spaces (RFC 5424 §6); "-" when nothing is left.
func header(s string, most int) string {
	s = strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return -1
		}
		return c
	}, s)
	if len(s) > most {
		s = s[:most]
	}
	if s == "" {
		return "-"
	}
	return s
}

// longest value of a structured parameter or a CEF extension; what is longer stands whole in the JSON.
const longestValue = 1023

// parameter is a PARAM-VALUE: UTF-8 in which '"', '\' and ']' are escaped (RFC 5424 §6.3.3). Control characters,
// which nothing forbids and no collector likes, are left out.
func parameter(s string) string {
	var b strings.Builder
	for _, c := range cut(s) {
		switch {
		case c == '"' || c == '\\' || c == ']':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// cut is valid UTF-8 of a bounded length.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= longestValue {
		return s
	}
	s = s[:longestValue]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}

// CommonEvent is the record in ArcSight's Common Event Format, version 0 (implementation standard, revision 25).
func CommonEvent(r Record, tenantSlug string) []byte {
	level := map[string]string{"low": "3", "medium": "6", "high": "9"}[r.Level]
	if level == "" {
		level = "1"
	}
	var b strings.Builder
	b.WriteString("CEF:0|Portico|Portico|1|")
	b.WriteString(cefHeader(string(r.Kind) + ":" + r.Event))
	b.WriteByte('|')
	b.WriteString(cefHeader(r.Title))
	b.WriteByte('|')
	b.WriteString(level)
	b.WriteByte('|')
	pairs := [][2]string{{"rt", milliseconds(r.At)}, {"start", milliseconds(r.Happened)}, {"externalId", r.ID}, {"cat", string(r.Kind)}, {"src", source(r.IP, false)},
		{"c6a2", source(r.IP, true)}, {"c6a2Label", label(source(r.IP, true), "Source IPv6 Address")}, {"suid", r.UserID}, {"suser", r.User}, {"outcome", r.Outcome},
		{"requestClientApplication", r.App}, {"cs1", tenantSlug}, {"cs1Label", label(tenantSlug, "tenant")}, {"cs2", r.Level}, {"cs2Label", label(r.Level, "riskLevel")},
		{"cs3", r.State}, {"cs3Label", label(r.State, "riskState")}, {"cs4", r.Event}, {"cs4Label", label(r.Event, "event")}, {"msg", r.Title}, {"cs5", word(r.Test)}, {"cs5Label", label(word(r.Test), "test")}, {"cs6", word(r.Simulated)}, {"cs6Label", label(word(r.Simulated), "simulated")}}
	first := true
	for _, p := range pairs {
		if p[1] == "" {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(p[0])
		b.WriteByte('=')
		b.WriteString(cefValue(p[1]))
	}
	return []byte(b.String())
}

func label(value, words string) string {
	if value == "" {
		return ""
	}
	return words
}

// source is the address if it is of the asked-for version: CEF has a key of its own for IPv6.
func source(ip string, six bool) string {
	if strings.Contains(ip, ":") != six {
		return ""
	}
	return ip
}

func milliseconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// cefHeader escapes '\' and '|'; a header has no line breaks.
func cefHeader(s string) string {
	var b strings.Builder
	for _, c := range cut(s) {
		switch {
		case c == '\\' || c == '|':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// cefValue escapes '\' and '=', and writes line breaks as \n.
func cefValue(s string) string {
	var b strings.Builder
	for _, c := range strings.ReplaceAll(cut(s), "\r\n", "\n") {
		switch {
		case c == '\\' || c == '=':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
