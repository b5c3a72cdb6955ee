package graph

import (
	"strings"
	"testing"
)

// Text that is not UTF-8 is refused: reading it would put replacement characters in its place.
func TestBodiesAreUTF8(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	const latin = "{\"displayName\":\"caf\xe9\"}"
	for path, body := range map[string]string{
		"/applications": latin,
		"/$batch":       `{"requests":[{"id":"1","method":"POST","url":"/applications","headers":{"content-type":"application/json"},"body":` + latin + `}]}`,
	} {
		if a := w.do("POST", path, body); a.status != 400 || !strings.Contains(a.raw, "UTF-8") {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if n := w.want(200, w.do("GET", "/applications?$filter=startswith(displayName,'caf')", nil)).values(); len(n) != 0 {
		t.Errorf("written: %v", n)
	}
	w.want(201, w.do("POST", "/applications", `{"displayName":"café"}`))
}
