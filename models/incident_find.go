package models

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/record"
	"portico/app/risk"
)

// incident_find.go: the job that finds waves in what was counted by source, opens incidents of them, reads the sign-in
// log for them, and ends those that are over. It stores nothing of its own besides incidents, so that a second
// instance that runs it finds the same.

const (
	wavesRecent = 2                // hours that are looked at each time
	wavesSlow   = 24               // hours that are looked at now and then, for whoever is patient
	slowEvery   = 10 * time.Minute // how often that is
	waveQuiet   = 2 * time.Hour    // of nothing, after which a wave is over
	waveRead    = 2000             // entries of the log that one run reads
	wavesOpen   = 50               // incidents that may be open at once; further attacks join the oldest of their kind
	keysMost    = 5000             // of an incident
	readSlow    = "waves"          // the cursor's name
)

// WaveFinder is what finding needs besides the store.
type WaveFinder struct {
	Rules risk.WaveRules
	By    audit.Actor
	// Tell tells administrators of an incident, in the transaction that opens it; nil = nobody.
	Tell func(ctx context.Context, t *Tenant, i risk.Incident) error
}

// FindIncidents looks once, and says how many incidents were opened or went on.
func (t *Tenant) FindIncidents(ctx context.Context, f WaveFinder) (int, error) {
	attacks, err := t.attacks(ctx, f.Rules)
	if err != nil {
		return 0, err
	}
	open, err := t.openIncidents(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range attacks {
		if open, err = t.meetAttack(ctx, f, open, a); err != nil {
			return 0, err
		}
	}
	moved := 0
	for _, i := range open {
		more, err := t.followIncident(ctx, f, i.ID)
		if err != nil {
			return moved, err
		}
		if more {
			moved++
		}
	}
	return moved, nil
}

// foundAttack is an attack with what only text messages have.
type foundAttack struct {
	risk.Attack
	code    string // calling code of text messages
	texts   int
	refused int
}

// attacks asks the pure functions about what was counted.
func (t *Tenant) attacks(ctx context.Context, rules risk.WaveRules) ([]foundAttack, error) {
	now := t.Now()
	slow, last, err := t.slowDue(ctx, now)
	if err != nil {
		return nil, err
	}
	from := now.Add(-(wavesRecent - 1) * time.Hour)
	if slow {
		if from, err = t.slowFrom(ctx, now, last); err != nil {
			return nil, err
		}
	}
	windows, err := t.riskWindows(ctx, from, now)
	if err != nil {
		return nil, err
	}
	ended, err := t.endedWaves(ctx, from, now)
	if err != nil {
		return nil, err
	}
	if windows, err = t.windowsSince(ctx, ended, windows, now); err != nil {
		return nil, err
	}
	var out []foundAttack
	for _, a := range risk.FindWaves(windows, rules) {
		if a.Keys, err = t.ownKits(ctx, a.Keys, now); err != nil {
			return nil, err
		}
		out = append(out, foundAttack{Attack: a})
	}
	list, usual, err := t.newAccounts(ctx, now)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(n risk.NewAccount) bool {
		return slices.ContainsFunc(ended, func(w endedWave) bool { return w.kind == risk.SignUpBurst && !n.At.After(w.at) && w.has(n.Keys()) })
	})
	if a, ok := risk.FindBurst(list, usual, rules); ok {
		out = append(out, foundAttack{Attack: a})
	}
	texts, err := t.textCounts(ctx, now)
	if err != nil {
		return nil, err
	}
	for n := range texts {
		for _, w := range ended {
			if w.kind == risk.SMSPumping && w.code == texts[n].Code {
				texts[n].Today, texts[n].Refused = max(texts[n].Today-w.texts, 0), max(texts[n].Refused-w.refused, 0)
			}
		}
	}
	for _, c := range risk.FindPumping(texts, rules) {
		out = append(out, foundAttack{Attack: risk.Attack{Kind: risk.SMSPumping, Keys: []string{"code " + c.Code}, From: now, To: now, Usual: c.Usual},
			code: c.Code, texts: c.Today, refused: c.Refused})
	}
	return out, nil
}

