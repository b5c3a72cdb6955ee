package seed

// How the generated records name outcomes: the codes and message keys that the sign-in machine writes.
const (
	codeWrongPassword   = 50126
	codeWrongCode       = 50181
	codeAbandoned       = 50140
	codeSecondDue       = 50076
	codeSecondDenied    = 500121
	reasonWrongPassword = "signin.wrong"
	reasonWrongCode     = "field.code.wrong"
	keyAbandoned        = "signin.abandoned"
)
