package policy

import (
	"slices"

	"portico/app/fault"
)

// PlatformNames are the device platforms that a policy can name, in Graph's spelling. One that nobody recognises
// is caught by all without these.
func PlatformNames() []string { return []string{"android", "iOS", "windows", "macOS", "linux"} }

const allPlatforms = "all"

func platformCondition() Condition {
	return Condition{Name: "devicePlatform", Label: "Device platforms",
		compile: func(c *compiler, p *Policy) ask {
			on := p.Conditions.Platforms
			if on == nil || len(on.Include)+len(on.Exclude) == 0 {
				return nil
			}
			side := func(q *question, of []string) answer {
				switch {
				case slices.Contains(of, allPlatforms):
					return hit
				case len(of) > 0 && q.lacks(noPlatform):
					return unknown
				}
				return tell(q.r.Signals.Platform != "" && slices.Contains(of, q.r.Signals.Platform))
			}
			return func(q *question) answer { return without(side(q, on.Include), side(q, on.Exclude)) }
		},
		detail: func(q *question, b *bound, a answer) string {
			if q.r.Signals.Platform == "" {
				return "unknown platform"
			}
			return q.r.Signals.Platform
		},
		words: platformWords,
		check: checkPlatforms,
	}
}

func platformWords(w *sentence, p *Policy) {
	on := p.Conditions.Platforms
	if on == nil || len(on.Include)+len(on.Exclude) == 0 {
		return
	}
	all := slices.Contains(on.Include, allPlatforms)
	switch {
	case all && len(on.Exclude) > 0:
		w.text(" on a platform other than ")
		w.list(values(on.Exclude, PlatformLabel), "or")
		return
	case all:
		w.text(" on ")
		w.value("any platform")
		return
	}
	w.text(" on ")
	w.list(values(on.Include, PlatformLabel), "or")
	if len(on.Exclude) > 0 {
		w.text(" but not ")
		w.list(values(on.Exclude, PlatformLabel), "or")
	}
}

// PlatformLabel is a platform's name as people know it.
func PlatformLabel(p string) string {
	switch p {
	case "android":
		return "Android"
	case "windows":
		return "Windows"
	case "linux":
		return "Linux"
	case allPlatforms:
		return "any platform"
	}
	return p
}

func checkPlatforms(p *Policy, k Known, f *fault.Fields) {
	on := p.Conditions.Platforms
	if on == nil {
		return
	}
	const at = "conditions.platforms."
	one := func(s string) bool { return slices.Contains(PlatformNames(), s) }
	checkList(f, at+"includePlatforms", on.Include, "policy.platform_unknown", func(s string) bool { return s == allPlatforms || one(s) })
	checkList(f, at+"excludePlatforms", on.Exclude, "policy.platform_unknown", one)
	switch {
	case len(on.Include) == 0 && len(on.Exclude) > 0:
		f.Add(at+"includePlatforms", "policy.include_missing", nil)
	case cancels(on.Include, on.Exclude):
		f.Add(at+"excludePlatforms", "policy.platforms_cancel", nil)
	}
}
