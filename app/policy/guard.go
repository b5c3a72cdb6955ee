package policy

import (
	"slices"
	"time"
)

// PortalApp is the client id of the admin portal: what a policy for administrators aims at. It is the one under
// which the vendor's portal is known.
const PortalApp = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"

// Admin is somebody who must be able to get into the portal, with what they can show there.
type Admin struct {
	Name        string
	Request     Request  // the portal, asked from where they are
	Methods     []string // kinds of factors that they have registered, the password among them
	AAGUIDs     []string // models of their passkeys
	HasPassword bool
	Terms       []string // that there are to agree to
}

// LockOut says which policy keeps whom out of the portal: because it blocks, or because it asks for what they
// cannot show.
type LockOut struct {
	Admin  Admin
	Policy Policy
	Block  bool
	Rescue bool // nobody of those who are there for an emergency could get in any more
	Risk   bool // once a sign-in of theirs is at risk, that is
}

// Scene is what the lock-out guard looks at: the rules of the administrators' directory, the acting admin (nil
// when a program acts), and those who are there for an emergency, as they are at one moment.
type Scene struct {
	Rules
	Self   *Admin
	Rescue []Admin
}

// Guard compares the moments before and after a change of rules, or of what rules look at, and answers how the
// change locks out: the acting admin, or every one of those who are there for an emergency. nil = it does not.
// What kept somebody out before is not the change's doing.
func Guard(before, after Scene) *LockOut {
	was, is := before.door(), after.door()
	if after.Self != nil {
		var then []Admin
		if before.Self != nil {
			then = append(then, *before.Self)
		}
		if out := added(door.keepsOut, was, is, then, *after.Self); out != nil {
			return out
		}
	}
	var last, kept *LockOut
	for _, a := range after.Rescue {
		out := is.atWorst(a)
		if len(out) == 0 {
			return nil
		}
		kept = &out[0]
		if out := added(door.atWorst, was, is, before.Rescue, a); out != nil {
			last = out
		}
	}
	if last == nil && slices.ContainsFunc(before.Rescue, func(a Admin) bool { return len(was.atWorst(a)) == 0 }) {
		last = kept // the one who could get in is no longer among them
	}
	if last != nil {
		last.Rescue = true
	}
	return last
}

// added is what keeps somebody out after a change and did not before, as asks tells it; then has them as they were.
func added(asks func(door, Admin) []LockOut, was, is door, then []Admin, now Admin) *LockOut {
	var have []LockOut
	for _, a := range then {
		if a.Request.UserID == now.Request.UserID {
			have = asks(was, a)
		}
	}
	for _, out := range asks(is, now) {
		if !slices.ContainsFunc(have, func(w LockOut) bool { return w.Policy.ID == out.Policy.ID && w.Block == out.Block }) {
			return &out
		}
	}
	return nil
}

// door is a set with what it was made of.
type door struct {
	Rules
	set *Set
}

func (r Rules) door() door { return door{r, r.Compile()} }

// keepsOut lists the policies that keep somebody out. A decision joins blocks and demands, so somebody is kept
// out exactly when one policy alone keeps them out, and it can be named.
func (r door) keepsOut(a Admin) []LockOut {
	d := r.set.Evaluate(a.Request)
	if !d.Block && a.canShow(d) {
		return nil
	}
	var out []LockOut
	for i, p := range r.set.Policies() {
		if p.State != On || !d.Results[i].Applies {
			continue
		}
		alone := Compile([]Policy{p}, p.placesAmong(r.Locations), r.Strengths).Evaluate(a.Request)
		if alone.Block || !a.canShow(alone) {
			out = append(out, LockOut{Admin: a, Policy: p, Block: alone.Block})
		}
	}
	return out
}

// atWorst is keepsOut for the day on which every sign-in looks risky: whatever levels policies name, the sign-in of
// somebody who is there for an emergency may be found at. Which one it is turns on indicators, thresholds and responses
// to incidents, so that a block by risk has to leave somebody out whatever those say. What risk asks for else can be
// shown.
func (r door) atWorst(a Admin) []LockOut {
	out := r.keepsOut(a)
	for _, level := range []string{RiskLow, RiskMedium, RiskHigh} {
		named := func(p Policy) bool { return p.State == On && slices.Contains(p.Conditions.SignInRiskLevels, level) }
		if a.Request.SignInRisk == level || !slices.ContainsFunc(r.Policies, named) {
			continue
		}
		then := a
		then.Request.SignInRisk = level
		for _, l := range r.keepsOut(then) {
			if l.Block && !slices.ContainsFunc(out, func(have LockOut) bool { return have.Policy.ID == l.Policy.ID && have.Block }) {
				l.Risk = true
				out = append(out, l)
			}
		}
	}
	return out
}

// placesAmong are the locations that matter to a policy.
func (p Policy) placesAmong(all []Location) []Location {
	c := p.Conditions.Locations
	if c == nil {
		return nil
	}
	trusted := slices.Contains(c.Include, AllTrusted) || slices.Contains(c.Exclude, AllTrusted)
	var out []Location
	for _, l := range all {
		if trusted && l.Trusted || slices.Contains(c.Include, l.ID) || slices.Contains(c.Exclude, l.ID) {
			out = append(out, l)
		}
	}
	return out
}

// canShow reports whether an admin can meet what a decision asks for. A second factor can be registered on the
// way in, except where it is asked for because of risk (DESIGN §5.3); a particular strength must be there
// already, because nobody should find out at the door that they own no passkey.
func (a Admin) canShow(d Decision) bool {
	second := slices.ContainsFunc(a.Methods, func(kind string) bool { return kind != "password" })
	for _, c := range d.Clauses {
		shown := Shown{Methods: a.Methods, AAGUIDs: a.AAGUIDs, PasswordChanged: a.HasPassword, Terms: a.Terms}
		if second || !c.Risk {
			shown.MFA = time.Unix(1, 0)
		}
		if len((Decision{Clauses: []Clause{c}}).Unmet(shown)) > 0 {
			return false
		}
	}
	return true
}
