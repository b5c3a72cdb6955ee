package models

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/fault"
)

// risk_seen.go: two admins act at once. What one decides holds only as long as the risk stands as they saw it; whoever
// comes second is told who was first, and nothing happens.

// SeenRisk is how the risk of a person or a sign-in stood when an admin was asked about it.
type SeenRisk struct {
	ID    string
	State string
	At    time.Time // of a person: when it last changed
	Level string
}

// SeenOfPerson is what an admin sees of somebody's risk.
func SeenOfPerson(id string, r account.Risk) SeenRisk {
	return SeenRisk{ID: id, State: r.State, At: r.At, Level: r.Level}
}

// SeenOfSignIn is what an admin sees of a sign-in's risk.
func SeenOfSignIn(r SignInRow) SeenRisk {
	return SeenRisk{ID: r.ID, State: r.RiskState, Level: r.RiskAggregate}
}

func (s SeenRisk) same(now SeenRisk) bool {
	return s.State == now.State && s.Level == now.Level && micro(s.At).Equal(micro(now.At))
}

// mark is what was seen in one word, to be kept beside what will be done because of it.
func (s SeenRisk) mark() string {
	return s.State + "~" + s.Level + "~" + strconv.FormatInt(micro(s.At).UnixMicro(), 36)
}

// WhilePeopleStand does something about people whose risk still is what an admin saw, in one transaction; otherwise it
// is a conflict that says who changed it and when.
func (t *Tenant) WhilePeopleStand(ctx context.Context, seen []SeenRisk, do func(*Tenant) error) error {
	return t.whileSeen(ctx, seen, do, func(t *Tenant, s SeenRisk) error {
		u, err := t.userWhere(ctx, t.lock(ctx).Where("id = ?", s.ID))
		if err != nil || s.same(SeenOfPerson(u.ID, u.Risk)) {
			return err
		}
		last, err := t.RiskHistoryOf(ctx, s.ID, "", 1)
		if err != nil {
			return err
		}
		by := ""
		if len(last.Items) > 0 && last.Items[0].At.Equal(u.Risk.At) {
			by = or(last.Items[0].ActorName, last.Items[0].ActorID)
		}
		return errMeanwhile(by, u.Risk.At)
	})
}

// WhileSignInsStand is the same about sign-ins.
func (t *Tenant) WhileSignInsStand(ctx context.Context, seen []SeenRisk, do func(*Tenant) error) error {
	return t.whileSeen(ctx, seen, do, func(t *Tenant, s SeenRisk) error {
		row, err := t.lockSignIn(ctx, s.ID)
		if err != nil || s.same(SeenOfSignIn(row)) {
			return err
		}
		said, err := t.UndoableRisk(ctx, []string{s.ID, row.UserID})
		if err != nil {
			return err
		}
		last := said[s.ID]
		if of := said[row.UserID]; of.At.After(last.At) {
			last = of
		}
		return errMeanwhile(last.ActorName, last.At)
	})
}

func (t *Tenant) whileSeen(ctx context.Context, seen []SeenRisk, do func(*Tenant) error, check func(*Tenant, SeenRisk) error) error {
	seen = slices.Clone(seen)
	slices.SortFunc(seen, func(a, b SeenRisk) int { return strings.Compare(a.ID, b.ID) }) // in one order for everybody: two admins never wait for each other's rows
	return t.InTx(ctx, func(t *Tenant) error {
		for _, s := range seen {
			if err := check(t, s); err != nil {
				return err
			}
		}
		return do(t)
	})
}

// errMeanwhile says that the risk stands otherwise by now. Nobody's name means that the engine or the person did it.
func errMeanwhile(by string, at time.Time) error {
	switch {
	case at.IsZero():
		return fault.New(fault.Conflict, "risk.meanwhile")
	case by == "":
		return &fault.Error{Code: fault.Conflict, Key: "risk.meanwhile.at", Args: map[string]any{"at": at.UTC().Format("2006-01-02 15:04")}}
	}
	return &fault.Error{Code: fault.Conflict, Key: "risk.meanwhile.by", Args: map[string]any{"by": by, "at": at.UTC().Format("2006-01-02 15:04")}}
}
