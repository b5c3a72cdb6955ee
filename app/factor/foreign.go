package factor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"portico/app/fault"
)

// Foreign is a password's hash as another product wrote it down. Often Hash says everything; where the
// product keeps the parts apart, the other fields hold them.
type Foreign struct {
	Algorithm  string // bcrypt, argon2id, argon2i, scrypt, pbkdf2-sha256 …, ssha …, firebase; "" = the hash says
	Hash       string
	Salt       string // base64 or, for PBKDF2 by itself, hexadecimal
	Iterations int    // PBKDF2
	Firebase   FirebaseScrypt
}

// FirebaseScrypt are the parameters that Firebase shows beside "Export users": the same for a whole project.
type FirebaseScrypt struct {
	SignerKey     string `json:"signerKey,omitempty"`     // base64
	SaltSeparator string `json:"saltSeparator,omitempty"` // base64
	Rounds        int    `json:"rounds,omitempty"`        // 8
	MemoryCost    int    `json:"memoryCost,omitempty"`    // 14
}

// What one verification may cost at most: about a second, and no more memory than a worker should take. A
// hash that somebody made expensive on purpose would otherwise stop everybody's sign-ins.
const (
	maxBcryptCost   = 14
	maxPBKDF2       = 2_000_000
	maxScryptMemory = 128 << 20 // bytes: 128·N·r
	maxArgonMemory  = 256 << 10 // KiB
	maxArgonWork    = 1 << 20   // KiB written: memory × passes
)

// Problems with a hash, as message keys.
const (
	hashUnknown = "import.hash.unknown"
	hashDamaged = "import.hash.damaged"
	hashFast    = "import.hash.fast"
	hashCost    = "import.hash.cost"
)

func badHash(key string) error { return fault.BadField("passwordHash", key, nil) }

// Adopt gives the form in which a foreign hash is kept, and in which Verify understands it. It refuses what it
// does not know, what is damaged, what costs too much, and what is no password hash at all: an unsalted
// digest is found by trying, and would be a gift to whoever reads the database.
func (f Foreign) Adopt() (string, error) {
	h := strings.TrimSpace(f.Hash)
	stored, err := f.stored(h, strings.ToLower(strings.NewReplacer("_", "-", " ", "").Replace(strings.TrimSpace(f.Algorithm))))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(stored, "$argon2id$") {
		cost, _, _, err := parsePHC(stored)
		if err != nil {
			return "", badHash(hashDamaged)
		}
		return stored, argonCost(cost)
	}
	if _, err := parseForeign(stored); err != nil {
		return "", err
	}
	return stored, nil
}

// stored spells the hash out, in one text.
func (f Foreign) stored(h, algorithm string) (string, error) {
	if open := strings.IndexByte(h, '}'); strings.HasPrefix(h, "{") && open > 0 { // {bcrypt}$2a$…, as some products mark theirs
		switch mark := strings.ToLower(h[1:open]); mark {
		case "bcrypt", "crypt", "blf-crypt", "argon2", "argon2i", "argon2id", "scrypt":
			h = h[open+1:]
		case "ssha", "ssha256", "ssha384", "ssha512":
			return "{" + strings.ToUpper(mark) + "}" + h[open+1:], nil
		case "sha", "sha256", "sha384", "sha512", "md5", "clear", "cleartext", "noop", "smd5":
			return "", badHash(hashFast)
		default:
			return "", badHash(hashUnknown)
		}
	}
	switch {
	case h == "":
		return "", badHash(hashDamaged)
	case strings.HasPrefix(h, "$2"), strings.HasPrefix(h, "$argon2"), strings.HasPrefix(h, "$scrypt$"), strings.HasPrefix(h, "$pbkdf2"), strings.HasPrefix(h, "$firebase-scrypt$"):
		return h, nil
	case strings.HasPrefix(h, "pbkdf2_"): // Django
		return "$" + h, nil
	}
	switch algorithm {
	case "firebase", "firebase-scrypt", "modified-scrypt":
		return f.firebase(h)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512", "pbkdf2sha1", "pbkdf2sha256", "pbkdf2sha512":
		return f.pbkdf2(h, strings.TrimPrefix(strings.ReplaceAll(algorithm, "-", ""), "pbkdf2"))
	case "ssha", "ssha256", "ssha384", "ssha512":
		return "{" + strings.ToUpper(algorithm) + "}" + h, nil
	case "sha1", "sha-1", "sha256", "sha-256", "sha512", "sha-512", "md5", "plain", "plaintext", "ntlm", "sha":
		return "", badHash(hashFast)
	}
	if raw, err := hex.DecodeString(h); err == nil && (len(raw) == 16 || len(raw) == 20 || len(raw) == 32 || len(raw) == 64) {
		return "", badHash(hashFast)
	}
	return "", badHash(hashUnknown)
}

