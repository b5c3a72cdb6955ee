package admin

import "strconv"

// callCode says of a call's error number what it is called, what was wrong in plain words, and what to do (R 8.9.3).
type callCode struct{ name, cause, do string }

// callCodes are the vendor's numbers.
func callCodes() map[int]callCode {
	const answer = "Compare the answer below with the JSON schema of the event, which the extension's page offers."
	return map[int]callCode{
		1003000: {"EventHandlerUnexpectedError", "Something went wrong here, not at your API.", "Look at the sign-in and at the server's log for this time."},
		1003001: {"CustomExtensionUnexpectedError", "Something went wrong here while your API was called.", "Look at the server's log for this time."},
		1003002: {"InvalidHTTPStatus", "Your API answered with another status than 200.", "Look at the log of your API for this correlation ID. 401 or 403 mean that it did not trust our token: compare iss, aud and azp with the extension's page."},
		1003003: {"InvalidResponseBody", "The answer is not the JSON that the event takes, or a value has another type than its attribute.", answer},
		1003004: {"ThrottlingError", "Too many calls at once: more than 50 in a second over all extensions, or too many that were still waiting for an answer.", "Make the API answer faster, or let fewer applications use the extension."},
		1003005: {"TimedOut", "Your API did not answer in time.", "Make it answer within the extension's timeout, or allow more time, up to 2000 ms. Slow first calls after a pause are often a program that has to be started."},
		1003006: {"InvalidResponseContentType", "The answer does not say that it is JSON.", "Send the header Content-Type: application/json."},
		1003007: {"NullClaimsResponse", "The answer has no claims.", "Send “claims”, if need be with nothing in it: {}."},
		1003008: {"InvalidResponseApiSchemaVersion", "The answer is of another version.", answer},
		1003009: {"EmptyResponse", "The answer is empty.", "Send exactly one action, also when there is nothing to say."},
		1003010: {"InvalidNumberOfActions", "The answer has no action, or several.", "Send exactly one action."},
		1003011: {"NotFound", "The extension that the listener names does not exist any more.", "Choose another one for the listener, or delete the listener."},
		1003012: {"InvalidActionType", "The answer names an action that this event does not take.", answer},
		1003014: {"IncorrectResourceIdFormat", "The identifier of the API is not of the form api://host/client-id.", "Enter it as the extension's form says."},
		1003015: {"DomainNameDoesNotMatch", "The host in the API's identifier is not the host of the target URL.", "Make the two agree: whoever has the identifier must have the address."},
		1003016: {"ResourceServicePrincipalNotFound", "The application that stands for your API does not exist in this tenant.", "Register it under Applications, or enter the client ID of one that is there."},
		1003017: {"ClientServicePrincipalNotFound", "The event service is not known in this tenant.", "Look at the server's log; this tenant has to be mended."},
		1003018: {"ClientServiceDisabled", "The event service is switched off in this tenant.", "Look at the server's log; this tenant has to be mended."},
		1003019: {"ResourceServicePrincipalDisabled", "The application that stands for your API is disabled.", "Enable it under Applications."},
		1003020: {"IncorrectTargetUrlFormat", "The target URL cannot be called: it has to be https and reachable from the public internet.", "Mend the address. The operator of this installation can allow exceptions."},
		1003021: {"PermissionNotGrantedToServicePrincipal", "The application that stands for your API may not be sent events.", "Give it the permission CustomAuthenticationExtension.Receive.Payload."},
		1003022: {"MsGraphServicePrincipalDisabledOrNotFound", "The management API is not usable in this tenant.", "Look at the server's log; this tenant has to be mended."},
		1003023: {"Blocked", "The extension is blocked: it failed so often that it is not called for a while, or somebody turned it off.", "It is tried again by itself. Use Send a sample to see whether your API is back."},
		1003024: {"ResponseSizeExceeded", "The answer is larger than is taken.", "Send only what the event needs; 100 KB are the most."},
		1003025: {"ResponseClaimsSizeExceeded", "The claims are larger than 3 KB.", "Send fewer or shorter claims."},
		1003026: {"NullOrEmptyClaimKeyNotSupported", "A claim has no name.", "Give each claim a name."},
		1003027: {"ConnectionError", "Your API could not be reached: no connection, no valid certificate, or an address that is not allowed.", "Open the target URL from elsewhere, look at its certificate and at its DNS."},
	}
}

// callCodeWords is what a number means; a number that nobody knows is said as it is.
func callCodeWords(code int) callCode {
	if w, ok := callCodes()[code]; ok {
		return w
	}
	return callCode{name: "Error " + strconv.Itoa(code), cause: "The call failed.", do: "Look at the answer below."}
}
