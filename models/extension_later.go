package models

import (
	"context"
	"time"

	"portico/app/extension"
	"portico/app/record"
)

// How long after a visit's end its codes may still have been on their way, and how many calls a page of the log looks at.
const (
	codesArriveWithin = time.Hour
	laterCallsRead    = 500
)

// LaterCalls are the calls that were made for visits after their own transactions, when their entries were written
// already, by the id of the entry: those by which the tenant's own provider was given the codes, and that for claims when
// the app redeemed its code. They stand in the recorder alone, for as long as that keeps them. A code's call is found by
// the correlation id, which an app may choose freely, so app and time count besides; that for claims has the entry's id.
func (t *Tenant) LaterCalls(ctx context.Context, visits ...record.SignIn) (map[string][]record.Call, error) {
	var ids, correlations []string
	for _, v := range visits {
		if v.Kind != record.Interactive {
			continue
		}
		ids = append(ids, v.ID)
		if v.CorrelationID != "" {
			correlations = append(correlations, v.CorrelationID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	codes, err := t.laterCalls(ctx, extension.OtpSend, "correlation_id", correlations)
	if err != nil {
		return nil, err
	}
	claims, err := t.laterCalls(ctx, extension.TokenIssuanceStart, "sign_in_id", ids)
	if err != nil {
		return nil, err
	}
	out := map[string][]record.Call{}
	for _, v := range visits {
		for _, c := range codes {
			if c.Trial == v.Test && c.CorrelationID == v.CorrelationID && c.AppID == v.App.ID && !c.At.Before(v.StartedAt) && !c.At.After(v.EndedAt.Add(codesArriveWithin)) {
				out[v.ID] = append(out[v.ID], c.Record())
			}
		}
		for _, c := range claims {
			if c.SignInID == v.ID && c.Trial == v.Test {
				out[v.ID] = append(out[v.ID], c.Record())
			}
		}
	}
	return out, nil
}

// laterCalls reads those of an event whose column is one of ids, each by its index.
func (t *Tenant) laterCalls(ctx context.Context, e extension.Event, column string, ids []string) ([]extension.Call, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []ExtensionCallRow
	err := t.q(ctx).Where(column+" IN ? AND event = ?", ids, string(e)).Order("id").Limit(laterCallsRead).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	return valuesOf(rows)
}
