package main

import (
	"context"
	"fmt"
	"time"

	"portico/app/extension"
	"portico/app/fault"
	"portico/app/message"
	"portico/app/outbox"
	"portico/app/signin"
	"portico/handlers/hosted"
)

// journey is how sign-ups and passwords are asked about.
func (s *server) journey(caller *extension.Caller) signin.Extensions {
	return &hosted.Extensions{Call: caller.Call, Keep: s.keepCall}
}

// relay hands one-time codes to the tenants' own providers, by what each listener declares.
func (s *server) relay(caller *extension.Caller) message.Relay {
	return func(ctx context.Context, it outbox.Item, n message.Note) (bool, error) {
		dir, err := s.store.Directory(ctx, n.TenantID)
		if fault.Is(err, fault.NotFound) { // switched off meanwhile: nobody's own provider is asked
			return false, nil
		}
		if err != nil {
			return false, err
		}
		to, ok := dir.Extensions.Choose(extension.OtpSend, n.Origin.ClientID, n.Origin.FlowID)
		if !ok || n.Channel == "sms" && !to.Listener.Texts {
			return false, nil
		}
		o := extension.Occasion{Event: extension.OtpSend, TenantID: n.TenantID, Tenant: dir.Tenant.Slug, CorrelationID: n.Origin.Correlation, IP: n.Origin.IP,
			Locale: n.Locale, FlowID: n.Origin.FlowID, App: hosted.AppOf(dir, n.Origin.ClientID), RequestType: n.Origin.Request, Key: it.ID, Trial: n.Origin.Test, OTP: &extension.OTP{Identifier: n.To, Code: n.Code}}
		r := caller.Call(ctx, dir.Extensions, to, &o)
		s.keepCall(n.TenantID, r.Call)
		switch {
		case r.Answered():
			return true, nil
		case !r.Call.Asked() && inTime(s.now(), it, r.Failure):
			return true, fmt.Errorf("the tenant's own provider was not asked yet: %d %s", r.Call.Code, r.Call.Code.Name())
		case r.Failure == extension.Fallback:
			return false, nil
		}
		return true, outbox.Permanent(fmt.Errorf("the tenant's own provider: %d %s", r.Call.Code, r.Call.Code.Name()))
	}
}

// codeWaits is how long a code waits for the tenant's own provider where the built-in way would bring it.
const codeWaits = 10 * time.Second

// inTime reports whether it is worth trying a code again that the provider was not asked to bring, because too much was
// under way or the provider was down a moment ago: while the code counts, or for a moment where there is another way.
func inTime(now time.Time, it outbox.Item, declared extension.OnFailure) bool {
	next := now.Add(outbox.Pause(it.Attempts, 1))
	if declared == extension.Fallback && next.Sub(it.CreatedAt) > codeWaits {
		return false
	}
	return it.NotAfter.IsZero() || next.Before(it.NotAfter)
}
