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

func sourceNotices(places []signal.PlaceStatus, lists []signal.ListStatus) []views.Notice {
	var wrong []string
	for _, s := range places {
		if s.Err != nil {
			wrong = append(wrong, s.File)
		}
	}
	for _, s := range lists {
		if s.Err != nil {
			wrong = append(wrong, s.File)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return []views.Notice{{Tone: "warn", Title: "Part of the sources cannot be read", Text: "Not readable: " + strings.Join(wrong, ", ") +
		". What was read before is still in use. Sign-ins record which detections could not tell."}}
}

func placeSection(list []signal.PlaceStatus) views.Section {
	t := &views.Table{Caption: "Files of places", Columns: []views.Column{{Label: "File"}, {Label: "What it is"}, {Label: "Made"}, {Label: "State"}}}
	for _, f := range list {
		made := plain("Unknown")
		if !f.Built.IsZero() {
			made = when(f.Built)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.File}, plain(choose(f.Kind == "", "Unknown", f.Kind)), made, sourceState(f.Err, true)}})
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
			{Kind: views.Num, Text: grouped(int64(f.Entries))}, read, sourceState(f.Err, f.Entries > 0)}})
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

// blindSection lists the detections that lack what they need, here and now.
func blindSection(places []signal.PlaceStatus, lists []signal.ListStatus, breached bool) views.Section {
	t := &views.Table{Caption: "Detections that cannot tell", Columns: []views.Column{{Label: "Detection"}, {Label: "What it lacks"}}}
	for _, d := range risk.Detectors() {
		var lacks []string
		add := func(need, what string, missing bool) {
			if missing && slices.Contains(d.Needs, need) {
				lacks = append(lacks, what)
			}
		}
		add(risk.NeedPlace, "files of places", len(places) == 0)
		add(risk.NeedPosition, "files of places with coordinates", len(places) == 0)
		add(risk.NeedLists, "lists of addresses", len(lists) == 0)
		add(risk.NeedBreached, "the list of breached passwords", !breached)
		if len(lacks) > 0 {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: d.Name}, plain(strings.Join(lacks, ", "))}})
		}
	}
	return views.Section{ID: "blind", Title: "What lacks a source", Table: t, Lead: "These see only part of what they could, or nothing.", Empty: "Every detection has what it needs."}
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
