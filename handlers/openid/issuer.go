package openid

import (
	"context"
	"encoding/json"

	"portico/app/openid"
	"portico/app/signin"
)

// Issuer turns a finished sign-in into an authorization response (signin.Issuer for signin.OpenID).
type Issuer struct{ Provider *openid.Provider }

// Issue writes the code in the transaction that ends the attempt.
func (i Issuer) Issue(ctx context.Context, tx signin.Tx, g signin.Grant) (signin.Outcome, error) {
	var r openid.AuthorizeRequest
	if err := json.Unmarshal(g.Request.Return, &r); err != nil {
		return signin.Outcome{}, err
	}
	store, ok := tx.(openid.GrantStore)
	if !ok {
		return signin.Outcome{}, errNoStore
	}
	a, err := i.Provider.Issue(ctx, store, &r, openid.Signed{UserID: g.UserID, SID: g.SID, SignInID: g.SignInID, AuthTime: g.AuthTime,
		AMR: g.AMR, ACR: g.ACR, Methods: g.Methods, AAGUIDs: g.AAGUIDs, Contexts: g.Contexts, MFATime: g.MFATime, Provider: g.Provider, Scopes: g.Scopes})
	return outcome(a), err
}

// Refuse makes the error answer.
func (i Issuer) Refuse(_ context.Context, r signin.Refusal) (signin.Outcome, error) {
	var asked openid.AuthorizeRequest
	if err := json.Unmarshal(r.Request.Return, &asked); err != nil {
		return signin.Outcome{}, err
	}
	return outcome(asked.Deny(openid.Refusal(r.Error, r.Description))), nil
}

func outcome(a openid.Answer) signin.Outcome {
	if a.Action != "" {
		return signin.Outcome{FormPost: &signin.FormPost{Action: a.Action, Fields: a.Fields}, Refused: a.Refused}
	}
	return signin.Outcome{Redirect: a.Redirect, Refused: a.Refused}
}
