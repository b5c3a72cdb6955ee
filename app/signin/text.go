package signin

import (
	"cmp"
	"context"
	"slices"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// text.go: codes by text message as a second factor (F130), and which methods the tenant has at all (F126).

// texted reports whether codes of a purpose go to a phone.
func texted(purpose string) bool { return purpose == PurposeText || purpose == PurposeTextEnrol }

// askNumber takes the number that is to be registered and sends the first code there.
func (r *run) askNumber(ctx context.Context, s Step, f Form) error {
	number, err := account.PhoneIn(f.Value("region"), f.Value("phone"))
	if err != nil {
		return err
	}
	return r.textNumber(ctx, s, number)
}

// textNumber sends a code to a number that is being registered. A new one ends those before it, whatever number
// they went to.
func (r *run) textNumber(ctx context.Context, s Step, number string) error {
	if number == "" {
		return fault.BadField("phone", "field.phone.required", nil)
	}
	if err := r.text(ctx, s, PurposeTextEnrol, number); err != nil {
		return err
	}
	r.a.Facts.Ceremonies = append(slices.Clip(r.a.Facts.Ceremonies), Ceremony{Kind: factor.SMSCode, Enrol: true, To: number, At: r.w.Now})
	return nil
}

// text plans a code by text message, once every limit has counted it. What is refused for its country or for the
// day's budget is in the sign-in log, because each of them may be an attack (R 4.4.4).
func (r *run) text(ctx context.Context, s Step, purpose, number string) error {
	if number == "" {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	if err := r.cooled(purpose); err != nil {
		return err
	}
	sending := Sending{Channel: SMS, TenantID: r.a.TenantID, IP: r.visit.Signals.IP, Rate: r.w.Tenant.Settings.RequestsPerSecondPerIP, Relaxed: r.Relaxed,
		Account: r.accountID(s.Person), Destination: number, Texts: r.w.Tenant.Settings.Methods.SMS}
	if err := sending.Take(ctx, r.store, r.MAC, r.w.Now); err != nil {
		if e := fault.Of(err); e.Key == textCountry || e.Key == textDay {
			if purpose == PurposeTextEnrol {
				e = fault.Of(BesideNumber(e))
			}
			return r.failed(ctx, s.Person.Account, s.Person.Email, factor.SMSCode, codeTextRefused, e)
		}
		return err
	}
	return r.sendCode(purpose, CodeMail{Channel: SMS, To: number})
}

// BesideNumber puts why a text message is not sent beside the box that the number was typed into.
func BesideNumber(err error) error {
	e := fault.Of(err)
	if e.Key != textCountry && e.Key != textDay {
		return err
	}
	shown := *e
	shown.Fields = []fault.Field{{Name: "phone", Key: e.Key}}
	return &shown
}

// textMethod is the number that was registered as a second factor, "" when there is none.
func textMethod(s Step) string {
	for _, m := range s.Methods {
		if m.Kind == factor.SMSCode {
			return m.Name
		}
	}
	return ""
}

// shownBy is the id of the method that a code went to; "" for one that this very attempt registers.
func shownBy(methods []account.Method, kind, to string) string {
	for _, m := range methods {
		if m.Kind == kind && m.Name == to {
			return m.ID
		}
	}
	return ""
}

// LastUsedFirst orders methods as their owner would look for them: the one used last in front, then the newest.
func LastUsedFirst(methods []account.Method) []account.Method {
	out := slices.Clone(methods)
	slices.SortStableFunc(out, func(a, b account.Method) int {
		return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), b.CreatedAt.Compare(a.CreatedAt))
	})
	return out
}

// firstAsked is the kind of second factor whose page comes first. While none was used yet, one that needs nothing
// sent comes before one that does.
func firstAsked(methods []account.Method) string {
	list := LastUsedFirst(methods)
	if len(list) > 0 && !list[0].LastUsedAt.IsZero() {
		return list[0].Kind
	}
	for _, k := range []string{factor.Passkey, factor.TOTP} {
		if slices.ContainsFunc(list, func(m account.Method) bool { return m.Kind == k }) {
			return k
		}
	}
	return ""
}

// offered is the flow with those second factors only that the tenant has, and that can be given: without a gateway
// nobody gets a text message. What a group decides, grouped takes off once it is known who is there.
func offered(f userflow.Flow, t tenant.Tenant, texts bool) userflow.Flow {
	f.MFA.Methods = slices.DeleteFunc(slices.Clone(f.MFA.Methods), func(m string) bool {
		return t.Settings.Methods.Rule(factor.KindOf(m)).Off || m == SMS && !texts
	})
	return f
}

// grouped is the flow with those second factors only that somebody in these groups may use.
func grouped(f userflow.Flow, t tenant.Tenant, groups []string) userflow.Flow {
	f.MFA.Methods = slices.DeleteFunc(slices.Clone(f.MFA.Methods), func(m string) bool {
		return !t.Settings.Methods.Rule(factor.KindOf(m)).Allows(groups)
	})
	return f
}

// recoveryAllowed reports whether the tenant has recovery codes for whoever is there.
func (w World) recoveryAllowed() bool {
	return w.Tenant.Settings.Methods.Recovery.Allows(w.Asked.Groups)
}
