package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"portico/app/outbound"
)

// Headers of a webhook's request besides its signature (outbound.SignatureHeader).
const (
	DeliveryHeader = "Portico-Delivery" // the same for each delivery of the same records
	RecordsHeader  = "Portico-Records"
	TestHeader     = "Portico-Test"
)

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
	req.Header.Set(outbound.SignatureHeader, outbound.Signature(c.Now(), body, p.Secret))
	req.Header.Set(DeliveryHeader, deliveryID(p.ExportID, p.Records))
	req.Header.Set(RecordsHeader, strconv.Itoa(len(p.Records)))
	if p.Test {
		req.Header.Set(TestHeader, "true")
	}
	answer, err := c.HTTP.Do(ctx, p.TenantSlug, req)
	switch {
	case err != nil && answer.Status == 0: // of an answer only the status matters, however long it is and however slowly it comes
		return outbound.Plain(err)
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	}
	return &Refused{Status: answer.Status, After: outbound.RetryAfter(answer.Header, c.Now())}
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
