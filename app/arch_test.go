package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type listed struct {
	ImportPath string
	Dir        string
	Doc        string
	Deps       []string
	Imports    []string
	GoFiles    []string
}

// packages lists every package of the module with its transitive imports.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,Deps,Imports,GoFiles", "portico/...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

const (
	fiberPath = "github.com/gofiber/fiber"
	gormPath  = "gorm.io/"
	templPath = "github.com/a-h/templ"
)

// TestImportsPointOneWay holds DESIGN's package map: what each package must never reach, not even
// through another.
func TestImportsPointOneWay(t *testing.T) {
	domain := []string{fiberPath, gormPath, templPath, "portico/models", "portico/handlers", "portico/views"}
	only := func(allowed ...string) func(string) bool {
		return func(dep string) bool {
			return strings.HasPrefix(dep, "portico/") && !slices.Contains(allowed, dep)
		}
	}
	forbid := func(prefixes ...string) func(string) bool {
		return func(dep string) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(dep, p) })
		}
	}
	rules := map[string]func(string) bool{
		"portico/app/config":   only("portico/app/config"),
		"portico/app/fault":    only("portico/app/fault"),
		"portico/app/i18n":     only("portico/app/i18n", "portico/app/fault"),
		"portico/app/record":   only("portico/app/record", "portico/app/fault"),
		"portico/app/outbound": only("portico/app/outbound", "portico/app/fault"),
		"portico/app/branding": only("portico/app/branding", "portico/app/fault"),
		"portico/app/audit":    forbid("net/http"),
		"portico/app/access":   forbid("net/http", "os/exec", "database/sql"),
		// An id knows how to be a value of a database (database/sql/driver); a database it is not.
		"portico/app/policy": func(dep string) bool {
			return dep != "database/sql/driver" && forbid("portico/app/risk", "portico/app/factor", "net/http", "database/sql")(dep)
		},
		"portico/app/risk":        forbid("portico/app/factor", "portico/app/policy", "net/http", "database/sql"),
		"portico/app/session":     forbid("net/http", "database/sql"),
		"portico/app/userflow":    forbid("net/http", "database/sql"),
		"portico/app/transfer":    forbid("portico/app/signin", "portico/app/policy", "portico/app/openid"),
		"portico/app/limit":       forbid("net/http", "database/sql"),
		"portico/app/signin":      forbid("portico/app/openid", "portico/app/saml"),
		"portico/app/openid":      forbid("portico/app/signin"),
		"portico/models":          forbid(fiberPath, templPath, "portico/views", "portico/handlers"),
		"portico/views":           forbid("portico/models", "portico/handlers"),
		"portico/handlers/openid": forbid("portico/views/admin", "portico/views/account"),
	}
	outside := []string{"portico/app", "portico/app/e2e", "portico/app/bench"}
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, "portico/app/") && !slices.Contains(outside, p.ImportPath) &&
			!strings.HasPrefix(p.ImportPath, "portico/app/e2e/") && !strings.HasPrefix(p.ImportPath, "portico/app/bench/") {
			refuse(t, p, forbid(domain...))
		}
		if strings.HasPrefix(p.ImportPath, "portico/handlers/graph") { // the root of handlers draws error pages
			for _, dep := range p.Imports {
				if dep == templPath || strings.HasPrefix(dep, "portico/views") {
					t.Errorf("%s imports %s", p.ImportPath, dep)
				}
			}
		}
		// The plumbing that every door shares draws error pages, so only what this door imports itself counts.
		if p.ImportPath == "portico/handlers/graph" {
			p.Deps = p.Imports
			refuse(t, p, forbid(templPath, "portico/views"))
			continue
		}
		for prefix, rule := range rules {
			if p.ImportPath == prefix || strings.HasPrefix(p.ImportPath, prefix+"/") && prefix != "portico/models" {
				refuse(t, p, rule)
			}
		}
	}
}

func refuse(t *testing.T, p listed, bad func(string) bool) {
	t.Helper()
	for _, dep := range p.Deps {
		if bad(dep) {
			t.Errorf("%s reaches %s", p.ImportPath, dep)
		}
	}
}

// TestPackagesKeepTheHouseRules: each package says what it knows, none has init functions or mutable
// package variables, none is named for being a drawer.
func TestPackagesKeepTheHouseRules(t *testing.T) {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "service", "manager", "core", "base", "types"}
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if slices.Contains(drawers, filepath.Base(p.ImportPath)) {
			t.Errorf("%s is named for being a drawer", p.ImportPath)
		}
		for _, name := range p.GoFiles {
			// modelstest keeps one template database per test process.
			if strings.HasSuffix(name, "_templ.go") || p.ImportPath == "portico/models/modelstest" {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.Name == "init" && d.Recv == nil {
						t.Errorf("%s/%s has an init function", p.ImportPath, name)
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR && p.ImportPath != "portico/models/modelstest" { // one template database per test process
						for _, s := range d.Specs {
							variable(t, p.ImportPath+"/"+name, s.(*ast.ValueSpec))
						}
					}
				}
			}
		}
	}
}

// variable allows package variables that nothing changes: errors, compiled patterns, embedded files,
// pools, interface assertions and conversions of constants. Maps, slices and the like are refused.
func variable(t *testing.T, where string, s *ast.ValueSpec) {
	t.Helper()
	if s.Names[0].Name == "_" {
		return
	}
	if sel, ok := s.Type.(*ast.SelectorExpr); ok && (sel.Sel.Name == "FS" || sel.Sel.Name == "Pool") {
		return
	}
	if id, ok := s.Type.(*ast.Ident); ok && id.Name == "string" && len(s.Values) == 0 {
		return // filled by go:embed or the linker
	}
	for _, v := range s.Values {
		switch v := v.(type) {
		case *ast.CallExpr:
			if sel, ok := v.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"New", "MustCompile", "Must", "NewReplacer", "MustParse", "MustParsePrefix", "Errorf", "OnceValue"}, sel.Sel.Name) {
				continue
			}
		case *ast.CompositeLit:
			if sel, ok := v.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Pool" {
				continue
			}
		}
		t.Errorf("%s: package variable %s may be changed by anybody", where, s.Names[0].Name)
	}
	if len(s.Values) == 0 {
		if arr, ok := s.Type.(*ast.ArrayType); ok {
			if id, ok := arr.Elt.(*ast.Ident); ok && id.Name == "byte" {
				return // go:embed
			}
		}
		t.Errorf("%s: package variable %s may be changed by anybody", where, s.Names[0].Name)
	}
}
