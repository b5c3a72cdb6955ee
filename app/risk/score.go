package risk

import (
	"math"
	"strconv"

	"portico/app/record"
)

// Score says how unusual a sign-in is for this person: the logarithm of how much likelier it is to come from an
// attacker than from them, and what made it so. It follows Freeman, Jain, Dürmuth, Biggio and Giacinto, "Who are
// you? A statistical approach to measuring user authenticity" (NDSS 2016), with three differences: new values are
// weighed by how often this person, and everybody here, comes with new ones; the attacker is a mixture of three (one
// who knows nothing of the person, one who comes from their country, one who imitates their place and their
// software); and what is counted of networks at failed sign-ins says where attackers come from, so that no labelled
// data is needed. app/docs/risk.md tells it in words. Above 0 it speaks for an attacker.
func Score(in Input) (float64, []record.Feature) {
	w := weigh(&in)
	return w.score, w.list()
}

// classes of attackers.
const (
	naive    = iota // comes from wherever the machines they rent are
	regional        // knows the person's country, and comes from there
	targeted        // imitates the person's place and software
	classes
)

// priors are how common we take each class to be: an assumption, stated in app/docs/risk.md.
func priors() [classes]float64 { return [classes]float64{1.0 / 3, 1.0 / 3, 1.0 / 3} }

// chain is one group of features that say the same thing more or less exactly.
type chain int

const (
	cNetwork  chain = iota // ip, subnet, network, country
	cPlace                 // city, region, within the country
	cSoftware              // software, agent, system
	cCookie
	cLanguage
	cHour
	chains
)

// weighed is an assessment on its way.
type weighed struct {
	in    *Input
	v     values
	p     *Person
	n     float64 // sign-ins of the person that still count
	known float64 // how much of what we say of the person comes from them rather than from everybody
	total float64
	fails float64

	share    [features]float64 // of the person
	common   [features]float64 // of everybody
	novelty  [features]float64 // how often something new comes
	learned  [features]bool    // the person has values of this feature at all
	own      [chains]float64   // logarithm of how much likelier the value is for the person than for anybody
	attack   [chains][classes]float64
	source   float64 // what failures from the same address say
	crowd    float64 // what it says that others come from this new address, or nobody does
	subnet   float64 // the same of the subnet, of attackers who do not imitate the person's
	stranger float64 // what others who came through the same network say
	listed   float64

	class  [classes]float64 // what each class adds up to
	chance [classes]float64 // how likely each class is, should it be an attack
	weight [features]float64
	score  float64
}

func weigh(in *Input) *weighed {
	w := &weighed{in: in, v: valuesOf(in.Signals), p: &in.History.Person}
	w.v[fHour] = strconv.Itoa(in.Now.UTC().Hour())
	w.count()
	w.others()
	w.network()
	w.place()
	w.software()
	w.cookie()
	w.language()
	w.hour()
	w.evidence()
	w.familiar()
	w.sum()
	return w
}

// unseen is the share that a value is given before anybody came with it; floor is the least share that is believed:
// without one a single rare address would outweigh everything else.
type smoothing struct{ unseen, floor, novelty, early float64 }

func smoothings() [features]smoothing {
	return [features]smoothing{
		fIP:       {0.002, 1e-4, 0.35, 0.5},
		fSubnet:   {0.004, 2e-4, 0.30, 0.4},
		fNetwork:  {0.02, 1e-3, 0.10, 0.25},
		fCountry:  {0.05, 2e-3, 0.015, 0.04},
		fRegion:   {0.02, 1e-3, 0.08, 0.2},
		fCity:     {0.01, 5e-4, 0.12, 0.25},
		fSoftware: {0.02, 5e-4, 0.25, 0.45},
		fAgent:    {0.06, 1e-3, 0.06, 0.25},
		fSystem:   {0.1, 2e-3, 0.04, 0.2},
		fCookie:   {0.001, 1e-3, 0.06, 0.1},
		fLanguage: {0.1, 5e-3, 0.03, 0.05},
		fHour:     {1.0 / 24, 1.0 / 24, 0.1, 0.1},
	}
}

