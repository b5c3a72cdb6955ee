package export

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Files writes NDJSON below one folder of the operator's: <tenant id>/<export id>/<day>[-n].ndjson. All names are
// made here, from ids and the date; the folder is held open as a root, so no name and no symbolic link leads out.
type Files struct {
	root  *os.Root
	now   func() time.Time
	max   int64 // of one file
	write func(*os.File, []byte) (int, error)
}

const maxFile = 100 << 20

// OpenFiles holds the operator's folder open; it is made if need be.
func OpenFiles(dir string, now func() time.Time) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Files{root: root, now: now, max: maxFile, write: (*os.File).Write}, nil
}

// Close lets go of the folder.
func (f *Files) Close() error { return f.root.Close() }

// Append writes records to the file of the day, and returns when the disk has them. What a crash left half-written
// is cut off first: those records were not counted as delivered and come again.
func (f *Files) Append(tenantID, exportID string, records []Record) error {
	if !nameable(tenantID) || !nameable(exportID) {
		return errors.New("the ids make no file name")
	}
	folder, err := f.folder(tenantID, exportID)
	if err != nil {
		return err
	}
	defer folder.Close()
	file, err := f.open(folder, f.now().UTC().Format("2006-01-02"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, r := range records {
		b.Write(r.Body)
		b.WriteByte('\n')
	}
	return errors.Join(f.put(file, b.Bytes()), file.Close())
}

// put writes at the end of a file. When the disk is full, or writing fails otherwise, the file is as before: a reader
// that follows it must meet no half lines, and none twice that went well.
func (f *Files) put(file *os.File, data []byte) error {
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err = f.write(file, data); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return errors.Join(err, file.Truncate(at))
	}
	return nil
}

func (f *Files) folder(names ...string) (*os.Root, error) {
	at := f.root
	for i, name := range names {
		if err := at.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if err := realFolder(at, name); err != nil {
			return nil, err
		}
		next, err := at.OpenRoot(name)
		if i > 0 {
			err = errors.Join(err, at.Close())
		}
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// realFolder refuses a link in the place of a folder, even one that stays inside: it would mix tenants.
func realFolder(at *os.Root, name string) error {
	info, err := at.Lstat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", name)
	}
	return nil
}

// mostFiles bounds the files of a day.
const mostFiles = 10_000

func (f *Files) open(folder *os.Root, day string) (*os.File, error) {
	for n := 1; n < mostFiles; n++ {
		name := day + ".ndjson"
		if n > 1 {
			name = day + "-" + strconv.Itoa(n) + ".ndjson"
		}
		info, err := folder.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is not a file", name)
		case info.Size() >= f.max:
			continue
		}
		file, err := folder.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lock(file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if err := toLastLine(file); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file, nil
	}
	return nil, errors.New("there are too many files of one day")
}

// toLastLine cuts off what follows the last line break and stands behind it.
func toLastLine(file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	const step = 64 << 10
	buf := make([]byte, step)
	for end := size; end > 0; {
		from := max(end-step, 0)
		part := buf[:end-from]
		if _, err := file.ReadAt(part, from); err != nil {
			return err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return cutAt(file, from+int64(i)+1, size)
		}
		end = from
	}
	return cutAt(file, 0, size)
}

func cutAt(file *os.File, at, size int64) error {
	if at < size {
		if err := file.Truncate(at); err != nil {
			return err
		}
	}
	_, err := file.Seek(at, io.SeekStart)
	return err
}

// nameable allows what ids are made of.
func nameable(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-'
	})
}
