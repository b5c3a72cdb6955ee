package risk

// Kind is one type of detection in words: what the portal, the API and the documents say of it.
type Kind struct {
	Type      string // Graph riskEventType, or a word of ours where Graph has none
	Name      string
	Sees      string // what it looks at, in one sentence
	Levels    []string
	Timing    string
	Activity  string // "signin", or "user" where it raises the risk of the person and not that of the sign-in
	Technique string // MITRE ATT&CK
	// Firm: a trusted named location does not lower it.
	Firm bool
	// Simulated: the portal can produce one for a test person.
	Simulated bool
	// Always: people make it, so that it cannot be switched off.
	Always bool
}

// What a detection speaks of, in Graph's words (activityType).
const (
	OfSignIn = "signin"
	OfUser   = "user"
)

// Types of detections that no detector makes, because people do.
const (
	UserReported   = "userReportedSuspiciousActivity"
	AdminConfirmed = "adminConfirmedUserCompromised"
)

// Catalogue lists every type of detection: those of the detectors, in their order, and those that are made elsewhere.
func Catalogue() []Kind {
	var all []Kind
	for _, d := range Detectors() {
		all = append(all, d.kind())
	}
	return append(all,
		Kind{Type: UserReported, Name: "User reported suspicious activity", Sees: "Somebody said that a sign-in or a prompt was not theirs.",
			Levels: []string{High}, Timing: Offline, Activity: OfUser, Technique: "T1078", Simulated: true, Always: true},
		Kind{Type: AdminConfirmed, Name: "Admin confirmed user compromised", Sees: "An administrator said that an account is in other hands.",
			Levels: []string{High}, Timing: Offline, Activity: OfUser, Technique: "T1078", Simulated: true, Always: true},
		Kind{Type: SMSPumping, Name: "SMS pumping", Sees: "Far more text messages than usual were asked for to one calling code, and hardly any code came back.",
			Levels: []string{Medium, High}, Timing: Offline, Activity: OfSignIn, Technique: "T1496.003", Simulated: true})
}

// KindOf finds a type of detection.
func KindOf(detection string) (Kind, bool) {
	for _, k := range Catalogue() {
		if k.Type == detection {
			return k, true
		}
	}
	return Kind{}, false
}

func (d Detector) kind() Kind {
	k := Kind{Type: d.Type, Name: d.Name, Sees: d.Sees, Levels: d.Levels, Timing: d.Timing, Activity: OfSignIn, Technique: d.Technique,
		Firm: d.Firm, Simulated: d.Simulated}
	if d.OfUser {
		k.Activity = OfUser
	}
	return k
}
