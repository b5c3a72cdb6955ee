package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// moved is how many people the benchmark imports: enough that starting the command does not matter.
const moved = 50_000

// transfers measures the import of many people, with hashes of another product, and the export of everybody, both
// by the command line while the server runs beside it.
func transfers(ctx context.Context, _ plan, r *report, _ machine, prog *program, engine string) error {
	file := filepath.Join(prog.dir, "people.csv")
	var b bytes.Buffer
	b.WriteString("email,displayName,givenName,surname,city,passwordHash\n")
	for i := range moved {
		fmt.Fprintf(&b, "moved%d@example.com,Moved Person %d,Moved%d,Person,Town,$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n", i, i, i)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return err
	}
	run := func(args ...string) (took time.Duration, memory int64, out []byte, err error) {
		cmd := exec.CommandContext(ctx, prog.binary, args...)
		cmd.Dir, cmd.Env = prog.dir, prog.env
		var said bytes.Buffer
		cmd.Stderr = &said
		begin := time.Now()
		out, err = cmd.Output()
		took = time.Since(begin)
		if err != nil {
			return took, 0, nil, fmt.Errorf("%v: %w: %s", args, err, said.Bytes()[max(0, said.Len()-500):])
		}
		if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			memory = u.Maxrss << 10
		}
		return took, memory, out, nil
	}
	took, memory, out, err := run("import", "--tenant", "fernhill", file)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(": %d created, 0 updated, 0 unchanged, 0 refused", moved); !bytes.Contains(out, []byte(want)) {
		return fmt.Errorf("import: %s", out)
	}
	rate := moved / took.Seconds()
	r.add(engine, figure{what: fmt.Sprintf("import of %d people with hashes", moved), value: perSecond(rate), budget: "≥ 2,000/s", ok: rate >= 2000, note: megabytes(memory) + " at most"})
	took, memory, out, err = run("export-users", "--tenant", "fernhill", "--format", "ndjson")
	if err != nil {
		return err
	}
	lines := bytes.Count(out, []byte("\n"))
	if lines < moved {
		return fmt.Errorf("export: %d lines", lines)
	}
	r.add(engine, figure{what: "export of everybody", value: perSecond(float64(lines) / took.Seconds()), budget: "≤ 100 MB", ok: memory <= 100<<20, note: megabytes(memory) + " at most"})
	return nil
}
