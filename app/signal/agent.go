package signal

import (
	"strings"

	"github.com/mileusna/useragent"
)

// maxAgent bounds what a stranger can make us keep.
const maxAgent = 512

// Agent reads a User-Agent value into names for people and conditions. It is never proof of anything.
func Agent(s *Signals, value string) {
	if len(value) > maxAgent {
		value = value[:maxAgent]
	}
	value = strings.ToValidUTF8(value, "")
	s.UserAgent = value
	if value == "" {
		return
	}
	ua := useragent.Parse(value)
	s.Browser = joined(ua.Name, major(ua.Version))
	s.OS = joined(ua.OS, ua.OSVersion)
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

func joined(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}
