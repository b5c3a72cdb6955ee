package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// sealedColumn is a column whose values Seal made, and what is needed to make them anew.
type sealedColumn struct {
	table, column string
	// lasting is false for what ends by itself within a day or so: that it does not open any more after a
	// secret was lost costs somebody a retry, and no signing key.
	lasting bool
	// after lists up to limit values that begin with head, in the order of their keys, from a key on.
	after func(ctx context.Context, db *gorm.DB, head []byte, key any, limit int) ([]sealedValue, error)
	// replace writes a value unless it has changed since it was read.
	replace func(db *gorm.DB, v sealedValue, sealed []byte) error
}

// sealedValue is one value of a sealed column: the unique key of its row, and the context it is bound to.
type sealedValue struct {
	key     any
	sealed  []byte
	context string
}

// sealedColumns lists every column that holds what Seal made. A new one is one more line; a test finds the
// columns and the uses of Seal that have none.
func sealedColumns() []sealedColumn {
	return []sealedColumn{
		sealedIn("openid_keys", "private", "id", lasting, func(r OpenIDKeyRow) sealedValue {
			return sealedValue{r.ID, r.Private, openIDKeySeal(r.TenantID, r.ID)}
		}),
		sealedIn("credentials", "secret", "id", lasting, func(r CredentialRow) sealedValue {
			return sealedValue{r.ID, r.Secret, credentialContext(r.ID)}
		}),
		sealedIn("exports", "secret", "id", lasting, func(r ExportRow) sealedValue {
			return sealedValue{r.ID, r.Secret, exportSeal(r.ID)}
		}),
		sealedIn("webhooks", "secret", "id", lasting, func(r WebhookRow) sealedValue {
			return sealedValue{r.ID, r.Secret, webhookSeal(r.ID)}
		}),
		sealedIn("webhooks", "former", "id", passing, func(r WebhookRow) sealedValue {
			return sealedValue{r.ID, r.Former, webhookFormerSeal(r.ID)}
		}),
		sealedIn("identity_providers", "secret", "id", lasting, func(r ProviderRow) sealedValue {
			return sealedValue{r.ID, r.Secret, providerSeal(r.ID)}
		}),
		sealedIn("identity_providers", "key", "id", lasting, func(r ProviderRow) sealedValue {
			return sealedValue{r.ID, r.Key, providerKeySeal(r.ID)}
		}),
		sealedIn("custom_extensions", "secret", "id", lasting, func(r ExtensionRow) sealedValue {
			return sealedValue{r.ID, r.Secret, extensionSeal(r.ID)}
		}),
		sealedIn("mail_senders", "secret", "tenant_id", lasting, func(r MailSenderRow) sealedValue {
			return sealedValue{r.TenantID, r.Secret, mailSenderSeal(r.TenantID)}
		}),
		sealedIn("outbox", "payload", "id", lasting, func(r OutboxRow) sealedValue {
			return sealedValue{r.ID, r.Payload, outboxSeal(r.ID)}
		}),
		sealedIn("imports", "options", "id", passing, func(r ImportRow) sealedValue {
			return sealedValue{r.ID, r.Options, importSeal(r.ID)}
		}),
		sealedIn("import_chunks", "body", "id", passing, func(r ImportChunkRow) sealedValue {
			return sealedValue{r.ID, r.Body, importChunkSeal(r.ID)}
		}),
		sealedIn("attempts", "body", "id", passing, func(r AttemptRow) sealedValue {
			return sealedValue{r.ID, r.Body, attemptContext(r.ID)}
		}),
		sealedIn("openid_requests", "body", "hash", passing, func(r OpenIDRequestRow) sealedValue {
			return sealedValue{r.Hash, r.Body, openIDRequestSeal(r.TenantID)}
		}),
		sealedIn("sessions", "upstream", "sid", passing, func(r SessionRow) sealedValue {
			return sealedValue{r.SID, r.Upstream, upstreamContext(r.SID)}
		}),
		sealedIn("parked_answers", "form", "id", passing, func(r ParkedAnswerRow) sealedValue {
			return sealedValue{r.ID, r.Form, parkedContext(r.ID)}
		}),
		sealedIn("provider_trials", "body", "id", passing, func(r ProviderTrialRow) sealedValue {
			return sealedValue{r.ID, r.Body, trialContext(r.ID)}
		}),
		sealedIn("portal_sessions", "flash", "id", passing, func(r PortalSessionRow) sealedValue {
			return sealedValue{r.ID, r.Flash, flashSeal(r.ID)}
		}),
		sealedIn("pending_changes", "state", "id", passing, func(r PendingRow) sealedValue {
			return sealedValue{r.ID, r.State, pendingSeal(r.ID)}
		}),
		sealedIn("demo_sessions", "data", "id", passing, func(r DemoSessionRow) sealedValue {
			return sealedValue{r.ID, r.Data, demoSessionSeal(r.ID)}
		}),
	}
}

