package models

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"portico/app/tenant"
)

// An exported log is NDJSON: a head, then each block followed by its entries as they were hashed, then the
// entries that no block covers yet, then an end, so that a cut file is noticed. CheckAuditFile verifies it
// without any database.

const auditFormat = "portico audit log, version 1"

type auditFileLine struct {
	Format   string          `json:"format,omitempty"`
	Tenant   *auditFileOf    `json:"tenant,omitempty"`
	Block    *auditFileBlock `json:"block,omitempty"`
	Entry    json.RawMessage `json:"entry,omitempty"`    // of the block before it
	Unsealed json.RawMessage `json:"unsealed,omitempty"` // of no block yet
	End      *auditFileEnd   `json:"end,omitempty"`
}

type auditFileOf struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type auditFileBlock struct {
	Number    int64     `json:"number"`
	Previous  string    `json:"previous"`
	Content   string    `json:"content"`
	Hash      string    `json:"hash"`
	Rows      int       `json:"rows"`
	FirstAt   time.Time `json:"firstAt"`
	LastAt    time.Time `json:"lastAt"`
	CreatedAt time.Time `json:"createdAt"`
	Purged    bool      `json:"purged,omitempty"`
}

type auditFileEnd struct {
	Blocks   int `json:"blocks"`
	Entries  int `json:"entries"`
	Unsealed int `json:"unsealed"`
}

func (b AuditBlockRow) exported() *auditFileBlock {
	return &auditFileBlock{b.Number, b.Previous, b.Content, b.Hash, b.Rows, b.FirstAt.UTC(), b.LastAt.UTC(), b.CreatedAt.UTC(), b.Purged}
}

func (b auditFileBlock) row(tenantID string) AuditBlockRow {
	return AuditBlockRow{TenantID: tenantID, Number: b.Number, Previous: b.Previous, Content: b.Content, Hash: b.Hash, Rows: b.Rows,
		FirstAt: b.FirstAt, LastAt: b.LastAt, CreatedAt: b.CreatedAt, Purged: b.Purged}
}

