// The benchmark. It builds and boots the real program, on SQLite and, when PORTICO_TEST_POSTGRES names a
// server, on Postgres; measures in the same run what this machine can do at all (hashes, signatures,
// durable commits); and prints every figure of the budgets that exists by now beside its budget and its
// limit. Figures are medians over rounds. Answers are read and checked: a fast wrong answer is a failure.
//
// The generator shares the machine with the program, so rates are also given per second of CPU time that
// the program itself used: that is what a core of its own would do.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// plan is how much to measure.
type plan struct {
	rounds int
	span   time.Duration // of one measurement
	only   string
	pages  bool // measure nothing else
	apis   bool // likewise
}

func main() {
	var p plan
	flag.IntVar(&p.rounds, "rounds", 3, "how many times to measure each figure; the median counts")
	flag.DurationVar(&p.span, "span", 2*time.Second, "how long one measurement takes")
	flag.StringVar(&p.only, "only", "", "sqlite or postgres; both when empty")
	flag.BoolVar(&p.pages, "pages", false, "only the bytes and requests of the hosted pages")
	flag.BoolVar(&p.apis, "extensions", false, "only what asking a tenant's own API costs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, p)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan) error {
	dir, err := os.MkdirTemp("", "portico-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, size, err := build(ctx, dir)
	if err != nil {
		return err
	}
	if p.pages {
		return onlyPages(ctx, binary, filepath.Join(dir, "pages"))
	}
	fmt.Printf("%s, %d cores, %s; medians of %d rounds of %s\n\n", runtime.GOARCH, runtime.NumCPU(), runtime.Version(), p.rounds, p.span)
	limits, err := measureLimits(p, dir)
	if err != nil {
		return err
	}
	limits.print()
	report := &report{}
	report.add("binary", figure{what: "size of the binary", value: megabytes(size), budget: "≤ 45 MB", ok: size <= 45<<20})
	policies(report)
	engines := map[string]string{"sqlite": ""}
	if dsn := os.Getenv("PORTICO_TEST_POSTGRES"); dsn != "" {
		engines["postgres"] = dsn
	} else {
		fmt.Println("PORTICO_TEST_POSTGRES is not set: SQLite only")
	}
	for _, engine := range []string{"sqlite", "postgres"} {
		dsn, there := engines[engine]
		if !there || p.only != "" && p.only != engine {
			continue
		}
		if err := measureEngine(ctx, p, report, limits, binary, filepath.Join(dir, engine), engine, dsn); err != nil {
			report.print()
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	report.print()
	return nil
}

// build makes the binary as it is shipped.
func build(ctx context.Context, dir string) (string, int64, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", 0, fmt.Errorf("go env GOMOD: %w", err)
	}
	binary := filepath.Join(dir, "portico")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w",
		"-gcflags=portico/views/...=-l", "-gcflags=portico/handlers/...=-l", "-o", binary, "./app") // as the Makefile does
	cmd.Dir, cmd.Env = filepath.Dir(strings.TrimSpace(string(out))), append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("build: %w\n%s", err, text)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return "", 0, err
	}
	return binary, info.Size(), nil
}
