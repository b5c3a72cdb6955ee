package admin

import (
	"portico/app/extension"
	"portico/app/extension/contract"
)

// eventWords says of an event what it is for, as admins read it. What a declared failure means is the event's own
// (extension.Event.Consequence).
type eventWords struct {
	when   string // one sentence: what happens when
	use    string // what companies use it for
	off    string // what it means that nobody is asked any more
	schema string // its document in app/extension/contract
	person bool   // somebody who has an account is in it
}

func wordsOfEvent(e extension.Event) eventWords {
	switch e {
	case extension.TokenIssuanceStart:
		return eventWords{"Just before a token is made, your API adds claims to it.", "Loyalty tiers, contract numbers and rights that live in another system.",
			"Tokens lack the claims that come from it.", contract.TokenIssuanceStart, true}
	case extension.AttributeCollectionStart:
		return eventWords{"During sign-up, before the page that asks for details is shown, your API fills fields in or ends the sign-up.", "Filling in what you know already, and turning away whom you cannot serve.",
			"Fields are not filled in, and nobody is turned away by your API.", contract.AttributeCollectionStart, false}
	case extension.AttributeCollectionSubmit:
		return eventWords{"During sign-up, each time the details are sent, your API checks them, corrects them or ends the sign-up.", "Invitation codes, membership numbers, cleaned-up addresses.",
			"Your API no longer checks what is typed: accounts are made that it would refuse.", contract.AttributeCollectionSubmit, false}
	case extension.OtpSend:
		return eventWords{"When somebody needs a code, your API sends it in place of us.", "Your own mail or SMS provider, sender and text.",
			"We send codes ourselves.", contract.EmailOtpSend, true}
	case extension.PasswordSubmit:
		return eventWords{"When somebody who is still to be migrated types a password that is not the one kept here, your API says whether it is right.", "Moving people from an old system without resetting everybody’s password.",
			"Whoever is still to be migrated has to reset their password.", contract.PasswordSubmit, true}
	}
	return eventWords{}
}

// failureLabel names what a listener declares; its consequence stands beside it.
func failureLabel(f extension.OnFailure) string {
	switch f {
	case extension.Block:
		return "Stop"
	case extension.Continue:
		return "Go on without it"
	case extension.Fallback:
		return "Do it ourselves"
	}
	return string(f)
}