// ExportAudits writes the blocks that touch a span, whole, with their entries; a zero end means everything,
// what is not sealed yet included. It holds one block in memory.
func (t *Tenant) ExportAudits(ctx context.Context, from, to time.Time, w io.Writer) (entries int, err error) {
	self, err := t.Get(ctx)
	if err != nil {
		return 0, err
	}
	buffered := bufio.NewWriterSize(w, 64<<10)
	out := json.NewEncoder(buffered)
	end := auditFileEnd{}
	if err := out.Encode(auditFileLine{Format: auditFormat, Tenant: &auditFileOf{self.ID, self.Slug, self.Name}}); err != nil {
		return 0, err
	}
	err = t.EachAuditBlock(ctx, from, to, func(b AuditBlockRow) error {
		var rows []AuditRow
		if err := t.q(ctx).Where("block = ?", b.ID).Order("created_at, id").Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 { // they may have been purged since the block was read
			if err := t.q(ctx).Where("id = ?", b.ID).Take(&b).Error; err != nil {
				return found(err)
			}
		}
		end.Blocks++
		if err := out.Encode(auditFileLine{Block: b.exported()}); err != nil {
			return err
		}
		for _, r := range rows {
			line, err := auditLine(r)
			if err != nil {
				return err
			}
			end.Entries++
			if err := out.Encode(auditFileLine{Entry: line}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if to.IsZero() {
		rows, err := t.q(ctx).Model(&AuditRow{}).Where("block = ''").Order("created_at, id").Rows()
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			var r AuditRow
			if err := t.r(ctx).ScanRows(rows, &r); err != nil {
				return 0, err
			}
			line, err := auditLine(r)
			if err != nil {
				return 0, err
			}
			end.Unsealed++
			if err := out.Encode(auditFileLine{Unsealed: line}); err != nil {
				return 0, err
			}
		}
		if err := rows.Err(); err != nil {
			return 0, err
		}
	}
	err = errors.Join(out.Encode(auditFileLine{End: &end}), buffered.Flush())
	return end.Entries + end.Unsealed, err
}

// maxAuditLine is the longest line that a file may have: an entry whose values are as long as they may be.
const maxAuditLine = 32 << 20

// linesHash is auditContent of rows that are written already.
func linesHash(lines [][]byte) string {
	h := sha256.New()
	for _, l := range lines {
		h.Write(append(l[:len(l):len(l)], '\n'))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// CheckAuditFile verifies an exported log without a database: each block against its entries as they stand in
// the file, and each link of the chain. A file may begin in the middle of a chain; anchors, where there are
// any, say whether it is the right one.
func CheckAuditFile(r io.Reader, anchorsOf func(tenant.Tenant) map[int64]string) (tenant.Tenant, AuditFinding, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var f AuditFinding
	var of tenant.Tenant
	var anchors map[int64]string
	var before, open *AuditBlockRow
	var lines [][]byte
	var end *auditFileEnd
	problem := func(b *AuditBlockRow, format string, args ...any) {
		if f.Problem == nil {
			f.Problem = &AuditProblem{Text: fmt.Sprintf(format, args...)}
			if b != nil {
				f.Problem.Block, f.Problem.At = b.Number, b.LastAt
			}
		}
	}
	closeBlock := func() {
		if open == nil {
			return
		}
		b := *open
		check := lines
		if check == nil && !b.Purged {
			check = [][]byte{}
		}
		if b.Purged && len(lines) > 0 {
			problem(&b, "it is marked as purged, and %d entries stand in it", len(lines))
		} else if wrong := b.matches(check); wrong != "" {
			problem(&b, "%s", wrong)
		}
		if b.Purged {
			f.Purged++
		}
		before, open, lines, f.LastHash = &b, nil, nil, b.Hash
	}
	for number := 1; f.Problem == nil; number++ {
		text, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return of, f, fmt.Errorf("line %d: %w", number, err)
		}
		var line auditFileLine
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&line); err != nil {
			problem(open, "line %d cannot be read: %v", number, err)
			break
		}
		switch {
		case number == 1:
			if line.Format != auditFormat || line.Tenant == nil {
				return of, f, fmt.Errorf("this is no exported audit log: its first line does not say %q", auditFormat)
			}
			of = tenant.Tenant{ID: line.Tenant.ID, Slug: line.Tenant.Slug, Name: line.Tenant.Name}
			if anchorsOf != nil {
				anchors = anchorsOf(of)
			}
		case end != nil:
			problem(nil, "line %d follows the end of the log", number)
		case line.Block != nil:
			closeBlock()
			b := line.Block.row(of.ID)
			f.Blocks++
			if before != nil && (b.Number != before.Number+1 || b.Previous != before.Hash) {
				problem(&b, "it does not follow block %d", before.Number)
			}
			if want, ok := anchors[b.Number]; ok {
				if f.Anchored++; want != b.Hash {
					problem(&b, "its hash is %s, and the anchor says %s: the chain was rewritten", b.Hash, want)
				}
			}
			open = &b
		case line.Entry != nil && open != nil:
			if lines = append(lines, line.Entry); len(lines) > auditBlockMost {
				problem(open, "it has more entries than a block can have")
			}
			f.Rows++
		case line.Unsealed != nil:
			closeBlock()
			f.Unsealed++
		case line.End != nil:
			closeBlock()
			end = line.End
		default:
			problem(open, "line %d is neither a block nor an entry", number)
		}
	}
	if f.Problem == nil && end == nil {
		problem(before, "the file ends before the log does: something is cut off")
	}
	if f.Problem == nil && (end.Blocks != f.Blocks || end.Entries != f.Rows || end.Unsealed != f.Unsealed) {
		problem(nil, "the end names %d blocks and %d entries, and the file has %d and %d", end.Blocks, end.Entries+end.Unsealed, f.Blocks, f.Rows+f.Unsealed)
	}
	return of, f, nil
}

// readLine reads one line of a bounded length, without its end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, more, err := in.ReadLine()
		if err != nil {
			return nil, err
		}
		if out = append(out, part...); len(out) > maxAuditLine {
			return nil, errors.New("the line is too long")
		}
		if !more {
			return out, nil
		}
	}
}
