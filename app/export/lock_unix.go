//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package export

import (
	"errors"
	"os"
	"syscall"
)

// lock waits until nobody else writes this file: not another instance that has taken the export over from one that was
// only slow, and not the test that somebody sends while records go out. Closing the file unlocks it. Shares that know no
// locks are written without, as they were made for one writer.
func lock(f *os.File) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return nil
		default:
			return err
		}
	}
}