func (f Foreign) firebase(h string) (string, error) {
	p := f.Firebase
	if p.SignerKey == "" {
		return "", badHash("import.hash.firebase")
	}
	raw := make([][]byte, 4)
	for i, s := range []string{p.SaltSeparator, p.SignerKey, f.Salt, h} {
		var err error
		if raw[i], err = decode64(s); err != nil {
			return "", badHash(hashDamaged)
		}
	}
	rounds, memory := p.Rounds, p.MemoryCost
	if rounds == 0 {
		rounds = 8
	}
	if memory == 0 {
		memory = 14
	}
	b := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$firebase-scrypt$ln=%d,r=%d,ss=%s,sk=%s$%s$%s", memory, rounds, b(raw[0]), b(raw[1]), b(raw[2]), b(raw[3])), nil
}

func (f Foreign) pbkdf2(h, digest string) (string, error) {
	if digest == "" {
		digest = "sha1"
	}
	salt, err := decodeAny(f.Salt)
	key, err2 := decodeAny(h)
	if err != nil || err2 != nil || f.Iterations <= 0 {
		return "", badHash(hashDamaged)
	}
	b := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$pbkdf2-%s$i=%d$%s$%s", digest, f.Iterations, b(salt), b(key)), nil
}

// decode64 reads base64 of any alphabet, with padding or without; passlib writes "." for "+".
func decode64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/", ".", "+").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	return base64.RawStdEncoding.DecodeString(s)
}

func decodeAny(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if raw, err := hex.DecodeString(s); err == nil && len(raw) >= 8 {
		return raw, nil
	}
	return decode64(s)
}

// matcher says whether a password is the one that was hashed.
type matcher func(password string) bool

// parseForeign understands every stored form but our own. The work that it would cost is bounded here, for
// hashes that come from a database too.
func parseForeign(s string) (matcher, error) {
	switch {
	case strings.HasPrefix(s, "$2"):
		return parseBcrypt(s)
	case strings.HasPrefix(s, "$argon2i$"):
		return parseArgon2i(s)
	case strings.HasPrefix(s, "$scrypt$"):
		return parseScrypt(s)
	case strings.HasPrefix(s, "$pbkdf2"):
		return parsePBKDF2(s)
	case strings.HasPrefix(s, "$firebase-scrypt$"):
		return parseFirebase(s)
	case strings.HasPrefix(s, "{SSHA"):
		return parseSSHA(s)
	}
	return nil, badHash(hashUnknown)
}

func parseBcrypt(s string) (matcher, error) {
	if len(s) != 60 || !strings.ContainsRune("aby", rune(s[2])) || s[3] != '$' {
		return nil, badHash(hashDamaged)
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || strings.Trim(s[7:], "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return nil, badHash(hashDamaged)
	}
	if cost > maxBcryptCost {
		return nil, badHash(hashCost)
	}
	return func(password string) bool { return bcrypt.CompareHashAndPassword([]byte(s), []byte(password)) == nil }, nil
}

func argonCost(c Argon) error {
	if c.MemoryKiB > maxArgonMemory || uint64(c.MemoryKiB)*uint64(c.Time) > maxArgonWork || c.Threads > 16 {
		return badHash(hashCost)
	}
	return nil
}

func parseArgon2i(s string) (matcher, error) {
	cost, salt, key, err := parsePHC("$argon2id$" + strings.TrimPrefix(s, "$argon2i$"))
	if err != nil {
		return nil, badHash(hashDamaged)
	}
	if err := argonCost(cost); err != nil {
		return nil, err
	}
	return func(password string) bool {
		return same(argon2.Key([]byte(password), salt, cost.Time, cost.MemoryKiB, cost.Threads, uint32(len(key))), key)
	}, nil
}

// saltAndKey are the last two parts of a PHC string.
func saltAndKey(salt, key string) ([]byte, []byte, error) {
	s, err := decode64(salt)
	k, err2 := decode64(key)
	if err := errors.Join(err, err2); err != nil || len(s) > 1024 || len(k) < 16 || len(k) > 256 {
		return nil, nil, badHash(hashDamaged)
	}
	return s, k, nil
}

// settings reads "a=1,b=2" of a PHC string.
func settings(s string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(part, "=")
		out[name] = value
	}
	return out
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func scryptCost(ln, r, p int) error {
	switch {
	case ln < 1 || r < 1 || p < 1:
		return badHash(hashDamaged)
	case ln > 24 || r > 64 || p > 16 || 128*r<<ln > maxScryptMemory || 128*r*p<<ln > 2*maxScryptMemory:
		return badHash(hashCost)
	}
	return nil
}

// parseScrypt reads $scrypt$ln=15,r=8,p=1$salt$key.
func parseScrypt(s string) (matcher, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, badHash(hashDamaged)
	}
	x := settings(parts[2])
	ln, r, p := number(x["ln"]), number(x["r"]), number(x["p"])
	if err := scryptCost(ln, r, p); err != nil {
		return nil, err
	}
	salt, key, err := saltAndKey(parts[3], parts[4])
	if err != nil {
		return nil, err
	}
	return func(password string) bool {
		got, err := scrypt.Key([]byte(password), salt, 1<<ln, r, p, len(key))
		return err == nil && same(got, key)
	}, nil
}

