package extraction

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// entry is a resource of the server by the keys of its id and of the person that it refers to.
type entry struct {
	id          string
	key, person uint64
}

// pageSize of searches over what the server has.
const pageSize = 500

// each walks all matches of a search, page by page.
func (r *run) each(ctx context.Context, query string, yield func(entry)) error {
	next := query + fmt.Sprintf("&_count=%d", pageSize)
	for next != "" {
		status, answer, err := request(ctx, r.o.Server, http.MethodGet, next, nil)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("looking at what an earlier extraction made: the server answered %d: %s", status, firstIssue(answer))
		}
		var page struct {
			Link []struct {
				Relation string `json:"relation"`
				URL      string `json:"url"`
			} `json:"link"`
			Entry []struct {
				Resource struct {
					ID           string `json:"id"`
					Practitioner struct {
						Reference string `json:"reference"`
					} `json:"practitioner"`
				} `json:"resource"`
			} `json:"entry"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return err
		}
		for i := range page.Entry {
			e := entry{id: page.Entry[i].Resource.ID}
			key, ok := keyOf(e.id)
			if !ok {
				continue // not made by an import
			}
			e.key = key
			e.person, _ = keyOf(strings.TrimPrefix(page.Entry[i].Resource.Practitioner.Reference, "Practitioner/"))
			yield(e)
		}
		next = ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				next = underBase(l.URL)
			}
		}
	}
	return nil
}

// underBase cuts the base off a link that the server made: what follows the last slash of its path.
func underBase(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	path := u.Path[strings.LastIndexByte(u.Path, '/')+1:]
	return path + "?" + u.RawQuery
}

// TruncatedError says that an extraction lacks so much of what an earlier one had that it is taken for a part of a file. What it has was written; nothing was closed.
type TruncatedError struct {
	Type        string
	Missing, Of int
}

// Error is a sentence for the operator.
func (e *TruncatedError) Error() string {
	return fmt.Sprintf("the extraction lacks %d of %d active %s entries of the earlier one: is the file whole? Nothing was closed", e.Missing, e.Of, e.Type)
}

// edit is a JSON Patch.
type edit string

const inactive edit = `[{"op":"replace","path":"/active","value":false}]`

// ended closes an activity at a day.
func ended(day string) edit {
	return edit(`[{"op":"replace","path":"/active","value":false},{"op":"add","path":"/period","value":{"end":"` + day + `"}}]`)
}

// close edits the active resources of a source that are gone from it.
func (r *run) close(ctx context.Context, typ, source string, gone func(entry) bool, change edit) error {
	var ids []string
	seen := 0
	elements := "id"
	if typ == "PractitionerRole" {
		elements = "practitioner"
	}
	active := "active=true"
	if typ == "Location" {
		active = "status=active"
	}
	err := r.each(ctx, typ+"?_source="+source+"&"+active+"&_elements="+elements, func(e entry) {
		seen++
		if gone(e) {
			ids = append(ids, e.id)
		}
	})
	if err != nil {
		return err
	}
	if much := r.o.MuchClosed; !r.o.CloseAny && len(ids) > much && len(ids) > seen/10 {
		return &TruncatedError{Type: typ, Missing: len(ids), Of: seen}
	}
	for _, id := range ids {
		status, answer, err := r.o.Server.Do(ctx, http.MethodPatch, typ+"/"+id, "application/json-patch+json", []byte(change))
		if err != nil {
			return err
		}
		if status != http.StatusOK && status != http.StatusGone && status != http.StatusNotFound {
			return fmt.Errorf("closing what the extraction does not hold any more: the server answered %d: %s", status, firstIssue(answer))
		}
		r.report.Closed++
	}
	return nil
}
