package admin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/signal"
)

// The page of signal sources says what is in use, what is not, and which detections lack a source, without telling
// where on the operator's machine the files are.
func TestSignalSources(t *testing.T) {
	b := newBench(t)
	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)
	reader.get(shopAdmin+"/signal-sources").wants(t, 200, "None is set up", "New country", "files of places", "Anonymous IP address", "lists of addresses")

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tor-exits.txt"), []byte("192.0.2.1\n192.0.2.2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.portal.Sources = Sources{Places: signal.OpenPlaces(filepath.Join(dir, "gone.mmdb")),
		Lists: signal.OpenLists("vpn="+filepath.Join(dir, "gone.txt")+","+filepath.Join(dir, "tor-exits.txt"), b.clock.Now)}
	page := reader.get(shopAdmin + "/signal-sources")
	page.wants(t, 200, "Part of the sources cannot be read", "gone.mmdb", "gone.txt", "tor-exits.txt", "Exits of Tor", "In use", "no such file")
	if strings.Contains(page.body, dir) {
		t.Error("the page tells where the files are")
	}
}
