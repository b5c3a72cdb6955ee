package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// installClients installs the pinned client libraries unless they are there.
func installClients(t *testing.T) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "app", "e2e", "clients")
	if _, err := exec.LookPath("npm"); err != nil {
		lacking(t, "Node with npm")
	}
	if sameInstalled(dir) {
		return dir
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// sameInstalled reports whether node_modules is what the lock file says.
func sameInstalled(dir string) bool {
	lock, err1 := os.Stat(filepath.Join(dir, "package-lock.json"))
	have, err2 := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err1 == nil && err2 == nil && !have.ModTime().Before(lock.ModTime())
}

// node is a client library in a process of its own, driven by one line of JSON per step.
type node struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

func startNode(t *testing.T, s *server, script string) *node {
	t.Helper()
	dir := installClients(t)
	cmd := exec.Command("node", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+s.ca(), "NO_PROXY=localhost,127.0.0.1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &node{t: t, in: in, out: lines}
}

type values = map[string]any

// step does one step and fails the test when the library threw.
func (n *node) step(name string, input values) values {
	n.t.Helper()
	answer := n.tryStep(name, input)
	if failed, ok := answer["failed"]; ok {
		n.t.Fatalf("%s: %v (%v, %v)", name, failed, answer["error"], answer["cause"])
	}
	return answer
}

func (n *node) tryStep(name string, input values) values {
	n.t.Helper()
	if input == nil {
		input = values{}
	}
	input["step"] = name
	line, err := json.Marshal(input)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		n.t.Fatalf("%s: %v", name, err)
	}
	if !n.out.Scan() {
		n.t.Fatalf("%s: the process ended: %v", name, n.out.Err())
	}
	var answer values
	if err := json.Unmarshal(n.out.Bytes(), &answer); err != nil {
		n.t.Fatalf("%s: %v: %s", name, err, n.out.Text())
	}
	return answer
}
