package habilitation

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Tables are the two tables that must both say yes.
type Tables struct {
	// Columns are the names of matrix A's columns, in order.
	Columns []string
	// Types are the document types of matrix A, in order.
	Types []Type
	// Rights are the cells of matrix B by row and column: "oui", "non", "oui(6)".
	Rights []Right
	// ActorModes are the names of matrix B's columns, in order ("medecin_non_MT/normal").
	ActorModes []string
}

// Type is one row of matrix A.
type Type struct {
	Class, Code, System string
	Reads               map[string]bool // by column
}

// Right is one row of matrix B.
type Right struct {
	Transaction, Action string
	Cells               map[string]string // by column
}

// ReadTables reads matrix A (a line for each type; the columns "class" and "type" or their longer names, then one for each profession: Y or N, oui or non, with marks behind) and matrix B (transaction,
// action, then a column for each actor and mode). Lines that begin with # are comments.
func ReadTables(a, b io.Reader) (*Tables, error) {
	head, rows, err := table(a)
	if err != nil {
		return nil, err
	}
	from := slices.Index(head, "MED")
	if from < 0 {
		return nil, errors.New("matrix A has no column MED")
	}
	at := func(row []string, names ...string) string {
		for _, name := range names {
			if i := slices.Index(head, name); i >= 0 {
				return row[i]
			}
		}
		return ""
	}
	t := &Tables{Columns: head[from:]}
	for _, row := range rows {
		typ := Type{Class: at(row, "class_code", "class"), Code: at(row, "type_code", "type"), System: at(row, "code_system", "system"), Reads: map[string]bool{}}
		for i, cell := range row[from:] {
			word, _, _ := strings.Cut(cell, " ")
			yes := word == "Y" || word == "oui"
			if !yes && word != "N" && word != "non" {
				return nil, fmt.Errorf("type %s: a cell is %q", typ.Code, cell)
			}
			typ.Reads[t.Columns[i]] = yes
		}
		t.Types = append(t.Types, typ)
	}
	return t, t.readRights(b)
}

func (t *Tables) readRights(b io.Reader) error {
	head, rows, err := table(b)
	if err != nil {
		return err
	}
	from := slices.Index(head, "PS_non_medecin/normal")
	if from < 0 {
		return errors.New("matrix B has no column PS_non_medecin/normal")
	}
	t.ActorModes = head[from:]
	for _, row := range rows {
		right := Right{Transaction: row[0], Action: row[1], Cells: map[string]string{}}
		for i, cell := range row[from:] {
			if cell != "non" && !strings.HasPrefix(cell, "oui") {
				return fmt.Errorf("%s %s: a cell is %q", row[0], row[1], cell)
			}
			right.Cells[t.ActorModes[i]] = cell
		}
		t.Rights = append(t.Rights, right)
	}
	return nil
}

func table(r io.Reader) (head []string, rows [][]string, err error) {
	c := csv.NewReader(r)
	c.Comment = '#'
	rows, err = c.ReadAll()
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("the table is empty")
	}
	return rows[0], rows[1:], nil
}

// Cell is the cell of matrix B in the row whose action begins with the words.
func (t *Tables) Cell(transaction, action, actorMode string) string {
	for _, r := range t.Rights {
		if name, _, _ := strings.Cut(r.Transaction, "-"); name == transaction && strings.HasPrefix(r.Action, action) {
			if cell, ok := r.Cells[actorMode]; ok {
				return cell
			}
		}
	}
	return ""
}
