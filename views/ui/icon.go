package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Icon is a small decorative drawing in the text's colour. It never carries meaning alone, so it is
// hidden from assistive technology.
func Icon(name string) templ.Component { return icon(name, "icon") }

// IconFlip is an icon that points somewhere, mirrored where text runs right to left.
func IconFlip(name string) templ.Component { return icon(name, "icon icon--flip") }

func icon(name, class string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="`+class+`" viewBox="0 0 20 20" aria-hidden="true"><path d="`+path(name)+`"/></svg>`)
		return err
	})
}

// path is the drawing on a grid of 20, in strokes.
func path(name string) string {
	switch name {
	case "check":
		return "m4.5 10.5 3.5 3.5 7.5-8"
	case "check-circle":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.7 10.200l2.3 2.3 4.3-4.6"
	case "circle":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z"
	case "alert":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 6v4.700M10 13.800v.1"
	case "info":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 14V9.300M10 6.300v-.1"
	case "warning":
		return "M10 3 2.5 16.500h15zM10 8.200v3.900M10 14.200v.1"
	case "forward":
		return "m7.5 4.5 5.5 5.5-5.5 5.5"
	case "back":
		return "m12.5 4.5-5.5 5.5 5.5 5.5"
	case "down":
		return "m5 7.5 5 5 5-5"
	case "up":
		return "m5 12.5 5-5 5 5"
	case "close":
		return "m5.5 5.5 9 9m0-9-9 9"
	case "menu":
		return "M3 5.500h14M3 10h14M3 14.500h14"
	case "search":
		return "M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4"
	case "plus":
		return "M10 4v12M4 10h12"
	case "copy":
		return "M7.5 7.500h9v9h-9zM12.5 7.500v-4h-9v9h4"
	case "external":
		return "M8 4H4v12h12v-4M11.5 3.500h5v5M16.5 3.5 9 11"
	case "download":
		return "M10 3v9.500M6 9l4 4 4-4M3.5 16.500h13"
	case "list":
		return "M7 5.500h9.500M7 10h9.500M7 14.500h9.500M3.500 5.500h.1M3.500 10h.1M3.500 14.500h.1"
	case "document":
		return "M5 2.500h7l3.500 3.500v11.500H5zM12 2.500v3.500h3.500M7.500 10h5.500M7.500 13.500h5.500"
	case "key":
		return "M7 13.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10.5 10H17v3M14 10v2"
	case "passkey":
		return "M7.5 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 16.500c0-3 2-5 5-5 1 0 1.8.2 2.5.6M14.5 11.500a2.5 2.5 0 1 0-1-4.8 2.5 2.5 0 0 0 1 4.800zv5l1.5-1.3-1-1 1-1.2"
	case "mail":
		return "M2.5 4.500h15v11h-15zM3 5.500l7 5.5 7-5.5"
	case "phone":
		return "M6 2.500h8v15H6zM9 15h2"
	case "lock":
		return "M4.5 9h11v8h-11zM7 9V6a3 3 0 0 1 6 0v3"
	case "shield":
		return "M10 2.5 4 4.800V9c0 4 2.5 6.8 6 8.5 3.5-1.7 6-4.5 6-8.500V4.800zM7.5 9.800l1.8 1.8 3.3-3.5"
	case "user":
		return "M10 9.500a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.600zM3.5 17c.5-3.2 3-5 6.5-5s6 1.8 6.5 5"
	case "users":
		return "M7.5 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.500c.3-3 2.5-4.8 5.5-4.800s5.2 1.8 5.5 4.800M13 3.700a3 3 0 0 1 0 5.600M14.8 12c1.9.7 3 2.3 3.2 4.5"
	case "groups":
		return "M10 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM5 17.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM15 17.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8.700 7.200 6.200 12.700M11.300 7.200l2.500 5.500"
	case "app":
		return "M3 3h5.500v5.500H3zM11.5 3H17v5.500h-5.500zM3 11.500h5.500V17H3zM11.5 11.500H17V17h-5.500z"
	case "flow":
		return "M3 3.500h5v4H3zM12 12.500h5v4h-5zM5.5 7.500v7H12M8 5.500h6.500v7"
	case "log":
		return "M4.5 2.500h8l3.5 3.500v11.500H4.500zM7 9h6M7 12h6M7 15h3.5"
	case "history":
		return "M3.5 4v4h4M3.8 8A6.7 6.7 0 1 1 3.3 11M10 6.500V10l2.5 1.7"
	case "clock":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 5.800V10l2.8 1.8"
	case "home":
		return "M3 9.5 10 3l7 6.500M5 8v9h10V8M8.5 17v-5h3v5"
	case "globe":
		return "M10 17.500a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.500c2.5 2.4 3.3 4.8 3.3 7.500s-.8 5.1-3.3 7.500c-2.5-2.4-3.3-4.8-3.3-7.500s.8-5.1 3.3-7.500z"
	case "palette":
		return "M10 2.500a7.5 7.5 0 1 0 0 15c1.5 0 1.8-1 1.3-2-.6-1.3.2-2.5 1.7-2.500h2c1.5 0 2.5-1 2.5-2.7 0-4.5-3.3-7.8-7.5-7.800zM6.3 9.500v.1M9 6.300v.1M13 7v.1"
	case "chart":
		return "M3 17h14M5 17v-5M10 17V4M15 17V8.5"
	case "settings":
		return "M10 12.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600zM10 2.500v2.200M10 15.300v2.200M2.5 10h2.200M15.3 10h2.200M4.7 4.700l1.6 1.600M13.7 13.700l1.6 1.600M15.3 4.700l-1.6 1.600M6.3 13.700l-1.6 1.6"
	case "plug":
		return "M7 2.500V7M13 2.500V7M4.5 7h11v2.500a5.5 5.5 0 0 1-11 0zM10 15v2.5"
	case "building":
		return "M4 17.500v-15h8v15M12 8h4.500v9.500M2.5 17.500h15M7 6h2M7 9.500h2M7 13h2"
	case "filter":
		return "M3 4h14l-5.5 6.500V16l-3-1.500v-4z"
	case "more":
		return "M4.5 10v.1M10 10v.1M15.5 10v.1"
	}
	return "M4 4h12v12H4z"
}