// How many imagined sign-ins the assumptions above weigh against what was counted.
const (
	priorEveryone = 20.0
	priorPerson   = 3.0
)

// count reads what the person and everybody did with each value.
func (w *weighed) count() {
	now, e, p := w.in.Now, w.in.History.Everyone, w.p
	w.n = p.SignIns * fading(now.Sub(p.Last))
	if p.Times == 0 {
		w.n = 0
	}
	w.known = w.n / (w.n + 0.15)
	w.total, w.fails = e.now(Key{}, now), e.now(Key{Feature: failed}, now)
	history, young := e.now(Key{Feature: known}, now), e.now(Key{known, early}, now)
	smooth := smoothings()
	for f := range features {
		s, name := smooth[f], f.name()
		w.learned[f] = len(p.seen[f]) > 0
		w.share[f] = p.share(f, w.v[f])
		if f == fHour || f == fCookie {
			w.common[f] = s.unseen
		} else if w.v[f] != "" {
			w.common[f] = max((e.now(Key{name, w.v[f]}, now)+priorEveryone*s.unseen)/(w.total+priorEveryone), s.floor)
		}
		before := max(w.n-1, 0)
		if p.Times < earlySignIns {
			// Of the first few sign-ins something new comes with θ/(θ+n) of them, as in Ewens' sampling formula.
			here := min((e.now(Key{fresh, name + early}, now)+priorEveryone*s.early)/(young+priorEveryone), 0.9)
			theta := 2 * here / (1 - here)
			w.novelty[f] = between(theta/(theta+max(w.n, 0.3)), 0.003, 0.97)
			continue
		}
		here := (e.now(Key{fresh, name}, now) + priorEveryone*s.novelty) / (history + priorEveryone)
		w.novelty[f] = between((p.fresh[f]*fading(now.Sub(p.Last))+priorPerson*here)/(before+priorPerson), 0.003, 0.97)
	}
}

// backOff is how likely a value is for the person, compared with anybody, going from what is most exact to what is
// least: with what is left of probability at each level it is shared out by what they did at that level.
func (w *weighed) backOff(levels ...feature) float64 {
	left, sum := 1.0, 0.0
	for _, f := range levels {
		if w.v[f] == "" || !w.learned[f] {
			continue
		}
		next := min(w.novelty[f], left)
		sum += (left - next) * w.share[f] / w.common[f]
		left = next
	}
	sum += left
	return math.Log(1 - w.known + w.known*sum)
}

// ratio is how much likelier a value is for the person than for anybody; 1 where nothing is known.
func (w *weighed) ratio(f feature) float64 {
	if w.v[f] == "" || !w.learned[f] {
		return 1
	}
	return w.share[f] / w.common[f]
}

func (w *weighed) has(f feature) bool { return w.v[f] != "" && w.share[f] > 0 }

// among is the share of a value at failed sign-ins, against that at successful ones.
func (w *weighed) among(f feature, flat float64) float64 {
	if w.v[f] == "" {
		return 1
	}
	e := w.in.History.Everyone
	at := (e.now(Key{failed + f.name(), w.v[f]}, w.in.Now) + priorEveryone*w.common[f]) / (w.fails + priorEveryone)
	return between((0.3*at+0.2*w.common[f]+0.5*flat)/w.common[f], 0.3, 20)
}

// mixed is what an attacker who knows the person does, as far as the person is known.
func (w *weighed) mixed(x float64) float64 { return 1 - w.known + w.known*x }

