package risk

import (
	"math"
	"slices"
	"sync"

	"portico/app/fault"
)

// Settings are a tenant's own thresholds; a zero is the default, which Filled gives. Fields says what each one means.
type Settings struct {
	Off []string `json:"off,omitempty"` // types of detections that are switched off
	// ChallengeShare is the challenge budget that an admin chose, in percent; 0 = none. The threshold that follows from
	// it is UnfamiliarMedium.
	ChallengeShare float64 `json:"challengeShare,omitempty"`

	UnfamiliarLow     float64 `json:"unfamiliarLow,omitempty"`
	UnfamiliarMedium  float64 `json:"unfamiliarMedium,omitempty"`
	UnfamiliarHigh    float64 `json:"unfamiliarHigh,omitempty"`
	UnfamiliarDays    float64 `json:"unfamiliarDays,omitempty"`
	UnfamiliarSignIns float64 `json:"unfamiliarSignIns,omitempty"`

	TravelKmh        float64 `json:"travelKmh,omitempty"`
	TravelKm         float64 `json:"travelKm,omitempty"`
	AtypicalKmh      float64 `json:"atypicalKmh,omitempty"`
	AtypicalShare    float64 `json:"atypicalShare,omitempty"`
	AtypicalDays     float64 `json:"atypicalDays,omitempty"`
	AtypicalSignIns  float64 `json:"atypicalSignIns,omitempty"`
	CommonShare      float64 `json:"commonShare,omitempty"`
	CountrySignIns   float64 `json:"countrySignIns,omitempty"`
	CountryRare      float64 `json:"countryRare,omitempty"`
	SourceFailures   float64 `json:"sourceFailures,omitempty"`
	SourceShare      float64 `json:"sourceShare,omitempty"`
	SourceAccounts   float64 `json:"sourceAccounts,omitempty"`
	SprayAccounts    float64 `json:"sprayAccounts,omitempty"`
	SignUpsPerSource float64 `json:"signUpsPerSource,omitempty"`

	WaveNames     float64 `json:"waveNames,omitempty"`
	WaveShare     float64 `json:"waveShare,omitempty"`
	WaveTries     float64 `json:"waveTries,omitempty"`
	WaveStrangers float64 `json:"waveStrangers,omitempty"`
	BurstSignUps  float64 `json:"burstSignUps,omitempty"`
	BurstFactor   float64 `json:"burstFactor,omitempty"`
	PumpTexts     float64 `json:"pumpTexts,omitempty"`
	PumpFactor    float64 `json:"pumpFactor,omitempty"`
}

// Field is one threshold: what it is called, what it does, and what it may be. The portal, the API and the documents
// render from this list, so that a threshold is declared once.
type Field struct {
	ID      string // the JSON name in Settings
	Type    string // the detection that it belongs to
	Name    string
	Help    string
	Unit    string // "km/h", "%", "days", "" = a plain number
	Min     float64
	Max     float64
	Default float64
	at      func(*Settings) *float64
}

// nought is how a 0 that somebody chose is kept, since 0 is "not said". No threshold is as fine as that.
const nought = 1e-9

// Of is the value that counts: the tenant's, or the default.
func (f Field) Of(s Settings) float64 {
	switch v := *f.at(&s); {
	case v == 0:
		return f.Default
	case math.Abs(v) <= nought:
		return 0
	default:
		return v
	}
}

// Set puts a value into settings; what equals the default is kept as "not said", so that a better default of a later
// version reaches tenants that never chose.
func (f Field) Set(s *Settings, v float64) {
	switch v {
	case f.Default:
		v = 0
	case 0:
		v = nought
	}
	*f.at(s) = v
}

// Own reports whether a tenant says something else than the default.
func (f Field) Own(s Settings) bool { return *f.at(&s) != 0 }

// Fields lists every threshold, in the order of a page.
func Fields() []Field { return slices.Clone(fields()) }

