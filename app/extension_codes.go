package main

import (
	"context"
	"fmt"

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
	return func(ctx context.Context, n message.Note) (bool, error) {
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
			Locale: n.Locale, FlowID: n.Origin.FlowID, App: hosted.AppOf(dir, n.Origin.ClientID), RequestType: n.Origin.Request, OTP: &extension.OTP{Identifier: n.To, Code: n.Code}}
		r := caller.Call(ctx, dir.Extensions, to, &o)
		s.keepCall(n.TenantID, r.Call)
		switch {
		case r.Answered():
			return true, nil
		case r.Failure == extension.Fallback:
			return false, nil
		}
		return true, outbox.Permanent(fmt.Errorf("the tenant's own provider: %d %s", r.Call.Code, r.Call.Code.Name()))
	}
}
