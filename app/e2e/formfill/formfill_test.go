package formfill

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
)

// site is a sign-up of three pages that checks what a filler sends.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	page := func(w http.ResponseWriter, title, form string) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<title>%s</title><nav><form method="get" action="/search"><input name="q" autocomplete="off"></form></nav><main>%s</main>`, title, form)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /start", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "browser", Value: "b", Path: "/"})
		http.Redirect(w, r, "/email", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /email", func(w http.ResponseWriter, _ *http.Request) {
		page(w, "Who are you?", `<form method="post"><button name="action" value="other">Not you?</button></form>
			<form method="post" action="/email"><input type="hidden" name="proof" value="p1"><input name="email" autocomplete="username webauthn"><button type="submit">Continue</button></form>`)
	})
	mux.HandleFunc("POST /email", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("browser"); err != nil || c.Value != "b" || r.PostFormValue("proof") != "p1" || r.PostFormValue("email") != "a@example.com" || r.Header.Get("Origin") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			page(w, "Error: Who are you?", `<div role="alert">Enter your email address</div><form method="post"><input name="email" autocomplete="username"><button>Continue</button></form>`)
			return
		}
		http.Redirect(w, r, "/about", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /about", func(w http.ResponseWriter, _ *http.Request) {
		page(w, "About you", `<form method="post" action="/about"><input name="code" autocomplete="one-time-code"><input name="given" autocomplete="given-name" required>
			<select name="country" autocomplete="country"><option value="">Choose</option><option>DE</option><option>PT</option></select>
			<select name="size" required><option value="" disabled>Choose</option><option value="s">S</option></select>
			<input type="radio" name="home" value="flat"><input type="radio" name="home" value="house"><input type="checkbox" name="terms" required><input type="checkbox" name="news">
			<input type="checkbox" name="terms[1]" value="3 en" aria-required="true"><fieldset data-required><input type="checkbox" name="topics" value="a"><input type="checkbox" name="topics" value="b"></fieldset>
			<input name="moved.day" aria-required="true"><input name="moved.month" aria-required="true"><input name="moved.year" aria-required="true"><input name="born.day" autocomplete="bday-day">
			<input name="shoe" required><textarea name="note">as it was</textarea><button name="go" value="on">Continue</button></form>`)
	})
	mux.HandleFunc("POST /about", func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{"code": "123456", "given": "Robin", "country": "PT", "size": "s", "home": "flat", "terms": "on", "news": "", "shoe": "42", "terms[1]": "3 en", "topics": "a", "moved.day": "17", "moved.month": "5", "moved.year": "2020", "born.day": "17", "note": "as it was", "go": "on"} {
			if got := r.PostFormValue(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		http.Redirect(w, r, "https://app.example/callback?code=c", http.StatusSeeOther)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func filler(t *testing.T, email string) *Filler {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Filler{Answers: Person(email, "secret"), Code: func() (string, error) { return "123456", nil },
		Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func TestWalksByTokensAndAnswersWhatIsRequired(t *testing.T) {
	f := filler(t, "a@example.com")
	left, err := f.Walk(site(t).URL+"/start", "https://app.example/")
	if err != nil || left != "https://app.example/callback?code=c" {
		t.Fatal(left, err)
	}
	if got := strings.Join(f.Titles, ", "); got != "Who are you?, About you" {
		t.Error(got)
	}
}

func TestSaysWhatThePageComplainsAbout(t *testing.T) {
	_, err := filler(t, "somebody else").Walk(site(t).URL+"/start", "https://app.example/")
	if err == nil || !strings.Contains(err.Error(), "Enter your email address") {
		t.Error(err)
	}
}
