package habilitation

import (
	"encoding/csv"
	"fmt"
	"io"
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
	Class, Code, System, Label string
	Reads                      map[string]bool // by column
}

// Right is one row of matrix B.
type Right struct {
	Transaction, Action string
	Cells               map[string]string // by column
}

// ReadTables reads matrix A (class_code, class_label, type_code, code_system, label, then a column for each profession, Y or N) and matrix B (transaction, action, then a column for each actor and mode).
func ReadTables(a, b io.Reader) (*Tables, error) {
	rows, err := csv.NewReader(a).ReadAll()
	if err != nil {
		return nil, err
	}
	const fixed = 5
	t := &Tables{Columns: rows[0][fixed:]}
	for _, row := range rows[1:] {
		typ := Type{Class: row[0], Code: row[2], System: row[3], Label: row[4], Reads: map[string]bool{}}
		for i, cell := range row[fixed:] {
			if cell != "Y" && cell != "N" {
				return nil, fmt.Errorf("type %s: a cell is %q", row[2], cell)
			}
			typ.Reads[t.Columns[i]] = cell == "Y"
		}
		t.Types = append(t.Types, typ)
	}
	if rows, err = csv.NewReader(b).ReadAll(); err != nil {
		return nil, err
	}
	t.ActorModes = rows[0][2:]
	for _, row := range rows[1:] {
		right := Right{Transaction: row[0], Action: row[1], Cells: map[string]string{}}
		for i, cell := range row[2:] {
			if cell != "non" && !strings.HasPrefix(cell, "oui") {
				return nil, fmt.Errorf("%s %s: a cell is %q", row[0], row[1], cell)
			}
			right.Cells[t.ActorModes[i]] = cell
		}
		t.Rights = append(t.Rights, right)
	}
	return t, nil
}

// Cell is the cell of matrix B in the row whose action begins with the words.
func (t *Tables) Cell(transaction, action, actorMode string) string {
	for _, r := range t.Rights {
		if r.Transaction == transaction && strings.HasPrefix(r.Action, action) {
			if cell, ok := r.Cells[actorMode]; ok {
				return cell
			}
		}
	}
	return ""
}
