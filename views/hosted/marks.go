package hosted

// marks.go: small signs of the well-known providers, drawn here, in the shapes and colours that their guidelines for
// sign-in buttons ask for. One that has a single colour takes that of the text, so that it is seen on dark pages too.

// markOf is a provider's sign as the inside of a 24 × 24 drawing; "" = it has none, and its initial stands there.
func markOf(kind string) string {
	switch kind {
	case "google":
		return `<g fill="none" stroke-width="4"><path stroke="#EA4335" d="M5.07 8a8 8 0 0 1 12.59-1.66"/><path stroke="#FBBC05" d="M5.07 16a8 8 0 0 1 0-8"/><path stroke="#34A853" d="M17.4 17.9A8 8 0 0 1 5.07 16"/><path stroke="#4285F4" d="M12 12h8a8 8 0 0 1-2.6 5.9"/></g>`
	case "facebook":
		return `<circle cx="12" cy="12" r="11" fill="#1877F2"/><path fill="#fff" d="M10.4 23v-8.200H7.700v-3.200h2.700V9.300c0-2.700 1.600-4.200 4-4.200.9 0 1.700.1 2.100.2v2.800h-1.500c-1.200 0-1.500.700-1.500 1.600v1.900h2.900l-.5 3.200h-2.400V23z"/>`
	case "apple":
		return `<path fill="currentColor" d="M12 8c1.200 0 2-1 3.800-1 1.500 0 2.700.7 3.500 1.900-2.900 1.800-2.400 5.600.5 6.800-.9 2.700-2.500 5.300-4.300 5.300-1.300 0-1.800-.8-3.400-.8s-2.200.8-3.400.8C6.200 21 4 16.300 4 12.700 4 9.200 6.200 7 8.600 7c1.500 0 2.400 1 3.400 1zM12.200 6.200c-.1-2 1.500-3.700 3.400-3.900.2 2-1.500 3.900-3.400 3.900z"/>`
	case "microsoft":
		return `<path fill="#F25022" d="M2 2h9.500v9.500H2z"/><path fill="#7FBA00" d="M12.500 2H22v9.500h-9.500z"/><path fill="#00A4EF" d="M2 12.500h9.500V22H2z"/><path fill="#FFB900" d="M12.500 12.500H22V22h-9.500z"/>`
	case "github":
		return `<path fill="currentColor" fill-rule="evenodd" d="M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22zM9 22v-3c-2.200.4-2.800-.8-3.200-1.800.9-.3 1.600.3 2.200 1 .4.500.8.500 1.200.300.1-.500.300-1 .600-1.300-2.500-.400-4.200-1.800-4.200-4.900 0-1.200.4-2.200 1.100-3-.300-.900-.2-1.900.2-3 1.200.1 2.100.700 2.800 1.200a10 10 0 0 1 4.600 0c.7-.5 1.600-1.100 2.800-1.200.4 1.100.5 2.100.2 3 .7.800 1.100 1.800 1.100 3 0 3.100-1.700 4.500-4.200 4.900.5.500.8 1.100.8 2V22z"/>`
	case "linkedin":
		return `<rect x="1" y="1" width="22" height="22" rx="3" fill="#0A66C2"/><path fill="#fff" d="M4.500 9.300h3.200V19H4.500zM9.800 9.300h3v1.400c.5-.9 1.600-1.700 3.200-1.700 3 0 3.600 1.900 3.600 4.500V19h-3.200v-4.900c0-1.200-.2-2.400-1.600-2.400-1.500 0-1.800 1.100-1.800 2.300v5H9.800z"/><circle cx="6.100" cy="6.100" r="1.800" fill="#fff"/>`
	}
	return ""
}