const (
	lasting = true
	passing = false
)

func sealedIn[R any](table, column, key string, lasting bool, value func(R) sealedValue) sealedColumn {
	return sealedColumn{
		table: table, column: column, lasting: lasting,
		after: func(ctx context.Context, db *gorm.DB, head []byte, from any, limit int) ([]sealedValue, error) {
			q := db.WithContext(ctx).Table(table).Where("substr("+column+", 1, ?) = ?", len(head), head)
			if from != nil {
				q = q.Where(key+" > ?", from)
			}
			var rows []R
			if err := q.Order(key).Limit(limit).Find(&rows).Error; err != nil {
				return nil, err
			}
			out := make([]sealedValue, len(rows))
			for i, r := range rows {
				out[i] = value(r)
			}
			return out, nil
		},
		replace: func(db *gorm.DB, v sealedValue, sealed []byte) error {
			return db.Table(table).Where(key+" = ? AND "+column+" = ?", v.key, v.sealed).UpdateColumn(column, sealed).Error
		},
	}
}

// resealBatch bounds how many values one transaction replaces, so that writers never wait long.
const resealBatch = 200

// Reseal seals anew, with the present secret, whatever still opens with the former one only, and says how
// many values it replaced. It may be interrupted and repeated, and run in several instances at once: a
// value that changed meanwhile is left alone, since whoever changed it has sealed it anew. Without a
// former secret there is nothing to do. Values that do not open although they name the former secret are
// left and reported, each by its row; they do not keep the others from being sealed.
func (s *Store) Reseal(ctx context.Context) (int, error) {
	_, former := s.seal.Heads()
	if former == nil {
		return 0, nil
	}
	n := 0
	var damaged []error
	for _, c := range sealedColumns() {
		var from any
		for {
			values, err := c.after(ctx, s.read, former, from, resealBatch)
			if err != nil {
				return n, fmt.Errorf("%s.%s: %w", c.table, c.column, err)
			}
			if len(values) == 0 {
				break
			}
			from = values[len(values)-1].key
			done, bad, err := s.resealValues(ctx, c, values)
			n += done
			damaged = append(damaged, bad...)
			if err != nil {
				return n, fmt.Errorf("%s.%s: %w", c.table, c.column, err)
			}
		}
	}
	return n, errors.Join(damaged...)
}

func (s *Store) resealValues(ctx context.Context, c sealedColumn, values []sealedValue) (done int, damaged []error, err error) {
	anew := make([][]byte, len(values))
	for i, v := range values {
		plain, err := s.seal.Open(v.sealed, v.context)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("%s.%s of %v: %w", c.table, c.column, v.key, err))
			continue
		}
		if anew[i], err = s.seal.Seal(plain, v.context); err != nil {
			return 0, damaged, err
		}
		done++
	}
	err = s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for i, v := range values {
			if anew[i] == nil {
				continue
			}
			if err := c.replace(tx, v, anew[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		done = 0
	}
	return done, damaged, err
}

// Seals counts sealed values by the secret they were made with.
type Seals struct {
	Current  int64 // the present secret
	Previous int64 // the one before: it must stay known until this is 0
	Passing  int64 // neither, and ends by itself soon: an open sign-in, a notice
	Lost     int64 // neither: a signing key, a factor or a message that nobody can use
}

// CountSeals reads the head of every sealed value; it opens none.
func (s *Store) CountSeals(ctx context.Context) (Seals, error) {
	var all Seals
	current, former := s.seal.Heads()
	for _, c := range sealedColumns() {
		var rows []struct {
			Head []byte
			N    int64
		}
		err := s.read.WithContext(ctx).Table(c.table).Select(fmt.Sprintf("substr(%s, 1, %d) AS head, COUNT(*) AS n", c.column, len(current))).
			Where("length("+c.column+") >= ?", len(current)).Group("head").Scan(&rows).Error
		if err != nil {
			return all, fmt.Errorf("%s.%s: %w", c.table, c.column, err)
		}
		for _, r := range rows {
			switch {
			case bytes.Equal(r.Head, current):
				all.Current += r.N
			case former != nil && bytes.Equal(r.Head, former):
				all.Previous += r.N
			case r.Head[0] != sealVersion: // a password's hash, in the column that seals the other credentials
			case c.lasting:
				all.Lost += r.N
			default:
				all.Passing += r.N
			}
		}
	}
	return all, nil
}
