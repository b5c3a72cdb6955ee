package contract

// events are the five, with their actions (R 8.4 to 8.8).
func events() map[string]event {
	block := action{name: "showBlockPage", says: "The sign-up ends with a page that says this. Text only: marks of HTML are shown as they are.", required: []string{"message"},
		properties: node{"title": text("Heading of the page."), "message": text("What the visitor reads.")},
		sample:     node{"title": "We could not create your account", "message": "Please call our service desk."}}
	proceed := action{name: "continueWithDefaultBehavior", says: "Go on as if nobody had been asked."}
	return map[string]event{
		TokenIssuanceStart: {
			about: "Sent just before a token is made. The claims reach the token only where the application's claims ask for them.",
			kind:  TokenIssuanceStart, callout: "onTokenIssuanceStartCalloutData", response: "onTokenIssuanceStartResponseData", prefix: TokenIssuanceStart, user: true,
			actions: []action{{name: "provideClaimsForToken", says: "These claims may go into the token; 3 KB in all.", required: []string{"claims"},
				properties: node{"claims": node{"type": "object", "propertyNames": node{"minLength": 1}, "additionalProperties": node{"description": "A text or a list of texts. Where the application's claim says so, any JSON.", "not": node{"type": "null"}}}},
				sample:     node{"claims": node{"loyaltyTier": "gold", "stores": []string{"Berlin", "Hamburg"}}}}},
		},
		AttributeCollectionStart: {
			about: "Sent during sign-up, before the page that asks for attributes is shown.",
			kind:  AttributeCollectionStart, callout: "onAttributeCollectionStartCalloutData", response: "onAttributeCollectionStartResponseData", prefix: AttributeCollectionStart, signUp: true,
			actions: []action{proceed,
				{name: "setPrefillValues", says: "The page is shown with these values, which the visitor can change.", required: []string{"inputs"}, properties: node{"inputs": ref("values")}, sample: node{"inputs": node{"city": "Berlin"}}}, block},
		},
		AttributeCollectionSubmit: {
			about: "Sent during sign-up, each time the visitor sends the page that asks for attributes.",
			kind:  AttributeCollectionSubmit, callout: "onAttributeCollectionSubmitCalloutData", response: "onAttributeCollectionSubmitResponseData", prefix: AttributeCollectionSubmit, signUp: true,
			actions: []action{proceed,
				{name: "modifyAttributeValues", says: "These values are kept in place of what was typed.", required: []string{"attributes"}, properties: node{"attributes": ref("values")}, sample: node{"attributes": node{"city": "Berlin"}}},
				{name: "showValidationError", says: "The page is shown again with the message above and one beside each named field; what was typed stays.", required: []string{"message"},
					properties: node{"message": text("Stands above the page."), "attributeErrors": node{"type": "object", "additionalProperties": node{"type": "string"}}},
					sample:     node{"message": "Please correct this to continue.", "attributeErrors": node{"city": "We deliver to Berlin and Hamburg only."}}}, block},
		},
		EmailOtpSend: {
			about: "Sent when a code has to reach somebody. The API sends it by its own mail provider.",
			kind:  EmailOtpSend, callout: "onOtpSendCalloutData", response: "OnOtpSendResponseData", prefix: "OtpSend", user: true,
			more:    node{"otpContext": object([]string{"identifier", "oneTimeCode"}, node{"identifier": text("The address."), "oneTimeCode": text("The code.")})},
			actions: []action{{name: "continueWithDefaultBehavior", says: "The API has sent the code, or will."}},
		},
		PasswordSubmit: {
			about: "Sent when somebody who is still to be migrated types a password that is not the one kept here.",
			kind:  PasswordSubmit, callout: "onPasswordSubmitCalloutData", response: "onPasswordSubmitResponseData", prefix: PasswordSubmit, user: true, nonce: true,
			more: node{"encryptedPasswordContext": text("A JWE (RSA-OAEP-256, A256GCM) with user-password, username and nonce, for the public key of the API.")},
			actions: []action{
				{name: "MigratePassword", says: "It is right: it is kept, and nobody is asked again. If it is too weak here, the person chooses another."},
				{name: "UpdatePassword", says: "It is right, and another one has to be chosen."},
				{name: "Retry", says: "It is wrong."},
				{name: "Block", says: "Nobody signs in; the page says this.", properties: node{"title": text("Heading of the page."), "message": text("What the person reads.")}, sample: node{"title": "We could not sign you in", "message": "Please call our service desk."}},
			},
		},
	}
}
