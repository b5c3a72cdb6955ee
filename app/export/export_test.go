package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
)

func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC) }

// record is a detection whose words hold everything that a format must escape.
func rec(id string) Record {
	return Record{Kind: RiskDetection, ID: id, At: now(), Happened: now().Add(-time.Minute), Body: []byte(`{"id":"` + id + `"}`), Event: "passwordSpray", Title: `a|b\c=d]e"f` + "\r\ng",
		Level: "high", State: "atRisk", UserID: "u1", User: `ann=a|b@example.com`, IP: "203.0.113.9", App: "Market"}
}

func TestSyslogMessage(t *testing.T) {
	got := string(Message(rec("d1"), "login.example.com", "shop", RFC5424))
	want := `<83>1 2026-03-01T11:59:00.123456Z login.example.com portico - riskDetection ` +
		`[portico@32473 tenant="shop" id="d1" event="passwordSpray" level="high" state="atRisk" user="ann=a|b@example.com" ip="203.0.113.9"] ` + "\xEF\xBB\xBF" + `{"id":"d1"}`
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for level, severity := range map[string]string{"high": "<83>", "medium": "<84>", "low": "<85>", "none": "<86>", "": "<86>"} {
		r := rec("d1")
		if r.Level = level; !strings.HasPrefix(string(Message(r, "h", "shop", RFC5424)), severity+"1 ") {
			t.Errorf("level %q is not %s", level, severity)
		}
	}
	framedMessage := string(framed([]byte("abc\ndef")))
	if framedMessage != "7 abc\ndef" {
		t.Errorf("frame %q", framedMessage)
	}
}

// What an attacker writes into a name ends no field (RFC 5424 §6.3.3, CEF revision 25).
func TestEscaping(t *testing.T) {
	for _, c := range []struct{ in, parameter, header, value string }{
		{`plain`, `plain`, `plain`, `plain`},
		{`a"b`, `a\"b`, `a"b`, `a"b`},
		{`a\b`, `a\\b`, `a\\b`, `a\\b`},
		{`a]b`, `a\]b`, `a]b`, `a]b`},
		{`a|b`, `a|b`, `a\|b`, `a|b`},
		{`a=b`, `a=b`, `a=b`, `a\=b`},
		{"a\nb", `a b`, `a b`, `a\nb`},
		{"a\r\nb", `a  b`, `a  b`, `a\nb`},
		{"a\rb", `a b`, `a b`, `a\rb`},
		{"a\x00b\x7f", `a b `, `a b `, `a b `},
		{"über\u202e", "über\u202e", "über\u202e", "über\u202e"},
		{"\xff", "\uFFFD", "\uFFFD", "\uFFFD"},
	} {
		if got := parameter(c.in); got != c.parameter {
			t.Errorf("parameter(%q) = %q, want %q", c.in, got, c.parameter)
		}
		if got := cefHeader(c.in); got != c.header {
			t.Errorf("cefHeader(%q) = %q, want %q", c.in, got, c.header)
		}
		if got := cefValue(c.in); got != c.value {
			t.Errorf("cefValue(%q) = %q, want %q", c.in, got, c.value)
		}
	}
	if long := parameter(strings.Repeat("ü", 2000)); len(long) > longestValue || !strings.HasPrefix(long, "üü") {
		t.Errorf("a long value has %d bytes", len(long))
	}
	for in, want := range map[string]string{"": "-", "a b": "ab", "höst": "hst", "\n": "-"} {
		if got := header(in, 10); got != want {
			t.Errorf("header(%q) = %q", in, got)
		}
	}
}

// What an administrator made up pages nobody: collectors filter by a field, not by a sentence.
func TestWhatIsSimulatedSaysSoToMachines(t *testing.T) {
	r := rec("d1")
	for _, as := range []Format{RFC5424, CEF} {
		if got := string(Message(r, "id.example.com", "shop", as)); strings.Contains(got, "simulated") {
			t.Errorf("real, and says %s", got)
		}
	}
	r.Simulated = true
	if got := string(Message(r, "id.example.com", "shop", CEF)); !strings.Contains(got, ` simulated="true"`) || !strings.Contains(got, "cs6=true cs6Label=simulated") {
		t.Error(got)
	}
}

