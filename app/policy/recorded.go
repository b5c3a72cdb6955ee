package policy

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"portico/app/record"
)

// Recorded is a decision as it was made: what was asked, when, what became of the sign-in and what each policy
// said. It is what replay reads instead of the whole record of a sign-in, which is many times as large.
type Recorded struct {
	Request
	StartedAt time.Time
	At        time.Time // when it ended
	Result    record.Result
	Policies  []Said
}

// Said is the result of one policy in Graph's words.
type Said struct {
	ID     string
	Result string
}

// RequestOf is the question that a recorded sign-in asked; false when no policy was asked at all (a trial, a
// wrong password, an entry from before Conditional Access).
func RequestOf(r record.SignIn) (Request, bool) {
	if r.Inputs == nil {
		return Request{}, false
	}
	return Request{TenantID: r.TenantID, UserID: r.User.ID, ClientID: r.App.ID, Signals: r.Signals, Inputs: *r.Inputs,
		SignUp: r.SignUp, Refresh: r.Protocol == "refresh"}, true
}

// RecordedOf is the decision within a recorded sign-in.
func RecordedOf(r record.SignIn) (Recorded, bool) {
	q, ok := RequestOf(r)
	if !ok {
		return Recorded{}, false
	}
	out := Recorded{Request: q, StartedAt: r.StartedAt, At: r.EndedAt, Result: r.Outcome.Result}
	if out.At.IsZero() {
		out.At = out.StartedAt
	}
	for _, p := range r.Policies {
		out.Policies = append(out.Policies, Said{p.ID, p.Result})
	}
	return out, true
}

// recordedVersion begins every packed decision. A later layout gets the next number; what older programs wrote is
// read for as long as logs are kept.
const recordedVersion = 1

// Flags of a packed decision.
const (
	packedSignUp = 1 << iota
	packedRefresh
	packedGuest
	packedPasswordChanged
	packedPlaceFailed
	packedAuthTime
	packedMFATime
	packedRiskSince
)

// errPacked means that a packed decision is not one.
var errPacked = errors.New("policy: damaged decision")

// vocabulary are the words that decisions are made of, so that each takes one byte. Words are only ever added at
// the end: their places are what is stored.
func vocabulary() []string {
	return []string{"", "none", "low", "medium", "high", "browser", "mobileAppsAndDesktopClients", "other", "deviceCodeFlow", "authenticationTransfer",
		RegisterSecurityInfo, ChangePassword, DeleteAccount, "off", "alwaysOn", "conditional", "password", "email", "sms", "totp", "passkey", "recovery",
		"android", "iOS", "windows", "macOS", "linux", "success", "failure", "interrupted", "abandoned", "notApplied", "notEnabled", "unknown",
		"reportOnlySuccess", "reportOnlyFailure", "reportOnlyNotApplied", "reportOnlyInterrupted", "groups", "roles", "guest", "location", "signInRisk", "userRisk",
		"terms", "platform"}
}

// Codec packs decisions and reads them again. It keeps the ids that it has seen, because the same apps and groups
// come again and again; it is for one reader or writer at a time.
type Codec struct {
	words []string
	ids   map[uuid.UUID]string
}

// NewCodec makes a codec.
func NewCodec() *Codec { return &Codec{words: vocabulary(), ids: map[uuid.UUID]string{}} }

