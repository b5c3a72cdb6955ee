package models

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"portico/app/audit"
	"portico/app/fault"
)

// ClientDiagnosticRow is one mistake that an app made at a protocol endpoint, folded: the same mistake
// again raises Count. The "Connect your app" panel shows them, so that a developer reads the two
// strings that differ instead of guessing. Only mistakes of registered clients are noted and each
// client keeps the newest maxDiagnostics, so a stranger cannot grow the table.
type ClientDiagnosticRow struct {
	ID       string `gorm:"primaryKey;size:36"`
	TenantID string `gorm:"size:36;index:client_diagnostics_client,priority:1"`
	ClientID string `gorm:"size:36;index:client_diagnostics_client,priority:2"`
	Kind     string `gorm:"size:40"` // a ClientMistake
	Given    string `gorm:"type:text"`
	Expected string `gorm:"type:text"` // several are separated by line feeds
	Count    int
	FirstAt  time.Time
	LastAt   time.Time `gorm:"index:client_diagnostics_client,priority:3"`
}

func (ClientDiagnosticRow) TableName() string { return "client_diagnostics" }

// ClientMistake names what an app did wrong. Never put a secret, a code or a token into given.
type ClientMistake string

const (
	MistakeRedirectURI       ClientMistake = "redirectUri"       // given: what was sent; expected: the registered ones
	MistakePostLogoutURI     ClientMistake = "postLogoutUri"     // as above, at the logout endpoint
	MistakeTokenRedirectURI  ClientMistake = "tokenRedirectUri"  // token request's redirect_uri is not the authorization request's
	MistakeResponseType      ClientMistake = "responseType"      // given: the response_type; expected: code
	MistakeResponseMode      ClientMistake = "responseMode"      // given: the response_mode
	MistakeGrantType         ClientMistake = "grantType"         // given: the grant_type
	MistakeScope             ClientMistake = "scope"             // given: the unknown scope; expected: what there is
	MistakePKCEMissing       ClientMistake = "pkceMissing"       // no code_challenge
	MistakePKCEMethod        ClientMistake = "pkceMethod"        // given: plain; expected: S256
	MistakePKCEWrong         ClientMistake = "pkceWrong"         // the verifier does not fit the challenge
	MistakeClientAuthMissing ClientMistake = "clientAuthMissing" // a confidential app sent no credential
	MistakeClientSecret      ClientMistake = "clientSecret"      // the secret is wrong; never note which
	MistakeSecretExpired     ClientMistake = "secretExpired"     // expected: when it expired
	MistakeAssertion         ClientMistake = "assertion"         // private_key_jwt refused; given: why, in words
	MistakePublicClient      ClientMistake = "publicClient"      // a public app sent a secret
	MistakeCode              ClientMistake = "code"              // unknown, expired or used code
	MistakeDisabled          ClientMistake = "disabled"          // the app is disabled
	MistakeNoFlow            ClientMistake = "noFlow"            // no user flow has this app
	MistakeParameter         ClientMistake = "parameter"         // given: name=value of another wrong parameter
)

const (
	maxDiagnostics   = 20
	maxDiagnosticLen = 600
	diagnosticFold   = 2 * time.Second // the same mistake within this time is not written again
)

// NoteClientMistake records what an app did wrong, so that its developer can be told. It is best
// effort: callers ignore the error.
func (t *Tenant) NoteClientMistake(ctx context.Context, clientID string, kind ClientMistake, given, expected string) error {
	given, expected = clip(given), clip(expected)
	now := t.Now()
	var row ClientDiagnosticRow
	err := t.q(ctx).Where("client_id = ? AND kind = ? AND given = ?", clientID, string(kind), given).Limit(1).Find(&row).Error
	if err != nil {
		return err
	}
	if row.ID != "" {
		if now.Sub(row.LastAt) < diagnosticFold {
			return nil
		}
		return t.w(ctx).Model(&ClientDiagnosticRow{}).Where("tenant_id = ? AND id = ?", t.ID, row.ID).
			Updates(map[string]any{"count": gorm.Expr("count + 1"), "last_at": now, "expected": expected}).Error
	}
	return t.InTx(ctx, func(t *Tenant) error {
		row = ClientDiagnosticRow{ID: NewID(), TenantID: t.ID, ClientID: clientID, Kind: string(kind), Given: given,
			Expected: expected, Count: 1, FirstAt: now, LastAt: now}
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		keep := t.q(ctx).Model(&ClientDiagnosticRow{}).Select("id").Where("client_id = ?", clientID).
			Order("last_at DESC, id DESC").Limit(maxDiagnostics)
		return t.w(ctx).Where("tenant_id = ? AND client_id = ? AND id NOT IN (?)", t.ID, clientID, keep).
			Delete(&ClientDiagnosticRow{}).Error
	})
}

// ClientMistakes lists an app's mistakes since a time, newest first.
func (t *Tenant) ClientMistakes(ctx context.Context, clientID string, since time.Time) ([]ClientDiagnosticRow, error) {
	var rows []ClientDiagnosticRow
	err := t.q(ctx).Where("client_id = ? AND last_at >= ?", clientID, since.UTC()).
		Order("last_at DESC, id DESC").Limit(maxDiagnostics).Find(&rows).Error
	return rows, err
}

// ForgetClientMistakes empties an app's list, once its developer has mended them.
func (t *Tenant) ForgetClientMistakes(ctx context.Context, actor audit.Actor, clientID string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		r := t.u(ctx).Where("client_id = ?", clientID).Delete(&ClientDiagnosticRow{})
		if r.Error != nil || r.RowsAffected == 0 {
			return audit.Event{}, r.Error
		}
		a, err := t.ApplicationByClient(ctx, clientID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return audit.Event{}, err
		}
		return applicationEvent(a, "Forget mistakes of application", "Delete", []audit.Change{{Property: "mistakes", Old: r.RowsAffected}}), nil
	})
}

// clip keeps a foreign string short, printable UTF-8 and free of NUL, which Postgres refuses.
func clip(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) <= maxDiagnosticLen {
		return s
	}
	n := maxDiagnosticLen
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
