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
	codeCallsRead     = 500
)

// CodeCalls are the calls by which the tenant's own provider was given the codes of visits, by the id of the entry. Such a
// call is made after the visit's own transaction, when its entry may already be written, so that it stands in the
// recorder alone; the correlation id, which an app may choose freely, counts together with app and time.
func (t *Tenant) CodeCalls(ctx context.Context, visits ...record.SignIn) (map[string][]record.Call, error) {
	var ids []string
	for _, v := range visits {
		if v.CorrelationID != "" && v.Kind == record.Interactive {
			ids = append(ids, v.CorrelationID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []ExtensionCallRow
	err := t.q(ctx).Where("correlation_id IN ? AND event = ? AND trial = ?", ids, string(extension.OtpSend), false).Order("id").Limit(codeCallsRead).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	calls, err := valuesOf(rows)
	if err != nil {
		return nil, err
	}
	out := map[string][]record.Call{}
	for _, v := range visits {
		for _, c := range calls {
			if c.CorrelationID == v.CorrelationID && c.AppID == v.App.ID && !c.At.Before(v.StartedAt) && !c.At.After(v.EndedAt.Add(codesArriveWithin)) {
				out[v.ID] = append(out[v.ID], c.Record())
			}
		}
	}
	return out, nil
}
