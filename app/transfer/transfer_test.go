package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/userflow"
)

func definitions() []userflow.Definition {
	return []userflow.Definition{
		{ID: "extension_1_loyaltyNumber", Name: "Loyalty number", DataType: userflow.String},
		{ID: "extension_1_newsletter", Name: "Newsletter", DataType: userflow.Boolean},
		{ID: "extension_1_children", Name: "Children", DataType: userflow.Int},
		{ID: "extension_1_city", Name: "City", DataType: userflow.String}, // a built-in property has the name
	}
}

// all reads a whole file; fatal is the key of what ended it.
func all(file string, o Options) (people []Person, fatal string) {
	r, err := NewReader(strings.NewReader(file), definitions(), o)
	for err == nil {
		var p *Person
		if p, err = r.Next(); err == nil {
			people = append(people, *p)
		}
	}
	if !errors.Is(err, io.EOF) {
		fatal = "?"
		if f := fault.Of(err); len(f.Fields) > 0 {
			fatal = f.Fields[0].Key
		}
	}
	return people, fatal
}

// words are people in one line each: line, who, what is wrong.
func words(people []Person) []string {
	var out []string
	for _, p := range people {
		s := fmt.Sprintf("%d %s", p.Line, p.Who())
		for _, b := range p.Bad {
			s += " !" + b.Name + ":" + b.Key
		}
		for _, b := range p.Warn {
			s += " ?" + b.Name + ":" + b.Key
		}
		out = append(out, s)
	}
	return out
}

func utf16Of(s string, order binary.ByteOrder) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune("\uFEFF" + s)) {
		_ = binary.Write(&b, order, u)
	}
	return b.String()
}