// parseFirebase reads Firebase's modified scrypt: scrypt's key encrypts the project's signer key, and the
// ciphertext is the hash (https://github.com/firebase/scrypt).
func parseFirebase(s string) (matcher, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, badHash(hashDamaged)
	}
	x := settings(parts[2])
	ln, r := number(x["ln"]), number(x["r"])
	if err := scryptCost(ln, r, 1); err != nil {
		return nil, err
	}
	separator, err := decode64(x["ss"])
	signer, err2 := decode64(x["sk"])
	if errors.Join(err, err2) != nil || len(signer) < 16 || len(signer) > 256 || len(separator) > 64 {
		return nil, badHash(hashDamaged)
	}
	salt, key, err := saltAndKey(parts[3], parts[4])
	if err != nil {
		return nil, err
	}
	salt = append(salt[:len(salt):len(salt)], separator...)
	return func(password string) bool {
		derived, err := scrypt.Key([]byte(password), salt, 1<<ln, r, 1, 32)
		if err != nil {
			return false
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return false
		}
		got := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, signer)
		return same(got, key)
	}, nil
}

// parsePBKDF2 reads Django's $pbkdf2_sha256$iterations$salt$key, whose salt is the text itself, and
// $pbkdf2-sha256$i=iterations$salt$key, with the "i=" or without it, where both are base64.
func parsePBKDF2(s string) (matcher, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 5 {
		return nil, badHash(hashDamaged)
	}
	var digest func() hash.Hash
	name, django := strings.CutPrefix(parts[1], "pbkdf2_")
	if !django {
		name = strings.TrimPrefix(strings.TrimPrefix(parts[1], "pbkdf2"), "-")
	}
	switch name {
	case "sha1", "":
		digest = sha1.New
	case "sha256":
		digest = sha256.New
	case "sha512":
		digest = sha512.New
	default:
		return nil, badHash(hashUnknown)
	}
	count := number(strings.TrimPrefix(strings.SplitN(parts[2], ",", 2)[0], "i="))
	switch {
	case count < 1:
		return nil, badHash(hashDamaged)
	case count > maxPBKDF2:
		return nil, badHash(hashCost)
	}
	var salt, key []byte
	var err error
	if django {
		if key, err = decode64(parts[4]); len(key) < 16 || len(key) > 256 || len(parts[3]) > 1024 {
			err = errPHC
		}
		salt = []byte(parts[3])
	} else {
		salt, key, err = saltAndKey(parts[3], parts[4])
	}
	if err != nil {
		return nil, badHash(hashDamaged)
	}
	return func(password string) bool {
		got, err := pbkdf2.Key(digest, password, salt, count, len(key))
		return err == nil && same(got, key)
	}, nil
}

// parseSSHA reads {SSHA}base64(digest‖salt) of directory servers. It is fast, so it is weak; it stays only
// until the person signs in for the first time.
func parseSSHA(s string) (matcher, error) {
	mark, body, _ := strings.Cut(s[1:], "}")
	digest := map[string]func() hash.Hash{"SSHA": sha1.New, "SSHA256": sha256.New, "SSHA384": sha512.New384, "SSHA512": sha512.New}[mark]
	if digest == nil {
		return nil, badHash(hashUnknown)
	}
	raw, err := decode64(body)
	size := digest().Size()
	if err != nil || len(raw) > size+1024 {
		return nil, badHash(hashDamaged)
	}
	if len(raw) < size+4 {
		return nil, badHash(hashFast) // no salt to speak of
	}
	sum, salt := raw[:size], raw[size:]
	return func(password string) bool {
		h := digest()
		h.Write([]byte(password))
		h.Write(salt)
		return same(h.Sum(nil), sum)
	}, nil
}

// quick reports whether checking a stored hash takes much less than checking one of ours.
func quick(s string) bool {
	switch {
	case strings.HasPrefix(s, "{SSHA"):
		return true
	case strings.HasPrefix(s, "$pbkdf2"):
		parts := strings.Split(s, "$")
		return len(parts) > 2 && number(strings.TrimPrefix(parts[2], "i=")) < 50_000
	case strings.HasPrefix(s, "$2"):
		cost, err := bcrypt.Cost([]byte(s))
		return err == nil && cost < 8
	}
	return false
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
