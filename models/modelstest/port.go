package modelstest

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// Ports of tests are below those that systems give to outgoing connections (which begin at 32768 or higher), so that a
// server can be stopped and started again, or started late, and finds its port still free. Below 11000 is one that browsers
// refuse, above 20000 are those of .ci/with-postgres.
const firstPort, lastPort = 11000, 19999

// portsTaken is how far this process has come in its ports.
var portsTaken atomic.Int64

// FreePort gives a port where nothing listens; no process gives one twice before it gave all.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func freePort() (int, error) {
	const all = lastPort - firstPort + 1
	var last error
	for range all {
		port := firstPort + (os.Getpid()*97+int(portsTaken.Add(1)))%all
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)) // on any address
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", firstPort, lastPort, last)
}