func (w *weighed) network() {
	w.own[cNetwork] = w.backOff(fIP, fSubnet, fNetwork, fCountry)
	country, network := w.among(fCountry, 0.02), w.among(fNetwork, 0.004)
	anywhere := country
	if w.v[fNetwork] != "" {
		anywhere = country * between(network/country, 0.5, 3)
	}
	inside := 0.02 * anywhere
	if w.has(fCountry) || !w.learned[fCountry] {
		inside = w.ratio(fCountry) * between(network, 0.3, 6)
	}
	near := 0.01
	switch {
	case w.has(fNetwork):
		near = 0.8 * w.ratio(fNetwork)
	case w.has(fCity):
		near = 0.4 * w.ratio(fCountry)
	case w.has(fCountry):
		near = 0.2 * w.ratio(fCountry)
	case !w.learned[fNetwork] && !w.learned[fCountry]:
		near = 1
	}
	w.attack[cNetwork] = [classes]float64{math.Log(anywhere) + w.subnet, math.Log(w.mixed(inside)) + w.subnet, math.Log(w.mixed(near))}
}

// others: new addresses of people are often those of a mobile network, an office or a café, where others are known;
// attackers bring addresses of their own. How much that says is learnt: where everybody has an address of their own,
// nothing.
func (w *weighed) others() {
	e, now := w.in.History.Everyone, w.in.Now
	count := func(f feature, name string, alone, usual float64) float64 {
		if w.v[f] == "" || w.share[f] > 0 {
			return 0
		}
		came := e.now(Key{fresh, f.name()}, now) + e.now(Key{fresh, f.name() + early}, now)
		unseen := between((e.now(Key{fresh, name}, now)+priorEveryone*usual)/(came+priorEveryone), 0.02, 0.98)
		n := e.now(Key{f.name(), w.v[f]}, now)
		if n < 0.3 {
			return between(math.Log(alone/unseen), -0.5, 2)
		}
		return between(math.Log((1-alone)/(1-unseen))-0.35*math.Log(max(n, 1)), -2.5, 0.5)
	}
	w.crowd = count(fIP, FeatureCrowd, 0.95, 0.7)
	w.subnet = count(fSubnet, FeatureCrowdSubnet, 0.5, 0.2)
}

// place is the city within the country; where the country is new, it says nothing more.
func (w *weighed) place() {
	if !w.has(fCountry) || !w.learned[fRegion] && !w.learned[fCity] || w.v[fRegion] == "" && w.v[fCity] == "" {
		return
	}
	within := w.ratio(fCountry)
	left, sum := 1.0, 0.0
	for _, f := range []feature{fCity, fRegion} {
		if w.v[f] == "" || !w.learned[f] {
			continue
		}
		next := min(w.novelty[f], left)
		sum += (left - next) * w.share[f] / w.common[f] / within
		left = next
	}
	w.own[cPlace] = 0.5 * math.Log(w.mixed(sum+left))
	near := 0.2
	if w.has(fCity) {
		near = 0.2 + 0.8*w.ratio(fCity)/within
	} else if w.has(fRegion) {
		near = 0.2 + 0.5*w.ratio(fRegion)/within
	}
	w.attack[cPlace][targeted] = 0.5 * math.Log(w.mixed(near))
}

func (w *weighed) software() {
	if w.v[fAgent] == "" {
		return
	}
	own := w.backOff(fSoftware, fAgent, fSystem)
	if w.has(fAgent) && !w.has(fSoftware) {
		own += w.version()
	}
	w.own[cSoftware] = own
	among := w.among(fAgent, 0.01)
	if w.in.Signals.DeviceType == "bot" {
		among *= 5
	}
	near := 0.1
	switch {
	case !w.learned[fAgent]:
		near = 1
	case w.has(fAgent):
		near = 0.5*w.ratio(fAgent) + 0.3*w.ratio(fSoftware)
	case w.has(fSystem):
		near = max(near, 0.3*w.ratio(fSystem))
	}
	w.attack[cSoftware] = [classes]float64{math.Log(between(among, 0.3, 8)), 0, math.Log(w.mixed(near))}
}

// version tells an update from something else: software only gets newer.
func (w *weighed) version() float64 {
	newest := ""
	for _, s := range w.p.seen[fSoftware] {
		if sameAgent(s.Value, w.v[fSoftware]) && (newest == "" || olderSoftware(newest, s.Value)) {
			newest = s.Value
		}
	}
	if newest == "" {
		return 0
	}
	if olderSoftware(w.v[fSoftware], newest) {
		return math.Log(1 - w.known + w.known*0.25)
	}
	return math.Log(1 - w.known + w.known*1.7)
}

