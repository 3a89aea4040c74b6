package ingest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
)

// Documents finds the files that names stand for: a file, a directory (every .xml and .cda file below it), or a pattern as of filepath.Match that the shell left
// alone. The order is that of the names, within a directory or pattern alphabetical. A name that stands for nothing is an error.
func Documents(names []string) ([]string, error) {
	var files []string
	for _, name := range names {
		found, err := expand(name)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// Split expands names as Documents does, and parts CDA documents from other files.
func Split(names []string) (documents, others []string, err error) {
	files, err := Documents(names)
	for _, f := range files {
		if IsDocument(f) {
			documents = append(documents, f)
		} else {
			others = append(others, f)
		}
	}
	return documents, others, err
}

func expand(name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		found, err := filepath.Glob(name)
		if err == nil && len(found) == 0 {
			err = &fs.PathError{Op: "glob", Path: name, Err: fs.ErrNotExist}
		}
		return found, err
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{name}, nil
	}
	var found []string
	err = filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && slices.Contains([]string{".xml", ".cda"}, strings.ToLower(filepath.Ext(path))) {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// IsDocument says whether a file is to be taken for a CDA document: its root is ClinicalDocument, a style sheet or a signature. Only the head is read.
func IsDocument(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 16<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	root := rootName(head[:n])
	return slices.Contains([]string{"ClinicalDocument", "stylesheet", "transform", "Signature"}, root)
}

// rootName finds the local name of the first element of a head of XML, whatever its encoding. It is a guess that decides who reads the file, no parse.
func rootName(head []byte) string {
	head = bytes.ReplaceAll(head, []byte{0}, nil) // UTF-16
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 || i+1 >= len(head) {
			return ""
		}
		head = head[i:]
		end := ">"
		switch {
		case bytes.HasPrefix(head, []byte("<!--")):
			end = "-->"
		case head[1] == '?' || head[1] == '!':
		default:
			name := head[1:]
			if i := bytes.IndexAny(name, " \t\r\n/>"); i >= 0 {
				name = name[:i]
			}
			if _, local, ok := bytes.Cut(name, []byte(":")); ok {
				name = local
			}
			return string(name)
		}
		i = bytes.Index(head, []byte(end))
		if i < 0 {
			return ""
		}
		head = head[i+len(end):]
	}
}

// JudgeFile judges one document of a file; the error is one of reading it.
func JudgeFile(name string, o judge.Options) (*judge.Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := cda.Read(f, o.Limits)
	var refused *cda.ParseError
	switch {
	case errors.As(err, &refused):
		return &judge.Verdict{Findings: []cda.Finding{refused.Finding}}, nil
	case err != nil:
		return nil, err
	}
	return judge.Judge(raw, o), nil
}

// InOrder calls work for each of n items on so many goroutines and gives the results to done in the order of the items, on the caller's goroutine. At most twice
// as many items are under way or wait, which bounds memory. The first error of done ends it.
func InOrder[T any](n, parallel int, work func(int) T, done func(T) error) error {
	queue := make(chan chan T, 2*parallel)
	slots := make(chan struct{}, parallel)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(queue)
		for i := range n {
			result := make(chan T, 1)
			select {
			case queue <- result:
			case <-stop:
				return
			}
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				result <- work(i)
			}()
		}
	}()
	for result := range queue {
		if err := done(<-result); err != nil {
			return err
		}
	}
	return nil
}