// ownKits drops the keys of network and agent that customers have too.
func (t *Tenant) ownKits(ctx context.Context, keys []string, now time.Time) ([]string, error) {
	var out []string
	for _, k := range keys {
		if asn, agent, ok := risk.KitOf(k); ok {
			own, err := t.ownKit(ctx, asn, agent, now)
			if err != nil {
				return nil, err
			}
			if !own {
				continue
			}
		}
		out = append(out, k)
	}
	return out, nil
}

func (t *Tenant) ownKit(ctx context.Context, asn, agent string, now time.Time) (bool, error) {
	network := risk.Key{Feature: risk.FeatureNetwork, Value: asn}
	counts, err := t.countsOf(ctx, []risk.Key{{}, network})
	if err != nil {
		return false, err
	}
	var lately struct{ All, Agents float64 }
	err = t.q(ctx).Model(&RiskSourceRow{}).Where("hour >= ?", sourceHour(now.Add(-SourcesKept))).
		Select("COALESCE(SUM(successes), 0) AS all_of_them, COALESCE(SUM(CASE WHEN agent = ? THEN successes ELSE 0 END), 0) AS with_agent", agent).
		Row().Scan(&lately.All, &lately.Agents)
	return risk.Usual{All: counts[risk.Key{}].Now(now), Network: counts[network].Now(now), Lately: lately.All, Agents: lately.Agents}.Own(), err
}

// slowDue reports whether it is time to look at a whole day, and when that was done before, and writes down that it was
// done.
func (t *Tenant) slowDue(ctx context.Context, now time.Time) (due bool, last time.Time, err error) {
	if !t.at.IsZero() { // a look from the past does not put off the next one
		return true, now, nil
	}
	var rows []RiskCursorRow
	if err := t.q(ctx).Where("reader = ?", readSlow).Limit(1).Find(&rows).Error; err != nil {
		return false, last, err
	}
	if len(rows) == 0 {
		return true, last, t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&RiskCursorRow{TenantID: t.ID, Reader: readSlow, At: now}).Error
	}
	last = rows[0].At.UTC()
	if since := now.Sub(last); since >= 0 && since < slowEvery {
		return false, last, nil
	}
	return true, last, t.u(ctx).Model(&RiskCursorRow{}).Where("reader = ?", readSlow).Update("at", now).Error
}

// slowFrom is how far back such a look goes: a day, and back to whatever older was counted only since the last one, as
// far as sources are kept. So nothing is missed that came while the jobs were down.
func (t *Tenant) slowFrom(ctx context.Context, now, last time.Time) (time.Time, error) {
	from := now.Add(-(wavesSlow - 1) * time.Hour)
	var hours []string
	err := t.q(ctx).Model(&RiskSourceRow{}).Where("hour >= ? AND hour < ? AND failures > 0 AND updated_at >= ?", sourceHour(now.Add(-SourcesKept)), sourceHour(from), last.UTC()).
		Order("hour").Limit(1).Pluck("hour", &hours).Error
	if err != nil || len(hours) == 0 {
		return from, err
	}
	if older, err := hourOf(hours[0]); err == nil {
		return older, nil
	}
	return from, nil
}

// hourOf is when the hour of a source begins.
func hourOf(hour string) (time.Time, error) { return time.Parse("2006-01-02T15", hour) }

