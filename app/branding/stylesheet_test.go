package branding

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestCleanCSS: what is kept, and why the rest is not.
func TestCleanCSS(t *testing.T) {
	for _, c := range []struct{ name, source, keeps, why string }{
		{"a colour", `.ext-title{color:#112233}`, `.ext-title{color:#112233}`, ""},
		{"a button and its states", `.ext-button.ext-primary:hover, .ext-button.ext-primary:focus:hover { Background-Color : Navy }`, `.ext-button.ext-primary:hover,.ext-button.ext-primary:focus:hover{background-color:navy;color:#fff;color-scheme:dark}`, ""},
		{"descendants", `body .ext-footer > a:link{color:rgb(0, 0,0)}`, `body .ext-footer>a:link{color:rgb(0,0,0)}`, ""},
		{"a gradient", `body{background:linear-gradient(135deg, #fff 0%, rgba(0,0,0,.2) 50%)}`, `body{background:linear-gradient(135deg,#fff 0%,rgba(0,0,0,0.2) 50%);color-scheme:light}`, ""},
		{"a width never wider than the screen", `.ext-sign-in-box{max-width:600px}`, `.ext-sign-in-box{max-width:min(600px,100%)}`, ""},
		{"a height is a least height", `.ext-button{height:48px}`, `.ext-button{min-height:48px}`, ""},
		{"a font of the device", `body{font-family:"Segoe UI", Comic Sans MS, sans-serif}`, `body{font-family:"Segoe UI","Comic Sans MS",sans-serif}`, ""},
		{"important", `.ext-title{color:red !important}`, `.ext-title{color:red}`, whyImportant},
		{"our tokens", `.ext-subtitle{color:var(--accent)}`, `.ext-subtitle{color:var(--link)}`, ""},
		{"media", `@media screen and (max-width:30em){.ext-title{text-align:center}}`, `@media screen and (max-width:30em){.ext-title{text-align:center}}`, ""},
		{"movement", `a{transition:color .2s ease-in-out}`, `@media (prefers-reduced-motion:no-preference){a{transition:color 0.2s ease-in-out}}`, ""},
		{"one bad among good selectors", `.ext-title, #x, .card{color:#000}`, `.ext-title{color:#000}`, whySelector},
		{"comments", `/* a */.ext-title/* b */{/* c */color:/**/#000/* d */}`, `.ext-title{color:#000}`, ""},
		{"the last of two wins", `a{color:red;color:blue}`, `a{color:blue}`, ""},

		{"import", `@import "https://evil.example/x.css";`, "", whyAtRule},
		{"import without an end", `@import url(//evil.example/x.css)`, "", whyAtRule},
		{"font-face", `@font-face{font-family:x;src:url(https://evil.example/x)}`, "", whyAtRule},
		{"charset", `@charset "utf-7";`, "", whyAtRule},
		{"layer", `@layer overrides{a{color:red}}`, "", whyAtRule},
		{"supports", `@supports (color:red){a{color:red}}`, "", whyAtRule},
		{"odd media", `@media (min-resolution:2dppx){a{color:red}}`, "", whyMedia},
		{"media in media", `@media print{@media screen{a{color:red}}}`, "", whyMedia},
		{"url", `body{background:url(https://evil.example/x)}`, "", whyURL},
		{"url in quotes", `body{background-image:url("/x")}`, "", whyURL},
		{"url escaped", `body{background:\75rl(https://evil.example/x)}`, "", whyURL},
		{"url escaped wider", `body{background:u\00072l("https://evil.example/x")}`, "", whyURL},
		{"image-set", `body{background-image:image-set("https://evil.example/x" 1x)}`, "", whyURL},
		{"javascript", `body{background:url(javascript:alert(1))}`, "", whyURL},
		{"expression", `.ext-title{width:expression(alert(1))}`, "", whyScript},
		{"behavior", `.ext-title{behavior:url(x.htc)}`, "", whyScript},
		{"binding", `.ext-title{-moz-binding:url(x.xml#y)}`, "", whyScript},
		{"end of style", `.ext-title{color:red}</style><script>alert(1)</script>`, `.ext-title{color:red}`, whyBroken},
		{"end of style in a string", `.ext-title{font-family:"</style><script>"}`, "", whyValue},
		{"attribute selector", `input[value^="a"]{color:red}`, "", whySelector},
		{"attribute of an area", `.ext-input[value^=a]{color:red}`, "", whySelector},
		{"has", `.ext-sign-in-box:has(.x){color:red}`, "", whySelector},
		{"not", `a:not(.x){color:red}`, "", whySelector},
		{"before", `.ext-title::before{content:"x"}`, "", whySelector},
		{"everything", `*{color:red}`, "", whySelector},
		{"an id", `#main{color:red}`, "", whySelector},
		{"our own class", `.card{color:red}`, "", whySelector},
		{"no such area", `.ext-nothing{color:red}`, "", whyClass},
		{"fixed", `.ext-header{position:fixed;top:0}`, "", whyHides},
		{"over others", `.ext-header{z-index:9}`, "", whyHides},
		{"hidden", `.ext-footer{display:none}`, "", whyHides},
		{"hidden errors", `.ext-error{color:white}`, "", whyProtected},
		{"links in errors", `.ext-error a{color:white}`, "", whyProtected},
		{"small errors", `.ext-error{font-size:12px}`, "", whyProtected},
		{"seen through", `.ext-title{color:transparent}`, "", whyHides},
		{"nearly seen through", `.ext-title{color:rgb(0 0 0 / 10%)}`, "", whyHides},
		{"tiny", `.ext-subtitle{font-size:1px}`, "", whyBounds},
		{"smaller and smaller", `.ext-footer{font-size:.8em}`, `.ext-footer{font-size:0.8rem}`, ""},
		{"a share of a share", `.ext-footer{font-size:90%}`, `.ext-footer{font-size:0.9rem}`, ""},
		{"a share that is too small", `.ext-footer{font-size:60%}`, "", whyBounds},
		{"a font for large screens", `.ext-footer{font-size:1vw}`, "", whyValue},
		{"a narrow box", `.ext-sign-in-box{max-width:13vw}`, "", whyBounds},
		{"moved away", `.ext-title{margin-left:-9999px}`, "", whyBounds},
		{"see-through page", `body{opacity:.7}`, "", whyHides},
		{"calculated", `.ext-title{padding:calc(100vw*9)}`, "", whyBounds},
		{"a space is no size of text", `body{font-size:var(--space-1)}`, "", whyCustom},
		{"nor a width", `.ext-sign-in-box{max-width:var(--space-1)}.ext-input{width:var(--radius-1)}`, "", whyCustom},
		{"nor a line", `.ext-title{line-height:var(--space-1)}`, "", whyCustom},
		{"a colour is no space", `.ext-title{padding:var(--ink)}`, "", whyCustom},
		{"a space", `.ext-title{padding:var(--space-4) 8px}`, `.ext-title{padding:var(--space-4) 8px}`, ""},
		{"a radius", `.ext-button{border-radius:var(--radius-3)}`, `.ext-button{border-radius:var(--radius-3)}`, ""},
		{"a font of ours", `body{font-family:var(--mono)}`, `body{font-family:var(--mono)}`, ""},
		{"a space as a font", `body{font-family:var(--space-1)}`, "", whyValue},
		{"a surface as ink", `.ext-title{color:var(--surface)}`, "", whyCustom},
		{"a surface as ink in the dark", `.ext-title{color:light-dark(#000,var(--surface))}`, "", whyCustom},
		{"wide spaces shrink", `.ext-sign-in-box{padding:44px 8px}`, `.ext-sign-in-box{padding:min(44px,5vw) 8px}`, ""},
		{"those above do not", `.ext-sign-in-box{padding-top:44px}`, `.ext-sign-in-box{padding-top:44px}`, ""},
		{"half a width", `.ext-input{width:50%}`, `.ext-input{width:max(50%,min(12rem,100%))}`, ""},
		{"half a box", `.ext-sign-in-box{width:50%}`, `.ext-sign-in-box{width:max(50%,min(20rem,100%))}`, ""},
		{"a small box", `.ext-sign-in-box{width:200px}`, "", whyBounds},
		{"the other way around", `.ext-input{max-width:min(100%, 600px)}`, `.ext-input{max-width:min(600px,100%)}`, ""},
		{"a shadow over what stands before", `.ext-title{box-shadow:0 -64px 0 64px #fff}`, "", whyHides},
		{"a shadow over the label", `.ext-input{box-shadow:0 -30px 0 20px #fff}`, "", whyHides},
		{"a soft one that is not see-through", `.ext-title{box-shadow:0 -40px 40px #fff}`, "", whyHides},
		{"many soft ones", `.ext-title{box-shadow:0 -40px 40px #fff8,0 -40px 40px #fff8}`, "", whyHides},
		{"one in relative measures", `.ext-title{box-shadow:0 -.5em 0 0 #fff}`, "", whyHides},
		{"another inside", `.ext-title{box-shadow:inset 0 0 0 40px #fff}`, "", whyHides},
		{"an honest card", `.ext-sign-in-box{box-shadow:0 1.6px 3.6px rgba(0,0,0,.13),0 24px 48px -8px rgb(0 0 0/25%)}`, `.ext-sign-in-box{box-shadow:0 1.6px 3.6px rgba(0,0,0,0.13),0 24px 48px -8px rgb(0 0 0/25%)}`, ""},
		{"a ring", `.ext-button:focus{box-shadow:0 0 0 4px var(--accent)}`, `.ext-button:focus{box-shadow:0 0 0 4px var(--accent)}`, ""},
		{"text far away", `.ext-title{text-shadow:0 8px 0 #fff}`, "", whyHides},
		{"movement for who wants none", `@media (prefers-reduced-motion:reduce){a{transition:color 1s}}`, "", whyMotion},
		{"none for who wants none", `@media (prefers-reduced-motion:reduce){a{transition:none}}`, "", ""},
		{"movement for others", `@media (prefers-reduced-motion:no-preference){a{transition:color 1s}}`, `@media (prefers-reduced-motion:no-preference){a{transition:color 1s}}`, ""},
		{"angles in a colour in a gradient", `body{background-image:linear-gradient(hsl(210deg 50% 50%),red)}`, `body{background-image:linear-gradient(hsl(210deg 50% 50%),red);color-scheme:light}`, ""},
		{"a cone", `.ext-background-image{background-image:conic-gradient(from 45deg,red 0deg,blue)}`, `.ext-background-image{background-image:conic-gradient(from 45deg,red 0deg,blue);color-scheme:dark}`, ""},
		{"a pale button", `.ext-primary{opacity:.6}`, "", whyContrast},
		{"a pale logo", `.ext-header-logo{opacity:.6}`, `.ext-header-logo{opacity:0.6}`, ""},
		{"no ink in either scheme", `.ext-title{color:light-dark(transparent,transparent)}`, "", whyHides},
		{"one half is read", `.ext-title{color:light-dark(#000,rgb(0 0 0/5%))}`, `.ext-title{color:#000}`, ""},
		{"the other on dark pages", `@media (prefers-color-scheme:dark){.ext-title{color:light-dark(#000,#eee)}}`, `@media (prefers-color-scheme:dark){.ext-title{color:#eee}}`, ""},
		{"no ink in that half", `@media (prefers-color-scheme:dark){.ext-title{color:light-dark(#000,transparent)}}`, "", whyHides},
		{"one half alone", `.ext-title{color:light-dark(#000)}`, "", whyValue},
		{"its own ink as a background", `.ext-title{background:currentcolor}`, "", whyValue},
		{"our dark inks on black", `.ext-sign-in-box{background:#000;color-scheme:light}`, `.ext-sign-in-box{background:#000;color-scheme:dark}`, ""},
		{"the scheme in another rule", `.ext-sign-in-box{background:#000}.ext-sign-in-box{color-scheme:light}`, `.ext-sign-in-box{background:#000;color-scheme:dark}`, whyContrast},
		{"the scheme of a part", `.ext-title{color-scheme:dark}`, "", whyContrast},
		{"the scheme of all", `body{color-scheme:dark}`, `body{color-scheme:dark}`, ""},
		{"a dark colour in another notation", `.ext-sign-in-box{background:hsl(0 0% 7%)}`, `.ext-sign-in-box{background:hsl(0 0% 7%);color-scheme:dark}`, ""},
		{"another", `.ext-sign-in-box{background:oklch(20% 0 0)}`, `.ext-sign-in-box{background:oklch(20% 0 0);color-scheme:dark}`, ""},
		{"our ink as a background", `.ext-sign-in-box{background:var(--ink)}`, `.ext-sign-in-box{background:#1a1f2a;color-scheme:dark}`, ""},
		{"a dark gradient", `.ext-sign-in-box{background:linear-gradient(#111,#333)}`, `.ext-sign-in-box{background:linear-gradient(#111,#333);color-scheme:dark}`, ""},
		{"a gradient on which nothing can be read", `.ext-sign-in-box{background:linear-gradient(#000,#fff)}`, "", whyContrast},
		{"white on white in two rules", `.ext-sign-in-box{background:#fff}.ext-subtitle{color:#fff}`, `.ext-sign-in-box{background:#fff;color-scheme:light}`, whyContrast},
		{"white on our white", `.ext-title{color:#fff}`, "", whyContrast},
		{"white on black in two rules", `.ext-subtitle{color:#fff}.ext-sign-in-box{background:#000}`, `.ext-subtitle{color:#fff}.ext-sign-in-box{background:#000;color-scheme:dark}`, ""},
		{"white on a white that weighs more", `.ext-sign-in-box{background:#000}.ext-subtitle{color:#fff}.ext-middle .ext-sign-in-box{background:#fff}`, `.ext-sign-in-box{background:#000;color-scheme:dark}.ext-middle .ext-sign-in-box{background:#fff;color-scheme:light}`, whyContrast},
		{"white on white on some screens", `.ext-sign-in-box{background:#000}.ext-subtitle{color:#fff}@media (min-width:1px){.ext-sign-in-box{background:#fff}}`, `.ext-sign-in-box{background:#000;color-scheme:dark}@media (min-width:1px){.ext-sign-in-box{background:#fff;color-scheme:light}}`, whyContrast},
		{"white when pointed at", `.ext-secondary{color:#333}.ext-secondary:hover{background:#222}`, `.ext-secondary{color:#333}`, whyContrast},
		{"ink on the company's colour", `.ext-primary{color:#000}`, "", whyContrast},
		{"what was made for it", `.ext-primary{color:var(--on-accent)}`, `.ext-primary{color:var(--on-accent)}`, ""},
		{"a white button", `.ext-primary{background:#fff}`, `.ext-primary{border:1px solid var(--edge);background:#fff;color:#000;color-scheme:light}`, ""},
		{"a bar in the company's colour", `.ext-header{background:var(--accent)}`, `.ext-header{background:var(--accent);color:var(--on-accent)}`, ""},
		{"a box in it", `.ext-sign-in-box{background:var(--accent)}`, "", whyContrast},
		{"a box that is seen through, on a dark page", `body{background:#111}.ext-sign-in-box{background:rgba(255,255,255,.1)}`, `body{background:#111;color-scheme:dark}.ext-sign-in-box{background:rgba(255,255,255,0.1);color-scheme:dark}`, ""},
		{"both schemes", `.ext-title{color:#111}@media (prefers-color-scheme:dark){.ext-sign-in-box{background:#111}.ext-title{color:#eee}}`, `.ext-title{color:#111}@media (prefers-color-scheme:dark){.ext-sign-in-box{background:#111;color-scheme:dark}.ext-title{color:#eee}}`, ""},
		{"focus ring", `a:focus{outline:none}`, "", whyFocus},
		{"own properties", `body{--danger:white}`, "", whyCustom},
		{"foreign tokens", `body{color:var(--x)}`, "", whyCustom},
		{"a fallback", `body{background:var(--page,url(x))}`, "", whyCustom},
		{"unreadable", `.ext-sign-in-box{background:#fff;color:#fefefe}`, `.ext-sign-in-box{background:#fff;color-scheme:light}`, whyContrast},
		{"a rule in a rule", `.ext-title{&:hover{color:red}font-weight:bold}`, `.ext-title{font-weight:bold}`, whyNested},
		{"a brace too many", `}a{color:red}`, `a{color:red}`, whyBroken},
		{"cut off", `a{color:red`, `a{color:red}`, ""},
		{"cut off before its brace", `a`, "", whyBroken},
		{"nothing at all", ``, "", ""},
		{"unknown property", `a{-webkit-user-modify:read-write}`, "", whyProperty},
		{"a string that ends in a line", "a{font-family:\"x\n}a{color:red}", "a{color:red}", whyValue},
		{"a zero byte", "a{col\x00or:red}", "", whyProperty},
		{"a font that is a function", `a{font-family:url(x)}`, "", whyURL},
	} {
		clean, dropped := CleanCSS(c.source)
		got := strings.TrimSuffix(strings.TrimPrefix(clean, "@layer company{"), "}")
		got = strings.TrimPrefix(got, "body,.ext-sign-in-box{color-scheme:light}")
		got = strings.ReplaceAll(got, onlyLinks, "")
		if got != c.keeps {
			t.Errorf("%s: kept %s, want %s", c.name, got, c.keeps)
		}
		why := ""
		if len(dropped) > 0 {
			why = dropped[0].Why
		}
		if why != c.why {
			t.Errorf("%s: dropped %v, want %s", c.name, dropped, c.why)
		}
	}
}

