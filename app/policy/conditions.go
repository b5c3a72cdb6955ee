package policy

import (
	"portico/app/fault"
	"portico/app/record"
)

// Condition is one kind of "if" of a policy. Adding one is a file condition_<name>.go and one line in
// EveryCondition: the editor, the sentence, What-If, the API and the sign-in log render from it.
type Condition struct {
	Name  string // Graph's word for it (analysisReasons)
	Label string // for admins
	// compile gives the question that a policy asks, or nil where it does not configure the condition.
	compile func(c *compiler, p *Policy) ask
	// detail says in a few words what an answer came from.
	detail func(q *question, b *bound, a answer) string
	// words adds the condition to the policy's sentence.
	words func(w *sentence, p *Policy)
	// check complains about what a policy says here.
	check func(p *Policy, k Known, f *fault.Fields)
}

// EveryCondition lists the conditions in the order of the bits of a Result.
func EveryCondition() []Condition {
	return []Condition{
		usersCondition(),
		applicationCondition(),
		userActionsCondition(),
		contextCondition(),
		platformCondition(),
		locationCondition(),
		clientAppsCondition(),
		signInRiskCondition(),
		userRiskCondition(),
		flowCondition(),
	}
}

// answer of a condition. An unknown one counts as applying (DESIGN §5.2).
type answer uint8

const (
	miss answer = iota
	hit
	unknown
)

// ask is a condition of one policy made ready.
type ask func(q *question) answer

// bound is a condition of one policy: which one, and its question.
type bound struct {
	bit int
	ask ask
}

func (a answer) record() record.Answer {
	switch a {
	case hit:
		return record.Hit
	case unknown:
		return record.CouldNotTell
	}
	return record.Miss
}

// answer reads one condition's bit.
func (r Result) answer(bit int) answer {
	switch {
	case r.Hit&(1<<bit) != 0:
		return hit
	case r.Unknown&(1<<bit) != 0:
		return unknown
	}
	return miss
}

// FirstUnmet names the first condition that kept a policy from applying; "" when it applies.
func (r Result) FirstUnmet() string {
	for i, c := range EveryCondition() {
		if r.Miss&(1<<i) != 0 {
			return c.Name
		}
	}
	return ""
}

// without joins include and exclude: exclude beats include, and a certain exclusion beats everything; one that
// could not be told excludes nobody, because that would relax.
func without(include, exclude answer) answer {
	switch {
	case include == miss || exclude == hit:
		return miss
	case exclude == unknown:
		return unknown
	}
	return include
}

// or is the OR of the values inside one condition.
func (a answer) or(b answer) answer {
	switch {
	case a == hit || b == hit:
		return hit
	case a == unknown || b == unknown:
		return unknown
	}
	return miss
}

func tell(b bool) answer {
	if b {
		return hit
	}
	return miss
}
