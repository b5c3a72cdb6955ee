package export

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a webhook's request. A receiver computes HMAC-SHA256 with the export's secret over the time, a dot and
// the body as it came, compares it with v1 in constant time, and refuses a time that is far from now.
const (
	SignatureHeader = "Portico-Signature" // t=<seconds>,v1=<hex>
	DeliveryHeader  = "Portico-Delivery"  // the same for each delivery of the same records
	RecordsHeader   = "Portico-Records"
	TestHeader      = "Portico-Test"
)

// Sign is the value of Portico-Signature.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(signature(secret, t, body))
}

func signature(secret []byte, t string, body []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(t))
	m.Write([]byte{'.'})
	m.Write(body)
	return m.Sum(nil)
}

// Check is what a receiver does with the header: whether the body is ours and not older than within.
func Check(secret []byte, header string, body []byte, now time.Time, within time.Duration) error {
	var t, v string
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			t = value
		case "v1":
			v = value
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return errors.New("the signature names no time")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > within || age < -within {
		return errors.New("the signature is too old")
	}
	given, err := hex.DecodeString(v)
	if err != nil || !hmac.Equal(given, signature(secret, t, body)) {
		return errors.New("the signature is wrong")
	}
	return nil
}

// deliveryID is the same whenever the same states of the same records are sent to the same export.
func deliveryID(exportID string, records []Record) string {
	h := sha256.New()
	h.Write([]byte(exportID))
	for _, r := range records {
		fmt.Fprintf(h, "\x00%s\x00%s\x00%d", r.Kind, r.ID, r.At.UnixMicro())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// webhookBody is the batch as it travels.
func webhookBody(as Format, records []Record) (body []byte, contentType string) {
	var b bytes.Buffer
	if as == JSONArray {
		b.WriteByte('[')
		for i, r := range records {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(r.Body)
		}
		b.WriteByte(']')
		return b.Bytes(), "application/json"
	}
	for _, r := range records {
		b.Write(r.Body)
		b.WriteByte('\n')
	}
	return b.Bytes(), "application/x-ndjson"
}

func (c *Courier) webhook(ctx context.Context, p Parcel) error {
	body, kind := webhookBody(p.Target.Format, p.Records)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Target.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "Portico-Export/1")
	req.Header.Set(SignatureHeader, Sign(p.Secret, c.Now(), body))
	req.Header.Set(DeliveryHeader, deliveryID(p.ExportID, p.Records))
	req.Header.Set(RecordsHeader, strconv.Itoa(len(p.Records)))
	if p.Test {
		req.Header.Set(TestHeader, "true")
	}
	answer, err := c.HTTP.Do(ctx, p.TenantSlug, req)
	switch {
	case err != nil && answer.Status == 0: // of an answer only the status matters, however long it is and however slowly it comes
		return plainError(err)
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	}
	return &Refused{Status: answer.Status, After: retryAfter(answer.Header.Get("Retry-After"), c.Now())}
}

// Refused is an answer that is not "yes".
type Refused struct {
	Status int
	After  time.Duration // what the receiver asks for; 0 = nothing
}

func (r *Refused) Error() string {
	switch {
	case r.Status >= 300 && r.Status < 400:
		return fmt.Sprintf("the receiver answered %d: redirects are not followed", r.Status)
	case r.Status == http.StatusRequestEntityTooLarge:
		return "the receiver answered 413: the batch is too large for it"
	}
	return fmt.Sprintf("the receiver answered %d %s", r.Status, http.StatusText(r.Status))
}

// longestAfter bounds what a receiver may ask for, so that it cannot put an export to sleep for ever.
const longestAfter = time.Hour

// retryAfter reads the header in both of its forms (RFC 9110 §10.2.3).
func retryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if n, err := strconv.Atoi(s); err == nil {
		d = time.Duration(min(max(n, 0), int(longestAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), longestAfter)
}