func (w *weighed) cookie() {
	if !w.learned[fCookie] {
		return
	}
	if w.has(fCookie) {
		w.own[cCookie] = math.Log(w.mixed((1 - w.novelty[fCookie]) / w.common[fCookie]))
		return
	}
	if w.has(fAgent) || w.v[fAgent] == "" { // another browser has another cookie: that says nothing more
		w.own[cCookie] = math.Log(w.mixed(w.novelty[fCookie]))
	}
}

func (w *weighed) language() {
	if w.v[fLanguage] == "" || !w.learned[fLanguage] {
		return
	}
	w.own[cLanguage] = 0.6 * w.backOff(fLanguage)
	w.attack[cLanguage][targeted] = 0.6 * math.Log(w.mixed(0.3+0.7*w.ratio(fLanguage)))
}

// hour compares with the hours at which the person signs in, neighbours counted.
func (w *weighed) hour() {
	at, sum, near := w.in.Now.UTC().Hour(), 0.0, 0.0
	kernel := [...]float64{0.28, 0.20, 0.11, 0.05}
	for _, s := range w.p.seen[fHour] {
		h, err := strconv.Atoi(s.Value)
		if err != nil {
			continue
		}
		sum += s.N
		if d := min((h-at+24)%24, (at-h+24)%24); d < len(kernel) {
			near += s.N * kernel[d]
		}
	}
	if sum <= 0 {
		return
	}
	known := w.n / (w.n + 8)
	w.own[cHour] = 0.6 * math.Log(1-known+known*near/sum*24)
}

// evidence is what does not depend on the person: failures from this address, others who came through this network
// and had never come that way, and the operator's lists.
func (w *weighed) evidence() {
	w.source = failures(w.in.History.Source, w.has(fIP))
	e, now := w.in.History.Everyone, w.in.Now
	if w.n > 0 && !w.has(fNetwork) && w.v[fNetwork] != "" {
		usual := (e.now(Key{stranger, ""}, now) + 2) / (e.now(Key{visitor, ""}, now) + priorEveryone)
		for _, f := range []feature{fNetwork, fIP} {
			way := f.name() + "=" + w.v[f]
			strangers, visitors := e.now(Key{stranger, way}, now), e.now(Key{visitor, way}, now)
			at := (strangers + 2*usual) / (visitors + 2)
			w.stranger = max(w.stranger, between(0.7*math.Log(at/max(usual, 0.01)), 0, 2))
		}
	}
	for _, l := range w.in.Signals.Lists {
		switch l {
		case "malicious", "malware", "threatActor":
			w.listed = max(w.listed, 3)
		case "tor":
			w.listed = max(w.listed, 2.5)
		case "vpn", "proxy":
			w.listed = max(w.listed, 1)
		}
	}
}

// failures weighs what came from an address in the last day. One account that somebody mistypes says next to
// nothing; many accounts that fail say much.
func failures(s Source, own bool) float64 {
	if s.Failures <= 0 {
		return 0
	}
	all := float64(max(s.Attempts, s.Failures+s.Successes))
	bad, good := float64(s.Failures), max(all-float64(s.Failures), 0)
	scale := min(1, 10/all)
	x := 0.5 * scale * (bad*math.Log(0.9/0.3) + good*math.Log(0.1/0.7))
	switch names := s.Accounts + s.Unknown; {
	case names <= 1 && own:
		return between(x, 0, 0.2)
	case names <= 1:
		return between(2*x, 0, 1.4)
	case names == 2:
		return between(x, 0, 2)
	}
	return between(x, 0, 5)
}

