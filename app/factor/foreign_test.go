package factor

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"portico/app/fault"
)

// What other products wrote. The vectors are published ones (bcrypt: OpenBSD's and crypt_blowfish's, Argon2:
// the reference implementation's tests, Firebase: the README of its scrypt), or were made with another
// language's library.
func foreigners() map[string]struct {
	f        Foreign
	password string
} {
	type row = struct {
		f        Foreign
		password string
	}
	firebase := FirebaseScrypt{SignerKey: "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", SaltSeparator: "Bw==", Rounds: 8, MemoryCost: 14}
	return map[string]row{
		"bcrypt 2a":            {Foreign{Hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, "U*U"},
		"bcrypt 2b":            {Foreign{Hash: "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, "U*U"},
		"bcrypt 2y":            {Foreign{Hash: "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, "U*U"},
		"bcrypt, marked":       {Foreign{Hash: "{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, "U*U"},
		"argon2i":              {Foreign{Hash: "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"}, "password"},
		"argon2id":             {Foreign{Hash: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"}, "password"},
		"scrypt":               {Foreign{Hash: "$scrypt$ln=10,r=8,p=1$TmFDbC1hbmQtcGVwcGVyIQ$299mrfGlHnBKud3CFNCZVPI1OHCgXGf3S6ZdDorgthQ"}, "pleaseletmein"},
		"Firebase's scrypt":    {Foreign{Algorithm: "firebase", Hash: "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", Salt: "42xEC+ixf3L2lw==", Firebase: firebase}, "user1password"},
		"PBKDF2 SHA-1":         {Foreign{Hash: "$pbkdf2-sha1$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$Rx6Bcl8fLmFxnTLBRoOhjmSebFc"}, "pässword and more"},
		"PBKDF2 SHA-256":       {Foreign{Hash: "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$JTB+yE9swubG5IFk/tli6/2Yscs5FBcgY1Q/CDCVZos"}, "pässword and more"},
		"PBKDF2 SHA-512":       {Foreign{Hash: "$pbkdf2-sha512$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$BwF/CmyDOdmYDfDfEgZeT/MUMBTzW1Sg4M+dtPE/OVSBaQmN66sohbbIOOPWB3YPFLTcazFxmlJtXhWxkK4WBg"}, "pässword and more"},
		"PBKDF2 of RFC 6070":   {Foreign{Algorithm: "PBKDF2", Hash: "4b007901b765489abead49d926f721d065a429c1", Salt: "c2FsdA==", Iterations: 4096}, "password"},
		"Django":               {Foreign{Hash: "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A="}, "lètmein"},
		"directory, SSHA":      {Foreign{Hash: "{SSHA}GKavEMItUmXHsq6suE2CRsuFG51zYWx0c2FsdA=="}, "testpassword"},
		"directory, SSHA256":   {Foreign{Hash: "{SSHA256}Cnr5pcrvkfuubi/NzyJMwZGuQNIPLRNLHrbc/xGibbZzYWx0c2FsdA=="}, "testpassword"},
		"directory, SSHA512":   {Foreign{Hash: "{SSHA512}ldWY016x8j4+s55K1TI/LCgxqCaVaOg/Es8q3Cpbt144vgV2ErA2bWyO5EqcWFEMYq7V+iZA2zfh/sQPSeC0cnNhbHRzYWx0"}, "testpassword"},
		"SSHA told by columns": {Foreign{Algorithm: "SSHA", Hash: "GKavEMItUmXHsq6suE2CRsuFG51zYWx0c2FsdA=="}, "testpassword"},
	}
}

// Whoever was moved here signs in with the password they have, once; then the hash is ours.
func TestForeignHashesAreVerified(t *testing.T) {
	h := NewHasher(Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 1, 1)
	ctx := context.Background()
	for name, c := range foreigners() {
		t.Run(name, func(t *testing.T) {
			stored, err := c.f.Adopt()
			if err != nil {
				t.Fatal(err)
			}
			if ok, stale, err := h.Verify(ctx, stored, c.password); !ok || !stale || err != nil {
				t.Errorf("%s: %v, stale %v, %v", stored, ok, stale, err)
			}
			if ok, _, err := h.Verify(ctx, stored, c.password+"x"); ok || err != nil {
				t.Errorf("another password: %v, %v", ok, err)
			}
			if again, err := (Foreign{Hash: stored}).Adopt(); err != nil || again != stored {
				t.Errorf("adopted twice: %s, %v", again, err)
			}
		})
	}
}

func TestForeignHashesThatAreRefused(t *testing.T) {
	const salt, key = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	for name, c := range map[string]struct {
		f    Foreign
		want string
	}{
		"nothing":                      {Foreign{}, hashDamaged},
		"no idea":                      {Foreign{Hash: "correct horse battery staple"}, hashUnknown},
		"plain MD5":                    {Foreign{Hash: "5f4dcc3b5aa765d61d8327deb882cf99"}, hashFast},
		"plain SHA-1":                  {Foreign{Hash: "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"}, hashFast},
		"plain SHA-256, said":          {Foreign{Algorithm: "SHA256", Hash: "XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg="}, hashFast},
		"a directory's plain SHA":      {Foreign{Hash: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}, hashFast},
		"SSHA without salt":            {Foreign{Hash: "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}, hashFast},
		"SSHA cut off":                 {Foreign{Hash: "{SSHA}W6ph"}, hashFast},
		"bcrypt that never ends":       {Foreign{Hash: "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, hashCost},
		"bcrypt cut off":               {Foreign{Hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9"}, hashDamaged},
		"bcrypt with a known flaw":     {Foreign{Hash: "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}, hashDamaged},
		"scrypt that takes all memory": {Foreign{Hash: "$scrypt$ln=24,r=8,p=1$" + salt + "$" + key}, hashCost},
		"scrypt that overflows":        {Foreign{Hash: "$scrypt$ln=64,r=8,p=1$" + salt + "$" + key}, hashCost},
		"scrypt of nothing":            {Foreign{Hash: "$scrypt$ln=0,r=0,p=0$" + salt + "$" + key}, hashDamaged},
		"PBKDF2 that never ends":       {Foreign{Hash: "$pbkdf2-sha256$i=2000000000$" + salt + "$" + key}, hashCost},
		"PBKDF2 with another digest":   {Foreign{Hash: "$pbkdf2-md5$i=1000$" + salt + "$" + key}, hashUnknown},
		"PBKDF2 without a count":       {Foreign{Algorithm: "pbkdf2-sha256", Hash: key, Salt: salt}, hashDamaged},
		"Django, minus one":            {Foreign{Hash: "pbkdf2_sha256$-1$salt$" + key}, hashDamaged},
		"Argon2 that takes all memory": {Foreign{Hash: "$argon2id$v=19$m=1048576,t=1,p=1$" + salt + "$" + key}, hashCost},
		"Argon2 that never ends":       {Foreign{Hash: "$argon2i$v=19$m=65536,t=60,p=1$" + salt + "$" + key}, hashCost},
		"Argon2d":                      {Foreign{Hash: "$argon2d$v=19$m=64,t=1,p=1$" + salt + "$" + key}, hashUnknown},
		"Argon2 of 2015":               {Foreign{Hash: "$argon2i$v=16$m=64,t=1,p=1$" + salt + "$" + key}, hashDamaged},
		"Firebase without parameters":  {Foreign{Algorithm: "firebase", Hash: key, Salt: salt}, "import.hash.firebase"},
		"Firebase with absurd ones":    {Foreign{Algorithm: "firebase", Hash: key, Salt: salt, Firebase: FirebaseScrypt{SignerKey: key, MemoryCost: 30, Rounds: 8}}, hashCost},
		"no base64":                    {Foreign{Algorithm: "firebase", Hash: "§§", Salt: salt, Firebase: FirebaseScrypt{SignerKey: key}}, hashDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			stored, err := c.f.Adopt()
			if err == nil || fault.Of(err).Fields[0].Key != c.want {
				t.Errorf("%s, %v; want %s", stored, err, c.want)
			}
		})
	}
}

// A hash that somebody put into the database by hand costs no more than one that was imported.
func TestAnAbsurdStoredHashIsNotTried(t *testing.T) {
	h := NewHasher(Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 1, 1)
	for _, s := range []string{"$2a$31$" + strings.Repeat("C", 53), "$pbkdf2-sha256$i=2000000000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg", "rubbish"} {
		if ok, _, err := h.Verify(context.Background(), s, "x"); ok || err == nil {
			t.Errorf("%s: %v %v", s, ok, err)
		}
	}
}

// What a person typed in composed letters is what another product hashed, byte by byte.
func TestForeignArgonOfWhatWasTyped(t *testing.T) {
	h := NewHasher(Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 1, 1)
	ours, err := h.Hash(context.Background(), "ﬁsh and chips")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, _ := h.Verify(context.Background(), ours, "fish and chips"); !ok {
		t.Error("our own are normalised")
	}
	raw := strings.Replace(ours, ours[strings.LastIndexByte(ours, '$')+1:], rawKey(t, ours, "ﬁsh and chips"), 1)
	if ok, stale, _ := h.Verify(context.Background(), raw, "ﬁsh and chips"); !ok || !stale {
		t.Error("theirs are not")
	}
}

// Somebody whose hash is checked in no time takes as long as nobody.
func TestCheapHashesTakeTheirTime(t *testing.T) {
	for s, want := range map[string]bool{"{SSHA}x": true, "$pbkdf2-sha256$i=1000$a$b": true, "$pbkdf2_sha256$1000000$a$b": false, "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": true,
		"$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2": false, "$scrypt$ln=15,r=8,p=1$a$b": false} {
		if quick(s) != want {
			t.Errorf("%s: %v", s, !want)
		}
	}
}

func FuzzAdopt(f *testing.F) {
	for _, c := range foreigners() {
		f.Add(c.f.Algorithm, c.f.Hash, c.f.Salt)
	}
	f.Fuzz(func(t *testing.T, algorithm, hash, salt string) {
		stored, err := Foreign{Algorithm: algorithm, Hash: hash, Salt: salt, Iterations: 1}.Adopt()
		if err != nil {
			if len(fault.Of(err).Fields) != 1 {
				t.Errorf("%q: %v", hash, err)
			}
			return
		}
		if again, err := (Foreign{Hash: stored}).Adopt(); err != nil || again != stored {
			t.Errorf("%q → %q → %q, %v", hash, stored, again, err)
		}
	})
}

func rawKey(t *testing.T, phc, password string) string {
	t.Helper()
	cost, salt, _, err := parsePHC(phc)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), salt, cost.Time, cost.MemoryKiB, cost.Threads, 32))
}