// riskWindows are the hours of sources between two moments. Those at which nothing failed are read without their names:
// they only say what is honest in a network.
func (t *Tenant) riskWindows(ctx context.Context, from, to time.Time) ([]risk.Window, error) {
	var failed int64
	span := []any{sourceHour(from), sourceHour(to)}
	err := t.q(ctx).Model(&RiskSourceRow{}).Where("hour >= ? AND hour <= ? AND failures > 0", span...).Select("COALESCE(SUM(failures), 0)").Scan(&failed).Error
	if err != nil || failed == 0 {
		return nil, err
	}
	var rows, honest []RiskSourceRow
	if err := t.q(ctx).Where("hour >= ? AND hour <= ? AND failures > 0", span...).Find(&rows).Error; err != nil {
		return nil, err
	}
	if err := t.q(ctx).Omit("accounts", "strangers").Where("hour >= ? AND hour <= ? AND failures = 0", span...).Find(&honest).Error; err != nil {
		return nil, err
	}
	out := make([]risk.Window, 0, len(rows)+len(honest))
	for _, r := range append(rows, honest...) {
		begin, err := hourOf(r.Hour)
		if err != nil {
			continue
		}
		end := r.UpdatedAt.UTC()
		if end.After(begin.Add(time.Hour)) || end.Before(begin) {
			end = begin.Add(time.Hour)
		}
		out = append(out, risk.Window{Source: r.Source, ASN: uint(max(r.ASN, 0)), Network: r.Network, Country: r.Country, Agent: r.Agent, From: begin, To: end,
			Attempts: int(r.Attempts), Failures: int(r.Failures), Successes: int(r.Successes), SignUps: int(r.SignUps), Accounts: r.Accounts, Strangers: r.Strangers})
	}
	return out, nil
}

// burstSpan is in which time sign-ups are a burst, usualDays over how long the usual is worked out.
const (
	burstSpan = time.Hour
	usualDays = 7
	burstRead = 2000
)

// newAccounts are the sign-ups of the last hour, and how many an hour usually has.
func (t *Tenant) newAccounts(ctx context.Context, now time.Time) ([]risk.NewAccount, float64, error) {
	yes := true
	var rows []SignInRow
	err := signInFilter(t.via(ctx, "sign_ins", way{index: "signins_sign_up"}), SignInQuery{SignUp: &yes, From: now.Add(-burstSpan), To: now.Add(time.Second), Result: string(record.Success)}).
		Order("created_at DESC").Limit(burstRead).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, 0, err
	}
	n, err := t.CountSignIns(ctx, SignInQuery{SignUp: &yes, From: now.AddDate(0, 0, -usualDays), To: now.Add(-burstSpan)}, 200_000)
	if err != nil {
		return nil, 0, err
	}
	list := make([]risk.NewAccount, 0, len(rows))
	for _, r := range rows {
		rec, err := r.SignIn()
		if err != nil {
			return nil, 0, err
		}
		if rec.Test {
			continue
		}
		_, domain, _ := strings.Cut(fold(rec.Identifier), "@")
		list = append(list, risk.NewAccount{At: r.CreatedAt.UTC(), Source: risk.SourceOf(rec.Signals.IP), ASN: rec.Signals.ASN, Domain: domain})
	}
	return list, float64(n) / (usualDays * 24), nil
}

// textsUsual is over how many days the usual number of text messages is worked out.
const textsUsual = 14

// textCounts are today's text messages by calling code, beside the usual.
func (t *Tenant) textCounts(ctx context.Context, now time.Time) ([]risk.TextCount, error) {
	var today []TextDayRow
	if err := t.q(ctx).Where("day = ? AND code <> ''", textDay(now)).Find(&today).Error; err != nil || len(today) == 0 {
		return nil, err
	}
	var before []TextCount
	err := t.q(ctx).Model(&TextDayRow{}).Select("code, SUM(sent) AS sent, SUM(refused) AS refused").Where("day < ? AND day >= ? AND code <> ''", textDay(now), textDay(now.AddDate(0, 0, -textsUsual))).
		Group("code").Scan(&before).Error
	if err != nil {
		return nil, err
	}
	usual := map[string]float64{}
	for _, b := range before {
		usual[b.Code] = float64(b.Sent+b.Refused) / textsUsual
	}
	out := make([]risk.TextCount, len(today))
	for n, r := range today {
		out[n] = risk.TextCount{Code: r.Code, Today: int(r.Sent), Refused: int(r.Refused), Usual: usual[r.Code]}
	}
	return out, nil
}

