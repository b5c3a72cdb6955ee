package account

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"portico/app/fault"
)

// What people write around the digits of a number, and the zero in brackets that is dialled inside the
// country only: +49 (0)30 is +49 30.
var phoneNoise = regexp.MustCompile(`\(0\)|[\s().\-/\x{A0}\x{2010}-\x{2015}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]`)

// CanonicalPhone gives a number in E.164, "+" and up to fifteen digits, from whatever grouping. It refuses
// what cannot be a number that people have: no country code, a code that the ITU has given to no country or
// to services (freephone, premium rate, satellite), too few or too many digits. That somebody has the number
// only a code that is sent there can show.
func CanonicalPhone(s string) (string, error) {
	bad := func(key string) error { return fault.BadField("phone", key, nil) }
	s = phoneNoise.ReplaceAllString(strings.Map(westernDigit, strings.TrimSpace(s)), "")
	if s == "" {
		return "", bad("field.phone.required")
	}
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	digits, ok := strings.CutPrefix(s, "+")
	if !ok {
		return "", bad("field.phone.country")
	}
	if len(digits) < 7 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return "", bad("field.phone.invalid")
	}
	code := CallingCode(s)
	if code == "" {
		return "", bad("field.phone.country")
	}
	// Plans of one length, which a digit too many or too few does not fit: North America and Russia.
	if (code == "1" || code == "7") && len(digits) != 11 || code == "1" && (digits[1] < '2' || digits[4] < '2') {
		return "", bad("field.phone.invalid")
	}
	return s, nil
}

// westernDigit reads the digits of any script; a wide plus sign counts as one.
func westernDigit(r rune) rune {
	switch {
	case r == '＋':
		return '+'
	case r > unicode.MaxASCII && unicode.Is(unicode.Nd, r):
		n := rune(0)
		for n < 9 && unicode.Is(unicode.Nd, r-n-1) {
			n++
		}
		return '0' + n
	}
	return r
}

// CallingCode is the country calling code that a number in E.164 begins with (ITU-T E.164, list of assigned
// codes), "" when it is nobody's or a service's. Rules by country hang on it.
func CallingCode(number string) string {
	digits := strings.TrimPrefix(number, "+")
	for n := 1; n <= 3 && n <= len(digits); n++ {
		if slices.Contains(callingCodes(), digits[:n]) {
			return digits[:n]
		}
	}
	return ""
}

// callingCodes are the codes of countries and territories; no code begins with another.
func callingCodes() []string {
	return strings.Fields(`1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
		90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243
		244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353
		354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507
		508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 850
		852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 992 993 994 995 996 998`)
}

// MaskPhone shows enough of a number for its owner to recognise it: the country and the last two digits.
func MaskPhone(s string) string {
	if len(s) < 7 {
		return "***"
	}
	return "+" + CallingCode(s) + " ***** " + s[len(s)-2:]
}
