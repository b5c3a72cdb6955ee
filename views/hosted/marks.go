package hosted

// marks.go: small signs of the well-known providers, drawn here, in the shapes and colours that their guidelines for
// sign-in buttons ask for. One that has a single colour takes that of the text, so that it is seen on dark pages too.

// markOf is a provider's sign as the inside of a 24 × 24 drawing; "" = it has none, and its initial stands there.
func markOf(kind string) string {
	switch kind {
	case "google":
		return `<g fill="none" stroke-width="4"><path stroke="#EA4335" d="M5.07 8a8 8 0 0 1 12.59-1.66"/><path stroke="#FBBC05" d="M5.07 16a8 8 0 0 1 0-8"/><path stroke="#34A853" d="M17.4 17.9A8 8 0 0 1 5.07 16"/><path stroke="#4285F4" d="M12 12h8a8 8 0 0 1-2.6 5.9"/></g>`
	case "facebook":
		return `<circle cx="12" cy="12" r="11" fill="#1877F2"/><path fill="#fff" d="M10.4 23v-8.2H7.7v-3.2h2.7V9.3c0-2.7 1.6-4.2 4-4.2.9 0 1.7.1 2.1.2v2.8h-1.5c-1.2 0-1.5.7-1.5 1.6v1.9h2.9l-.5 3.2h-2.4V23z"/>`
	case "apple":
		return `<path fill="currentColor" d="M12 8c1.2 0 2-1 3.8-1 1.5 0 2.7.7 3.5 1.9-2.9 1.8-2.4 5.6.5 6.8-.9 2.7-2.5 5.3-4.3 5.3-1.3 0-1.8-.8-3.4-.8s-2.2.8-3.4.8C6.2 21 4 16.3 4 12.7 4 9.2 6.2 7 8.6 7c1.5 0 2.4 1 3.4 1zM12.2 6.2c-.1-2 1.5-3.7 3.4-3.9.2 2-1.5 3.9-3.4 3.9z"/>`
	case "microsoft":
		return `<path fill="#F25022" d="M2 2h9.5v9.5H2z"/><path fill="#7FBA00" d="M12.5 2H22v9.5h-9.5z"/><path fill="#00A4EF" d="M2 12.5h9.5V22H2z"/><path fill="#FFB900" d="M12.5 12.5H22V22h-9.5z"/>`
	case "github":
		return `<path fill="currentColor" fill-rule="evenodd" d="M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22zM9 22v-3c-2.2.4-2.8-.8-3.2-1.8.9-.3 1.6.3 2.2 1 .4.5.8.5 1.2.3.1-.5.3-1 .6-1.3-2.5-.4-4.2-1.8-4.2-4.9 0-1.2.4-2.2 1.1-3-.3-.9-.2-1.9.2-3 1.2.1 2.1.7 2.8 1.2a10 10 0 0 1 4.6 0c.7-.5 1.6-1.1 2.8-1.2.4 1.1.5 2.1.2 3 .7.8 1.1 1.8 1.1 3 0 3.1-1.7 4.5-4.2 4.9.5.5.8 1.1.8 2V22z"/>`
	case "linkedin":
		return `<rect x="1" y="1" width="22" height="22" rx="3" fill="#0A66C2"/><path fill="#fff" d="M4.5 9.3h3.2V19H4.5zM9.8 9.3h3v1.4c.5-.9 1.6-1.7 3.2-1.7 3 0 3.6 1.9 3.6 4.5V19h-3.2v-4.9c0-1.2-.2-2.4-1.6-2.4-1.5 0-1.8 1.1-1.8 2.3v5H9.8z"/><circle cx="6.1" cy="6.1" r="1.8" fill="#fff"/>`
	}
	return ""
}
