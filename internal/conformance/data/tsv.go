// Package data reads the files of conformance suites.
package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Row is a line of a table, by the names of its columns.
type Row map[string]string

// Table reads a file of tab-separated values whose first line names the columns. Lines that end early have empty cells.
func Table(path string) ([]Row, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a table of cases: %w", err)
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
	columns := strings.Split(lines[0], "\t")
	var rows []Row
	for _, line := range lines[1:] {
		if line == "" {
			continue
		}
		row := Row{}
		for i, cell := range strings.Split(line, "\t") {
			if i >= len(columns) {
				return nil, fmt.Errorf("%s: more cells than columns: %q", filepath.Base(path), line)
			}
			row[columns[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows, nil
}
