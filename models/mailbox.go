package models

import (
	"context"
	"strings"
	"time"
)

// MailboxRow is one message in the development mailbox, where every mail and SMS lands instead of (or
// besides) going out.
type MailboxRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36"`
	Channel   string `gorm:"size:16"` // mail, sms
	ToNorm    string `gorm:"index:mailbox_to"`
	To        string
	Sender    string
	Subject   string
	Text      string `gorm:"type:text"`
	HTML      string `gorm:"type:text"`
	Code      string
	CreatedAt time.Time `gorm:"index:mailbox_time"`
}

func (MailboxRow) TableName() string { return "mailbox" }

// maxMailbox bounds the table: the newest stay.
const maxMailbox = 1000

// PutMailbox keeps a message.
func (s *Store) PutMailbox(ctx context.Context, m MailboxRow) error {
	m.ID, m.CreatedAt, m.ToNorm = NewID(), s.Now(), strings.ToLower(m.To)
	if err := s.write.WithContext(ctx).Create(&m).Error; err != nil {
		return err
	}
	keep := s.write.WithContext(ctx).Model(&MailboxRow{}).Select("id").Order("created_at DESC, id DESC").Limit(maxMailbox)
	return s.write.WithContext(ctx).Where("id NOT IN (?)", keep).Delete(&MailboxRow{}).Error
}

// Mailbox lists messages, newest first; to filters by address when it is not empty.
func (s *Store) Mailbox(ctx context.Context, to string, limit int) ([]MailboxRow, error) {
	q := s.read.WithContext(ctx).Order("created_at DESC, id DESC").Limit(limit)
	if to != "" {
		q = q.Where("to_norm = ?", strings.ToLower(to))
	}
	var rows []MailboxRow
	err := q.Find(&rows).Error
	return rows, err
}

// MailboxMessage gives one message; false when there is none.
func (s *Store) MailboxMessage(ctx context.Context, id string) (MailboxRow, bool, error) {
	var rows []MailboxRow
	err := s.read.WithContext(ctx).Where("id = ?", id).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return MailboxRow{}, false, err
	}
	return rows[0], true, nil
}

// EmptyMailbox deletes every message.
func (s *Store) EmptyMailbox(ctx context.Context) error {
	return s.write.WithContext(ctx).Where("1 = 1").Delete(&MailboxRow{}).Error
}
