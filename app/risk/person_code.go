package risk

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unicode/utf8"
)

// The stored form of a person: a version, the times, the counts, one list for each feature, the visits. Numbers are
// varints, counts are thousandths, times are seconds before the last sign-in.
const personVersion = 1

var errPerson = errors.New("risk: this is no stored person")

// Encode writes a person for storage, and DecodePerson reads it.
func (p Person) Encode() ([]byte, error) {
	if p.Times == 0 {
		return nil, nil
	}
	b := make([]byte, 0, p.size())
	b = append(b, personVersion)
	b = binary.AppendVarint(b, p.Last.UnixMilli())
	b = p.ago(p.ago(b, p.First), p.Since)
	b = binary.AppendUvarint(b, p.Times)
	b = amount(b, p.SignIns)
	b = binary.AppendUvarint(b, uint64(len(p.seen)))
	for f := range p.seen {
		b = amount(b, p.fresh[f])
		b = binary.AppendUvarint(b, uint64(len(p.seen[f])))
		for _, s := range p.seen[f] {
			b = amount(text(b, s.Value), s.N)
			b = p.ago(b, s.Last)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.Visits)))
	for _, v := range p.Visits {
		b = p.ago(b, v.At)
		for _, s := range []string{v.IP, v.Network, v.Country, v.Region, v.City, v.Device} {
			b = text(b, s)
		}
		b = binary.AppendVarint(b, int64(math.Round(v.Latitude*1000)))
		b = binary.AppendVarint(b, int64(math.Round(v.Longitude*1000)))
	}
	return b, nil
}

// size is about what Encode writes, never less.
func (p Person) size() int {
	n := 48
	for f := range p.seen {
		n += 6
		for _, s := range p.seen[f] {
			n += len(s.Value) + 10
		}
	}
	for _, v := range p.Visits {
		n += 24 + len(v.IP) + len(v.Network) + len(v.Country) + len(v.Region) + len(v.City) + len(v.Device)
	}
	return n
}

func (p Person) ago(b []byte, t time.Time) []byte {
	return binary.AppendVarint(b, p.Last.Unix()-t.Unix())
}

func amount(b []byte, n float64) []byte {
	return binary.AppendUvarint(b, uint64(math.Round(min(max(n, 0), 1e9)*1000)))
}

func text(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// DecodePerson reads what Encode wrote; nothing is somebody who never signed in. Whatever else it is given it refuses.
func DecodePerson(b []byte) (Person, error) {
	var p Person
	if len(b) == 0 {
		return p, nil
	}
	if b[0] != personVersion || len(b) > 2*maxEncoded {
		return p, errPerson
	}
	r := reader{b: b[1:]}
	last := r.signed()
	if last < 0 || last > 1<<48 {
		return Person{}, errPerson
	}
	p.Last = time.UnixMilli(last).UTC()
	r.last = p.Last.Unix()
	p.First, p.Since = r.ago(), r.ago()
	p.Times = r.unsigned(math.MaxInt64)
	p.SignIns = r.amount()
	lists := int(r.unsigned(64))
	for f := range lists {
		fresh, n := r.amount(), int(r.unsigned(64))
		if f >= int(features) && n > 0 { // of a newer version: it cannot be read without loss
			return Person{}, errPerson
		}
		if n == 0 {
			if f < int(features) {
				p.fresh[f] = fresh
			}
			continue
		}
		list := make([]Seen, 0, n)
		for range n {
			list = append(list, Seen{Value: r.text(), N: r.amount(), Last: r.ago()})
		}
		p.fresh[f], p.seen[f] = fresh, list
	}
	visits := int(r.unsigned(maxVisits))
	for range visits {
		v := Visit{At: r.ago(), IP: r.text(), Network: r.text(), Country: r.text(), Region: r.text(), City: r.text(), Device: r.text()}
		v.Latitude, v.Longitude = degrees(float64(r.signed())/1000, 90), degrees(float64(r.signed())/1000, 180)
		p.Visits = append(p.Visits, v)
	}
	if r.bad || len(r.b) > 0 || p.Times == 0 {
		return Person{}, errPerson
	}
	return p, nil
}

// reader takes numbers and words off a stored person; bad once anything was not as it should be.
type reader struct {
	b    []byte
	last int64
	bad  bool
}

func (r *reader) unsigned(limit uint64) uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > limit {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) amount() float64 { return float64(r.unsigned(1e12)) / 1000 }

func (r *reader) ago() time.Time {
	n := r.signed()
	if n > 1<<48 || n < -1<<48 {
		r.fail()
		return time.Time{}
	}
	return time.Unix(r.last-n, 0).UTC()
}

func (r *reader) text() string {
	n := r.unsigned(maxValue)
	if uint64(len(r.b)) < n {
		r.fail()
		return ""
	}
	s := string(r.b[:n])
	if !utf8.ValidString(s) {
		r.fail()
		return ""
	}
	r.b = r.b[n:]
	return s
}

func (r *reader) fail() { r.bad, r.b = true, nil }
