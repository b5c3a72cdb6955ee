package admin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portico/app/risk"
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

// What was never read is not said to be in use, and the detections that need it are named: those of which sign-ins
// record that they could not tell.
func TestSignalSourcesBrokenFromTheStart(t *testing.T) {
	b := newBench(t)
	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)
	dir := t.TempDir()
	put := func(name, text string) string {
		b.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		return filepath.Join(dir, name)
	}
	tor := put("tor.txt", "not an address at all\n")
	b.portal.Sources = Sources{Places: signal.OpenPlaces(put("city.mmdb", strings.Repeat("\x93\x01random", 500)) + "," + filepath.Join(dir, "gone.mmdb")), Lists: signal.OpenLists(tor, b.clock.Now)}
	page := reader.get(shopAdmin + "/signal-sources")
	page.wants(t, 200, "never read since this program was started: city.mmdb, gone.mmdb, tor.txt", "Nothing is in their place")
	for _, not := range []string{"Former one in use", "What was read before is still in use"} {
		if strings.Contains(page.body, not) {
			t.Errorf("%q of what was never read", not)
		}
	}
	told := blindSection(b.portal.Sources.Places.Status(), b.portal.Sources.Lists.Status(), true)
	var names []string
	for _, r := range told.Table.Rows {
		names = append(names, r.Cells[0].Text)
	}
	var want []string
	for _, d := range risk.Detectors() {
		for _, n := range d.Needs {
			if n == risk.NeedPlace || n == risk.NeedPosition || n == risk.NeedLists {
				want = append(want, d.Name)
				break
			}
		}
	}
	if len(want) < 6 || !slices.Equal(names, want) {
		t.Errorf("said to lack a source: %v, want %v", names, want)
	}

	// A list that was read and then broke is still in use; its detections could not tell all the same.
	put("tor.txt", "192.0.2.1\n")
	b.portal.Sources = Sources{Lists: signal.OpenLists(tor, b.clock.Now)}
	b.must(os.Remove(tor))
	b.portal.Sources.Lists.Reload()
	reader.get(shopAdmin+"/signal-sources").wants(t, 200, "Former one in use", "Not readable: tor.txt. What was read before is still in use", "what is in tor.txt")
}
