package handlers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
)

// A page belongs to one person: its bytes must never be another request's, however many run at once.
func TestPagesAreNotMixedUp(t *testing.T) {
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true})
	app.Get("/:who", func(c *fiber.Ctx) error {
		who := c.Params("who")
		return Render(c, fiber.StatusOK, templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, strings.Repeat(who+" ", 2000))
			return err
		}))
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	app.Handler()
	go func() { _ = app.Server().Serve(ln) }()
	t.Cleanup(func() { _ = app.Shutdown() })
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 60 {
				who := fmt.Sprintf("person-%d-%d", i, j)
				res, err := http.Get("http://" + ln.Addr().String() + "/" + who)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || !bytes.Equal(body, []byte(strings.Repeat(who+" ", 2000))) {
					t.Errorf("%s got somebody else's page: %.60s… %v", who, body, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