// fields is the list, made once: each assessment goes through it.
var fields = sync.OnceValue(func() []Field {
	return []Field{
		{"unfamiliarLow", "unfamiliarFeatures", "Low from a score of", "The score says how unlike a person a sign-in is: 0 is even odds between them and somebody else, and each further point makes somebody else nearly three times as likely. The page of the challenge budget tells how many sign-ins reach one.",
			"", -20, 40, 0.75, func(s *Settings) *float64 { return &s.UnfamiliarLow }},
		{"unfamiliarMedium", "unfamiliarFeatures", "Medium from a score of", "Most policies ask for a second factor from here.",
			"", -20, 40, 1.5, func(s *Settings) *float64 { return &s.UnfamiliarMedium }},
		{"unfamiliarHigh", "unfamiliarFeatures", "High from a score of", "So many things are new at once that hardly anybody does it themselves.",
			"", -20, 40, 4, func(s *Settings) *float64 { return &s.UnfamiliarHigh }},
		{"unfamiliarDays", "unfamiliarFeatures", "Learning time", "Nothing is unfamiliar in a person's first days.",
			"days", 1, 90, 5, func(s *Settings) *float64 { return &s.UnfamiliarDays }},
		{"unfamiliarSignIns", "unfamiliarFeatures", "Learning period", "Nothing is unfamiliar before they signed in so often.",
			"sign-ins", 1, 100, 3, func(s *Settings) *float64 { return &s.UnfamiliarSignIns }},
		{"travelKmh", "impossibleTravel", "Speed that nobody travels at", "Two sign-ins are impossible travel when getting from one place to the other would take more than this.",
			"km/h", 300, 5000, 1000, func(s *Settings) *float64 { return &s.TravelKmh }},
		{"travelKm", "impossibleTravel", "Shortest distance that counts", "Nearer places are never travel: where an address is, is known only about.",
			"km", 100, 5000, 500, func(s *Settings) *float64 { return &s.TravelKm }},
		{"atypicalKmh", "unlikelyTravel", "Speed that is out of the ordinary", "Slower than impossible, and worth a look where the place is not usual for the person.",
			"km/h", 50, 2000, 250, func(s *Settings) *float64 { return &s.AtypicalKmh }},
		{"atypicalShare", "unlikelyTravel", "A place is usual from", "Share of the person's own sign-ins from which a country is a usual one for them.",
			"%", 1, 50, 10, func(s *Settings) *float64 { return &s.AtypicalShare }},
		{"atypicalDays", "unlikelyTravel", "Learning time", "Atypical travel is looked for after so many days, or so many sign-ins, whichever is first.",
			"days", 1, 90, 14, func(s *Settings) *float64 { return &s.AtypicalDays }},
		{"atypicalSignIns", "unlikelyTravel", "Learning period", "See above.",
			"sign-ins", 2, 100, 10, func(s *Settings) *float64 { return &s.AtypicalSignIns }},
		{"commonShare", "unlikelyTravel", "An address is common from", "Share of everybody's sign-ins from which an address is taken for the organisation's own way out: arriving there is not travel.",
			"%", 1, 90, 5, func(s *Settings) *float64 { return &s.CommonShare }},
		{"countrySignIns", "newCountry", "Learned before a country can be new", "With fewer than these nothing is usual yet.",
			"sign-ins", 1, 100, 3, func(s *Settings) *float64 { return &s.CountrySignIns }},
		{"countryRare", "newCountry", "A country is rare below", "Share of everybody's sign-ins: a new country that is rare for all counts as medium, any other as low.",
			"%", 0.01, 50, 1, func(s *Settings) *float64 { return &s.CountryRare }},
		{"sourceFailures", "maliciousIPAddress", "Failures of an address in a day", "An address is malicious from so many failed attempts, if the next two hold as well.",
			"attempts", 5, 10000, 20, func(s *Settings) *float64 { return &s.SourceFailures }},
		{"sourceShare", "maliciousIPAddress", "Share that fails", "A school or an office behind one address fails often too, and succeeds far more often.",
			"%", 10, 100, 80, func(s *Settings) *float64 { return &s.SourceShare }},
		{"sourceAccounts", "maliciousIPAddress", "Accounts that were tried", "Somebody who has forgotten a password tries one.",
			"accounts", 2, 1000, 5, func(s *Settings) *float64 { return &s.SourceAccounts }},
		{"sprayAccounts", "passwordSpray", "Accounts tried from one address", "A right password from an address that tried so many others in a day is a password spray or credential stuffing that succeeded.",
			"accounts", 3, 10000, 10, func(s *Settings) *float64 { return &s.SprayAccounts }},
		{"signUpsPerSource", "suspiciousSignUp", "Sign-ups from one address in a day", "More than these come from a script, or from a class of pupils.",
			"sign-ups", 2, 10000, 10, func(s *Settings) *float64 { return &s.SignUpsPerSource }},
		{"waveNames", PasswordSpray, "Names tried by one address before it is an attack", "An attack that comes from a whole network must have tried three times as many.",
			"names", 5, 10000, 10, func(s *Settings) *float64 { return &s.WaveNames }},
		{"waveShare", PasswordSpray, "Share of its attempts that fail", "Honest people who mistype get in afterwards, so that a shared address fails far less often.",
			"%", 50, 100, 80, func(s *Settings) *float64 { return &s.WaveShare }},
		{"waveTries", PasswordSpray, "Attempts for each name, at most", "More than these on average are guesses at few accounts, against which the lock-out helps.",
			"attempts", 1, 100, 6, func(s *Settings) *float64 { return &s.WaveTries }},
		{"waveStrangers", CredentialStuffing, "Share of names that nobody has", "From this share on an attack uses a list that was stolen elsewhere.",
			"%", 5, 100, 50, func(s *Settings) *float64 { return &s.WaveStrangers }},
		{"burstSignUps", "suspiciousSignUp", "Sign-ups of a burst in an hour", "Fewer are never a burst.",
			"sign-ups", 5, 100000, 20, func(s *Settings) *float64 { return &s.BurstSignUps }},
		{"burstFactor", "suspiciousSignUp", "Times as many sign-ups as usual", "The usual number is that of the last seven days.",
			"times", 2, 1000, 5, func(s *Settings) *float64 { return &s.BurstFactor }},
		{"pumpTexts", SMSPumping, "Text messages to one calling code in a day", "Fewer are never pumping.",
			"messages", 5, 1000000, 50, func(s *Settings) *float64 { return &s.PumpTexts }},
		{"pumpFactor", SMSPumping, "Times as many text messages as usual", "The usual number is that of the last fourteen days.",
			"times", 2, 1000, 5, func(s *Settings) *float64 { return &s.PumpFactor }},
	}
})

