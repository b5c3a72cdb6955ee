package extension

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"portico/app/fault"
)

const (
	maxName        = 256
	maxDescription = 1024
	maxURL         = 2048
	maxClaimsTold  = 50
)

// Check says what an admin must mend in an extension. reach refuses URLs that could never be called from here.
func (e *Extension) Check(reach func(*url.URL) error) fault.Fields {
	var bad fault.Fields
	if n := utf8.RuneCountInString(strings.TrimSpace(e.Name)); n == 0 || n > maxName {
		bad.Add("displayName", "extension.name", map[string]any{"max": maxName})
	}
	if utf8.RuneCountInString(e.Description) > maxDescription {
		bad.Add("description", "extension.description", map[string]any{"max": maxDescription})
	}
	if !e.Event.Known() {
		bad.Add("event", "extension.event", nil)
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Hostname() == "" || len(e.URL) > maxURL || u.Fragment != "":
		bad.Add("targetUrl", "extension.url", nil)
	case reach(u) != nil:
		bad.Add("targetUrl", "extension.url.refused", nil)
	default:
		if f := CheckResource(e.Resource, u.Hostname()); f != nil && f.Code == DomainMismatch {
			bad.Add("resourceId", "extension.resource.domain", map[string]any{"domain": u.Hostname()})
		} else if f != nil {
			bad.Add("resourceId", "extension.resource", map[string]any{"domain": u.Hostname()})
		}
	}
	bad = append(bad, checkPatience(e.Timeout, e.Retries)...)
	if e.OnError != "" && (e.OnError != Fallback || !slices.Contains(e.Event.Failures(), e.OnError)) {
		bad.Add("behaviorOnError", "listener.failure", nil)
	}
	if len(e.Claims) > maxClaimsTold || slices.ContainsFunc(e.Claims, func(c string) bool { return c == "" || len(c) > 100 }) {
		bad.Add("claims", "extension.claims", map[string]any{"max": maxClaimsTold})
	}
	return bad
}

// checkPatience holds a timeout (0 = the usual one) and a number of retries against what is allowed.
func checkPatience(timeout, retries int) fault.Fields {
	var bad fault.Fields
	if w := time.Duration(timeout) * time.Millisecond; timeout != 0 && (w < MinTimeout || w > MaxTimeout) {
		bad.Add("timeoutInMilliseconds", "extension.timeout", map[string]any{"min": MinTimeout.Milliseconds(), "max": MaxTimeout.Milliseconds()})
	}
	if retries < 0 || retries > MaxRetries {
		bad.Add("maximumRetries", "extension.retries", map[string]any{"max": MaxRetries})
	}
	return bad
}

// Check says what an admin must mend in a listener; e is the extension that it names, nil when there is none, and apps
// are the client ids that there are.
func (l *Listener) Check(e *Extension, apps, flows func(id string) bool) fault.Fields {
	var bad fault.Fields
	switch {
	case !l.Event.Known():
		bad.Add("event", "extension.event", nil)
		return bad
	case e == nil:
		bad.Add("extensionId", "listener.extension", nil)
	case e.Event != l.Event:
		bad.Add("extensionId", "listener.extension.event", map[string]any{"name": e.Name})
	}
	if utf8.RuneCountInString(l.Name) > maxName {
		bad.Add("displayName", "extension.name", map[string]any{"max": maxName})
	}
	if l.Priority < 0 || l.Priority > MaxPriority {
		bad.Add("priority", "listener.priority", map[string]any{"max": MaxPriority})
	}
	if l.AllApps && len(l.Apps) > 0 {
		bad.Add("applications", "listener.apps.both", nil)
	}
	if !l.AllApps && len(l.Apps) == 0 {
		bad.Add("applications", "listener.apps.none", nil)
	}
	if slices.ContainsFunc(l.Apps, func(id string) bool { return !apps(id) }) {
		bad.Add("applications", "listener.apps.unknown", nil)
	}
	if l.Flow != "" && (l.Event != AttributeCollectionStart && l.Event != AttributeCollectionSubmit || !flows(l.Flow)) {
		bad.Add("flowId", "listener.flow", nil)
	}
	retries := 0
	if l.Retries != nil {
		retries = *l.Retries
	}
	bad = append(bad, checkPatience(l.Timeout, retries)...)
	if l.OnFailure != "" && !slices.Contains(l.Event.Failures(), l.OnFailure) {
		bad.Add("onFailure", "listener.failure", nil)
	}
	return bad
}