func (t *Tenant) openIncidents(ctx context.Context) ([]risk.Incident, error) {
	var rows []RiskIncidentRow
	if err := t.q(ctx).Where("state = ? AND NOT simulated", risk.IncidentOpen).Order("last_at DESC, id").Limit(wavesOpen).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]risk.Incident, 0, len(rows))
	for _, r := range rows {
		i, err := r.incident()
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

// guess reports whether a kind is about passwords: which of both is only said in the end.
func guess(kind string) bool { return kind == risk.PasswordSpray || kind == risk.CredentialStuffing }

// meetAttack goes on with the incident that an attack belongs to, or opens one.
func (t *Tenant) meetAttack(ctx context.Context, f WaveFinder, open []risk.Incident, a foundAttack) ([]risk.Incident, error) {
	at := -1
	for n, i := range open {
		if a.of(i) {
			at = n
			break
		}
	}
	if at < 0 && len(open) >= wavesOpen {
		if at = slices.IndexFunc(open, func(i risk.Incident) bool { return i.Kind == a.Kind }); at < 0 {
			return open, nil
		}
	}
	if at >= 0 {
		i := open[at]
		added := slices.ContainsFunc(a.Keys, func(k string) bool { return !slices.Contains(i.Keys, k) })
		if !added && a.Kind != risk.SMSPumping && i.Kind == a.Kind {
			return open, nil
		}
		err := t.InTx(ctx, func(t *Tenant) error {
			locked, err := t.lockIncident(ctx, i.ID)
			if err != nil || locked.State != risk.IncidentOpen {
				return err
			}
			if a.From.Before(locked.BeganAt.Truncate(time.Hour)) {
				if a.From, err = t.firstAttempt(ctx, a); err != nil {
					return err
				}
			} else {
				a.From = locked.BeganAt
			}
			fill(&locked, a, t.Now())
			open[at] = locked
			if err := t.saveIncident(ctx, locked); err != nil {
				return err
			}
			return t.keepKeys(ctx, locked)
		})
		return open, err
	}
	if over, err := t.knownWave(ctx, a); err != nil || over {
		return open, err
	}
	now := t.Now()
	var err error
	if a.From, err = t.firstAttempt(ctx, a); err != nil {
		return open, err
	}
	i := risk.Incident{ID: NewID(), Kind: a.Kind, State: risk.IncidentOpen, Level: risk.Low, BeganAt: a.From, LastAt: a.From}
	fill(&i, a, now)
	i.Level = i.Rate()
	i.Note(risk.Act{At: now, What: "opened"})
	opened := false
	err = t.audited(ctx, f.By, func(t *Tenant) (audit.Event, error) {
		if there, err := t.openedMeanwhile(ctx, a); err != nil || there {
			return audit.Event{}, err
		}
		opened = true
		if err := t.openIncident(ctx, &i); err != nil {
			return audit.Event{}, err
		}
		if f.Tell != nil && !i.Told {
			if err := f.Tell(ctx, t, i); err != nil {
				return audit.Event{}, err
			}
			i.Told = true
			if err := t.saveIncident(ctx, i); err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: "Open incident", Category: "IdentityProtection", Operation: "Add", Target: incidentTarget(i),
			Changes: []audit.Change{{Property: "kind", New: i.Kind}, {Property: "sources", New: len(a.Sources)}}}, nil
	})
	if !opened {
		return open, err
	}
	return append(open, i), err
}

// openedMeanwhile reports whether somebody else who looks at the same time was faster to open an incident of an attack.
// They wait for each other, inside their transactions.
func (t *Tenant) openedMeanwhile(ctx context.Context, a foundAttack) (bool, error) {
	var turn []RiskCursorRow
	if err := t.lock(ctx).Where("reader = ?", readSlow).Limit(1).Find(&turn).Error; err != nil {
		return false, err
	}
	open, err := t.openIncidents(ctx)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(open, func(i risk.Incident) bool { return a.of(i) }) {
		return true, nil
	}
	return t.knownWave(ctx, a)
}

// of reports whether an attack is what an incident is about.
func (a foundAttack) of(i risk.Incident) bool {
	return (i.Kind == a.Kind || guess(i.Kind) && guess(a.Kind)) && i.Belongs(a.Keys)
}

func (t *Tenant) openIncident(ctx context.Context, i *risk.Incident) error {
	row, err := t.incidentRow(*i)
	if err != nil {
		return err
	}
	if err := t.w(ctx).Create(&row).Error; err != nil {
		return err
	}
	return t.keepKeys(ctx, *i)
}

// knownWave reports whether an attack is one that an admin closed, or that ended, and of which nothing new came since:
// the hours that it was counted in are still there.
func (t *Tenant) knownWave(ctx context.Context, a foundAttack) (bool, error) {
	var rows []RiskIncidentRow
	err := t.q(ctx).Where("state = ? AND NOT simulated AND last_at >= ?", risk.IncidentClosed, a.From.Add(-time.Hour).UTC()).Order("last_at DESC").Limit(wavesOpen).Find(&rows).Error
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		i, err := r.incident()
		if err != nil {
			return false, err
		}
		if a.of(i) && !a.To.After(later(i.LastAt, timeOf(i.ClosedAt)).Add(waveAgain)) {
			return true, nil
		}
	}
	return false, nil
}

