package graph

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/fault"
	"portico/models"
)

// Configuration as code: a directory with a folder for each kind of object and a file for each object,
// holding the same documents as the API. Objects are recognised by a stable key (an application by its
// appId, a user flow by its name), never by an id of this installation. Secrets are never written.
//
// A folder that is there is the whole truth about its kind: what has no file is deleted. A folder that
// is absent is left alone. A property that a file leaves out stays as it is.

// managed is a resource that takes part: its table says which properties.
type managed interface {
	folder() string
	export(ctx context.Context, c *call) ([]exported, error)
	// plan compares one file with what is there and makes it so. gone lists keys that have no file.
	settle(ctx context.Context, c *call, files []configFile) ([]Change, error)
	prune(ctx context.Context, c *call, files []configFile) ([]Change, error)
	last() bool // prune comes after everything was settled
}

// managing says how a collection takes part in configuration as code.
type managing[R any] struct {
	key   string // the property that recognises an object
	keyOf func(*R) string
	name  func(*R) string // for readers and file names
	// adopt gives a new object the key from its file; nil when an ordinary property does.
	adopt func(*R, string) error
	// revive brings a deleted object with this key back; nil = never.
	revive func(ctx context.Context, c *call, key string) (*R, error)
	skip   func(*R) bool
	// fixed objects are neither made nor deleted (the organization).
	fixed bool
	// late objects are deleted after everything else was settled: what asked for them may be about to stop.
	late bool
	// release gives up what a row has, only one object may have, and the row will not keep: want is the row as
	// its file says, nil when it is deleted in the end. It is asked before any file is applied, so that names
	// and places can be exchanged; nil when nothing of a row is its alone.
	release func(ctx context.Context, c *call, row, want *R) error
	// named puts names in place of ids that mean nothing in another tenant. It changes copies: what rows point to
	// may be the tenant's snapshot. What reads a file takes names back to ids; nil = files hold no such ids.
	named func(ctx context.Context, c *call, rows []R) error
	// sparse: a property that has no value is left out of files, because it may be one of other types.
	sparse bool
	// notes are what a plan says besides about an object that is made (before = nil) or changed; nil = nothing.
	notes func(before, after *R) []string
	// show overrides what a property looks like in a file.
	show map[string]func(*R) any
}

type exported struct {
	key, name string
	object    object
}

type configFile struct {
	path string // folder/name.json
	key  string
	doc  document
}

// Change is one thing that applying a directory does.
type Change struct {
	Action string // create, restore, update, delete
	Kind   string // applications, user-flows, …
	Name   string
	Key    string
	File   string // "" for what is deleted
	Fields []FieldChange
	Notes  []string // what has to be done by hand, or happens besides
}

// FieldChange is one property before and after, as JSON text; "" = nothing.
type FieldChange struct{ Property, Old, New string }

// String says the change in words, a line for each property.
func (c Change) String() string {
	var b strings.Builder
	sign := map[string]string{"create": "+", "restore": "+", "update": "~", "delete": "-"}[c.Action]
	fmt.Fprintf(&b, "%s %s %s %q", sign, c.Action, strings.TrimSuffix(c.Kind, "s"), c.Name)
	if c.Key != c.Name {
		fmt.Fprintf(&b, " (%s)", c.Key)
	}
	for _, f := range c.Fields {
		switch {
		case f.Old == "":
			fmt.Fprintf(&b, "\n    %s: add %s", f.Property, f.New)
		case f.New == "":
			fmt.Fprintf(&b, "\n    %s: remove %s", f.Property, f.Old)
		default:
			fmt.Fprintf(&b, "\n    %s: %s becomes %s", f.Property, f.Old, f.New)
		}
	}
	for _, note := range c.Notes {
		b.WriteString("\n    note: " + note)
	}
	return b.String()
}

// Describe says all changes in words.
func Describe(changes []Change) string {
	if len(changes) == 0 {
		return "Nothing to change: the tenant is as the directory says."
	}
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}

func (a *API) managed() []managed {
	var out []managed
	for _, r := range a.configured {
		if r.folder() != "" {
			out = append(out, r)
		}
	}
	return out
}

