package risk

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/record"
)

// Kinds of waves.
const (
	PasswordSpray      = "passwordSpray"      // few passwords against many accounts
	CredentialStuffing = "credentialStuffing" // a list of other people's, of whom many have no account here
	SignUpBurst        = "signUpBurst"        // far more new accounts than usual
	SMSPumping         = "smsPumping"         // far more text messages to one calling code than usual
)

// WaveKinds lists them.
func WaveKinds() []string {
	return []string{PasswordSpray, CredentialStuffing, SignUpBurst, SMSPumping}
}

// Responses to a wave, which an admin decides on.
const (
	Challenge = "challenge" // its sign-ins are at least of medium risk
	Block     = "block"     // its sign-ins are refused
)

// WaveRules are the thresholds of waves; zero fields mean the defaults.
type WaveRules struct {
	Names         int     // names that one source, or one network, tried; wider groups need three times as many
	FailureShare  float64 // of the attempts of a source or network, 0 to 1; wider groups need half-way to 1
	TriesPerName  float64 // more than that on average is guessing at few accounts, which the lock-out is for
	StrangerShare float64 // of names that nobody has, from which on a spray is a list
	SignUps       int     // in an hour
	SignUpFactor  float64 // times as many as usual
	Texts         int     // to one calling code in a day
	TextFactor    float64 // times as many as usual
}

// Filled is the rules with defaults.
func (r WaveRules) Filled() WaveRules {
	whole := func(n *int, or int) {
		if *n <= 0 {
			*n = or
		}
	}
	share := func(x *float64, or float64) {
		if *x <= 0 {
			*x = or
		}
	}
	whole(&r.Names, 10)
	share(&r.FailureShare, .8)
	share(&r.TriesPerName, 6)
	share(&r.StrangerShare, .5)
	whole(&r.SignUps, 20)
	share(&r.SignUpFactor, 5)
	whole(&r.Texts, 50)
	share(&r.TextFactor, 5)
	return r
}

// Window is what came from one source in a span of time. Names that were tried are counted in sketches, so that
// those of several sources can be joined.
type Window struct {
	Source    string // as SourceOf gives it
	ASN       uint
	Network   string // name of the autonomous system
	Country   string
	Agent     string // AgentHash of the last agent
	From, To  time.Time
	Attempts  int
	Failures  int // attempts at which a proof failed
	Successes int
	SignUps   int
	Accounts  Sketch // names that have an account here
	Strangers Sketch // names that nobody has
}

// SourceOf is an address as sources are counted: IPv6 by the network of a customer, /64.
func SourceOf(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() {
		return ""
	}
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// blockOf is the neighbourhood of a source: /24 of IPv4, /48 of IPv6.
func blockOf(source string) string {
	addr, err := netip.ParseAddr(source)
	if err != nil {
		p, err := netip.ParsePrefix(source)
		if err != nil {
			return ""
		}
		addr = p.Addr()
	}
	n := 24
	if addr.Is6() {
		n = 48
	}
	p, err := addr.Prefix(n)
	if err != nil {
		return ""
	}
	return p.String()
}

// AgentHash is a short name of a User-Agent. It is no secret: it only keeps rows short.
func AgentHash(userAgent string) string {
	if userAgent == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(userAgent))
	return strconv.FormatUint(h.Sum64(), 36)
}

// Keys under which a wave is known. By an address, by its neighbourhood, or by agent and network together where that is
// nobody else's (Usual.Own): so the forty-first address of an attack belongs to it at its first attempt.
func sourceKey(source string) string { return source }
func blockKey(block string) string   { return "net " + block }
func kitKey(asn uint, agent string) string {
	return "kit " + strconv.FormatUint(uint64(asn), 10) + " " + agent
}

// KitOf takes a key of network and agent apart; false for other keys.
func KitOf(key string) (asn, agent string, ok bool) {
	rest, ok := strings.CutPrefix(key, "kit ")
	asn, agent, _ = strings.Cut(rest, " ")
	return asn, agent, ok
}

// WithoutUnknownNetwork drops keys of an agent in no known network: everybody with that browser would be meant. Early
// incidents were kept with them.
func WithoutUnknownNetwork(keys []string) []string {
	return slices.DeleteFunc(keys, func(k string) bool {
		asn, _, ok := KitOf(k)
		return ok && asn == "0"
	})
}

