package message

import (
	"context"
	"time"
)

// PostLeaving queues "your account will be deleted" in the transaction that puts the account away. It names the
// day until which signing in, at page, keeps it, and may well arrive late: it is not dropped when its time is over.
func PostLeaving(ctx context.Context, q Queue, c Change, page string, until, now time.Time) error {
	if c.To == "" {
		return nil
	}
	n := change(Leaving, c)
	n.Before, n.URL = until, page
	return Post(ctx, q, n, now)
}

// PostReturned queues "your account is kept".
func PostReturned(ctx context.Context, q Queue, c Change, now time.Time) error {
	if c.To == "" {
		return nil
	}
	return Post(ctx, q, change(Returned, c), now)
}