// operator is a call that comes from the command line: everything is allowed, the actor is named.
func (a *API) operator(t *models.Tenant, actor audit.Actor) *call {
	return &call{request: &request{version: "v1.0", base: a.BaseURL, header: func(string) string { return "" }, id: actor.CorrelationID, clientID: actor.CorrelationID},
		api: a, tenant: t, by: &actor, opts: options{values: map[string]string{}},
		caller: &Caller{TenantID: t.ID, ClientID: actor.ID, Name: actor.Name, Permissions: access.Known()}}
}

// Export writes the tenant's configuration into dir and gives the names of the files. Files of objects
// that no longer exist are removed from the folders that are its own.
func (a *API) Export(ctx context.Context, tenantID, dir string) ([]string, error) {
	c := a.operator(a.Store.Tenant(tenantID), audit.System("export"))
	var written []string
	for _, r := range a.managed() {
		objects, err := r.export(ctx, c)
		if err != nil {
			return nil, err
		}
		folder := filepath.Join(dir, r.folder())
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		names := fileNames(objects)
		for i, o := range objects {
			var b bytes.Buffer
			raw, err := encode(o.object)
			if err != nil {
				return nil, err
			}
			if err := json.Indent(&b, raw, "", "  "); err != nil {
				return nil, err
			}
			b.WriteByte('\n')
			if err := os.WriteFile(filepath.Join(folder, names[i]), b.Bytes(), 0o644); err != nil {
				return nil, err
			}
			written = append(written, r.folder()+"/"+names[i])
		}
		if err := removeStale(folder, names); err != nil {
			return nil, err
		}
	}
	return written, nil
}

func removeStale(folder string, keep []string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".json") && !slices.Contains(keep, e.Name()) {
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// fileNames are readable and follow from the objects alone. A name without letters is told apart by its
// key; of equal names, the object with the smallest key has the plain one, so that a new object leaves
// the files of others where they are.
func fileNames(objects []exported) []string {
	order := make([]int, len(objects))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(objects[a].key, objects[b].key) })
	plain := make([]string, len(objects))
	first := map[string]int{}
	for _, i := range order {
		s := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(objects[i].name), "-"), "-")
		if len(s) > 60 {
			s = strings.Trim(s[:60], "-")
		}
		plain[i] = s
		if _, there := first[s]; !there {
			first[s] = i
		}
	}
	used := map[string]bool{}
	for s := range first {
		used[s] = true
	}
	out := make([]string, len(objects))
	for _, i := range order {
		s := plain[i]
		if s == "" || first[s] != i {
			if s == "" {
				s = "unnamed"
			}
			sum := fmt.Sprintf("%x", sha256.Sum256([]byte(objects[i].key)))
			n := 8
			for n < len(sum) && used[s+"-"+sum[:n]] { // another object is called like that
				n += 8
			}
			s += "-" + sum[:n]
			used[s] = true
		}
		out[i] = s + ".json"
	}
	return out
}

// errRollback ends the transaction of a plan.
var errRollback = errors.New("graph: a plan writes nothing")

