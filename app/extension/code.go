package extension

import "fmt"

// Code is a failure of a call by the vendor's number (R 8.9.3).
type Code int

const (
	HandlerUnexpected    Code = 1003000
	Unexpected           Code = 1003001
	InvalidStatus        Code = 1003002
	InvalidBody          Code = 1003003
	Throttled            Code = 1003004
	TimedOut             Code = 1003005
	InvalidContentType   Code = 1003006
	NullClaims           Code = 1003007
	InvalidSchema        Code = 1003008
	EmptyResponse        Code = 1003009
	InvalidActionCount   Code = 1003010
	NotFound             Code = 1003011
	InvalidActionType    Code = 1003012
	BadResourceID        Code = 1003014
	DomainMismatch       Code = 1003015
	ResourceNotFound     Code = 1003016
	ClientNotFound       Code = 1003017
	ClientDisabled       Code = 1003018
	ResourceDisabled     Code = 1003019
	BadTargetURL         Code = 1003020
	PermissionNotGranted Code = 1003021
	GraphDisabled        Code = 1003022
	Blocked              Code = 1003023 // the circuit is open: it failed too often a moment ago
	ResponseTooLarge     Code = 1003024
	ClaimsTooLarge       Code = 1003025
	EmptyClaimName       Code = 1003026
	ConnectionError      Code = 1003027
)

// Name is the vendor's word for the code; "" where there is none.
func (c Code) Name() string {
	switch c {
	case HandlerUnexpected:
		return "EventHandlerUnexpectedError"
	case Unexpected:
		return "CustomExtensionUnexpectedError"
	case InvalidStatus:
		return "CustomExtensionInvalidHTTPStatus"
	case InvalidBody:
		return "CustomExtensionInvalidResponseBody"
	case Throttled:
		return "CustomExtensionThrottlingError"
	case TimedOut:
		return "CustomExtensionTimedOut"
	case InvalidContentType:
		return "CustomExtensionInvalidResponseContentType"
	case NullClaims:
		return "CustomExtensionNullClaimsResponse"
	case InvalidSchema:
		return "CustomExtensionInvalidResponseApiSchemaVersion"
	case EmptyResponse:
		return "CustomExtensionEmptyResponse"
	case InvalidActionCount:
		return "CustomExtensionInvalidNumberOfActions"
	case NotFound:
		return "CustomExtensionNotFound"
	case InvalidActionType:
		return "CustomExtensionInvalidActionType"
	case BadResourceID:
		return "CustomExtensionIncorrectResourceIdFormat"
	case DomainMismatch:
		return "CustomExtensionDomainNameDoesNotMatch"
	case ResourceNotFound:
		return "CustomExtensionResourceServicePrincipalNotFound"
	case ClientNotFound:
		return "CustomExtensionClientServicePrincipalNotFound"
	case ClientDisabled:
		return "CustomExtensionClientServiceDisabled"
	case ResourceDisabled:
		return "CustomExtensionResourceServicePrincipalDisabled"
	case BadTargetURL:
		return "CustomExtensionIncorrectTargetUrlFormat"
	case PermissionNotGranted:
		return "CustomExtensionPermissionNotGrantedToServicePrincipal"
	case GraphDisabled:
		return "CustomExtensionMsGraphServicePrincipalDisabledOrNotFound"
	case Blocked:
		return "CustomExtensionBlocked"
	case ResponseTooLarge:
		return "CustomExtensionResponseSizeExceeded"
	case ClaimsTooLarge:
		return "CustomExtensionResponseClaimsSizeExceeded"
	case EmptyClaimName:
		return "CustomExtensionNullOrEmptyClaimKeyNotSupported"
	case ConnectionError:
		return "CustomExtensionConnectionError"
	}
	return ""
}

// Failure is why a call gave no answer that counts. Detail is for admins; it never holds a secret.
type Failure struct {
	Code   Code
	Detail string
}

func (f *Failure) Error() string { return fmt.Sprintf("%d %s: %s", f.Code, f.Code.Name(), f.Detail) }

func fail(c Code, format string, args ...any) *Failure {
	return &Failure{c, fmt.Sprintf(format, args...)}
}
