package admin

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/risk"
	"portico/app/signal"
	views "portico/views/admin"
)

// Sources are what tells more of an address than the address itself: the operator's files of places and lists, which
// all tenants share.
type Sources struct {
	Places *signal.Places
	Lists  *signal.Lists
}

// riskSources is the page that says whether detections can see: a file that is missing or damaged makes them say that
// they could not tell, and never that all is well.
func (p *Portal) riskSources(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Signal sources", "What tells more of an address than the address itself.", views.Help{
		What: "Detections read the place and the network of an address from files that the operator of this installation provides, and compare it with lists of anonymisers and attackers. Where such a source is missing or damaged, the detections that need it say that they could not tell; all others go on.",
		Do:   "Ask the operator for what is missing. A file that is replaced is taken up within some ten seconds, without a restart."})
	if err != nil {
		return err
	}
	places, lists := p.Sources.Places.Status(), p.Sources.Lists.Status()
	return p.detail(c, s, views.Detail{Notices: append(v.riskTrial(), sourceNotices(places, lists)...),
		Sections: []views.Section{placeSection(places), listSection(lists), p.breachSection(), blindSection(places, lists, p.knowsBreaches())}})
}

// sourceNotices name what cannot be read, and what is in its place: what was read before, where there is any.
func sourceNotices(places []signal.PlaceStatus, lists []signal.ListStatus) []views.Notice {
	var former, never []string
	sort := func(file string, err error, before bool) {
		switch {
		case err == nil:
		case before:
			former = append(former, file)
		default:
			never = append(never, file)
		}
	}
	for _, s := range places {
		sort(s.File, s.Err, placeReadBefore(s))
	}
	for _, s := range lists {
		sort(s.File, s.Err, listReadBefore(s))
	}
	if len(former)+len(never) == 0 {
		return nil
	}
	var text []string
	if len(never) > 0 {
		text = append(text, "Not readable, and never read since this program was started: "+strings.Join(never, ", ")+". Nothing is in "+choose(len(never) == 1, "its", "their")+" place.")
	}
	if len(former) > 0 {
		text = append(text, "Not readable: "+strings.Join(former, ", ")+". What was read before is still in use.")
	}
	return []views.Notice{{Tone: "warn", Title: "Part of the sources cannot be read", Text: strings.Join(append(text, "Sign-ins record which detections could not tell."), " ")}}
}

// placeReadBefore and listReadBefore report whether something is in use of a file, be it what it said before it broke.
func placeReadBefore(s signal.PlaceStatus) bool { return !s.Built.IsZero() }
func listReadBefore(s signal.ListStatus) bool   { return !s.LoadedAt.IsZero() }

func placeSection(list []signal.PlaceStatus) views.Section {
	t := &views.Table{Caption: "Files of places", Columns: []views.Column{{Label: "File"}, {Label: "What it is"}, {Label: "Made"}, {Label: "State"}}}
	for _, f := range list {
		made := plain("Unknown")
		if !f.Built.IsZero() {
			made = when(f.Built)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.File}, plain(choose(f.Kind == "", "Unknown", f.Kind)), made, sourceState(f.Err, placeReadBefore(f))}})
	}
	return views.Section{ID: "places", Title: "Places and networks", Table: t, Lead: "Country, city, coordinates and autonomous system of an address (setting PORTICO_GEOIP).",
		Empty: "None is set up. Every place is unknown, which policies can name; detections about places say that they could not tell."}
}

func listSection(list []signal.ListStatus) views.Section {
	t := &views.Table{Caption: "Lists of addresses", Columns: []views.Column{{Label: "List"}, {Label: "Kind"}, {Label: "Entries", Num: true}, {Label: "Read"}, {Label: "State"}}}
	for _, f := range list {
		read := plain("Never")
		if !f.LoadedAt.IsZero() {
			read = when(f.LoadedAt)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.File}, plain(choose(f.Kind == "", "Unknown", listWord(f.Kind))),
			{Kind: views.Num, Text: grouped(int64(f.Entries))}, read, sourceState(f.Err, listReadBefore(f))}})
	}
	return views.Section{ID: "lists", Title: "Lists of addresses", Table: t, Lead: "Anonymisers and attackers (setting PORTICO_IP_LISTS).",
		Empty: "None is set up. Indicators that you enter yourself work all the same."}
}