func TestCommonEvent(t *testing.T) {
	got := string(CommonEvent(rec("d1"), "shop"))
	want := `CEF:0|Portico|Portico|1|riskDetection:passwordSpray|a\|b\\c=d]e"f  g|9|rt=1772366400123 start=1772366340123 externalId=d1 cat=riskDetection src=203.0.113.9 suid=u1 suser=ann\=a|b@example.com ` +
		`requestClientApplication=Market cs1=shop cs1Label=tenant cs2=high cs2Label=riskLevel cs3=atRisk cs3Label=riskState cs4=passwordSpray cs4Label=event msg=a|b\\c\=d]e"f\ng`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	six := rec("d1")
	six.IP, six.Test = "2001:db8::1", true
	if got := string(CommonEvent(six, "shop")); strings.Contains(got, " src=") || !strings.Contains(got, "c6a2=2001:db8::1 c6a2Label=Source IPv6 Address") || !strings.Contains(got, "cs5=true cs5Label=test") {
		t.Errorf("IPv6: %s", got)
	}
}

func FuzzLinesStayOneLine(f *testing.F) {
	f.Add("a\nb", "x|y=z]")
	f.Fuzz(func(t *testing.T, a, b string) {
		r := rec("d1")
		r.Title, r.User, r.App, r.IP, r.Event, r.Level = a, b, a, b, a, b
		for _, as := range []Format{RFC5424, CEF} {
			if m := Message(r, a, b, as); bytes.ContainsAny(m, "\n\r\x00") {
				t.Fatalf("%q holds a line break", m)
			}
		}
		info := AdditionalInfo(a, map[string]any{b: a, "n": 1.5, "list": []string{a}})
		var pairs []struct{ Key, Value string }
		if err := json.Unmarshal([]byte(info), &pairs); err != nil || strings.ContainsAny(info, "\n\r") {
			t.Fatalf("%q: %v", info, err)
		}
	})
}

func TestDeliveryIsNamedByWhatItHolds(t *testing.T) {
	a, b := deliveryID("e", []Record{rec("1"), rec("2")}), deliveryID("e", []Record{rec("1"), rec("2")})
	later := rec("2")
	later.At = later.At.Add(time.Second)
	if a != b || a == deliveryID("e", []Record{rec("1"), later}) || a == deliveryID("f", []Record{rec("1"), rec("2")}) {
		t.Error("the id does not follow the records")
	}
}

