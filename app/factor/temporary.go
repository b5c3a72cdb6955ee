package factor

import (
	"io"
	"strings"
)

// TemporaryPassword makes a password to be told to somebody: four groups of four without look-alikes, which
// can be read aloud, 79 bits, three of four kinds of characters.
func TemporaryPassword(random io.Reader) (string, error) {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789" // 31
	var b strings.Builder
	one := make([]byte, 1)
	for i := 0; i < 16; {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", err
		}
		if int(one[0]) >= 8*len(letters) { // every letter equally often
			continue
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(one[0])%len(letters)])
		i++
	}
	return strings.ToUpper(b.String()[:1]) + b.String()[1:] + "7", nil
}