func (p *Portal) knowsBreaches() bool { return p.Judge != nil && p.Judge.KnowsBreaches() }

func (p *Portal) breachSection() views.Section {
	text := "None is set up. Leaked credentials are found by imported lists of addresses only (setting PORTICO_BREACHED_PASSWORDS)."
	if p.knowsBreaches() {
		text = "In use: a password is looked up when somebody chooses it, and when they sign in with it. Nothing leaves this machine."
	}
	return views.Section{ID: "breached", Title: "Breached passwords", Lead: text}
}

// blindSection lists the detections that lack what they need, here and now: those of which sign-ins record that they
// could not tell.
func blindSection(places []signal.PlaceStatus, lists []signal.ListStatus, breached bool) views.Section {
	t := &views.Table{Caption: "Detections that cannot tell", Columns: []views.Column{{Label: "Detection"}, {Label: "What it lacks"}}}
	place, position, list := lackingPlaces(places, "files of places"), lackingPlaces(places, "files of places with coordinates"), lackingLists(lists)
	for _, d := range risk.Detectors() {
		var lacks []string
		add := func(need, what string) {
			if what != "" && slices.Contains(d.Needs, need) {
				lacks = append(lacks, what)
			}
		}
		add(risk.NeedPlace, place)
		add(risk.NeedPosition, position)
		add(risk.NeedLists, list)
		add(risk.NeedBreached, choose(breached, "", "the list of breached passwords"))
		if len(lacks) > 0 {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: d.Name}, plain(strings.Join(lacks, ", "))}})
		}
	}
	return views.Section{ID: "blind", Title: "What lacks a source", Table: t, Lead: "These see only part of what they could, or nothing.", Empty: "Every detection has what it needs."}
}

// lackingPlaces says what is lacking of the files of places: all where none is in use, else those that were never read.
func lackingPlaces(places []signal.PlaceStatus, what string) string {
	var never []string
	for _, s := range places {
		if !placeReadBefore(s) {
			never = append(never, s.File)
		}
	}
	switch {
	case len(never) == len(places):
		return what
	case len(never) == 0:
		return ""
	}
	return "what is in " + strings.Join(never, ", ")
}

// lackingLists says what is lacking of the lists. One that is broken counts also when an older one is in its place:
// who is not on that may be on the new one, so that “nothing” cannot be told (risk.NeedLists).
func lackingLists(lists []signal.ListStatus) string {
	var broken []string
	usable := false
	for _, s := range lists {
		usable = usable || listReadBefore(s)
		if s.Err != nil {
			broken = append(broken, s.File)
		}
	}
	switch {
	case !usable:
		return "lists of addresses"
	case len(broken) == 0:
		return ""
	}
	return "what is in " + strings.Join(broken, ", ")
}

func listWord(kind string) string {
	switch kind {
	case risk.ListTor:
		return "Exits of Tor"
	case risk.ListVPN:
		return "VPN providers"
	case risk.ListProxy:
		return "Open proxies"
	case risk.ListMalicious:
		return "Malicious addresses"
	case risk.ListMalware:
		return "Controlled by malware"
	case risk.ListActor:
		return "Threat actors"
	}
	return kind
}

// sourceState words why a file is not in use. The path is the operator's business.
func sourceState(err error, before bool) views.Cell {
	if err == nil {
		return badge("ok", "In use")
	}
	text := err.Error()
	var path *os.PathError
	if errors.As(err, &path) {
		text = path.Err.Error()
	}
	cell := badge("danger", choose(before, "Former one in use", "Not readable"))
	cell.Sub = text
	return cell
}
