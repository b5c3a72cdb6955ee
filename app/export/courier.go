package export

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"portico/app/outbound"
)

// Doer sends a request on behalf of a tenant; outbound.Client does, with all its checks.
type Doer interface {
	Do(ctx context.Context, tenantSlug string, r *http.Request) (outbound.Answer, error)
}

// Dialer opens a connection on behalf of a tenant, with the same checks.
type Dialer interface {
	Dial(ctx context.Context, tenantSlug, host, port string, plain bool) (net.Conn, error)
	Reach(tenantSlug, host, port string, plain bool) error
}

// Parcel is a batch of records on its way to one target.
type Parcel struct {
	ExportID, TenantID, TenantSlug string
	Target                         Target
	Secret                         []byte // signs a webhook
	Records                        []Record
	Test                           bool
}

// Courier hands batches over. A batch counts as delivered when the receiver has said so (webhook), has taken
// everything and closed the connection (syslog), or the disk has it (file).
type Courier struct {
	HTTP  Doer
	Dial  Dialer
	TLS   *tls.Config // further roots; nil = the system's
	Files *Files      // nil = the operator named no folder
	Host  string      // how syslog names this installation
	Now   func() time.Time
	Limit time.Duration // of one delivery; 0 = 20 s
}

// Check refuses a target that could never be reached from here.
func (c *Courier) Check(tenantSlug string, t Target) error {
	return t.Validate(tenantSlug, c.Dial.Reach, c.Files != nil)
}

// Test sends the sample, which says of itself that it is one.
func (c *Courier) Test(ctx context.Context, p Parcel) error {
	sample, err := Sample(p.TenantID, c.Now())
	if err != nil {
		return err
	}
	p.Records, p.Test = []Record{sample}, true
	return c.Deliver(ctx, p)
}

// Deliver sends a batch. It may be called twice with the same one.
func (c *Courier) Deliver(ctx context.Context, p Parcel) error {
	limit := c.Limit
	if limit == 0 {
		limit = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch p.Target.Kind {
	case Webhook:
		return c.webhook(ctx, p)
	case Syslog:
		return c.syslog(ctx, p)
	case File:
		if c.Files == nil {
			return errors.New("PORTICO_EXPORT_DIR is not set, so nothing is written to files")
		}
		return c.Files.Append(p.TenantID, p.ExportID, p.Records)
	}
	return fmt.Errorf("there is no target of the kind %q", p.Target.Kind)
}

// settleTime is how long a syslog receiver has to close its side after we closed ours.
const settleTime = 3 * time.Second

// syslog sends over one connection and waits for the receiver to close it: syslog has no acknowledgement, and a
// write that succeeded says only that this machine has taken the bytes. A receiver that keeps its side open after
// it has been told that nothing more comes is believed.
func (c *Courier) syslog(ctx context.Context, p Parcel) error {
	host, port, err := net.SplitHostPort(p.Target.Address)
	if err != nil {
		return err
	}
	conn, err := c.Dial.Dial(ctx, p.TenantSlug, host, port, p.Target.Plain)
	if err != nil {
		return outbound.Plain(err)
	}
	defer conn.Close()
	if at, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(at); err != nil {
			return err
		}
	}
	if !p.Target.Plain {
		settings := c.TLS.Clone()
		if settings == nil {
			settings = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		settings.ServerName = host
		secure := tls.Client(conn, settings)
		if err := secure.HandshakeContext(ctx); err != nil {
			return outbound.Plain(err)
		}
		conn = secure
	}
	w := bufio.NewWriterSize(conn, 64<<10)
	for _, r := range p.Records {
		if _, err := w.Write(framed(Message(r, c.Host, p.TenantSlug, p.Target.Format))); err != nil {
			return outbound.Plain(err)
		}
	}
	if err := w.Flush(); err != nil {
		return outbound.Plain(err)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return outbound.Plain(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(settleTime)); err != nil { // a deadline of the machine's own clock
			return err
		}
		if _, err := io.Copy(io.Discard, io.LimitReader(conn, 64<<10)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return outbound.Plain(err)
		}
	}
	return nil
}

// Preview is how one record looks on its way to the target.
func (c *Courier) Preview(p Parcel) string {
	if len(p.Records) == 0 {
		return ""
	}
	if p.Target.Kind == Syslog {
		return string(Message(p.Records[0], c.Host, p.TenantSlug, p.Target.Format))
	}
	body, _ := webhookBody(NDJSON, p.Records[:1])
	return string(body)
}
