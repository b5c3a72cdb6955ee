package message

import (
	"context"
	"fmt"
	"time"

	"portico/app/factor"
	"portico/app/signin"
)

// Codes implements signin.Mailer: a one-time code becomes a note in the transaction that made it.
type Codes struct{ Now func() time.Time }

// Code queues a code.
func (c Codes) Code(ctx context.Context, tx signin.Tx, m signin.CodeMail) error {
	q, ok := tx.(Queue)
	if !ok {
		return fmt.Errorf("message: a %T is no queue", tx)
	}
	return Post(ctx, q, Note{Kind: Code, Channel: "mail", TenantID: m.TenantID, To: m.To, Locale: m.Locale,
		Purpose: m.Purpose, Code: m.Code, ValidFor: factor.CodeLifetime, Decoy: m.Decoy}, c.Now())
}