// Pack writes a decision in a few hundred bytes.
func (c *Codec) Pack(r Recorded) []byte {
	w := packer{c, make([]byte, 0, 256)}
	flags := byte(0)
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	set(packedSignUp, r.SignUp)
	set(packedRefresh, r.Refresh)
	set(packedGuest, r.Guest)
	set(packedPasswordChanged, r.PasswordChanged)
	set(packedPlaceFailed, r.Signals.PlaceFailed)
	set(packedAuthTime, !r.AuthTime.IsZero())
	set(packedMFATime, !r.MFATime.IsZero())
	set(packedRiskSince, !r.RiskSince.IsZero())
	w.b = append(w.b, recordedVersion, flags)
	w.word(string(r.Result))
	w.number(r.StartedAt.UnixMicro())
	w.number(r.At.UnixMicro() - r.StartedAt.UnixMicro())
	if !r.AuthTime.IsZero() {
		w.number(r.AuthTime.UnixMicro() - r.StartedAt.UnixMicro())
	}
	if !r.MFATime.IsZero() {
		w.number(r.MFATime.UnixMicro() - r.StartedAt.UnixMicro())
	}
	if !r.RiskSince.IsZero() {
		w.number(r.RiskSince.UnixMicro() - r.StartedAt.UnixMicro())
		w.list(r.Former, w.word)
		w.list(r.FormerShown, w.word)
	}
	ip := r.Signals.IP.Unmap().AsSlice()
	w.b = append(append(w.b, byte(len(ip))), ip...)
	for _, s := range []string{r.Signals.Country, r.Signals.Platform, r.ClientApp, r.Transfer, r.Action, r.SignInRisk, r.UserRisk, r.Switch} {
		w.word(s)
	}
	w.id(r.UserID)
	w.id(r.ClientID)
	for _, list := range [][]string{r.Groups, r.Roles, r.AAGUIDs, r.Terms} {
		w.list(list, w.id)
	}
	for _, list := range [][]string{r.Contexts, r.Unknown, r.Kinds, r.Enrolled, r.Methods} {
		w.list(list, w.word)
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(r.Policies)))
	for _, p := range r.Policies {
		w.id(p.ID)
		w.word(p.Result)
	}
	return w.b
}

// Unpack reads a decision without what each policy said.
func (c *Codec) Unpack(b []byte) (Recorded, error) {
	r, _, err := c.unpack(b)
	return r, err
}

// UnpackAll reads a decision whole.
func (c *Codec) UnpackAll(b []byte) (Recorded, error) {
	r, rest, err := c.unpack(b)
	if err != nil {
		return r, err
	}
	rest.policies(&r)
	return r, rest.err
}

func (c *Codec) unpack(b []byte) (Recorded, *unpacker, error) {
	u := &unpacker{c: c, b: b}
	if u.byte() != recordedVersion {
		return Recorded{}, u, errPacked
	}
	flags := u.byte()
	on := func(f byte) bool { return flags&f != 0 }
	r := Recorded{Request: Request{SignUp: on(packedSignUp), Refresh: on(packedRefresh)}}
	r.Guest, r.PasswordChanged, r.Signals.PlaceFailed = on(packedGuest), on(packedPasswordChanged), on(packedPlaceFailed)
	r.Result = record.Result(u.word())
	start := u.number()
	r.StartedAt = time.UnixMicro(start).UTC()
	r.At = time.UnixMicro(start + u.number()).UTC()
	if on(packedAuthTime) {
		r.AuthTime = time.UnixMicro(start + u.number()).UTC()
	}
	if on(packedMFATime) {
		r.MFATime = time.UnixMicro(start + u.number()).UTC()
	}
	if on(packedRiskSince) {
		r.RiskSince = time.UnixMicro(start + u.number()).UTC()
		r.Former, r.FormerShown = u.list(false), u.list(false)
	}
	if ip := u.bytes(int(u.byte())); len(ip) > 0 {
		addr, ok := netip.AddrFromSlice(ip)
		if !ok {
			u.fail()
		}
		r.Signals.IP = addr.Unmap()
	}
	for _, s := range []*string{&r.Signals.Country, &r.Signals.Platform, &r.ClientApp, &r.Transfer, &r.Action, &r.SignInRisk, &r.UserRisk, &r.Switch} {
		*s = u.word()
	}
	r.UserID, r.ClientID = u.id(false), u.id(true)
	for _, list := range []*[]string{&r.Groups, &r.Roles, &r.AAGUIDs, &r.Terms} {
		*list = u.list(true)
	}
	for _, list := range []*[]string{&r.Contexts, &r.Unknown, &r.Kinds, &r.Enrolled, &r.Methods} {
		*list = u.list(false)
	}
	return r, u, u.err
}

type packer struct {
	c *Codec
	b []byte
}

func (w *packer) number(n int64) { w.b = binary.AppendVarint(w.b, n) }

func (w *packer) text(s string) {
	w.b = append(binary.AppendUvarint(w.b, uint64(len(s))), s...)
}

// spelled stands for a word that is not in the vocabulary, or an id that is no UUID: it follows in full.
const spelled = 255

func (w *packer) word(s string) {
	if i := slices.Index(w.c.words, s); i >= 0 {
		w.b = append(w.b, byte(i))
		return
	}
	w.b = append(w.b, spelled)
	w.text(s)
}