func TestDroppedLinesAreNumbered(t *testing.T) {
	_, dropped := CleanCSS("a {\n  color: red;\n  position: fixed;\n}\n\n.card { color: red }\n@import 'x';")
	want := []Dropped{{3, "position: fixed", whyHides}, {6, ".card", whySelector}, {7, "@import 'x';", whyAtRule}}
	if len(dropped) != len(want) {
		t.Fatalf("%v", dropped)
	}
	for i := range want {
		if dropped[i] != want[i] {
			t.Errorf("%v, want %v", dropped[i], want[i])
		}
	}
}

func TestSheetsAreHeldToTheirSize(t *testing.T) {
	if css, dropped := CleanCSS(strings.Repeat("a{color:red}", MaxCSS)); css != "" || len(dropped) != 1 || dropped[0].Why != whyLong {
		t.Errorf("%.40s, %v", css, dropped)
	}
	css, dropped := CleanCSS(strings.Repeat(".ext-title{color:red}", MaxCSSRules+5))
	if n := strings.Count(css, ".ext-title{"); n != MaxCSSRules || len(dropped) != 5 {
		t.Errorf("%d rules, %d dropped", n, len(dropped))
	}
	if css, dropped := CleanCSS(strings.Repeat("body .ext-footer .ext-footer-links .ext-footer-item:hover{font-weight:bold}", 400)); css != "" || len(dropped) != 1 || dropped[0].Why != whyLarge || dropped[0].Text != "29.3 KB" {
		t.Errorf("%.40s, %v", css, dropped)
	}
	if _, dropped := CleanCSS(strings.Repeat("#x{}", 5000)); len(dropped) != maxDropped {
		t.Errorf("%d dropped", len(dropped))
	}
	begin := time.Now()
	for _, s := range []string{"(", "{", "a{", "@media print{", "a{color:rgb(", "\\", "linear-gradient(", "a{b:linear-gradient("} {
		CleanCSS(strings.Repeat(s, MaxCSS/len(s)))
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("took %s", d)
	}
}

