package main

import (
	"context"
	"errors"
	"fmt"

	"portico/models"
)

type resealCommand struct{}

// Run does at once what the background job of a running server does within minutes: it ends a rotation
// of PORTICO_SECRET.
func (resealCommand) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if ready, err := p.store.Migrated(ctx); err != nil || !ready {
		return errors.Join(err, errors.New("the schema is not this program's; run app migrate first"))
	}
	n, err := p.store.Reseal(ctx)
	fmt.Fprintf(w.stdout, "%d values were sealed anew with PORTICO_SECRET.\n", n)
	if err != nil {
		return err
	}
	seals, err := p.store.CountSeals(ctx)
	if err != nil {
		return err
	}
	f := p.rotation(seals)
	fmt.Fprintln(w.stdout, f.text)
	if f.verdict == bad {
		return exitCode(1)
	}
	return nil
}

// rotation says how far a rotation of PORTICO_SECRET is, and what is sealed with a secret that is gone.
func (p *program) rotation(n models.Seals) finding {
	switch {
	case n.Lost > 0:
		return finding{bad, "Secret", fmt.Sprintf("%d of %d sealed values were made with a secret that is neither PORTICO_SECRET nor PORTICO_SECRET_PREVIOUS.\n%s",
			n.Lost, n.Current+n.Previous+n.Passing+n.Lost, p.secretAdvice())}
	case n.Previous > 0:
		return finding{warn, "Secret", fmt.Sprintf("%d of %d sealed values still need PORTICO_SECRET_PREVIOUS: keep it.\nA running server seals them anew within a quarter of an hour; app reseal does it now.", n.Previous, n.Current+n.Previous+n.Passing)}
	case p.config.SecretPrevious != "":
		return finding{good, "Secret", fmt.Sprintf("all %d sealed values open with PORTICO_SECRET; none needs PORTICO_SECRET_PREVIOUS. Remove it once no instance runs with the former secret any more.", n.Current)}
	}
	return finding{good, "Secret", fmt.Sprintf("all %d sealed values were made with PORTICO_SECRET.", n.Current)}
}

// secretAdvice is what to do when what is sealed does not open.
func (p *program) secretAdvice() string {
	if p.config.Development() {
		return "Restore the file data/secret (or PORTICO_SECRET, if you set it), or delete the folder data to start over."
	}
	return "Give PORTICO_SECRET the value it had, or the former one as PORTICO_SECRET_PREVIOUS."
}

// checkSecret refuses a secret that does not open the newest signing keys: a server that has it could
// sign nobody in.
func (p *program) checkSecret(ctx context.Context) (tried int, err error) {
	if tried, err = p.store.CheckSeals(ctx); errors.Is(err, models.ErrSealed) {
		err = fmt.Errorf("what is sealed in the database does not open: %w\n%s", err, p.secretAdvice())
	}
	return tried, err
}
