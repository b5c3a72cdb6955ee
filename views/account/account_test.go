package account

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"portico/app/i18n"
	"portico/views/hosted"
	"portico/views/ui/check"
)

func TestEveryPageReadsWellInEveryLanguage(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	languages := []*i18n.Localizer{b.Pseudo()}
	for _, tag := range b.Tags() {
		languages = append(languages, b.Match(tag.String()))
	}
	for _, l := range languages {
		for _, f := range Fixtures(hosted.SampleBrand(), hosted.Chooser(b, l, nil)) {
			var page bytes.Buffer
			if err := f.Page.Render(i18n.With(context.Background(), l), &page); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			html := page.String()
			for _, p := range check.Page(&page) {
				t.Errorf("%s (%s): %s", f.Name, l.Lang(), p)
			}
			if !strings.Contains(html, `lang="`+l.Spoken()+`" dir="`+l.Dir()+`"`) {
				t.Errorf("%s (%s): language or direction is not said", f.Name, l.Lang())
			}
			if strings.Contains(strings.ToLower(html), "portico") {
				t.Errorf("%s carries our name on a tenant's page", f.Name)
			}
		}
	}
}

// Every page that the package exports is among the fixtures, so that the checks by the browser see it.
func TestEveryPageHasAFixture(t *testing.T) {
	used := map[string]bool{}
	pages := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && strings.HasSuffix(name, "_templ.go") && fn.Recv == nil && fn.Name.IsExported() {
				pages[fn.Name.Name] = true
			}
		}
		if name == "fixtures.go" {
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if id, ok := call.Fun.(*ast.Ident); ok {
						used[id.Name] = true
					}
				}
				return true
			})
		}
	}
	if len(pages) < 20 {
		t.Errorf("only %d pages were found", len(pages))
	}
	for name := range pages {
		if !used[name] {
			t.Errorf("%s is in no fixture", name)
		}
	}
}
