package main

import (
	"context"
	"fmt"

	"portico/app/i18n"
)

type languagesCommand struct {
	Keys bool `help:"Name each text."`
}

// Run writes how well each language is translated. It needs no database.
func (x languagesCommand) Run(_ context.Context, w world) error {
	b, err := i18n.Load()
	if err != nil {
		return err
	}
	fmt.Fprintf(w.stdout, "%-8s %6s %13s %9s %12s\n", "", "texts", "untranslated", "overlong", "out of date")
	for _, tag := range b.Tags() {
		c := b.Coverage(tag)
		fmt.Fprintf(w.stdout, "%-8s %6d %13d %9d %12d\n", tag, c.Total, len(c.Missing), len(c.Long), len(c.Behind))
		if !x.Keys {
			continue
		}
		for what, keys := range map[string][]string{"untranslated": c.Missing, "overlong": c.Long, "out of date": c.Behind} {
			for _, key := range keys {
				fmt.Fprintf(w.stdout, "  %s: %s\n", what, key)
			}
		}
	}
	return nil
}
