package seed

import (
	"fmt"
	"strings"
	"time"
)

// software is a browser on a system, as the log's columns say it.
type software struct {
	browser string // name and version
	system  string
	device  string // desktop, mobile, tablet, bot
}

// gadget is something a person signs in with.
type gadget struct {
	kind    string // desktop, mobile, tablet
	system  string // Windows, Mac OS X, Linux, Android, iOS
	browser string
	base    int // version of the system when it was bought
	lag     time.Duration
	cookie  string
	born    time.Time
}

// gadget: what people buy. Phones: two Androids for one iPhone… shares as one sees them in Europe.
func (d dice) gadget(kind string, now time.Time) gadget {
	g := gadget{kind: kind, born: now, cookie: d.uuid4()}
	switch kind {
	case "desktop":
		g.system = []string{"Windows", "Mac OS X", "Linux"}[d.weighted([]float64{76, 20, 4})]
	case "mobile":
		g.system = []string{"Android", "iOS"}[d.weighted([]float64{62, 38})]
	default:
		g.system = []string{"Android", "iOS"}[d.weighted([]float64{35, 65})]
	}
	switch g.system {
	case "Windows":
		g.browser, g.base = []string{"Chrome", "Edge", "Firefox", "Opera"}[d.weighted([]float64{58, 22, 17, 3})], []int{10, 11}[d.weighted([]float64{55, 45})]
	case "Mac OS X":
		g.browser, g.base = []string{"Safari", "Chrome", "Firefox"}[d.weighted([]float64{58, 32, 10})], 13+d.IntN(3)
	case "Linux":
		g.browser = []string{"Firefox", "Chrome"}[d.weighted([]float64{60, 40})]
	case "Android":
		g.browser, g.base = []string{"Chrome Mobile", "Samsung Internet", "Firefox Mobile"}[d.weighted([]float64{74, 20, 6})], 10+d.weighted([]float64{8, 12, 18, 26, 36})
	case "iOS":
		g.browser, g.base = []string{"Mobile Safari", "Chrome Mobile iOS"}[d.weighted([]float64{88, 12})], 15+d.weighted([]float64{8, 20, 72})
	}
	// Most update within a fortnight; one in ten is half a year behind.
	g.lag = d.exponential(8 * 24 * time.Hour)
	if d.chance(0.1) {
		g.lag += 180 * 24 * time.Hour
	}
	return g
}

// months since a fixed day: versions come once in a month.
func months(at time.Time) int {
	return int(at.Sub(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) / (30 * 24 * time.Hour))
}

// at is the software of a gadget on a day.
func (g gadget) at(now time.Time) software {
	m := months(now.Add(-g.lag))
	s := software{device: g.kind}
	switch g.browser {
	case "Firefox", "Firefox Mobile":
		s.browser = fmt.Sprintf("%s %d.0", g.browser, 121+m)
	case "Safari", "Mobile Safari":
		s.browser = fmt.Sprintf("%s %d.%d", g.browser, 17+(m+3)/12, (m+3)%12/2)
	case "Samsung Internet":
		s.browser = fmt.Sprintf("%s %d.0", g.browser, 23+m/4)
	default:
		s.browser = fmt.Sprintf("%s %d.0.%d", g.browser, 120+m, 6099+37*m)
	}
	switch g.system {
	case "Windows":
		s.system = fmt.Sprintf("Windows %d", g.base)
	case "Mac OS X":
		s.system = fmt.Sprintf("Mac OS X %d.%d", g.base+(m+3)/12, (m+3)%12/2)
	case "Android":
		s.system = fmt.Sprintf("Android %d", g.base+min(1, months(now)-months(g.born))/2)
	case "iOS":
		s.system = fmt.Sprintf("iOS %d.%d", min(g.base, 17)+(m+3)/12, (m+3)%12/2)
	default:
		s.system = "Linux"
	}
	return s
}

// agent is the string that such a browser sends, about.
func (s software) agent() string {
	name, version := lastWord(s.browser)
	system, release := lastWord(s.system)
	major, _, _ := strings.Cut(version, ".")
	var on string
	switch system {
	case "Windows":
		on = "Windows NT 10.0; Win64; x64"
	case "Mac OS X":
		on = "Macintosh; Intel Mac OS X " + strings.ReplaceAll(release, ".", "_")
	case "Android":
		on = "Linux; Android " + release + "; K"
	case "iOS":
		on = "iPhone; CPU iPhone OS " + strings.ReplaceAll(release, ".", "_") + " like Mac OS X"
		if s.device == "tablet" {
			on = "iPad; CPU OS " + strings.ReplaceAll(release, ".", "_") + " like Mac OS X"
		}
	default:
		on = "X11; Linux x86_64"
	}
	mobile := ""
	if s.device == "mobile" {
		mobile = "Mobile "
	}
	switch name {
	case "Firefox", "Firefox Mobile":
		return "Mozilla/5.0 (" + on + "; rv:" + version + ") Gecko/20100101 Firefox/" + version
	case "Safari":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + version + " Safari/605.1.15"
	case "Mobile Safari":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + version + " Mobile/15E148 Safari/604.1"
	case "Chrome Mobile iOS":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/" + version + " Mobile/15E148 Safari/604.1"
	case "Samsung Internet":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/" + version + " Chrome/115.0.0.0 " + mobile + "Safari/537.36"
	case "Edge":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0 Safari/537.36 Edg/" + version
	case "Opera":
		return "Mozilla/5.0 (" + on + ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0 Safari/537.36 OPR/" + version
	case "Python Requests":
		return "python-requests/" + version
	}
	return "Mozilla/5.0 (" + on + ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + version + " " + mobile + "Safari/537.36"
}

func lastWord(s string) (before, last string) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}