func TestFilesAreRead(t *testing.T) {
	two := []string{"2 a@example.com", "3 b@example.com"}
	for name, c := range map[string]struct {
		file  string
		o     Options
		want  []string
		fatal string
	}{
		"commas":                        {file: "email,displayName\na@example.com,A\nb@example.com,B\n", want: two},
		"semicolons and CRLF":           {file: "email;displayName\r\na@example.com;A, of all\r\nb@example.com;B\r\n", want: two},
		"tabs, no last line end":        {file: "email\tdisplayName\na@example.com\tA\nb@example.com\tB", want: two},
		"old Mac":                       {file: "email,displayName\ra@example.com,A\rb@example.com,B\r", want: two},
		"a byte order mark":             {file: "\xEF\xBB\xBFemail,displayName\na@example.com,A\nb@example.com,B\n", want: two},
		"UTF-16, little end first":      {file: utf16Of("email;displayName\na@example.com;Ä\nb@example.com;B\n", binary.LittleEndian), want: two},
		"UTF-16, big end first":         {file: utf16Of("email;displayName\na@example.com;Ä\nb@example.com;B\n", binary.BigEndian), want: two},
		"UTF-16 without a mark":         {file: utf16Of("email;displayName\n", binary.LittleEndian)[2:], fatal: "import.file.binary"},
		"a spreadsheet's hint":          {file: "sep=;\nemail;displayName\na@example.com;A\n", want: []string{"3 a@example.com"}},
		"empty lines":                   {file: "email\n\na@example.com\n   \n", want: []string{"3 a@example.com"}},
		"line breaks in a cell":         {file: "email,streetAddress\na@example.com,\"1 High Street\r\nFlat \"\"2\"\"\"\nb@example.com,x\n", want: []string{"2 a@example.com", "4 b@example.com"}},
		"headings as people write them": {file: "E-Mail,First name,Loyalty Number,loyalty_number2\n", fatal: "import.file.unknown"},
		"unknown ones left out":         {file: "E-Mail,First name,Loyalty Number,Shoe size\na@example.com,A,7,45\n", o: Options{IgnoreUnknown: true}, want: []string{"2 a@example.com"}},
		"nothing known at all":          {file: "a,b\nc,d\n", o: Options{IgnoreUnknown: true}, fatal: "import.file.heading"},
		"a heading twice":               {file: "email,E-Mail\n", fatal: "import.file.twice"},
		"nothing":                       {file: " \n", fatal: "import.file.empty"},
		"a heading only":                {file: "email\n"},
		"a program":                     {file: "\x7fELF\x00\x00", fatal: "import.file.binary"},
		"too few cells":                 {file: "email,displayName\na@example.com\nb@example.com,B\n", want: []string{"2 a@example.com !:import.row.cells", two[1]}},
		"too many cells":                {file: "email\na@example.com,x\nb@example.com,,\n", want: []string{"2 a@example.com !:import.row.cells", two[1]}},
		"a separator at each end":       {file: "email,\na@example.com,\nb@example.com\n", want: two},
		"a quote in the middle":         {file: "email,displayName\na@example.com,Al\"ice\nb@example.com,B\n", want: []string{"2  !:import.row.quote", two[1]}},
		"text after a quote":            {file: "email,displayName\na@example.com,\"A\"x\nb@example.com,B\n", want: []string{"2  !:import.row.quote", two[1]}},
		"a quote never closed":          {file: "email,displayName\na@example.com,\"A\nb@example.com,B\n", fatal: "import.file.open_quote"},
		"a quote closed far below": {file: "email,displayName\na@example.com,\"A\n" + strings.Repeat("x@example.com,x\n", 100) + "b@example.com,B\n",
			fatal: "import.file.open_quote"},
		"a quote never closed, below people": {file: "email,displayName\na@example.com,A\nb@example.com,\"B\nc@example.com,C\n", want: []string{"2 a@example.com"}, fatal: "import.file.open_quote"},
		"Latin-1":                            {file: "email,displayName\na@example.com,J\xFCrgen\nb@example.com,B\n", want: []string{"2  !:import.row.encoding", two[1]}},
		"NUL":                                {file: "email,displayName\n" + strings.Repeat("a@example.com,A\n", 5000) + "b@example.com,B\x00\n", want: []string{"5002  !:import.row.binary"}},
		"a cell too long":                    {file: "email,displayName\na@example.com," + strings.Repeat("x", maxField+1) + "\nb@example.com,B\n", want: []string{"2  !:import.row.long", two[1]}},
		"a line too long":                    {file: "email,displayName\na@example.com" + strings.Repeat(",x", maxRecord/2) + "\nb@example.com,B\n", want: []string{"2  !:import.row.long", two[1]}},
		"a formula":                          {file: "email,displayName\na@example.com,=1+1\n", want: []string{"2 a@example.com ?displayName:import.cell.formula"}},
		"no such truth":                      {file: "email,emailVerified\na@example.com,perhaps\n", want: []string{"2 a@example.com !emailVerified:import.cell.bool"}},
		"no such day":                        {file: "email,created\na@example.com,2024-02-30\n", want: []string{"2 a@example.com !created:import.cell.time"}},
		"no such number":                     {file: "email,Children\na@example.com,two\n", want: []string{"2 a@example.com !Children:import.cell.number"}},
		"password and hash":                  {file: "email,password,passwordHash\na@example.com,secret,$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n", want: []string{"2 a@example.com !password:import.password.twice"}},
		"a fast hash":                        {file: "email,passwordHash\na@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n", want: []string{"2 a@example.com !passwordHash:import.hash.fast"}},
		"a user name":                        {file: "username\nalice\n", want: []string{"2 alice"}},
		"an address as one":                  {file: "username\na@example.com\n", want: []string{"2 a@example.com"}},

		"an array":             {file: "[\n{\"email\":\"a@example.com\"},\n{\"email\":\"b@example.com\"}]", want: two},
		"a page of Graph's":    {file: "{\"@odata.context\":\"x\",\n\"value\":[{\"mail\":\"a@example.com\",\n\"userType\":\"Member\"},\n{\"mail\":\"b@example.com\"}]}", want: []string{"2 a@example.com", "4 b@example.com"}},
		"a line for each":      {file: "{\"email\":\"z@example.com\"}\n{\"email\":\"a@example.com\"}\nrubbish\n\n[]\n{\"email\":\"b@example.com\"}", want: []string{"1 z@example.com", "2 a@example.com", "3  !:import.row.json", "5  !:import.row.json", "6 b@example.com"}},
		"an array cut off":     {file: "[{\"email\":\"a@example.com\"},\n{\"email\":", want: []string{"1 a@example.com"}, fatal: "import.file.json"},
		"an array of others":   {file: "[7, null, {\"email\":\"a@example.com\"}]", want: []string{"1  !:import.row.json", "1  !:import.row.json", "1 a@example.com"}},
		"a property unknown":   {file: "[{\"email\":\"a@example.com\",\"shoeSize\":45}]", want: []string{"1 a@example.com !shoeSize:import.row.unknown"}},
		"an object too long":   {file: "[{\"email\":\"" + strings.Repeat("x", 5*maxRecord) + "\"}]", fatal: "import.file.long"},
		"an unreadable object": {file: "[{\"email\":{\"a\":1}}]", want: []string{"1  !email:import.cell.text"}},
		"a format unheard of":  {file: "<users/>", o: Options{Format: "xml"}, fatal: "import.file.format"},
	} {
		t.Run(name, func(t *testing.T) {
			people, fatal := all(c.file, c.o)
			got := words(people)
			if strings.HasPrefix(name, "NUL") {
				got = got[len(got)-1:]
			}
			if !slices.Equal(got, c.want) || fatal != c.fatal {
				t.Errorf("got %.300q, %q\nwant %q, %q", got, fatal, c.want, c.fatal)
			}
		})
	}
}