// waveAgain is how long after its end the same attack is still that one: it then has to be looked at by whoever closed
// it, and does not come back by itself.
const waveAgain = 15 * time.Minute

// fill adds what an attack is to its incident.
func fill(i *risk.Incident, a foundAttack, now time.Time) {
	for _, k := range a.Keys {
		if len(i.Keys) < keysMost && !slices.Contains(i.Keys, k) {
			i.Keys = append(i.Keys, k)
		}
	}
	if a.From.Before(i.BeganAt) {
		i.BeganAt = a.From
	}
	i.Kind, i.Usual, i.Origin = a.Kind, max(i.Usual, a.Usual), or(i.Origin, a.Origin)
	if a.code != "" {
		i.Code, i.Texts, i.Refused, i.Attempts = a.code, a.texts, a.refused, a.texts+a.refused
		i.LastAt = now
	}
	i.Name = incidentName(*i)
}

// firstAttempt is when an attack began. Sources are counted by the hour, so that the log has to say; where its first
// entries are not the attack's, the hour stands.
func (t *Tenant) firstAttempt(ctx context.Context, a foundAttack) (time.Time, error) {
	if a.code != "" { // text messages are counted by the day, and none is in the log
		return a.From, nil
	}
	belongs := map[string]bool{}
	for _, k := range a.Keys {
		belongs[k] = true
	}
	last := SignInRow{CreatedAt: a.From}
	for range firstReads {
		q := t.via(ctx, "sign_ins", way{index: "signins_time"}).Where("created_at >= ? AND created_at <= ?", last.CreatedAt.UTC(), t.Now())
		if last.ID != "" {
			q = q.Where("(created_at, id) > (?, ?)", last.CreatedAt.UTC(), last.ID)
		}
		var rows []SignInRow
		if err := q.Omit("decision").Order("created_at, id").Limit(waveRead).Find(&rows).Error; err != nil {
			return a.From, err
		}
		for _, r := range rows {
			rec, err := r.SignIn()
			if err != nil {
				return a.From, err
			}
			if !rec.Test && rec.Kind == record.Interactive && slices.ContainsFunc(waveKeysOf(rec), func(k string) bool { return belongs[k] }) {
				if rec.StartedAt.IsZero() || rec.StartedAt.After(r.CreatedAt) {
					return r.CreatedAt.UTC(), nil
				}
				return rec.StartedAt.UTC(), nil // the log has an attempt when it ends
			}
		}
		if len(rows) < waveRead {
			break
		}
		last = rows[len(rows)-1]
	}
	return a.From, nil
}

