package risk

// Detectors lists every detection. None exists yet: sign-ins are assessed all the same, so that the
// record already has its place for them.
func Detectors() []Detector { return nil }
