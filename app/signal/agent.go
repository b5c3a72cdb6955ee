package signal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mileusna/useragent"
)

// maxAgent bounds what a stranger can make us keep.
const maxAgent = 512

// Agent reads a User-Agent value into names for people and conditions. It is never proof of anything.
func Agent(s *Signals, value string) {
	if len(value) > maxAgent {
		value = value[:maxAgent]
	}
	value = clean(value)
	s.UserAgent = value
	if value == "" {
		return
	}
	ua := useragent.Parse(value)
	s.Browser = short(joined(ua.Name, major(ua.Version)))
	s.OS = short(joined(ua.OS, ua.OSVersion))
	switch {
	case ua.IsAndroid():
		s.Platform = "android"
	case ua.IsIOS():
		s.Platform = "iOS"
	case ua.IsWindows():
		s.Platform = "windows"
	case ua.IsMacOS():
		s.Platform = "macOS"
	case ua.IsLinux():
		s.Platform = "linux"
	}
	switch {
	case ua.Bot:
		s.DeviceType = "bot"
	case ua.Tablet:
		s.DeviceType = "tablet"
	case ua.Mobile:
		s.DeviceType = "phone"
	case ua.Desktop:
		s.DeviceType = "desktop"
	}
}

// clean takes out what is no text: bytes that are no UTF-8, control characters, and those that turn the direction of
// what follows in a log.
func clean(value string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, value)
}

func joined(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }

// short bounds a name that a stranger chose: an agent may call itself anything.
func short(name string) string {
	if len(name) > 64 {
		return strings.ToValidUTF8(name[:64], "")
	}
	return name
}

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}