// id packs a UUID in its usual spelling into its sixteen bytes, anything else as it is.
func (w *packer) id(s string) {
	if id, err := uuid.Parse(s); err == nil && len(s) == 36 && id.String() == s {
		w.b = append(append(w.b, 0), id[:]...)
		return
	}
	w.b = append(w.b, spelled)
	w.text(s)
}

func (w *packer) list(list []string, one func(string)) {
	w.b = binary.AppendUvarint(w.b, uint64(len(list)))
	for _, s := range list {
		one(s)
	}
}

// unpacker reads what packer wrote. After the first thing that cannot be, everything is zero.
type unpacker struct {
	c   *Codec
	b   []byte
	err error
}

func (u *unpacker) fail() {
	u.err, u.b = errPacked, nil
}

func (u *unpacker) byte() byte {
	if len(u.b) == 0 {
		u.fail()
		return 0
	}
	x := u.b[0]
	u.b = u.b[1:]
	return x
}

func (u *unpacker) bytes(n int) []byte {
	if n < 0 || n > len(u.b) {
		u.fail()
		return nil
	}
	x := u.b[:n]
	u.b = u.b[n:]
	return x
}

func (u *unpacker) number() int64 {
	x, n := binary.Varint(u.b)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.b = u.b[n:]
	return x
}

func (u *unpacker) count() int {
	x, n := binary.Uvarint(u.b)
	if n <= 0 || x > uint64(len(u.b)-n) { // each thing that follows takes a byte at least
		u.fail()
		return 0
	}
	u.b = u.b[n:]
	return int(x)
}

func (u *unpacker) text() string { return string(u.bytes(u.count())) }

func (u *unpacker) word() string {
	i := u.byte()
	if i == spelled {
		return u.text()
	}
	if int(i) >= len(u.c.words) {
		u.fail()
		return ""
	}
	return u.c.words[i]
}

// maxSeen bounds the ids that a codec keeps.
const maxSeen = 10_000

// id reads an id; those that come again are made only once.
func (u *unpacker) id(again bool) string {
	if u.byte() == spelled {
		return u.text()
	}
	b := u.bytes(16)
	if u.err != nil {
		return ""
	}
	id := uuid.UUID(b)
	if s, ok := u.c.ids[id]; ok {
		return s
	}
	s := id.String()
	if again && len(u.c.ids) < maxSeen {
		u.c.ids[id] = s
	}
	return s
}

func (u *unpacker) list(ids bool) []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		if u.err != nil {
			return nil
		}
		if ids {
			out = append(out, u.id(true))
		} else {
			out = append(out, u.word())
		}
	}
	return slices.Clip(out)
}

func (u *unpacker) policies(r *Recorded) {
	n := u.count()
	if n == 0 {
		return
	}
	r.Policies = make([]Said, 0, n)
	for range n {
		if u.err != nil {
			return
		}
		r.Policies = append(r.Policies, Said{u.id(true), u.word()})
	}
}

// ShownOf is what had been shown when a decision was recorded. Sign-in, refresh, What-If and replay all hold
// clauses against this one reading of the inputs.
func ShownOf(in record.Inputs) Shown {
	return Shown{Methods: in.Methods, AAGUIDs: in.AAGUIDs, MFA: in.MFATime, PasswordChanged: in.PasswordChanged, Terms: in.Terms, MFAOff: in.Switch == SwitchOff,
		Remembered: slices.Contains(in.Methods, RememberedDevice), AtRisk: !in.RiskSince.IsZero(), Former: in.FormerShown}
}

// RememberedDevice stands among the methods that were shown where the second factor is the one of a remembered
// device. No strength knows the word.
const RememberedDevice = "rememberedDevice"

// EarlierPasskey stands in front of the methods of a session that began with a passkey and has shown another second
// factor since: the time of the second factor is no longer the passkey's, so it counts for no strength.
const EarlierPasskey = "earlierPasskey"

// Forget takes a second factor off that was shown too long ago. What is left is the first factor; a passkey, which is
// both, does not outlast its time for any strength either.
func Forget(in record.Inputs) record.Inputs {
	in.MFATime, in.AAGUIDs, in.FormerShown = time.Time{}, nil, nil
	if in.Methods = slices.Clone(in.Methods[:min(1, len(in.Methods))]); len(in.Methods) > 0 && ModeOf(in.Methods[0]) == modePasskey {
		in.Methods[0] = EarlierPasskey
	}
	return in
}