// Usual is how many people get in: in all, and through the network or with the agent of a kit.
type Usual struct {
	All, Network   float64 // as far as the statistics remember
	Lately, Agents float64 // in the hours that are kept of sources: all, and with the agent
}

// kitSignIns are how many good sign-ins it takes to say that a network or an agent is not the customers'. With fewer
// one that is common in the world may be missing by chance.
const kitSignIns = 200

// Own reports whether a kit can be nothing but the attack's: the network or the agent has to be one that hardly anybody
// gets in with. Half of a big provider's customers have the same browser; one attacker among them must not make them
// all part of an attack.
func (u Usual) Own() bool {
	rare := func(n, all float64) bool { return all >= kitSignIns && n <= 2+all/200 }
	return rare(u.Network, u.All) || rare(u.Agents, u.Lately)
}

// WaveKeys are the keys under which a sign-in with these signals may belong to a wave.
func WaveKeys(s record.Signals) []string {
	source := SourceOf(s.IP)
	if source == "" {
		return nil
	}
	keys := placeKeys(source)
	if s.UserAgent != "" && s.ASN != 0 {
		keys = append(keys, kitKey(s.ASN, AgentHash(s.UserAgent)))
	}
	return keys
}

// Keys are what a window may belong to a wave by.
func (w Window) Keys() []string {
	keys := placeKeys(w.Source)
	if w.Agent != "" && w.ASN != 0 {
		keys = append(keys, kitKey(w.ASN, w.Agent))
	}
	return keys
}

// Keys are what a sign-up may belong to a burst by.
func (n NewAccount) Keys() []string {
	keys := placeKeys(n.Source)
	if n.Domain != "" {
		keys = append(keys, "domain "+n.Domain)
	}
	return keys
}

func placeKeys(source string) []string {
	if source == "" {
		return nil
	}
	keys := []string{sourceKey(source)}
	if b := blockOf(source); b != "" {
		keys = append(keys, blockKey(b))
	}
	return keys
}

// AgentWords are the browser and system of a sign-in, as an incident counts them.
func AgentWords(s record.Signals) string {
	if words := strings.Trim(s.Browser+" · "+s.OS, " ·"); words != "" {
		return words
	}
	return "–"
}

// ToolKey is under which the door knows what a wave mostly comes with, by its AgentWords. It is none of the keys that
// something belongs to a wave by: half of the world has the same browser.
func ToolKey(agent string) string { return "tool " + AgentHash(agent) }

// SeenAtTheDoor reports whether a key can be told from a request. A mail domain cannot: it is of a name.
func SeenAtTheDoor(key string) bool { return !strings.HasPrefix(key, "domain ") }

// IsAddress reports whether a key is one source, not something that several have in common.
func IsAddress(key string) bool { return !strings.Contains(key, " ") }

// KeyWords tells a key to people.
func KeyWords(key string) string {
	switch kind, rest, _ := strings.Cut(key, " "); kind {
	case "net":
		return rest
	case "domain":
		return "addresses at " + rest
	case "kit":
		asn, _, _ := strings.Cut(rest, " ")
		return "AS" + asn + " with the same agent"
	}
	return key
}

// Attack is what FindWaves found: windows that belong together.
type Attack struct {
	Kind      string
	Keys      []string // of everything in it: addresses, and networks or kits that are nothing but it
	Sources   []string
	Origin    string // where it comes from, in a word or two: an AS number, an address, a range
	From, To  time.Time
	Attempts  int
	Failures  int
	Successes int
	SignUps   int
	Accounts  int // about how many names that have an account
	Strangers int // about how many that nobody has
	Usual     float64
}

// total adds windows up.
type total struct {
	attempts, failures, successes, signUps int
	accounts, strangers                    Sketch
	from, to                               time.Time
}

func totalOf(windows []Window) total {
	t := total{accounts: NewSketch(SourceSketch), strangers: NewSketch(SourceSketch)}
	for _, w := range windows {
		t.attempts += w.Attempts
		t.failures += w.Failures
		t.successes += w.Successes
		t.signUps += w.SignUps
		t.accounts.Merge(w.Accounts)
		t.strangers.Merge(w.Strangers)
		if t.from.IsZero() || w.From.Before(t.from) {
			t.from = w.From
		}
		if w.To.After(t.to) {
			t.to = w.To
		}
	}
	return t
}

