package extraction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/go-json-experiment/json"
)

// checkpoint is how far the import of one kind of extraction got. The server keeps it as a Basic resource.
type checkpoint struct {
	kind string // "annuaire" or "finess"
	// file tells extractions apart: their size and a digest of their beginning and end.
	file     string
	at       position
	complete bool
	// earlier says that an extraction was read to its end before this one.
	earlier bool
}

const (
	extCheckpoint  = "https://carnet-fhir.github.io/StructureDefinition/import-checkpoint"
	codeCheckpoint = "https://carnet-fhir.github.io/CodeSystem/basic"
)

func checkpointID(kind string) string { return "import-" + kind }

func (c *checkpoint) json() []byte {
	w := &writer{}
	w.begin("Basic", checkpointID(c.kind), "", "")
	w.open("extension", '[')
	w.open("", '{')
	w.open("extension", '[')
	for _, part := range [...][2]string{{"file", c.file}, {"offset", strconv.FormatInt(c.at.Offset, 10)}, {"line", strconv.Itoa(c.at.Line)},
		{"state", map[bool]string{true: "complete", false: "running"}[c.complete]}, {"earlier", strconv.FormatBool(c.earlier)}} {
		w.open("", '{')
		w.text("url", part[0])
		w.text("valueString", part[1])
		w.close('}')
	}
	w.close(']')
	w.text("url", extCheckpoint)
	w.close('}')
	w.close(']')
	w.open("code", '{')
	w.open("coding", '[')
	w.open("", '{')
	w.text("system", codeCheckpoint)
	w.text("code", "directory-import")
	w.close('}')
	w.close(']')
	w.text("text", "Import of a directory extraction: how far it got")
	w.close('}')
	return w.end()
}

func (c *checkpoint) save(ctx context.Context, server Server) error {
	status, answer, err := request(ctx, server, http.MethodPut, "Basic/"+checkpointID(c.kind), c.json())
	if err == nil && status != http.StatusOK && status != http.StatusCreated {
		err = fmt.Errorf("the checkpoint was refused with %d: %s", status, firstIssue(answer))
	}
	return err
}

// load reads the checkpoint of a kind; a new one when there is none.
func load(ctx context.Context, server Server, kind string) (*checkpoint, error) {
	c := &checkpoint{kind: kind}
	status, answer, err := request(ctx, server, http.MethodGet, "Basic/"+checkpointID(kind), nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound || status == http.StatusGone:
		return c, nil
	case status != http.StatusOK:
		return nil, fmt.Errorf("reading the checkpoint of an earlier import: the server answered %d: %s", status, firstIssue(answer))
	}
	var basic struct {
		Extension []struct {
			URL       string `json:"url"`
			Extension []struct {
				URL         string `json:"url"`
				ValueString string `json:"valueString"`
			} `json:"extension"`
		} `json:"extension"`
	}
	if err := json.Unmarshal(answer, &basic); err != nil {
		return nil, err
	}
	for _, e := range basic.Extension {
		if e.URL != extCheckpoint {
			continue
		}
		for _, part := range e.Extension {
			if err := c.set(part.URL, part.ValueString); err != nil {
				return nil, fmt.Errorf("the checkpoint Basic/%s cannot be read (%s); delete it to begin anew", checkpointID(kind), part.URL)
			}
		}
	}
	return c, nil
}

func (c *checkpoint) set(name, value string) (err error) {
	switch name {
	case "file":
		c.file = value
	case "offset":
		c.at.Offset, err = strconv.ParseInt(value, 10, 64)
	case "line":
		c.at.Line, err = strconv.Atoi(value)
	case "state":
		c.complete = value == "complete"
	case "earlier":
		c.earlier, err = strconv.ParseBool(value)
	}
	return err
}

// resume prepares for a file: it says from where to go on, which is the beginning unless this file was left in the middle.
func (c *checkpoint) resume(file string) position {
	if c.file == file && !c.complete {
		return c.at
	}
	c.earlier = c.earlier || c.complete
	c.file, c.at, c.complete = file, position{}, false
	return position{}
}

// fingerprint tells a file by its size and the digest of its first and last 64 KB: enough to know an extraction again, without reading all of it.
func fingerprint(f *os.File) (string, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, errors.New("an extraction is read from a file, so that its import can be resumed")
	}
	h := sha256.New()
	const part = 64 << 10
	for _, at := range [...]int64{0, max(0, info.Size()-part)} {
		if _, err := io.Copy(h, io.NewSectionReader(f, at, part)); err != nil {
			return "", 0, err
		}
	}
	return strconv.FormatInt(info.Size(), 10) + "-" + hex.EncodeToString(h.Sum(nil)[:12]), info.Size(), nil
}
