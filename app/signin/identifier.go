package signin

import (
	"context"
	"slices"
	"strings"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// identifier.go: what people type to say who they are, an address or a user name (F056), and whose it is.

// named reads what was typed. What holds no @ is a user name where the flow takes one; otherwise it gets the
// usual complaint about an address. names says whether the page takes user names.
func (r *run) named(typed string, names bool) (*Identified, error) {
	if inv := r.a.Request.Invitation; inv != nil { // shown, not to be edited: only the invited address goes on
		return &Identified{Typed: inv.Email, Canonical: inv.Canonical, At: r.w.Now}, nil
	}
	id := &Identified{Typed: strings.TrimSpace(typed), At: r.w.Now}
	var err error
	if names && r.w.Flow.UserNames && id.Typed != "" && !strings.ContainsAny(typed, "@\uFF20\uFE6B") {
		id.Type = account.SignInUserName
		id.Canonical, err = account.CanonicalUserName(typed)
	} else {
		id.Canonical, err = account.CanonicalEmail(typed)
		if err != nil && names && r.w.Flow.UserNames && id.Typed == "" {
			err = fault.BadField("email", "field.identifier.required", nil)
		}
	}
	if err != nil {
		e := fault.Of(err)
		e.Fields = slices.Clone(e.Fields)
		for i := range e.Fields {
			e.Fields[i].Name = "email" // the box's name, whatever is typed into it
		}
		return nil, e
	}
	return id, nil
}

// find gives the account that an identifier names; zero when it is nobody's.
func (r *run) find(ctx context.Context, s Store, id *Identified) (account.Account, error) {
	if k := r.a.Facts.Passkey; k != nil { // it said itself whose it is
		return r.keeper(ctx, s, k.UserID)
	}
	if r.a.Facts.Arrived != nil && r.a.Request.Connect == "" {
		if r.w.Bearer.ID != "" {
			return r.w.Bearer, nil
		}
		who, err := s.AccountByEmail(ctx, id.Canonical)
		if err != nil || who.ID == "" {
			return who, err
		}
		return s.AccountByID(ctx, who.ID) // with all identities
	}
	if id.Type == account.SignInUserName {
		return s.AccountByUserName(ctx, id.Canonical)
	}
	return s.AccountByEmail(ctx, id.Canonical)
}

// mailbox is the canonical address that a code for this identifier proves: its own, or the account's when a
// user name was typed.
func (id Identified) mailbox(who account.Account) string {
	if id.Type != account.SignInUserName {
		return id.Canonical
	}
	canonical, err := account.CanonicalEmail(who.Address())
	if err != nil {
		return ""
	}
	return canonical
}

// mailTo mails a code to whom an identifier names. Behind a user name the address is not for everybody to
// know: what can be seen (how often a code was asked for) is counted for the name, and when the address has
// had enough, the mail is silently not delivered.
func (r *run) mailTo(ctx context.Context, purpose string, who account.Account, id *Identified, decoy bool) error {
	if id.Type != account.SignInUserName {
		return r.mail(ctx, purpose, address(who, id.Typed, id.Canonical), decoy)
	}
	name := string(labels("userName", r.a.TenantID, id.Canonical))
	to, quiet := who.Address(), id.mailbox(who)
	if quiet == "" {
		to, quiet, decoy = id.Canonical, name+" nobody", true
	}
	return r.post(ctx, purpose, to, name, quiet, decoy)
}

// settled is the flow as the tenant's settings leave it: a user name is asked for, and taken, only where the
// tenant has them.
func settled(f userflow.Flow, t tenant.Tenant) userflow.Flow {
	if t.Settings.UserNames.Enabled && f.Accepts(userflow.EmailPassword) {
		return f
	}
	f.UserNames = false
	f.Attributes = slices.DeleteFunc(slices.Clone(f.Attributes), func(a userflow.Attribute) bool { return a.ID == userflow.UserName })
	return f
}

// chosenName is the user name that a newcomer gave in answer to the flow's question; "" = none.
func (f Facts) chosenName() string {
	if f.Attributes == nil {
		return ""
	}
	name, _ := f.Attributes.Values[userflow.UserName].(string)
	return name
}

// checkName refuses a user name that the tenant does not allow or that somebody has. Saying so is no secret
// given away: a user name is public where people choose their own.
func (r *run) checkName(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	canonical, err := account.CanonicalUserName(name)
	if err != nil {
		return err
	}
	if policy := r.w.Tenant.Settings.UserNames; !policy.Allows(name) {
		return fault.BadField(userflow.UserName, "field.attribute.pattern", map[string]any{"message": policy.Message})
	}
	who, err := r.store.AccountByUserName(ctx, canonical)
	if err == nil && who.ID != "" {
		return nameTaken()
	}
	return err
}

func nameTaken() *fault.Error {
	return fault.BadField(userflow.UserName, "field.user_name.taken", nil)
}

// refuses says why nobody new may come in with an address, as a message key; "" = they may. An invitation
// opens the door that is closed to others.
func refuses(a Attempt, w World, email string) string {
	switch {
	case a.Request.Invitation != nil:
		return ""
	case !w.Flow.SignUpAllowed:
		return signUpOff
	}
	return w.Flow.Domains.Refuses(email)
}