func (t total) names() int { return t.accounts.Count() + t.strangers.Count() }

// guessing reports whether a group of windows is somebody trying names: many of them, each a few times, nearly all
// in vain. Honest people fail too, but they get in afterwards: behind a university's one address there are many
// names and more successes than failures.
func (r WaveRules) guessing(t total, wide bool) bool {
	names, share := r.Names, r.FailureShare
	if wide {
		names, share = 3*names, (1+share)/2
	}
	n := t.names()
	return n >= names && t.attempts > 0 && float64(t.failures) >= share*float64(t.attempts) && float64(t.attempts) <= r.TriesPerName*float64(n)
}

// FindWaves says which windows belong to attacks on passwords, and how many attacks those are. It looks at the same
// windows by address, by neighbourhood, by network with agent, and by network or agent alone: a group at any of these
// that is nothing but guessing is an attack, and groups with a source, a network or an agent in common are one.
func FindWaves(windows []Window, r WaveRules) []Attack {
	r = r.Filled()
	bySource := joinedBySource(windows)
	groups := map[string][]int{}
	for i, w := range bySource {
		add := func(key string) { groups[key] = append(groups[key], i) }
		add("1 " + sourceKey(w.Source))
		if b := blockOf(w.Source); b != "" {
			add("2 " + blockKey(b))
		}
		if w.Agent != "" {
			add("3 agent " + w.Agent)
		}
		if w.Agent != "" && w.ASN != 0 {
			add("2 " + kitKey(w.ASN, w.Agent))
		}
		if w.ASN != 0 {
			add("3 asn " + strconv.FormatUint(uint64(w.ASN), 10))
		}
	}
	sets, keys := newSets(len(bySource)), map[int][]string{}
	in := make([]bool, len(bySource))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		members := groups[name]
		rank, key, _ := strings.Cut(name, " ")
		all := pick(bySource, members)
		if !r.guessing(totalOf(all), rank == "3") {
			continue
		}
		kept := members
		if rank != "1" { // whoever is honest in a group stays out of it
			kept = slices.DeleteFunc(slices.Clone(members), func(i int) bool { return !trying(bySource[i]) })
		}
		if rank != "3" && len(kept) > 0 { // a wide group alone proves nothing
			keys[kept[0]] = append(keys[kept[0]], key)
		}
		for _, i := range kept {
			in[i] = true
			sets.join(kept[0], i)
		}
	}
	return r.attacks(bySource, sets, in, keys)
}

// trying reports whether a source of a group that guesses is likely to be part of it. A person who mistypes gets in
// afterwards, and tries one name.
func trying(w Window) bool {
	return 2*w.Failures >= w.Attempts && (w.Successes == 0 || w.Accounts.Count()+w.Strangers.Count() > 1)
}

// attacks joins what has a network or an agent in common and overlaps in time, and names each.
func (r WaveRules) attacks(windows []Window, sets sets, in []bool, keys map[int][]string) []Attack {
	last := map[string]int{}
	for i, w := range windows {
		if !in[i] {
			continue
		}
		marks := []string{"asn " + strconv.FormatUint(uint64(w.ASN), 10), "agent " + w.Agent}
		for _, m := range marks {
			if strings.HasSuffix(m, " ") || strings.HasSuffix(m, " 0") {
				continue
			}
			if j, ok := last[m]; ok && near(windows[j], w) {
				sets.join(j, i)
			}
			last[m] = i
		}
	}
	members := map[int][]int{}
	for i := range windows {
		if in[i] {
			members[sets.root(i)] = append(members[sets.root(i)], i)
		}
	}
	keyed := map[int][]string{}
	for i, k := range keys {
		keyed[sets.root(i)] = append(keyed[sets.root(i)], k...)
	}
	roots := slices.Sorted(maps.Keys(members))
	if len(roots) > manyAtOnce { // that many strangers with the same idea in the same hours are one
		for _, root := range roots[1:] {
			members[roots[0]] = append(members[roots[0]], members[root]...)
			keyed[roots[0]] = append(keyed[roots[0]], keyed[root]...)
		}
		roots = roots[:1]
	}
	var out []Attack
	for _, root := range roots {
		list := pick(windows, members[root])
		t := totalOf(list)
		a := Attack{Kind: PasswordSpray, From: t.from, To: t.to, Attempts: t.attempts, Failures: t.failures, Successes: t.successes, SignUps: t.signUps,
			Accounts: t.accounts.Count(), Strangers: t.strangers.Count(), Keys: keyed[root]}
		if float64(a.Strangers) >= r.StrangerShare*float64(a.Accounts+a.Strangers) {
			a.Kind = CredentialStuffing
		}
		for _, w := range list {
			a.Sources = append(a.Sources, w.Source)
			a.Keys = append(a.Keys, sourceKey(w.Source))
		}
		slices.Sort(a.Sources)
		slices.Sort(a.Keys)
		a.Keys = slices.Compact(a.Keys)
		a.Origin = originOf(list)
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Attack) int { return a.From.Compare(b.From) })
	return out
}

