// Package tuning sets the limits of the runtime that suit this program. The program applies them when it starts, and
// benchmarks do too, so that they measure what runs.
package tuning

import (
	"runtime/debug"
	"strings"
)

// Limits are the limits of the collector that suit this program, 0 where the environment decides.
type Limits struct {
	gcPercent   int
	memoryLimit int64
}

// Collector says how rarely to collect garbage. Each argon2id hash is 19 MiB of garbage over a live heap of
// about the same size; at the default of 100 % the collector runs for each hash and takes a third of the
// processor. The limit, which is soft, has it work harder again where that many hashes would need too much:
// 150 MiB for the program and one hash more for each core that computes one.
func Collector(environ []string, cores int) Limits {
	const mib = 1 << 20
	t := Limits{gcPercent: 400, memoryLimit: 150*mib + int64(cores)*20*mib}
	for _, setting := range environ {
		switch name, value, _ := strings.Cut(setting, "="); {
		case value == "":
		case name == "GOGC":
			t.gcPercent = 0
		case name == "GOMEMLIMIT":
			t.memoryLimit = 0
		}
	}
	return t
}

// Apply sets them for the whole process.
func (t Limits) Apply() {
	if t.gcPercent != 0 {
		debug.SetGCPercent(t.gcPercent)
	}
	if t.memoryLimit != 0 {
		debug.SetMemoryLimit(t.memoryLimit)
	}
}