func TestARecordIsUnderstood(t *testing.T) {
	yes := true
	got, fatal := all("id;Vorname;email;emailVerified;username;created;disabled;temporary;password;groups;Loyalty number;Newsletter;children;city;identities;terms;mfaEmail;phone\n"+
		"ABC;;Alice@Example.com;ja;alice;2024-05-31 10:00;no;yes; spaces stay ;Staff; x", Options{IgnoreUnknown: true})
	if fatal != "" || len(got) != 1 || got[0].Bad[0].Key != "import.row.cells" {
		t.Fatalf("%+v %s", got, fatal)
	}
	got, fatal = all("id;email;emailVerified;username;created;disabled;temporary;password;groups;Loyalty number;Newsletter;children;city;identities;terms;mfaEmail;phone\n"+
		"ABC;Alice@Example.com;ja;alice;2024-05-31 10:00;no;yes; spaces stay ;\"Staff; Night shift\";=7;no;2;Paris;\"[{\"\"signInType\"\":\"\"federated\"\",\"\"issuer\"\":\"\"google.com\"\",\"\"issuerAssignedId\"\":\"\"7\"\"}]\";Terms|2|2024-05-31;yes;'+49 30 1\n", Options{})
	if fatal != "" || len(got) != 1 {
		t.Fatal(got, fatal)
	}
	want := Person{Number: 1, Line: 2, ID: "abc", Text: map[string]string{"city": "Paris", "mobilePhone": "+49 30 1"}, Mail: "Alice@Example.com", MailVerified: &yes,
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "Alice@Example.com"}, {SignInType: account.SignInFederated, Issuer: "google.com", Value: "7"}, {SignInType: account.SignInUserName, Value: "alice"}},
		Enabled:    &yes, MustChange: &yes, CreatedAt: time.Date(2024, 5, 31, 10, 0, 0, 0, time.UTC), Password: " spaces stay ", Groups: []string{"Staff", "Night shift"}, EmailMethod: &yes,
		Attributes: map[string]any{"extension_1_loyaltyNumber": "=7", "extension_1_newsletter": false, "extension_1_children": int64(2)},
		Terms:      []Agreement{{Terms: "Terms", Version: 2, At: time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)}}, Warn: fault.Fields{{Name: "Loyalty number", Key: "import.cell.formula"}}}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got[0], want)
	}
}

