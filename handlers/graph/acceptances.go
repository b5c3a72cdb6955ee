package graph

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"portico/models"
)

// shownAcceptance is Graph's agreementAcceptance (graph.md §14.2) with the version in portico.
func shownAcceptance(a models.TermsAcceptance) object {
	return object{{"id", a.TermsID + "_" + a.UserID + "_" + strconv.Itoa(a.Version)}, {"agreementId", a.TermsID}, {"agreementFileId", nil},
		{"deviceDisplayName", nil}, {"deviceId", nil}, {"deviceOSType", nil}, {"deviceOSVersion", nil}, {"expirationDateTime", nil},
		{"recordedDateTime", stamp(a.At)}, {"state", "accepted"}, {"userDisplayName", text(a.UserName)}, {"userEmail", text(a.UserMail)},
		{"userId", a.UserID}, {"portico", object{{"version", a.Version}, {"language", text(a.Locale)}}}}
}

const acceptancesPage = 200

// acceptancesOf lists who agreed to terms, newest first.
func (a *API) acceptancesOf(ctx context.Context, c *call, x *termsOfUse) (*response, error) {
	limit, err := c.opts.pageSize(acceptancesPage, 999)
	if err != nil {
		return nil, err
	}
	after, err := c.skipped()
	if err != nil {
		return nil, err
	}
	var from *models.TermsAcceptance
	if after != nil {
		p, ok := after.listing()
		at, isTime := p.Value.(time.Time)
		if !ok || !isTime {
			return nil, badRequest("The page token is not valid.", "$skiptoken")
		}
		user, version := cutAcceptance(p.ID)
		from = &models.TermsAcceptance{UserID: user}
		from.At, from.Version = at, version
	}
	rows, err := c.tenant.TermsAcceptances(ctx, x.ID, from, limit+1)
	if err != nil {
		return nil, err
	}
	out := object{{"@odata.context", c.context("agreementAcceptances")}}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		out.add("@odata.nextLink", c.nextLink(positionOf(last.At, last.UserID+"_"+strconv.Itoa(last.Version))))
	}
	list := make([]object, len(rows))
	for i, row := range rows {
		list[i] = shownAcceptance(row)
	}
	out.add("value", list)
	return &response{status: http.StatusOK, body: out}, nil
}

func cutAcceptance(id string) (userID string, version int) {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '_' {
			version, _ = strconv.Atoi(id[i+1:])
			return id[:i], version
		}
	}
	return id, 0
}

// agreementAcceptances is what one person agreed to.
func (a *API) agreementAcceptances(ctx context.Context, c *call, u *user) (*response, error) {
	accepted, err := c.tenant.Acceptances(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	list := make([]object, len(accepted))
	for i, one := range accepted {
		list[i] = shownAcceptance(models.TermsAcceptance{Acceptance: one, UserID: u.ID, UserName: u.DisplayName, UserMail: u.Mail})
	}
	return valueOf(c, "agreementAcceptances", list), nil
}
