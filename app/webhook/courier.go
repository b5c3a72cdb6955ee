package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"portico/app/outbound"
	"portico/app/outbox"
)

// Headers of a request besides Portico-Signature (outbound.SignatureHeader).
const (
	DeliveryHeader = "Portico-Delivery" // of this delivery, the same at each attempt
	EventHeader    = "Portico-Event"    // the type of the event
	AttemptHeader  = "Portico-Attempt"  // counted from 1
)

// Parcel is what sending one delivery needs.
type Parcel struct {
	TenantSlug string
	URL        string
	Kind       string
	Body       []byte
	Secrets    [][]byte // the present one, and the former one while it counts
}

// Answer is what came of one attempt.
type Answer struct {
	At       time.Time     `json:"at"`
	Status   int           `json:"status,omitempty"` // 0 = there was no answer
	Duration time.Duration `json:"duration"`
	Problem  string        `json:"problem,omitempty"` // "" = taken
	Body     string        `json:"body,omitempty"`    // its beginning, masked
	After    time.Duration `json:"-"`                 // what the receiver asks us to wait
}

// Taken reports whether the receiver has it.
func (a Answer) Taken() bool { return a.Status >= 200 && a.Status < 300 }

// Gone reports that the receiver wants nothing more (RFC 9110 §15.5.11).
func (a Answer) Gone() bool { return a.Status == http.StatusGone }

// Busy reports that the receiver itself is away or asks for time, so that the next event would fare alike: others rest
// too. A refusal of one event says nothing about the next.
func (a Answer) Busy() bool {
	return a.Status == 0 || a.Status >= 500 || a.Status == http.StatusTooManyRequests || a.Status == http.StatusRequestTimeout
}

// Store keeps what is sent and what came of it.
type Store interface {
	// WebhookParcel gives what a delivery needs; fault.NotFound when it is there no more.
	WebhookParcel(ctx context.Context, tenantID, deliveryID string) (Parcel, error)
	// NoteWebhookAnswer writes down an attempt, and what it means for the receiver: its health, its rest, its end.
	NoteWebhookAnswer(ctx context.Context, tenantID, deliveryID string, a Answer) error
}

// Doer sends a request on behalf of a tenant; outbound.Client does, with all its checks.
type Doer interface {
	Do(ctx context.Context, tenantSlug string, r *http.Request) (outbound.Answer, error)
}

// Courier sends.
type Courier struct {
	Store Store
	HTTP  Doer
	Now   func() time.Time
	Reach Check // refuses addresses that can never be called; outbound.Client has it
}

// Check refuses a subscription that cannot work from here.
func (c *Courier) Check(tenantSlug string, s Subscription) error {
	return s.Validate(tenantSlug, c.Reach)
}

// Deliver is the outbox's channel. It may be called twice for one delivery.
func (c *Courier) Deliver(ctx context.Context, it outbox.Item) error {
	p, err := c.Store.WebhookParcel(ctx, it.TenantID, it.ID)
	if err != nil {
		return err
	}
	a := c.send(ctx, it, p)
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := c.Store.NoteWebhookAnswer(note, it.TenantID, it.ID, a); err != nil {
		return err
	}
	switch {
	case a.Taken():
		return nil
	case a.Gone() || p.Kind == Test: // a test is sent once, while somebody waits
		return outbox.Permanent(errors.New(a.Problem))
	case a.After > 0:
		return outbox.After(errors.New(a.Problem), a.After)
	}
	return errors.New(a.Problem)
}

// SendNow delivers an item that the caller holds the lease of, and writes down how it ended: for a test, while somebody
// waits. The error is what went wrong with the writing down; what the receiver said is with the delivery.
func (c *Courier) SendNow(ctx context.Context, queue outbox.Store, it outbox.Item, owner string) error {
	problem := c.Deliver(ctx, it)
	note, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if problem != nil {
		return queue.BuryOutbox(note, it.ID, owner, problem.Error())
	}
	return queue.DeliveredOutbox(note, it.ID, owner)
}

func (c *Courier) send(ctx context.Context, it outbox.Item, p Parcel) Answer {
	began := c.Now()
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	a := Answer{At: began}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		a.Problem = "the address is not usable"
		return a
	}
	req.Header.Set("Content-Type", ContentType)
	req.Header.Set("User-Agent", "Portico-Webhook/1")
	req.Header.Set(outbound.SignatureHeader, outbound.Signature(began, p.Body, p.Secrets...))
	req.Header.Set(DeliveryHeader, it.ID)
	req.Header.Set(EventHeader, TypePrefix+p.Kind)
	req.Header.Set(AttemptHeader, strconv.Itoa(it.Attempts+1))
	answer, err := c.HTTP.Do(ctx, p.TenantSlug, req)
	a.Duration = c.Now().Sub(began)
	a.Status = answer.Status
	switch {
	case err != nil && answer.Status == 0: // of an answer only the status matters, however long it is and however slowly it comes
		a.Problem = outbound.Plain(err).Error()
		return a
	case err == nil:
		a.Body = Masked(answer.Body, p.Secrets...)
	}
	if !a.Taken() {
		a.Problem = refusal(a.Status)
		a.After = outbound.RetryAfter(answer.Header, c.Now())
	}
	return a
}

func refusal(status int) string {
	switch {
	case status >= 300 && status < 400:
		return fmt.Sprintf("the receiver answered %d: redirects are not followed", status)
	case status == http.StatusGone:
		return "the receiver answered 410: it wants nothing more"
	}
	return fmt.Sprintf("the receiver answered %d %s", status, http.StatusText(status))
}
