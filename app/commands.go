package main

import (
	"context"
	"fmt"
)

// commands are the program's words (DESIGN §7). Each is a small struct whose Run opens what it needs
// and calls the function that the portal and the API call too.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Serve (the default)."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database up to date and end."`
	Admin       adminCommand       `cmd:"" help:"Make or rescue an administrator."`
	APIClient   apiClientCommand   `cmd:"" name:"api-client" help:"Manage clients of the management API."`
	Keys        keysCommand        `cmd:"" help:"Manage a tenant's signing keys."`
	Export      exportCommand      `cmd:"" help:"Write a tenant's configuration into a directory: applications, user flows, custom attributes, terms, settings; no secrets."`
	Plan        planCommand        `cmd:"" help:"Say what apply would change, and change nothing."`
	Apply       applyCommand       `cmd:"" help:"Make a tenant as a directory says, all of it or nothing."`
	Audit       auditCommand       `cmd:"" help:"Verify the audit log, or write it into a file that can be verified anywhere."`
	Risk        riskCommand        `cmd:"" help:"Measure the risk engine."`
	Insight     insightCommand     `cmd:"" help:"Count Application user activity anew."`
	Seed        seedCommand        `cmd:"" help:"Add generated customers and sign-ins to the sample company (development)."`
	Backup      backupCommand      `cmd:"" help:"Write the whole database into one file, while a server runs."`
	Restore     restoreCommand     `cmd:"" help:"Put a backup in the place of the database."`
	Copy        copyCommand        `cmd:"" help:"Copy everything into another, empty database (SQLite to Postgres or back)."`
	Reseal      resealCommand      `cmd:"" help:"Seal everything with PORTICO_SECRET, so that PORTICO_SECRET_PREVIOUS can go."`
	Doctor      doctorCommand      `cmd:"" help:"Check settings and surroundings, and say what to do."`
	Import      importCommand      `cmd:"" help:"Bring people into a tenant from CSV or JSON, with their password hashes. Ends with 3 when records were refused."`
	Languages   languagesCommand   `cmd:"" help:"Say per language which texts are untranslated, overlong or out of date."`
	ExportUsers exportUsersCommand `cmd:"" name:"export-users" help:"Write a tenant's people as CSV or JSON, which import reads again; no passwords."`
}

type migrateCommand struct{}

func (migrateCommand) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.store.Migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(w.stdout, "The database is up to date.")
	return nil
}
