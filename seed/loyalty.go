package seed

import (
	"context"
	"net/url"

	"portico/app/extension"
	"portico/app/fault"
	"portico/models"
)

// LoyaltyPath is where the sample applications serve the sample company's own API.
const LoyaltyPath = "/demo/loyalty"

// LoyaltyClient is the app id of the registration that stands for that API.
func LoyaltyClient(tenantID string) string { return derivedID(tenantID, "loyalty") }

// ensureLoyalty gives the sample company an API that adds a loyalty tier to the market's tokens. While it does not answer,
// people shop without one.
func ensureLoyalty(ctx context.Context, dir *models.Tenant, baseURL string) error {
	base, err := url.Parse(baseURL)
	if err != nil {
		return err
	}
	client := LoyaltyClient(dir.ID)
	resource := "api://" + base.Hostname() + "/" + client
	_, err = dir.CreateApplication(ctx, actor(), models.Application{ClientID: client, Name: "Fernhill Loyalty API", Kind: models.DaemonApp, Enabled: true,
		Spec: models.ApplicationSpec{IdentifierURIs: []string{resource}, Permissions: []string{extension.ReceivePermission}}})
	if err != nil {
		return unlessTaken(err) // another instance is at it
	}
	e, err := dir.CreateExtension(ctx, actor(), extension.Extension{ID: derivedID(dir.ID, "loyalty extension"), Name: "Loyalty tier",
		Description: "Tells the market how loyal a customer is.", Event: extension.TokenIssuanceStart, URL: baseURL + LoyaltyPath, Resource: resource, Enabled: true,
		Claims: []string{"loyalty_tier"}}, func(*extension.Extension) fault.Fields { return nil })
	if err != nil {
		return err
	}
	_, err = dir.CreateListener(ctx, actor(), extension.Listener{ID: derivedID(dir.ID, "loyalty listener"), Name: "Loyalty tier for the market",
		Event: extension.TokenIssuanceStart, Extension: e.ID, Priority: extension.DefaultPriority, Apps: []string{derivedID(dir.ID, "market")},
		OnFailure: extension.Continue, Enabled: true})
	return err
}
