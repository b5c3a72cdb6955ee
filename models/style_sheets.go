package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/branding"
)

const (
	// sheetUnusedFor is how long a style sheet is kept that no published look has any more: pages that were sent while it
	// was published still ask for it.
	sheetUnusedFor = 30 * 24 * time.Hour
	// sheetMarked is how exactly it is known when a style sheet was last used.
	sheetMarked = 24 * time.Hour
)

// StyleSheetRow is a company's own style sheet as pages load it, by the SHA-256 of its bytes. It follows from a look: a
// row that is missing is made again by whoever draws a page.
type StyleSheetRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	Hash      string `gorm:"primaryKey;size:64"`
	Sheet     string `gorm:"type:text"`
	UsedAt    time.Time
	CreatedAt time.Time
}

func (StyleSheetRow) TableName() string { return "style_sheets" }

// KeepStyleSheet sees to it that a cleaned style sheet can be loaded by its hash, at every instance of the program and
// also when the look is another.
func (t *Tenant) KeepStyleSheet(ctx context.Context, sheet string) (hash string, err error) {
	row := StyleSheetRow{TenantID: t.ID, Hash: branding.HashOf([]byte(sheet)), Sheet: sheet, UsedAt: t.Now(), CreatedAt: t.Now()}
	var there []StyleSheetRow
	if err := t.q(ctx).Select("used_at").Where("hash = ?", row.Hash).Find(&there).Error; err != nil {
		return "", err
	}
	if len(there) > 0 && t.Now().Sub(there[0].UsedAt) < sheetMarked {
		return row.Hash, nil
	}
	return row.Hash, t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "hash"}}, DoUpdates: clause.AssignmentColumns([]string{"used_at"})}).Create(&row).Error
}

// StyleSheet reads what KeepStyleSheet kept; fault.NotFound when the tenant has none of that hash.
func (t *Tenant) StyleSheet(ctx context.Context, hash string) (string, error) {
	var row StyleSheetRow
	err := t.q(ctx).Select("sheet").Where("hash = ?", hash).Take(&row).Error
	return row.Sheet, found(err)
}

// PurgeStyleSheets forgets style sheets that no published look has had for 30 days, and says how many there were.
func (t *Tenant) PurgeStyleSheets(ctx context.Context) (int, error) {
	var some int64
	if err := t.q(ctx).Model(&StyleSheetRow{}).Count(&some).Error; err != nil || some == 0 {
		return 0, err
	}
	looks, err := t.Brandings(ctx)
	if err != nil {
		return 0, err
	}
	var used []string
	for _, look := range looks {
		for _, e := range look.Published.Languages {
			if sheet := branding.CompanySheet(e.CSS); sheet != "" {
				used = append(used, branding.HashOf([]byte(sheet)))
			}
		}
	}
	gone := 0
	err = t.InTx(ctx, func(t *Tenant) error {
		if len(used) > 0 {
			is, list := t.anyOf(used)
			if err := t.u(ctx).Model(&StyleSheetRow{}).Where("hash "+is, list).Update("used_at", t.Now()).Error; err != nil {
				return err
			}
		}
		r := t.u(ctx).Where("used_at <= ?", t.Now().Add(-sheetUnusedFor)).Delete(&StyleSheetRow{})
		gone = int(r.RowsAffected)
		return r.Error
	})
	return gone, err
}
