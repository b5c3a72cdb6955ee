package extension

import "portico/app/outbound"

// SignatureHeader carries the signature of a body, where the extension signs (outbound.Signature).
const SignatureHeader = outbound.SignatureHeader
