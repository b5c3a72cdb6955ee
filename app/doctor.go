package main

import (
	"context"
	"fmt"
)

type doctorCommand struct{}

func (doctorCommand) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	fmt.Fprintln(w.stdout, "The settings are usable and the database opens.")
	return ctx.Err()
}
