// Command build makes static/dist out of the hand-written sources: three style sheets, the scripts and the
// favicon, each with its brotli and gzip form, so that the server never compresses at start
// (go generate ./static; the result is committed and a test compares it with the sources).
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/andybalholm/brotli"
)

func main() {
	files, err := Build(".")
	if err == nil {
		err = write("dist", files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "static:", err)
		os.Exit(1)
	}
	for _, name := range names(files) {
		fmt.Printf("%-28s %6d\n", name, len(files[name]))
	}
}

// hostedUpTo is the last shared layer of the hosted pages: everything after it is for the admin portal,
// except the files listed in hostedToo.
const hostedUpTo = "20-notice.css"

func hostedToo(name string) bool {
	return name == "60-hosted.css" || name == "80-utilities.css" || name == "90-print.css" || name == "91-contrast.css"
}

// accountToo lists what the account pages load besides the style of the hosted pages, which they carry inline.
func accountToo(name string) bool {
	return name == "21-badge.css" || name == "61-account.css"
}

// Build makes every output from the sources below root.
func Build(root string) (map[string][]byte, error) {
	out := map[string][]byte{}
	sheets, err := filepath.Glob(filepath.Join(root, "css", "*.css"))
	if err != nil {
		return nil, err
	}
	sort.Strings(sheets)
	var hosted, admin, account joined
	for _, path := range sheets {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name, css := filepath.Base(path), Minify(string(b))
		if name == "02-tokens.css" {
			css += LightFallback(css)
		}
		if name != "60-hosted.css" && name != "61-account.css" && name != "62-brand.css" {
			admin.add(css)
		}
		if name <= hostedUpTo || hostedToo(name) {
			hosted.add(css)
		}
		if name == "62-brand.css" {
			out["brand.css"] = []byte(css)
		}
		if accountToo(name) {
			account.add(css)
		}
	}
	out["hosted.css"] = []byte(hosted.text)
	out["admin.css"] = []byte(admin.text)
	out["account.css"] = []byte(account.text)
	for _, dir := range []string{"js/*.js", "icons/*.svg"} {
		found, err := filepath.Glob(filepath.Join(root, dir))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(path, ".js") {
				b = stripScript(b)
			}
			out[filepath.Base(path)] = b
		}
	}
	// A page with a password box that a passkey may stand in for loads one script, not two.
	out["sign-in.js"] = append(bytes.Clone(out["show-password.js"]), out["passkey.js"]...)
	for _, name := range names(out) {
		if name == "hosted.css" || name == "brand.css" { // inlined into the page, never served as a file
			continue
		}
		br, gz, err := compress(out[name])
		if err != nil {
			return nil, err
		}
		out[name+".br"], out[name+".gz"] = br, gz
	}
	return out, nil
}

// joined puts minified style sheets behind each other; neighbours that are one block of the same layer become one.
type joined struct{ text, layer string }

func (j *joined) add(css string) {
	layer := onlyLayer(css)
	if layer != "" && layer == j.layer {
		j.text = strings.TrimSuffix(j.text, "}")
		css = strings.TrimPrefix(css, layer)
	}
	j.text, j.layer = j.text+css, layer
}

var layerBlock = regexp.MustCompile(`^@layer [a-z]+\{`)

// onlyLayer gives how a style sheet begins that is one block of a layer and nothing else, "" for all others.
func onlyLayer(css string) string {
	depth := 0
	for i, r := range css {
		switch r {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 && i < len(css)-1 {
				return ""
			}
		}
	}
	return layerBlock.FindString(css)
}

func names(files map[string][]byte) []string {
	var list []string
	for name := range files {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

func compress(b []byte) (br, gz []byte, err error) {
	var bb, gb bytes.Buffer
	w := brotli.NewWriterLevel(&bb, brotli.BestCompression)
	g, err := gzip.NewWriterLevel(&gb, gzip.BestCompression)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{w, g} {
		if _, err := c.Write(b); err != nil {
			return nil, nil, err
		}
		if err := c.Close(); err != nil {
			return nil, nil, err
		}
	}
	return bb.Bytes(), gb.Bytes(), nil
}

func write(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Minify takes comments and needless white space out of a style sheet. Strings are left alone.
func Minify(css string) string {
	var out strings.Builder
	last := func() byte {
		if s := out.String(); s != "" {
			return s[len(s)-1]
		}
		return '}'
	}
	space := false
	for i := 0; i < len(css); i++ {
		c := css[i]
		switch {
		case c == '/' && i+1 < len(css) && css[i+1] == '*':
			i = i + 2 + strings.Index(css[i+2:], "*/") + 1
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			space = true
		case c == '"' || c == '\'':
			if space && !strings.ContainsRune("{};:,(", rune(last())) {
				out.WriteByte(' ')
			}
			end := i + 1 + strings.IndexByte(css[i+1:], c)
			out.WriteString(css[i : end+1])
			i, space = end, false
		default:
			// A space before a colon may be a descendant selector, so only the one after it goes.
			if space && !strings.ContainsRune("{};:,(", rune(last())) && !strings.ContainsRune("{};,)", rune(c)) {
				out.WriteByte(' ')
			}
			space = false
			out.WriteByte(c)
		}
	}
	return strings.ReplaceAll(out.String(), ";}", "}")
}

var lightDark = regexp.MustCompile(`(--[\w-]+):((?:var\(--[\w-]+,)?)light-dark\(((?:[^(),]|\([^()]*\))+),(?:[^(),]|\([^()]*\))+\)(\)?)`)

// LightFallback repeats the colours as plain light ones for engines without light-dark().
func LightFallback(css string) string {
	var out strings.Builder
	out.WriteString("@supports not (color:light-dark(#000,#fff)){@layer tokens{:root{color-scheme:light")
	for _, m := range lightDark.FindAllStringSubmatch(css, -1) {
		out.WriteString(";" + m[1] + ":" + m[2] + m[3] + m[4])
	}
	out.WriteString("}}}")
	return out.String()
}

var lineComment = regexp.MustCompile(`(?m)^\s*//.*\n`)

// stripScript drops whole-line comments and indentation; browsers do not need more.
func stripScript(b []byte) []byte {
	b = lineComment.ReplaceAll(b, nil)
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAll(b, nil)
}