// firstReads is how often the log is read on for the first attempt of an attack.
const firstReads = 5

// incidentName is how an incident is called in lists, mails and the audit log: what it is, where it came from when it was
// noticed, and when it began, so that two of one day are told apart.
func incidentName(i risk.Incident) string {
	name, from := "Text messages to +"+strings.TrimPrefix(i.Code, "+"), " from "+i.Origin
	switch i.Kind {
	case risk.PasswordSpray:
		name = "Password spray"
	case risk.CredentialStuffing:
		name = "Credential stuffing"
	case risk.SignUpBurst:
		name = "Burst of sign-ups"
	}
	if i.Origin == "" {
		from = ""
	}
	return name + from + ", " + i.BeganAt.UTC().Format("2 Jan 15:04")
}

// followIncident reads the log for one incident, and ends it when nothing has come for long. It reports whether there
// was anything.
func (t *Tenant) followIncident(ctx context.Context, f WaveFinder, id string) (bool, error) {
	read := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		read = 0
		i, err := t.lockIncident(ctx, id)
		if err != nil || i.State != risk.IncidentOpen || i.Simulated {
			return err
		}
		now := t.Now()
		if i.Kind != risk.SMSPumping {
			if read, err = t.readForIncident(ctx, f, &i, now.Add(-riskSettle)); err != nil {
				return err
			}
		}
		// Whether anything came lately is known once the log was read to its end.
		quiet := read < waveRead && now.Sub(i.LastAt) > waveQuiet && effective(i, now) == ""
		if read == 0 && !quiet {
			return nil
		}
		if i.Level = i.Rate(); quiet {
			i.State, i.ClosedAt, i.Response, i.Until = risk.IncidentClosed, &now, "", nil
			i.Note(risk.Act{At: now, What: "ended"})
		}
		return t.saveIncident(ctx, i)
	})
	return read > 0, err
}

