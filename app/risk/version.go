package risk

import (
	"strconv"
	"strings"
)

// sameAgent compares two values of software without their versions.
func sameAgent(a, b string) bool {
	for {
		x, restA, moreA := strings.Cut(a, "|")
		y, restB, moreB := strings.Cut(b, "|")
		nameA, _ := versioned(x)
		nameB, _ := versioned(y)
		if strings.TrimSpace(nameA) != strings.TrimSpace(nameB) || moreA != moreB {
			return false
		}
		if !moreA {
			return true
		}
		a, b = restA, restB
	}
}

// olderSoftware reports whether a is software of the same kind in an older version: one part is older, whatever the
// others are.
func olderSoftware(a, b string) bool {
	for a != "" && b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, "|")
		y, b, _ = strings.Cut(b, "|")
		_, vx := versioned(x)
		_, vy := versioned(y)
		if versionLess(vx, vy) {
			return true
		}
	}
	return false
}

func versionLess(a, b string) bool {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		if errM != nil || errN != nil { // what has no version is neither older nor newer
			return false
		}
		if m != n {
			return m < n
		}
	}
	return false
}
