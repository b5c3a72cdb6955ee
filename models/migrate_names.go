package models

import (
	"strings"

	"gorm.io/gorm"

	"portico/app/account"
)

// refoldNames brings the compared form of user names up to date with account.CanonicalUserName, which SQL cannot
// compute: since 0002 "b0b" is "bob". Where two people would have one name, the one who had it keeps it and the
// other's stays as it was, for an admin to change: nobody signed in by name before 0002.
func refoldNames(tx *gorm.DB) error {
	const batch = 1000
	for last := ""; ; {
		var rows []IdentityRow
		if err := tx.Raw("SELECT id, tenant_id, user_id, canonical, value FROM identities WHERE sign_in_type = ? AND id > ? ORDER BY id LIMIT ?",
			account.SignInUserName, last, batch).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			last = r.ID
			canonical, err := account.CanonicalUserName(r.Value)
			if err != nil {
				continue // a name that is none any more: its owner may keep it
			}
			if strings.HasPrefix(r.Canonical, parked(r.UserID)) {
				canonical = parked(r.UserID) + canonical
			}
			if canonical == r.Canonical {
				continue
			}
			if err := tx.Exec(`UPDATE identities SET canonical = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM identities AS other
				WHERE other.tenant_id = ? AND other.sign_in_type = ? AND other.canonical = ?)`,
				canonical, r.ID, r.TenantID, account.SignInUserName, canonical).Error; err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
	}
}
