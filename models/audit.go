package models

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"portico/app/audit"
)

func (t *Tenant) writeAudit(ctx context.Context, a audit.Actor, e audit.Event) error {
	changes := make([]audit.Change, 0, len(e.Changes))
	for _, c := range e.Changes {
		if c.Class == audit.Secret {
			c.Old, c.New = nil, nil
		}
		changes = append(changes, c)
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	return t.w(ctx).Create(&AuditRow{ID: NewID(), TenantID: t.ID, CreatedAt: t.Now(), Activity: e.Activity,
		Category: e.Category, Operation: e.Operation, Result: "success", ActorKind: string(a.Kind), ActorID: a.ID,
		ActorName: a.Name, ActorIP: a.IP, TargetKind: e.Target.Kind, TargetID: e.Target.ID, TargetName: e.Target.Name,
		Changes: string(body), CorrelationID: a.CorrelationID}).Error
}

func (t *Tenant) bumpVersion(ctx context.Context) error {
	return t.w(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Update("version", gorm.Expr("version + 1")).Error
}
