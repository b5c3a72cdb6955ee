package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestZZLook(t *testing.T) {
	s := boot(t)
	ada := openBrowser(t, s, "look")
	ada.intoPortal("ada@fernhill.example")
	portal := s.base + "/admin/t/fernhill"
	time.Sleep(25 * time.Second)
	for _, p := range strings.Fields(os.Getenv("LOOK")) {
		path, first, _ := strings.Cut(p, "@") // @selector follows the first link that matches
		ada.do("resize", chromedp.EmulateViewport(1280, 900))
		ada.dark(false)
		ada.goTo(portal + "/" + path)
		for _, sel := range strings.Split(first, "@") {
			if sel == "" {
				continue
			}
			href := evaluate[string](ada, "(document.querySelector('main tbody "+sel+"')||{}).href || ''")
			if href == "" {
				t.Log("no link", sel, "on", path)
				continue
			}
			ada.goTo(href)
		}
		name := strings.NewReplacer("/", "_", "?", "_", "@", "_", "[", "", "]", "", "*", "", "=", "", "\"", "").Replace(p)
		ada.shot(name + "-1280")
		t.Log(p, ada.words())
		ada.do("resize", chromedp.EmulateViewport(360, 780))
		ada.dark(true)
		ada.shot(name + "-360dark")
		for _, w := range []int64{320, 360} {
			ada.do("resize", chromedp.EmulateViewport(w, 780))
			if over := evaluate[int](ada, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
				t.Log("SIDEWAYS", w, path, over)
			}
		}
		if os.Getenv("MORE") != "" {
			ada.dark(false)
			ada.shot(name + "-360")
			ada.do("resize", chromedp.EmulateViewport(1280, 900))
			ada.dark(true)
			ada.shot(name + "-1280dark")
		}
	}
}
