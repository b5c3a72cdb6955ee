package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskUndo is /beta/portico/riskyUsers/{id}/undo and /beta/portico/riskySignIns/{id}/undo, which Graph has no word for:
// what an administrator last said about a person or a sign-in and can take back (GET), and taking it back (POST).
type riskUndo struct {
	of    string // the segment below portico
	read  []access.Permission
	write []access.Permission
	find  func(ctx context.Context, c *call, id string) (string, error) // the subject, or that there is none
}

func undoOfPeople() riskUndo {
	return riskUndo{of: "riskyUsers", read: readRisky(), write: []access.Permission{access.RiskyUserWrite}, find: func(ctx context.Context, c *call, id string) (string, error) {
		u, err := c.tenant.User(ctx, id)
		return u.ID, err
	}}
}

// undoOfSignIns takes the rights with which it was said.
func undoOfSignIns() riskUndo {
	return riskUndo{of: "riskySignIns", read: readRisks(), write: []access.Permission{access.RiskEventWrite, access.RiskyUserWrite}, find: func(ctx context.Context, c *call, id string) (string, error) {
		row, err := c.tenant.SignInRow(ctx, id)
		return row.ID, err
	}}
}

func (r riskUndo) prefix() []string { return []string{"portico", r.of} }

func (r riskUndo) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) > 0 {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case keys == nil || len(rest) != 1 || !isFunction(rest[0], "undo"):
		return nil, noSegment(r.of)
	}
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	switch {
	case !reads && c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	case reads && !c.caller.may(r.read...), !reads && !c.caller.may(r.write...):
		return nil, denied()
	}
	key := keys[""]
	id, err := r.find(ctx, c, strings.ToLower(key))
	if err != nil {
		return nil, absent(err, key)
	}
	said, err := c.tenant.UndoableRisk(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	last, there := said[id]
	if reads {
		if !there {
			return nil, notFound(key)
		}
		return c.entity("portico/"+r.of+"('"+id+"')/undo", object{{"id", id}, {"action", last.Action}, {"dateTime", stamp(last.At)}, {"initiatedBy", text(last.ActorID)}}), nil
	}
	if last, err = meantUndo(c, last); err != nil {
		return nil, err
	}
	last.Subject = id
	return emptied(c.tenant.UndoRisk(ctx, c.actor(), []models.RiskUndo{last}))
}

// meantUndo is the statement that a body says it has seen, in whole or in part. An empty one means the caller's own last
// word: nobody takes back somebody else's without having seen it.
func meantUndo(c *call, last models.RiskUndo) (models.RiskUndo, error) {
	var action, at *string
	if err := c.bodyOf(map[string]any{"expectedAction": &action, "expectedDateTime": &at}); err != nil {
		return last, err
	}
	if action != nil {
		switch *action {
		case models.RiskCompromised, models.RiskConfirmSafe, models.RiskDismiss, models.RiskOwned:
			last.Action = *action
		default:
			return last, invalidValue("expectedAction", ": one of confirmCompromised, confirmSafe, dismiss and ownSignIn is expected")
		}
	}
	when, err := since("expectedDateTime", at)
	if err != nil {
		return last, err
	}
	if when.IsZero() {
		if last.ActorName != "" && last.ActorName != c.actor().Name {
			return last, badRequest("The last statement is not yours. Name it as GET does, by its expectedDateTime.", "expectedDateTime")
		}
		return last, nil
	}
	last.At = when // another time is another statement, which the store refuses in the portal's words
	return last, nil
}