func TestTargetsThatCannotWork(t *testing.T) {
	reach := func(_, host, _ string, plain bool) error {
		if host == "10.0.0.1" || plain && host != "collector" {
			return errors.New("no")
		}
		return nil
	}
	hook := Target{Name: "SIEM", Kind: Webhook, Format: NDJSON, Records: []Kind{RiskDetection}, URL: "https://siem.example.com/in"}
	logs := Target{Name: "SIEM", Kind: Syslog, Format: CEF, Records: []Kind{SignIn}, Address: "collector:6514"}
	for _, c := range []struct {
		name  string
		t     Target
		edit  func(*Target)
		files bool
		want  string // field: key
	}{
		{"webhook", hook, nil, false, ""},
		{"syslog", logs, nil, false, ""},
		{"syslog without TLS where allowed", logs, func(t *Target) { t.Plain = true }, false, ""},
		{"files", Target{Name: "F", Kind: File, Format: NDJSON, Records: []Kind{SignIn}}, nil, true, ""},
		{"files without a folder", Target{Name: "F", Kind: File, Format: NDJSON, Records: []Kind{SignIn}}, nil, false, "kind: export.no_folder"},
		{"no name", hook, func(t *Target) { t.Name = "" }, false, "displayName: export.name"},
		{"no kind", hook, func(t *Target) { t.Kind = "carrier pigeon" }, false, "kind: export.kind"},
		{"a form of another kind", hook, func(t *Target) { t.Format = CEF }, false, "format: export.format"},
		{"nothing to send", hook, func(t *Target) { t.Records = nil }, false, "records: export.records"},
		{"unknown records", hook, func(t *Target) { t.Records = []Kind{"users"} }, false, "records: export.records"},
		{"an unknown level", hook, func(t *Target) { t.Filter.Levels = []string{"hidden"} }, false, "riskLevels: export.level"},
		{"no URL", hook, func(t *Target) { t.URL = "siem" }, false, "url: export.url"},
		{"a password in the URL", hook, func(t *Target) { t.URL = "https://a:b@siem.example.com/" }, false, "url: export.url"},
		{"a file", hook, func(t *Target) { t.URL = "file:///etc/passwd" }, false, "url: export.url"},
		{"http", hook, func(t *Target) { t.URL = "http://siem.example.com/" }, false, "url: export.unreachable"},
		{"a private address", hook, func(t *Target) { t.URL = "https://10.0.0.1/" }, false, "url: export.unreachable"},
		{"no port", logs, func(t *Target) { t.Address = "collector" }, false, "address: export.address"},
		{"port 0", logs, func(t *Target) { t.Address = "collector:0" }, false, "address: export.address"},
		{"a path for a host", logs, func(t *Target) { t.Address = "a/b:1" }, false, "address: export.address"},
		{"no TLS elsewhere", logs, func(t *Target) { t.Plain, t.Address = true, "siem.example.com:514" }, false, "address: export.plain"},
	} {
		target := c.t
		if c.edit != nil {
			c.edit(&target)
		}
		got := ""
		if err := target.Validate("shop", reach, c.files); err != nil {
			for _, f := range fault.Of(err).Fields {
				got = f.Name + ": " + f.Key
				break
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPlaceKeepsTheReceiversToken(t *testing.T) {
	p := Target{Kind: Webhook, URL: "https://siem.example.com/in?token=abc"}.Place()
	if p != "https://siem.example.com/in" {
		t.Error(p)
	}
}

func openFiles(t *testing.T, clock func() time.Time) (*Files, string) {
	t.Helper()
	dir := t.TempDir()
	f, err := OpenFiles(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir
}

func TestFiles(t *testing.T) {
	at := now()
	f, dir := openFiles(t, func() time.Time { return at })
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, "t1", "e1", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	add := func(ids ...string) {
		t.Helper()
		var all []Record
		for _, id := range ids {
			all = append(all, rec(id))
		}
		if err := f.Append("t1", "e1", all); err != nil {
			t.Fatal(err)
		}
	}
	add("a", "b")
	add("c")
	if got := read("2026-03-01.ndjson"); got != `{"id":"a"}`+"\n"+`{"id":"b"}`+"\n"+`{"id":"c"}`+"\n" {
		t.Errorf("%q", got)
	}
	info, err := os.Stat(filepath.Join(dir, "t1", "e1", "2026-03-01.ndjson"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	// A crash in the middle of a line.
	file, err := os.OpenFile(filepath.Join(dir, "t1", "e1", "2026-03-01.ndjson"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"id":"half`); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	add("d")
	if got := read("2026-03-01.ndjson"); !strings.HasSuffix(got, `{"id":"c"}`+"\n"+`{"id":"d"}`+"\n") {
		t.Errorf("after a crash: %q", got)
	}
	f.max = 20
	add("e")
	if got := read("2026-03-01-2.ndjson"); got != `{"id":"e"}`+"\n" {
		t.Errorf("by size: %q", got)
	}
	at = at.AddDate(0, 0, 1)
	add("f")
	if got := read("2026-03-02.ndjson"); got != `{"id":"f"}`+"\n" {
		t.Errorf("by day: %q", got)
	}
}

func TestFilesStayInTheirFolder(t *testing.T) {
	f, dir := openFiles(t, now)
	outside := t.TempDir()
	for _, id := range []string{"", "..", "../x", "a/b", "a\x00", strings.Repeat("a", 65)} {
		if f.Append(id, "e1", []Record{rec("a")}) == nil || f.Append("t1", id, []Record{rec("a")}) == nil {
			t.Errorf("%q made a path", id)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "t2")); err != nil {
		t.Fatal(err)
	}
	if f.Append("t2", "e1", []Record{rec("a")}) == nil {
		t.Error("a link in the place of a folder was followed")
	}
	if err := os.MkdirAll(filepath.Join(dir, "t3", "e1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "x"), filepath.Join(dir, "t3", "e1", "2026-03-01.ndjson")); err != nil {
		t.Fatal(err)
	}
	if f.Append("t3", "e1", []Record{rec("a")}) == nil {
		t.Error("a link in the place of a file was followed")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("something was written outside: %v", left)
	}
}

// BenchmarkFile is the disk's part of an export: batches of a thousand, each synced.
func BenchmarkFile(b *testing.B) {
	f, err := OpenFiles(b.TempDir(), now)
	if err != nil {
		b.Fatal(err)
	}
	sample, err := Sample("t1", now())
	if err != nil {
		b.Fatal(err)
	}
	batch := make([]Record, 1000)
	for i := range batch {
		batch[i] = sample
	}
	c := &Courier{Files: f, Now: now}
	for b.Loop() {
		if err := c.Deliver(context.Background(), Parcel{ExportID: "e1", TenantID: "t1", Target: Target{Kind: File}, Records: batch}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(batch)*b.N)/b.Elapsed().Seconds(), "records/s")
}
