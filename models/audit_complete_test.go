package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// unrecorded are the ways to write that leave no entry in the audit log, each with its reason. Everything else
// that writes does.
func unrecorded() map[string]string {
	const (
		attempt  = "a sign-in in progress: its end is a record of the sign-in log"
		protocol = "tokens and codes of one sign-in: the sign-in log has them, and what takes them back is recorded with its cause"
		counters = "a counter or a moment that says nothing about anybody's rights"
		queue    = "the program's own queue: what put something into it is recorded"
		own      = "the log itself"
		clean    = "forgets what has expired by itself"
		inside   = "a part of something larger: whoever calls it writes the entry in the same transaction"
		ended    = "people's own sign-outs are no change of rights; whoever ends another's session writes the entry beside it"
		handed   = "a link for one use: the account or the reset that it is for is recorded by its caller; that of the first start is printed before there is anybody to record"
		piece    = "a piece of a file, or one without pieces yet: the import is recorded when all of it is there, and what it changes when it runs"
		learnt   = "what is usual, counted from the sign-in log, which has each of them"
		memory   = "what it changes is a cache, or how the engine stores what it says"
	)
	out := map[string]string{}
	for reason, names := range map[string]string{
		attempt:  "AddCode BurnCodes SpendCode ClearTries PutSession TouchSession JoinSession RenewSession EndSessionsOf SpendInvitation PortalSession BeginPortalSession ClaimPortalSession EndPortalSession TakePending PutPending ParkAnswer TakeParked UseAssertion AnswerTrial TakeTrial TakeFlash SetFlash SaveDemoSession",
		protocol: "TakeOpenIDRequest AddOpenIDGrant RevokeOpenIDGrant RevokeOpenIDSession RevokeOpenIDUser ParkOpenIDRequest",
		counters: "AdvanceCredential UseStep UsePasskey UsedCredential MarkFirstRequest CameBy NoteClientMistake RehashPassword",
		queue:    "AcquireLease ReleaseLease DeliveredOutbox RetryOutbox PutMailbox EmptyMailbox TellExpiring TellTexts TellAtRisk TellWeek AskOwner EnqueueOutbox RunBulks RulesDue TellWebhooks",
		own:      "SealAudits KeepCall",
		clean:    "PurgeAttempts PurgeHandedOut PurgeLinks PurgeOpenID PurgeOutbox PurgePortalSessions PurgeSignIns PurgeEffects PurgeReplays PurgeDetections PruneRisk PurgeIncidents PurgeIndicators PurgeLeaked PurgeQuestions PurgeCalls PurgePictures PurgeStyleSheets PurgeActivity EndDemoSession EndDemoSessions ExpireWebhookDeliveries",
		inside:   "AnswerNo ConsumeCredential SpendCredential ConsumeLink EndPortalSessionsOf RenameCredential ReleaseDefinitionName Unlock WithdrawConsent SignOutUser",
		ended:    "EndSession SignOutApps",
		handed:   "CreateLink",
		piece:    "BeginImport AddImportChunk",
		learnt:   "ObserveSignIn LearnSignIns ImportRiskPeople",
		memory:   "Directory LatestDirectory ManagedDirectory TenantAt CountSeals Migrated Maintain Reseal KeepPublished KeepStyleSheet GiveBack",
	} {
		for _, name := range strings.Fields(names) {
			out[name] = reason
		}
	}
	return out
}

// calls of gorm that write, and of ours that record.
func writes() []string {
	return []string{"Create", "CreateInBatches", "Save", "Update", "Updates", "UpdateColumn", "UpdateColumns", "Delete", "Exec"}
}

func records() []string {
	return []string{"audited", "configure", "mutate", "auditedWatch", "configureWatch", "govern", "inOrder", "writeAudit", "WriteAudit", "writeAuditOf"}
}

// TestEveryWriteIsRecorded reads the package: an exported method that writes, itself or through others, also
// records, or says above why not.
func TestEveryWriteIsRecorded(t *testing.T) {
	packages, err := parser.ParseDir(token.NewFileSet(), ".", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	type method struct {
		calls            map[string]bool
		writes, records  bool
		exported, stores bool
	}
	all := map[string]*method{}
	for _, f := range packages["models"].Files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			m := all[fn.Name.Name]
			if m == nil {
				m = &method{calls: map[string]bool{}}
				all[fn.Name.Name] = m
			}
			of := receiver(fn)
			m.exported = m.exported || fn.Name.IsExported() && of != ""
			m.stores = m.stores || of == "Tenant" || of == "Store" || of == "signInStore" || of == "Importer"
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch f := call.Fun.(type) {
				case *ast.Ident:
					m.calls[f.Name] = true
				case *ast.SelectorExpr:
					switch name := f.Sel.Name; {
					case slices.Contains(records(), name):
						m.records = true
					case slices.Contains(writes(), name):
						m.writes = true
					case ours(f.X):
						m.calls[name] = true
					}
				}
				return true
			})
		}
	}
	for changed := true; changed; {
		changed = false
		for _, m := range all {
			for name := range m.calls {
				if c := all[name]; c != nil {
					if c.writes && !m.writes {
						m.writes, changed = true, true
					}
					if c.records && !m.records {
						m.records, changed = true, true
					}
				}
			}
		}
	}
	exempt := unrecorded()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		silent := m.exported && m.stores && m.writes && !m.records
		if _, listed := exempt[name]; silent && !listed {
			t.Errorf("%s writes and records nothing: record it, or say why not in unrecorded()", name)
		} else if listed && !silent {
			t.Errorf("%s is listed as unrecorded, and either records or does not write", name)
		}
	}
	for name := range exempt {
		if all[name] == nil {
			t.Errorf("%s is listed as unrecorded, and there is no such method", name)
		}
	}
}

// ours reports whether a call is of a method of ours: on a handle, or on one of another tenant; what hangs on a
// query is gorm's.
func ours(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Obj != nil // rand.Read is nobody's Read here: what a package is called is not resolved
	case *ast.ParenExpr: // (signInStore{t}).AddCredential
		return true
	case *ast.SelectorExpr:
		return x.Sel.Name != "seal" // the keyring's Open is not the store's
	case *ast.CallExpr:
		f, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (f.Sel.Name == "In" || f.Sel.Name == "Tenant")
	}
	return false
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	switch r := fn.Recv.List[0].Type.(type) {
	case *ast.Ident:
		return r.Name
	case *ast.StarExpr:
		if id, ok := r.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}