// TestTheVendorsTemplate: a sheet made on R 3.3's list is honoured whole.
func TestTheVendorsTemplate(t *testing.T) {
	source, err := os.ReadFile("testdata/template.css")
	if err != nil {
		t.Fatal(err)
	}
	clean, dropped := CleanCSS(string(source))
	if len(dropped) > 0 {
		t.Errorf("dropped %v", dropped)
	}
	for _, class := range ExtClasses() {
		if !strings.Contains(clean, ".ext-"+class) {
			t.Errorf("no .ext-%s", class)
		}
	}
}

// word is every name, colour, number and sign that a clean sheet can be made of.
var word = regexp.MustCompile(`(?i)url|import|expression|javascript|behavior|binding|position|content|light-dark|</|\\|@(?:font|charset|namespace|layer [^c])`)

func FuzzCleanCSS(f *testing.F) {
	source, err := os.ReadFile("testdata/template.css")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(source))
	for _, s := range []string{`@import "x";a{color:red}`, `body{background:\75rl(x)}`, `a{font-family:"a\22 ;}b{x:y"}`, `@media print{a{color:red}`, `a{color:rgb(0 0 0/.9)}`,
		`.ext-title{width:min(300px,100%)}`, `a{transition:color .2s}`, `</style>`, `a{background:linear-gradient(1deg,red,blue)}`,
		`.ext-primary{background:light-dark(#fff,var(--tint));border:0}@media (prefers-color-scheme:dark){.ext-text-box:hover{border-color:light-dark(red,#222)}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		clean, dropped := CleanCSS(source)
		again, _ := CleanCSS(source)
		if clean != again {
			t.Fatal("not the same twice")
		}
		for _, d := range dropped {
			if d.Line < 1 || d.Why == "" {
				t.Fatalf("%+v", d)
			}
		}
		if clean == "" {
			return
		}
		if m := withoutFonts(clean); word.MatchString(m) {
			t.Fatalf("%q from %q", word.FindString(m), source)
		}
		if strings.Count(clean, "{") != strings.Count(clean, "}") || strings.ContainsAny(withoutFonts(clean), "<;\\\n'\"[]*#") && strings.ContainsAny(withoutFonts(clean), "<\\\n'\"[]*") {
			t.Fatalf("%s", clean)
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(clean, "@layer company{"), "}")
		if twice, dropped := CleanCSS(inner); twice != clean || len(dropped) > 0 {
			t.Fatalf("cleaned again it is another:\n%s\n%s\n%v", clean, twice, dropped)
		}
	})
}

func withoutFonts(css string) string {
	return regexp.MustCompile(`"[\p{L}\p{N} _.+-]*"`).ReplaceAllString(css, "")
}