// Filled is the settings with defaults in place of what a tenant does not say.
func (s Settings) Filled() Settings {
	for _, f := range fields() {
		if v := f.at(&s); *v == 0 {
			*v = f.Default
		}
	}
	return s
}

// Runs reports whether a detection is switched on.
func (s Settings) Runs(detection string) bool { return !slices.Contains(s.Off, detection) }

// Validate refuses thresholds that make no sense, field by field.
func (s Settings) Validate() error {
	var bad fault.Fields
	for _, f := range fields() {
		if v := *f.at(&s); v != 0 && (math.IsNaN(v) || v < f.Min || v > f.Max) {
			bad.Add(f.ID, "risk.setting_range", map[string]any{"min": f.Min, "max": f.Max})
		}
	}
	if s.ChallengeShare != 0 {
		if err := CheckBudget(s.ChallengeShare); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
	}
	for _, t := range s.Off {
		if k, ok := KindOf(t); !ok || k.Always {
			bad.Add("off", "risk.type_unknown", map[string]any{"id": t})
		}
	}
	full := s.Filled()
	if bad == nil && full.UnfamiliarLow > full.UnfamiliarMedium {
		bad.Add("unfamiliarLow", "risk.setting_order", map[string]any{"max": full.UnfamiliarMedium})
	}
	if bad == nil && full.UnfamiliarMedium > full.UnfamiliarHigh {
		bad.Add("unfamiliarMedium", "risk.setting_order", map[string]any{"max": full.UnfamiliarHigh})
	}
	if bad == nil && full.AtypicalKmh > full.TravelKmh {
		bad.Add("atypicalKmh", "risk.setting_order", map[string]any{"max": full.TravelKmh})
	}
	return bad.Err()
}

// Waves are the thresholds of attacks that many sign-ins make together.
func (s Settings) Waves() WaveRules {
	s = s.Filled()
	return WaveRules{Names: int(s.WaveNames), FailureShare: s.WaveShare / 100, TriesPerName: s.WaveTries, StrangerShare: s.WaveStrangers / 100,
		SignUps: int(s.BurstSignUps), SignUpFactor: s.BurstFactor, Texts: int(s.PumpTexts), TextFactor: s.PumpFactor}
}