// The exports of products that people move from.
func TestExportsOfOtherProducts(t *testing.T) {
	firebase := factor.FirebaseScrypt{SignerKey: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", SaltSeparator: "Bw==", Rounds: 8, MemoryCost: 14}
	for name, c := range map[string]struct {
		file string
		hash string
		want Person
	}{
		"Firebase": {`{"users":[{"localId":"u1","email":"a@example.com","emailVerified":true,"displayName":"A","photoUrl":"x","passwordHash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw==","createdAt":"1486324121000","disabled":false,"providerUserInfo":[{"providerId":"google.com","rawId":"77"},{"providerId":"password","rawId":"a@example.com"}]}]}`,
			"$firebase-scrypt$", Person{Text: map[string]string{"displayName": "A", "externalId": "u1"}, Mail: "a@example.com", CreatedAt: time.UnixMilli(1486324121000).UTC(),
				Identities: []account.Identity{{SignInType: "emailAddress", Value: "a@example.com"}, {SignInType: "federated", Issuer: "google.com", Value: "77"}}}},
		"Auth0": {`{"_id":{"$oid":"60425dc43519d90068f82973"},"email_verified":false,"email":"a@example.com","passwordHash":"$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2","given_name":"A","tenant":"x"}`,
			"$2b$10$", Person{Text: map[string]string{"givenName": "A"}, Mail: "a@example.com", Identities: []account.Identity{{SignInType: "emailAddress", Value: "a@example.com"}}}},
		"Keycloak": {`{"realm":"x","users":[{"id":"k1","username":"alice","firstName":"A","email":"a@example.com","enabled":true,"createdTimestamp":1486324121000,"attributes":{"Loyalty number":["7"]},"credentials":[{"type":"otp"},{"type":"password","secretData":"{\"value\":\"bVfBEAmTSgLvHGLBcPV7i4oRMyGlaGN0WE1qYjQ1MjQ=\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}","credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}],"realmRoles":["x"]}]}`,
			"$pbkdf2-sha256$i=27500$", Person{Text: map[string]string{"givenName": "A", "externalId": "k1"}, Mail: "a@example.com", CreatedAt: time.UnixMilli(1486324121000).UTC(), Attributes: map[string]any{"extension_1_loyaltyNumber": "7"},
				Identities: []account.Identity{{SignInType: "emailAddress", Value: "a@example.com"}, {SignInType: "userName", Value: "alice"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			people, fatal := all(c.file, Options{Firebase: firebase, IgnoreUnknown: name == "Auth0"})
			if fatal != "" || len(people) != 1 || len(people[0].Bad) > 0 {
				t.Fatalf("%+v %s", people, fatal)
			}
			p := people[0]
			if !strings.HasPrefix(p.PasswordHash, c.hash) {
				t.Errorf("the hash is %s", p.PasswordHash)
			}
			c.want.Number, c.want.Line, c.want.PasswordHash, c.want.Enabled, c.want.MailVerified = 1, p.Line, p.PasswordHash, p.Enabled, p.MailVerified
			if !reflect.DeepEqual(p, c.want) {
				t.Errorf("got  %+v\nwant %+v", p, c.want)
			}
		})
	}
}

func somebody(rnd *rand.Rand) Person {
	texts := []string{"Zoë", "=1+1", "'=1", "''", "'t Hart", "+49 30", "-", "@home", "two\nlines", `say "hi"`, "a,b;c\td", "＝x", "数", "مرحبا", "''+", "x"}
	pick := func() string { return texts[rnd.IntN(len(texts))] }
	maybe := func() bool { return rnd.IntN(2) == 0 }
	flag := func() *bool {
		if rnd.IntN(3) == 0 {
			return nil
		}
		b := maybe()
		return &b
	}
	n := rnd.IntN(1e6)
	p := Person{ID: fmt.Sprintf("id-%d", n), Text: map[string]string{}, MailVerified: flag(), Enabled: flag(), MustChange: flag(), EmailMethod: flag(), CreationType: "Admin"}
	for _, name := range append(Texts(), Extras()...) {
		if maybe() {
			p.Text[name] = pick()
		}
	}
	if maybe() {
		p.Identities = append(p.Identities, account.Identity{SignInType: account.SignInEmail, Value: fmt.Sprintf("p%d@example.com", n)})
		p.Mail, p.FirstFactor = p.Identities[0].Value, "emailCode"
	} else {
		p.Mail = "contact@example.com"
	}
	if maybe() {
		p.Identities = append(p.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "google.com", Value: "=7"})
	}
	if maybe() {
		p.Identities = append(p.Identities, account.Identity{SignInType: account.SignInUserName, Value: "name" + fmt.Sprint(n)})
	}
	if maybe() {
		p.Lists = map[string][]string{"otherMails": {"a@example.com", "b@example.com"}}
	}
	if maybe() {
		p.Groups = []string{"=Staff; night", "B"}
	}
	if maybe() {
		p.Terms = []Agreement{{Terms: "t1", Version: 3, At: time.Unix(1.7e9, 123000).UTC(), Locale: "de"}, {Terms: "t2", Version: 1, At: time.Unix(1.6e9, 0).UTC()}}
	}
	if maybe() {
		p.Attributes = map[string]any{"extension_1_loyaltyNumber": pick(), "extension_1_newsletter": maybe(), "extension_1_children": int64(rnd.IntN(9))}
		p.CreatedAt = time.Unix(int64(rnd.IntN(1e9)), 1000).UTC()
	}
	return p
}

// What is exported is imported unchanged, in every format.
func TestExportThenImportIsTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, format := range []string{CSV, JSON, NDJSON} {
		var file bytes.Buffer
		w, err := NewWriter(&file, format, definitions())
		if err != nil {
			t.Fatal(err)
		}
		var people []Person
		for i := range 500 {
			p := somebody(rnd)
			people = append(people, p)
			if err := w.Write(p); err != nil {
				t.Fatal(i, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, fatal := all(file.String(), Options{})
		if fatal != "" || len(got) != len(people) {
			t.Fatalf("%s: %d of %d, %s", format, len(got), len(people), fatal)
		}
		for i, p := range got {
			p.Number, p.Line, p.Warn = 0, 0, nil
			sort := func(l []account.Identity) {
				slices.SortFunc(l, func(a, b account.Identity) int { return strings.Compare(a.SignInType, b.SignInType) })
			}
			sort(p.Identities)
			sort(people[i].Identities)
			if p.Text == nil {
				p.Text = map[string]string{}
			}
			if !reflect.DeepEqual(p, people[i]) {
				t.Fatalf("%s\ngot  %+v\nwant %+v", format, p, people[i])
			}
		}
	}
}

func TestNeutralIsReversible(t *testing.T) {
	for _, s := range []string{"", "=1", "'=1", "''=1", "'", "''", "'x", "'t Hart", "+1", "-1", "@x", "\tx", "＝1", "a=b"} {
		n := Neutral(s)
		if Literal(n) != s || formula(n) {
			t.Errorf("%q → %q → %q", s, n, Literal(n))
		}
	}
}

func TestTheTemplateIsAnImport(t *testing.T) {
	for _, heading := range [][]string{TemplateColumns(definitions()), Heading(definitions())} {
		if _, fatal := all(strings.Join(heading, ",")+"\n", Options{}); fatal != "" {
			t.Errorf("%s: %v", fatal, heading)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"email,displayName\na@example.com,\"A\nB\"\n", "email;x\n\"", "[{\"email\":\"a\"}]", "{\"users\":[{}]}", "{\"a\":1}\n{", "\xFF\xFEe\x00", "sep=;\nemail", "email\n'=1\n",
		"email,identities\na,[{}]", "email,terms\na,x|1|2020", "[{\"credentials\":[{\"type\":\"password\"}]}]", "[{\"attributes\":{\"attributes\":{}}}]"} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, file []byte, ignore bool) {
		people, _ := all(string(file), Options{IgnoreUnknown: ignore})
		last := int64(0)
		for i, p := range people {
			if p.Number != int64(i)+1 || p.Line < last {
				t.Fatalf("record %d in line %d after %d", p.Number, p.Line, last)
			}
			last = p.Line
		}
	})
}

func FuzzNeutral(f *testing.F) {
	f.Add("'=x")
	f.Fuzz(func(t *testing.T, s string) {
		if n := Neutral(s); Literal(n) != s || formula(n) {
			t.Errorf("%q → %q", s, n)
		}
	})
}
