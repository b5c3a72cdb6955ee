package signin

import (
	"context"
	"net/netip"
	"time"

	"portico/app/fault"
	"portico/app/limit"
	"portico/app/tenant"
)

// SMS is the channel of text messages, and what user flows call the method.
const SMS = "sms"

// Why a text message is not sent: message keys.
const (
	textCountry = "text.country"
	textDay     = "text.day"
)

// Sending is a message with a code that somebody asks for, and what it counts against (R 4.4.3; the table
// holds for mail as for texts). Whoever is over their own limit must not use up the destination's, so that
// one comes last.
type Sending struct {
	Channel     string // "mail" or SMS: each has counters of its own
	TenantID    string
	IP          netip.Addr
	Rate        int    // the tenant's requests per second; a tenant that lets one address do more lets it send more. 0 = the default
	Relaxed     bool   // development: loopback does not count
	Account     string // who asks, where that is known: as many as to one destination, whatever the destinations
	Destination string // canonical
	// Texts says to which countries text messages go, and how many in a day.
	Texts tenant.SMSRule
}

// Take counts the message, or says no and for how long. Destinations are shared by all tenants. A text message is
// held against its country first, and against the day's budget last, so that only what goes out uses it up.
func (s Sending) Take(ctx context.Context, store Store, mac MAC, now time.Time) error {
	code := ""
	if s.Channel == SMS {
		var reached bool
		if code, reached = s.Texts.Reaches(s.Destination); !reached {
			if _, err := store.TakeText(ctx, code, true, 0, now); err != nil {
				return err
			}
			return fault.New(fault.Invalid, textCountry)
		}
	}
	type counter struct {
		key     []byte
		windows []limit.Window
	}
	var counters []counter
	if !s.Relaxed || !s.IP.IsLoopback() {
		counters = append(counters, counter{mac("limit.address", labels(s.Channel, network(s.IP))), limit.Scale(limit.PerAddress(), s.Rate, 20)},
			counter{mac("limit.tenant", labels(s.Channel, s.TenantID)), limit.Scale(limit.PerTenant(), s.Rate, 20)})
	}
	if s.Account != "" {
		counters = append(counters, counter{mac("limit.account", labels(s.Channel, s.TenantID, s.Account)), limit.PerDestination()})
	}
	counters = append(counters, counter{mac("limit.destination", []byte(s.Destination)), limit.PerDestination()})
	for _, c := range counters {
		wait, ok, err := store.Take(ctx, c.key, c.windows, now)
		if err != nil {
			return err
		}
		if !ok {
			if s.Channel == SMS {
				if _, err := store.TakeText(ctx, code, true, 0, now); err != nil {
					return err
				}
			}
			return &fault.Error{Code: fault.TooMany, Key: "code.too_many", RetryAfter: wait}
		}
	}
	if s.Channel != SMS {
		return nil
	}
	ok, err := store.TakeText(ctx, code, false, s.Texts.Daily(), now)
	if err == nil && !ok {
		err = &fault.Error{Code: fault.TooMany, Key: textDay, RetryAfter: untilTomorrow(now)}
	}
	return err
}

func untilTomorrow(now time.Time) time.Duration {
	return now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
}
