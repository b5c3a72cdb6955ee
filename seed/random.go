package seed

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// Number is the seed of the sample company.
const Number = 20

// dice are the deterministic choices of one purpose; the streams of two purposes do not disturb each other.
type dice struct{ *rand.Rand }

func roll(number uint64, stream ...uint64) dice {
	mixed := number*0x9e3779b97f4a7c15 + 1
	for _, s := range stream {
		mixed = (mixed ^ s) * 0xbf58476d1ce4e5b9
		mixed ^= mixed >> 29
	}
	return dice{rand.New(rand.NewPCG(number, mixed))}
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

func (d dice) between(from, to int) int { return from + d.IntN(to-from+1) }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// weighted picks an index by weight.
func (d dice) weighted(weights []float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	x := d.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// id is a UUID of version 7 for a moment: rows sort by time, and the same dice give the same id, which is
// what makes an interrupted seed able to go on.
func (d dice) id(at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[0:], uint64(at.UnixMilli())<<16)
	binary.BigEndian.PutUint64(b[8:], d.Uint64())
	binary.BigEndian.PutUint16(b[6:], uint16(d.Uint32()))
	return uuidOf(b, 7)
}

// uuid4 is a random-looking UUID.
func (d dice) uuid4() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[0:], d.Uint64())
	binary.BigEndian.PutUint64(b[8:], d.Uint64())
	return uuidOf(b, 4)
}

func uuidOf(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}
