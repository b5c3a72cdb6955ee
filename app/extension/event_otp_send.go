package extension

// otpSend hands a code to the tenant's own mail or SMS provider (R 8.7). By default a failure sends no code.
func otpSend() kind {
	return kind{event: OtpSend, label: "One-time code send", wire: "emailOtpSend",
		callout: "onOtpSendCalloutData", response: "onOtpSendResponseData",
		failures: []OnFailure{Block, Fallback},
		consequence: map[OnFailure]string{
			Block:    "If this API is down, no codes are sent: whoever needs one cannot sign in, sign up or choose a new password.",
			Fallback: "If this API is down, codes are sent by the built-in mail or SMS.",
		},
		fill: func(d *Data, o *Occasion) *Failure {
			if o.OTP == nil {
				return fail(HandlerUnexpected, "there is no code to send")
			}
			d.OTP = &otpContext{o.OTP.Identifier, o.OTP.Code}
			d.Context.RequestType = o.RequestType
			return nil
		},
		actions: []action{{DefaultBehavior, "OtpSend.continueWithDefaultBehavior", carryOn}},
		sample: func(o *Occasion) {
			o.OTP, o.RequestType = &OTP{"mia.sample@example.com", "12345678"}, ForSignIn
		},
	}
}