// readForIncident reads the next entries of the log, counts those that belong to an incident, and says how many it read.
func (t *Tenant) readForIncident(ctx context.Context, f WaveFinder, i *risk.Incident, to time.Time) (int, error) {
	from := i.SeenAt
	if from.IsZero() {
		from = i.BeganAt
	}
	q := t.via(ctx, "sign_ins", way{index: "signins_time"}).Where("created_at >= ? AND created_at < ?", from.UTC(), to.UTC())
	if i.SeenID != "" {
		q = q.Where("(created_at, id) > (?, ?)", i.SeenAt.UTC(), i.SeenID)
	}
	var rows []SignInRow
	if err := q.Omit("decision").Order("created_at, id").Limit(waveRead).Find(&rows).Error; err != nil || len(rows) == 0 {
		return 0, err
	}
	sources := map[string]int{}
	lastFrom := map[string]time.Time{}
	var entered []enteredBy
	belongs := map[string]bool{}
	for _, k := range i.Keys {
		belongs[k] = true
	}
	for _, r := range rows {
		rec, err := r.SignIn()
		if err != nil {
			return 0, err
		}
		if rec.Test || rec.Kind != record.Interactive {
			continue
		}
		keys := waveKeysOf(rec)
		if !slices.ContainsFunc(keys, func(k string) bool { return belongs[k] }) {
			continue
		}
		try := tryOf(rec, r, keys)
		try.Name = string(t.seal.MAC("risk.stranger", []byte(try.Name))) // nobody chooses names that look like one
		var from risk.Source
		if try.Right && try.UserID != "" {
			if from, err = t.sourceThen(ctx, rec); err != nil {
				return 0, err
			}
			part := i.Tool(try.Agent) || belongs[try.Source] || sources[try.Source] > 0
			if !part {
				if part, err = t.countedIn(ctx, *i, try.Source); err != nil {
					return 0, err
				}
			}
			if try.Known, err = t.bystander(ctx, *i, rec, keys, part || from.Trying()); err != nil {
				return 0, err
			}
		}
		if try.Source != "" && (try.Failed || belongs[try.Source]) { // who gets in next door makes no address of the attack

			sources[try.Source] += max(try.Times, 1)
			lastFrom[try.Source] = try.At
			if !belongs[try.Source] && len(i.Keys) < keysMost {
				belongs[try.Source] = true
				i.Keys = append(i.Keys, try.Source)
			}
		}
		if i.Add(try) {
			entered = append(entered, enteredBy{rec, try, from})
		}
	}
	last := rows[len(rows)-1]
	i.SeenAt, i.SeenID = last.CreatedAt.UTC(), last.ID
	if err := t.countSources(ctx, *i, sources, lastFrom); err != nil {
		return 0, err
	}
	if err := t.keepTools(ctx, *i); err != nil {
		return 0, err
	}
	for _, e := range entered {
		if err := t.waveEntered(ctx, f, *i, e); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// waveKeysOf are the keys of an entry of the log, with the mail domain of a sign-up.
func waveKeysOf(rec record.SignIn) []string {
	keys := risk.WaveKeys(rec.Signals)
	if rec.SignUp {
		if _, domain, ok := strings.Cut(fold(rec.Identifier), "@"); ok {
			keys = append(keys, "domain "+domain)
		}
	}
	return keys
}

// tryOf is an entry of the log as an incident counts it.
func tryOf(rec record.SignIn, row SignInRow, keys []string) risk.Try {
	agent := risk.AgentWords(rec.Signals)
	out := risk.Try{ID: row.ID, At: row.CreatedAt.UTC(), Source: risk.SourceOf(rec.Signals.IP), Keys: keys, Agent: agent, Country: rec.Signals.Country, Network: rec.Signals.Network,
		UserID: rec.User.ID, Name: fold(rec.Identifier), Person: rec.User.Name, SignUp: rec.SignUp, Times: max(row.Count, 1)}
	wrong := false
	for _, p := range rec.Proofs {
		switch {
		case !p.OK && p.Reason != "":
			wrong = true
		case p.OK && p.Reason == "" && (p.Method == "password" || p.Method == "emailCode"):
			out.Right = true
		}
	}
	out.Through = rec.Outcome.Result == record.Success && !rec.SignUp
	out.Failed = !out.Right && rec.Outcome.Result != record.Success && (wrong || rec.Outcome.Result == record.Failure)
	out.Refused = out.Right && rec.Outcome.Result == record.Failure
	return out
}

// enteredBy is a sign-in whose right password came from a wave, and what its own address did.
type enteredBy struct {
	record record.SignIn
	try    risk.Try
	from   risk.Source
}

// sourceThen is what the address of a sign-in had done in the day before it.
func (t *Tenant) sourceThen(ctx context.Context, rec record.SignIn) (risk.Source, error) {
	var source risk.Source
	part := t.sourcePart(rec.Signals, rec.StartedAt, &source)
	if part.query == "" {
		return source, nil
	}
	return source, t.readPast(ctx, part)
}

// bystanderSignIns is how many earlier sign-ins of a person are looked through for the device.
const bystanderSignIns = 20

// bystander reports whether a right password was most likely its owner's, although it came from where a wave does:
// they showed a second factor, or came from that address or with that device before the wave, or from next door: neither
// with what the wave mostly comes with, nor from an address that is counted in it or tried several names (part). An
// attack may use each address once, so that what one of them did says little.
func (t *Tenant) bystander(ctx context.Context, i risk.Incident, rec record.SignIn, keys []string, part bool) (bool, error) {
	if slices.Contains(rec.AMR, "mfa") {
		return true, nil
	}
	own := slices.ContainsFunc(keys, func(k string) bool { // a tool that is the attack's own speaks for itself
		_, _, kit := risk.KitOf(k)
		return kit && slices.Contains(i.Keys, k)
	})
	if guess(i.Kind) && !own && !part {
		return true, nil
	}
	p, err := t.SignInRows(ctx, SignInQuery{UserID: rec.User.ID, To: i.BeganAt.Add(-time.Hour), Result: string(record.Success), Limit: bystanderSignIns})
	if err != nil {
		return false, err
	}
	for _, r := range p.Items {
		was, err := r.SignIn()
		if err != nil {
			return false, err
		}
		if was.Signals.IP == rec.Signals.IP && rec.Signals.IP.IsValid() || rec.Signals.DeviceID != "" && was.Signals.DeviceID == rec.Signals.DeviceID {
			return true, nil
		}
	}
	return false, nil
}

// countedIn reports whether an address is counted in a wave. Of a large one not every address is among the keys.
func (t *Tenant) countedIn(ctx context.Context, i risk.Incident, source string) (bool, error) {
	var n int64
	err := t.q(ctx).Model(&RiskIncidentSourceRow{}).Where("incident_id = ? AND source = ? AND attempts > 0", i.ID, source).Count(&n).Error
	return n > 0, err
}

// keepTools writes down what a wave mostly comes with, for the door.
func (t *Tenant) keepTools(ctx context.Context, i risk.Incident) error {
	var now []string
	for agent := range i.Agents {
		if i.Tool(agent) {
			now = append(now, risk.ToolKey(agent))
		}
	}
	slices.Sort(now)
	var was []string
	if err := t.q(ctx).Model(&RiskIncidentSourceRow{}).Where("incident_id = ? AND source LIKE ?", i.ID, risk.ToolKey("")+"%").Order("source").Pluck("source", &was).Error; err != nil || slices.Equal(now, was) {
		return err
	}
	if len(was) > 0 {
		if err := t.u(ctx).Where("incident_id = ? AND source IN ?", i.ID, was).Delete(&RiskIncidentSourceRow{}).Error; err != nil {
			return err
		}
	}
	rows := make([]RiskIncidentSourceRow, len(now))
	for n, key := range now {
		rows[n] = RiskIncidentSourceRow{TenantID: t.ID, Source: key, IncidentID: i.ID, LastAt: micro(i.LastAt)}
	}
	if len(rows) == 0 {
		return nil
	}
	return t.w(ctx).Create(&rows).Error
}

// countSources adds what came from each address of a wave.
func (t *Tenant) countSources(ctx context.Context, i risk.Incident, sources map[string]int, last map[string]time.Time) error {
	for _, source := range slices.Sorted(maps.Keys(sources)) { // in one order, so that two writers never wait for each other
		n := sources[source]
		row := RiskIncidentSourceRow{TenantID: t.ID, Source: source, IncidentID: i.ID, LastAt: micro(later(last[source], i.BeganAt)), Attempts: int64(n)}
		if err := t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "source"}, {Name: "incident_id"}},
			DoUpdates: clause.Assignments(map[string]any{"attempts": gorm.Expr("risk_incident_sources.attempts + ?", n), "last_at": row.LastAt})}).Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// waveEntered writes down that a wave knew the password of an account: a detection of its sign-in, which raises the
// risk of the person. Failed attempts alone never do (R 6.4.13). What was found while they signed in belongs to the
// incident from now on.
func (t *Tenant) waveEntered(ctx context.Context, f WaveFinder, i risk.Incident, e enteredBy) error {
	rec := e.record
	if guess(i.Kind) {
		if _, err := t.AddDetection(ctx, f.By, detectionAt(rec, i.Entered(e.try, rec.Signals, e.from, f.Rules), t.Now())); err != nil {
			return err
		}
	}
	return t.u(ctx).Model(&RiskDetectionRow{}).Where("sign_in_id = ? AND incident_id = ''", rec.ID).
		UpdateColumns(map[string]any{"incident_id": i.ID, "updated_at": t.Now()}).Error
}