// originOf says in a word or two what the windows of an attack have in common: their network, else their address or its
// neighbourhood, else how many networks they are in.
func originOf(windows []Window) string {
	networks, sources, blocks := map[uint]bool{}, map[string]bool{}, map[string]bool{}
	for _, w := range windows {
		networks[w.ASN], sources[w.Source], blocks[blockOf(w.Source)] = true, true, true
	}
	switch {
	case len(networks) == 1 && !networks[0]:
		return "AS" + strconv.FormatUint(uint64(windows[0].ASN), 10)
	case len(sources) == 1:
		return windows[0].Source
	case len(blocks) == 1:
		return blockOf(windows[0].Source)
	case networks[0]: // how many they are nobody knows
		return fmt.Sprintf("%d addresses", len(sources))
	}
	return fmt.Sprintf("%d networks", len(networks))
}

// manyAtOnce is how many attacks without anything in common are taken for as many.
const manyAtOnce = 3

// apart is how far the windows of one attack may be from each other.
const apart = time.Hour

func near(a, b Window) bool { return !a.From.After(b.To.Add(apart)) && !b.From.After(a.To.Add(apart)) }

func pick(windows []Window, at []int) []Window {
	out := make([]Window, 0, len(at))
	for _, i := range at {
		out = append(out, windows[i])
	}
	return out
}

// joinedBySource adds up the hours of each source, in the order of their names.
func joinedBySource(windows []Window) []Window {
	at := map[string]int{}
	var out []Window
	for _, w := range windows {
		if w.Source == "" {
			continue
		}
		i, ok := at[w.Source]
		if !ok {
			at[w.Source] = len(out)
			w.Accounts, w.Strangers = widened(w.Accounts), widened(w.Strangers)
			out = append(out, w)
			continue
		}
		was := &out[i]
		was.Attempts += w.Attempts
		was.Failures += w.Failures
		was.Successes += w.Successes
		was.SignUps += w.SignUps
		was.Accounts.Merge(w.Accounts)
		was.Strangers.Merge(w.Strangers)
		if w.From.Before(was.From) {
			was.From = w.From
		}
		if c := w.To.Compare(was.To); c > 0 || c == 0 && (w.Agent > was.Agent || w.Agent == was.Agent && w.ASN > was.ASN) { // the latest says what it is
			was.To, was.Agent, was.ASN, was.Network, was.Country = w.To, w.Agent, w.ASN, w.Network, w.Country
		}
	}
	slices.SortFunc(out, func(a, b Window) int { return strings.Compare(a.Source, b.Source) })
	return out
}

// widened is a copy, of the usual width also where there is none.
func widened(s Sketch) Sketch {
	out := NewSketch(SourceSketch)
	out.Merge(s)
	return out
}

