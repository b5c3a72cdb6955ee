package extension

import (
	"encoding/json"
	"slices"
)

// tokenIssuanceStart asks for claims just before a token is issued (R 8.4). What is skipped may have been what takes a
// right away, so a failure ends the request unless the tenant says otherwise.
func tokenIssuanceStart() kind {
	return kind{event: TokenIssuanceStart, label: "Token issuance start", wire: "tokenIssuanceStart",
		callout: "onTokenIssuanceStartCalloutData", response: "onTokenIssuanceStartResponseData",
		failures: []OnFailure{Block, Continue},
		consequence: map[OnFailure]string{
			Block:    "If this API is down, nobody gets a token for these apps: customers cannot sign in.",
			Continue: "If this API is down, tokens are issued without its claims.",
		},
		fill: func(*Data, *Occasion) *Failure { return nil },
		actions: []action{{ProvideClaims, "tokenIssuanceStart.provideClaimsForToken", func(fields map[string]raw, o *Occasion, a *Answer) *Failure {
			var f *Failure
			a.Claims, f = claimsOf(fields["claims"], o.AnyJSON)
			return f
		}}},
		sample: func(o *Occasion) { o.User = samplePerson() },
	}
}

// claimsOf reads claims: texts and lists of texts (R 8.1.4), and anything where the app's mapping takes it.
func claimsOf(b raw, anyJSON []string) (map[string]any, *Failure) {
	if b.null() {
		return nil, fail(NullClaims, "the action has no claims")
	}
	if len(b) > MaxClaims {
		return nil, fail(ClaimsTooLarge, "the claims have %d bytes, more than %d", len(b), MaxClaims)
	}
	fields, ok := b.object()
	if !ok {
		return nil, fail(InvalidBody, "claims is not an object")
	}
	out := make(map[string]any, len(fields))
	for name, v := range fields {
		if name == "" {
			return nil, fail(EmptyClaimName, "a claim has no name")
		}
		if v.null() { // says nothing
			continue
		}
		if slices.Contains(anyJSON, name) {
			if v.deep() {
				return nil, fail(InvalidBody, "claim %s has more than %d levels", clip(name, 100), maxDepth)
			}
			out[name] = json.RawMessage(v)
			continue
		}
		var text string
		var list []string
		switch {
		case json.Unmarshal(v, &text) == nil:
			out[name] = text
		case v.texts() && json.Unmarshal(v, &list) == nil:
			out[name] = list
		default:
			return nil, fail(InvalidBody, "claim %s is neither a text nor a list of texts", clip(name, 100))
		}
	}
	return out, nil
}