// familiar: what the person is known by exactly never speaks against them, even somebody who changes so often that an
// imitator would resemble them more than they do themselves; and what is altogether new never speaks for them, though
// an imitator would hardly come with it.
func (w *weighed) familiar() {
	for _, known := range []struct {
		of     chain
		levels []feature
	}{{cNetwork, []feature{fIP, fSubnet, fNetwork, fCountry}}, {cPlace, []feature{fCity, fRegion}}, {cSoftware, []feature{fSoftware}}, {cLanguage, []feature{fLanguage}}} {
		for _, f := range known.levels {
			if w.v[f] == "" || !w.learned[f] {
				continue
			}
			if w.has(f) {
				for k := range classes {
					w.attack[known.of][k] = min(w.attack[known.of][k], w.own[known.of])
				}
			}
			break
		}
		coarsest := known.levels[len(known.levels)-1]
		if known.of == cSoftware {
			coarsest = fSystem
		}
		if w.v[coarsest] != "" && w.learned[coarsest] && !w.has(coarsest) {
			w.attack[known.of][targeted] = max(w.attack[known.of][targeted], w.own[known.of])
		}
	}
}

// sum joins the chains, class by class.
func (w *weighed) sum() {
	prior, top := priors(), math.Inf(-1)
	for k := range classes {
		x := math.Log(prior[k])
		for c := range chains {
			x += w.attack[c][k] - w.own[c]
		}
		w.class[k] = x
		top = max(top, x)
	}
	all := 0.0
	for k := range classes {
		w.chance[k] = math.Exp(w.class[k] - top)
		all += w.chance[k]
	}
	for k := range classes {
		w.chance[k] /= all
	}
	w.score = top + math.Log(all) + w.source + w.crowd + w.stranger + w.listed
	if math.IsNaN(w.score) {
		w.score = 0
	}
	w.score = between(w.score, -40, 40)
}

// weightOf is what a chain adds to the score.
func (w *weighed) weightOf(c chain) float64 {
	x := -w.own[c]
	for k := range classes {
		x += w.chance[k] * w.attack[c][k]
	}
	return x
}

// list tells what each feature says. A chain's weight is told of its levels one by one, from the least exact to the
// most exact: what each adds to what was known before it.
func (w *weighed) list() []record.Feature {
	out := make([]record.Feature, 0, int(features)+6)
	out = append(out, record.Feature{Name: FeatureHistory, Value: history(w.p, w.in.Now), Person: w.n, Everyone: w.total})
	add := func(f feature, weight float64) {
		if w.v[f] != "" {
			out = append(out, record.Feature{Name: f.name(), Value: w.v[f], Person: w.share[f], Everyone: w.common[f], Weight: weight})
		}
	}
	levels := func(c chain, list ...feature) {
		rest, before := w.weightOf(c)+w.own[c], 0.0 // what attackers do is told of the first that is known
		for i := len(list) - 1; i >= 0; i-- {
			if w.v[list[i]] == "" {
				continue
			}
			x := -w.backOff(list[i:]...)
			add(list[i], x-before+rest)
			before, rest = x, 0
		}
	}
	levels(cNetwork, fIP, fSubnet, fNetwork, fCountry)
	add(fRegion, 0)
	add(fCity, w.weightOf(cPlace))
	levels(cSoftware, fSoftware, fAgent, fSystem)
	add(fCookie, w.weightOf(cCookie))
	add(fLanguage, w.weightOf(cLanguage))
	add(fHour, w.weightOf(cHour))
	extra := func(name string, weight float64) {
		if weight != 0 {
			out = append(out, record.Feature{Name: name, Weight: weight})
		}
	}
	extra(FeatureFailures, w.source)
	extra(FeatureStrangers, w.stranger)
	extra(FeatureLists, w.listed)
	crowd := func(name string, f feature, weight float64) {
		if w.v[f] == "" || w.share[f] > 0 {
			return
		}
		value := others
		if w.in.History.Everyone.now(Key{f.name(), w.v[f]}, w.in.Now) < 0.3 {
			value = nobody
		}
		out = append(out, record.Feature{Name: name, Value: value, Weight: weight})
	}
	crowd(FeatureCrowd, fIP, w.crowd)
	crowd(FeatureCrowdSubnet, fSubnet, 0) // its weight is in that of the network
	return out
}

func between(x, low, high float64) float64 {
	if math.IsNaN(x) {
		return low
	}
	return min(max(x, low), high)
}