// sets are disjoint sets of indexes.
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func (s sets) root(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

func (s sets) join(a, b int) {
	a, b = s.root(a), s.root(b)
	if a < b {
		s[b] = a
	} else {
		s[a] = b
	}
}

// NewAccount is one sign-up of the last hour.
type NewAccount struct {
	At     time.Time
	Source string
	ASN    uint
	Domain string // of its address
}

// FindBurst says whether far more accounts are made than usual, and by whom: one source, one network or one mail
// domain that makes more than half of them. usual is how many there are in an hour, on average. A campaign that brings
// honest people brings them from everywhere, and is none.
func FindBurst(list []NewAccount, usual float64, r WaveRules) (Attack, bool) {
	r = r.Filled()
	if len(list) < r.SignUps || float64(len(list)) < r.SignUpFactor*usual {
		return Attack{}, false
	}
	counts := map[string][]NewAccount{}
	for _, n := range list {
		add := func(key string) { counts[key] = append(counts[key], n) }
		if n.Source != "" {
			add("source " + n.Source)
			add("block " + blockOf(n.Source))
		}
		if n.ASN != 0 {
			add(fmt.Sprintf("asn %d", n.ASN))
		}
		if n.Domain != "" {
			add("domain " + n.Domain)
		}
	}
	best := ""
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || len(counts[key]) > len(counts[best]) {
			best = key
		}
	}
	from := counts[best]
	kind, origin, _ := strings.Cut(best, " ")
	common := strings.HasPrefix(best, "domain ") && slices.Contains(mailForAll(), strings.TrimPrefix(best, "domain "))
	if best == "" || common || len(from) < r.SignUps || 2*len(from) < len(list) {
		return Attack{}, false
	}
	if kind == "asn" {
		origin = "AS" + origin
	}
	a := Attack{Kind: SignUpBurst, Origin: origin, SignUps: len(from), Attempts: len(from), Usual: usual}
	for _, n := range from {
		if a.From.IsZero() || n.At.Before(a.From) {
			a.From = n.At
		}
		if n.At.After(a.To) {
			a.To = n.At
		}
		if n.Source != "" {
			a.Sources = append(a.Sources, n.Source)
		}
	}
	slices.Sort(a.Sources)
	a.Sources = slices.Compact(a.Sources)
	a.Keys = slices.Clone(a.Sources)
	if b, ok := strings.CutPrefix(best, "block "); ok {
		a.Keys = append(a.Keys, blockKey(b))
	}
	if d, ok := strings.CutPrefix(best, "domain "); ok {
		a.Keys = append(a.Keys, "domain "+d)
	}
	slices.Sort(a.Keys)
	return a, true
}

// mailForAll are domains at which half of the world has its mail: that accounts have them in common says nothing.
func mailForAll() []string {
	return []string{"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "qq.com", "163.com", "mail.ru", "proton.me", "aol.com"}
}

// TextCount is how many text messages went to one calling code: today, and on a usual day.
type TextCount struct {
	Code    string
	Today   int
	Refused int
	Usual   float64
}

// FindPumping says which calling codes get far more text messages than usual: somebody may earn by them.
func FindPumping(counts []TextCount, r WaveRules) []TextCount {
	r = r.Filled()
	var out []TextCount
	for _, c := range counts {
		if n := c.Today + c.Refused; n >= r.Texts && float64(n) >= r.TextFactor*c.Usual {
			out = append(out, c)
		}
	}
	return out
}

// workerNames is how many names an address must have tried to be one of many that share the work of an attack: people
// who share an address and mistype are fewer, and get in afterwards.
const workerNames = 3

// Entered is what a sign-in becomes whose right password came from a wave, also one from before the wave was noticed:
// then it is found afterwards, by the same words as it would have been at once. from is what its own address did by
// then. The attack as a whole is known by now: an address that did little, but nothing else, and with the attack's own
// tool, is one of many that share the work.
func (i Incident) Entered(t Try, s record.Signals, from Source, r WaveRules) record.Finding {
	r = r.Filled()
	e := whereabouts(s)
	f := record.Finding{Type: PasswordSpray, Level: High, Key: "risk.found.spray", Evidence: e, Timing: Offline}
	if i.Kind == CredentialStuffing {
		f.Type, f.Key = CredentialStuffing, "risk.found.stuffing"
	}
	e["incident"], e["accounts"], e["failures"] = i.ID, from.tried(), from.Failures
	worker := from.tried() >= workerNames && from.Successes <= 1 && i.Tool(t.Agent) // the one is this sign-in
	switch {
	case worker || from.many(float64(r.Names), r.FailureShare):
	case from.Trying():
		f.Level, f.Key = Medium, nearWave
	default:
		f.Level, f.Key = Medium, sharedWave
	}
	return f
}