// Plan says what Apply would do. It does it, in a transaction that is undone, so that whatever Apply
// would refuse is refused here too.
func (a *API) Plan(ctx context.Context, tenantID, dir string) ([]Change, error) {
	var changes []Change
	err := a.Store.Tenant(tenantID).InTx(ctx, func(t *models.Tenant) error {
		var err error
		if changes, err = a.settle(ctx, a.operator(t, audit.System("plan")), dir); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		err = nil
	}
	return changes, a.plain(err)
}

// Apply makes the tenant as the directory says, all of it or nothing. Every change is in the audit log.
func (a *API) Apply(ctx context.Context, tenantID, dir string, actor audit.Actor) ([]Change, error) {
	var changes []Change
	err := a.Store.Tenant(tenantID).InTx(ctx, func(t *models.Tenant) error {
		var err error
		changes, err = a.settle(ctx, a.operator(t, actor), dir)
		return err
	})
	return changes, a.plain(err)
}

// plain makes an error readable on the command line.
func (a *API) plain(err error) error {
	var f *FileError
	if err == nil || errors.As(err, &f) {
		return err
	}
	if fault.Of(err).Code == fault.Internal {
		return err
	}
	return errors.New(asError(err, a.Words).Message)
}

// FileError says which file, and which property in it, is wrong.
type FileError struct{ File, Field, Problem string }

func (e *FileError) Error() string {
	if e.Field == "" {
		return e.File + ": " + e.Problem
	}
	return e.File + ": " + e.Field + ": " + e.Problem
}

// inFile puts an error beside its file and field. Failures that are not the file's fault pass through.
func (c *call) inFile(err error, file string) error {
	var already *FileError
	if err == nil || errors.As(err, &already) {
		return err
	}
	e := asError(err, c.api.Words)
	if e.Status >= 500 {
		return err
	}
	return &FileError{file, e.Target, e.Message}
}

// missing is inFile for what cannot be deleted although it has no file.
func (c *call) missing(err error, file string) error {
	err = c.inFile(err, file)
	var f *FileError
	if errors.As(err, &f) {
		f.Problem = "the file is missing, and what it is about cannot be deleted: " + f.Problem
	}
	return err
}

func (a *API) settle(ctx context.Context, c *call, dir string) ([]Change, error) {
	files, err := a.readDirectory(dir)
	if err != nil {
		return nil, err
	}
	var changes []Change
	all := a.managed()
	// What goes, goes first, dependants before what they depend on: names and places become free.
	prune := func(last bool) error {
		for _, r := range slices.Backward(all) {
			if own, there := files[r.folder()]; there && r.last() == last {
				more, err := r.prune(ctx, c, own)
				if err != nil {
					return err
				}
				changes = append(changes, more...)
			}
		}
		return nil
	}
	if err := prune(false); err != nil {
		return nil, err
	}
	for _, r := range all {
		more, err := r.settle(ctx, c, files[r.folder()])
		if err != nil {
			return nil, err
		}
		changes = append(changes, more...)
	}
	return changes, prune(true)
}

const maxConfigFile = 1 << 20

// readDirectory reads every file of every known folder. Anything else in the directory is refused,
// because a misspelt folder would otherwise mean that nothing happens; what starts with a dot and
// notes (*.md) are left alone.
func (a *API) readDirectory(dir string) (map[string][]configFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var names []string
	for _, r := range a.managed() {
		known[r.folder()] = true
		names = append(names, r.folder())
	}
	out := map[string][]configFile{}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, ".") || !e.IsDir() && strings.HasSuffix(name, ".md"):
		case !e.IsDir() || !known[name]:
			return nil, &FileError{File: name, Problem: "not known here; the folders are " + strings.Join(names, ", ")}
		default:
			if out[name], err = readFolder(dir, name); err != nil {
				return nil, err
			}
		}
	}
	if len(out) == 0 {
		return nil, &FileError{File: dir, Problem: "holds no configuration; the folders are " + strings.Join(names, ", ")}
	}
	return out, nil
}

func readFolder(dir, folder string) ([]configFile, error) {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil {
		return nil, err
	}
	out := []configFile{}
	for _, e := range entries {
		path := folder + "/" + e.Name()
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".md") {
			continue
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".json") {
			return nil, &FileError{File: path, Problem: "not a .json file"}
		}
		if info, err := e.Info(); err != nil || info.Size() > maxConfigFile {
			return nil, &FileError{File: path, Problem: "the file is too large"}
		}
		b, err := os.ReadFile(filepath.Join(dir, folder, e.Name()))
		if err != nil {
			return nil, err
		}
		doc, err := parseDocument(b)
		if err != nil {
			var ge *Error
			if errors.As(err, &ge) && ge.Target != "" {
				return nil, &FileError{path, ge.Target, ge.Message}
			}
			var syntax any
			problem := "the file is not a JSON object"
			if !utf8.Valid(b) {
				problem = "the file is not valid UTF-8"
			} else if err := json.Unmarshal(b, &syntax); err != nil {
				problem = "the file is not valid JSON: " + err.Error()
			}
			return nil, &FileError{File: path, Problem: problem}
		}
		out = append(out, configFile{path: path, doc: doc})
	}
	return out, nil
}
