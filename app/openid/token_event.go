package openid

import (
	"context"
	"time"

	"portico/app/extension"
)

// eventClaims are the claims that a receiving API compares (R 8.2.1): both versions of who calls, since older APIs read
// appid and newer ones azp. The token is of the event service, which is no app of the tenant: nothing here takes it.
type eventClaims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	OID       string `json:"oid"`
	TenantID  string `json:"tid"`
	Version   string `json:"ver"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	Expiry    int64  `json:"exp"`
	ID        string `json:"jti"`
	UTI       string `json:"uti"`
	AZP       string `json:"azp"`
	AZPACR    string `json:"azpacr"`
	AppID     string `json:"appid"`
	AppIDACR  string `json:"appidacr"`
	IDType    string `json:"idtyp"`
}

// EventToken makes the token with which the API of an app registration is called, and says until when it counts.
func (p *Provider) EventToken(ctx context.Context, realm *Realm, clientID string) (string, time.Time, error) {
	alg := ES256
	if c, ok := realm.Client(clientID); ok {
		alg = c.SigningAlg
	}
	key, err := p.keys.signer(ctx, realm.Tenant.ID, alg)
	if err != nil {
		return "", time.Time{}, err
	}
	id, err := secretText(16)
	if err != nil {
		return "", time.Time{}, err
	}
	now := p.Now()
	until := now.Add(defaultLifetime)
	text, err := key.sign(typAccess, eventClaims{Issuer: realm.Issuer, Audience: clientID, Subject: extension.EventService, OID: extension.EventService,
		TenantID: realm.Tenant.ID, Version: "2.0", IssuedAt: now.Unix(), NotBefore: now.Unix(), Expiry: until.Unix(), ID: id, UTI: id,
		AZP: extension.EventService, AZPACR: "2", AppID: extension.EventService, AppIDACR: "2", IDType: "app"})
	return text, until, err
}
