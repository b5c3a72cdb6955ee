// The program. It reads the settings, opens what they name, wires everything by hand and runs one
// command; it contains no rules. "app help" tells the commands, app/config the settings.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], world{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), now: time.Now})
	stop()
	os.Exit(code)
}

// world is what the program touches outside itself, so that tests can hand it another one.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	now            func() time.Time
	// ready, when set, is called with the address that the server listens on.
	ready func(address string)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, w world) int {
	code, exited := 0, false
	var commands commands
	parser, err := kong.New(&commands, kong.Name("app"), kong.Writers(w.stdout, w.stderr),
		kong.Description("Portico: sign-up, sign-in and access for your customers. Without a command it serves."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(c int) { code, exited = c, true }))
	if err != nil {
		fmt.Fprintln(w.stderr, err)
		return 1
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(append([]string{}, args[1:]...), "--help")
	}
	k, err := parser.Parse(args)
	if exited {
		return code
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "app: %v\nTry: app help\n", err)
		return 2
	}
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(w); err != nil {
		var quiet exitCode
		if errors.As(err, &quiet) {
			return int(quiet)
		}
		fmt.Fprintf(w.stderr, "app: %v\n", err)
		return 1
	}
	return 0
}

// exitCode ends the program with a code after everything was said.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }
