package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
)

// Plain says what went wrong without what the URL holds, where a receiver's token may be in the query, and without
// addresses: an administrator of a tenant is not to map the operator's network with it.
func Plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the receiver did not answer in time")
	case errors.Is(err, ErrAddress): // not which: that would tell what names stand for inside the operator's network
		return ErrAddress
	case errors.Is(err, ErrScheme), errors.Is(err, ErrURL):
		return err
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return errors.New("the name of the receiver cannot be resolved")
	}
	var op *net.OpError
	if errors.As(err, &op) { // its text names this machine's own address
		return fmt.Errorf("the connection failed: %w", op.Err)
	}
	return err
}
