// Package scenario runs scenarios: models to deploy, then operations, queries and expectations in order.
package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Case is one scenario.
type Case struct {
	ID     string   `json:"id"`
	Repo   string   `json:"repo"`
	Models []string `json:"models"` // files, as seen from Dir
	Steps  []Step   `json:"steps"`
	Dir    string   `json:"-"`
}

// Step is one operation, query or expectation. Fields that do not concern its Op are zero; raw values may hold references
// to what earlier steps found.
type Step struct {
	Op string `json:"op"`
	As string `json:"as"` // name of what it finds or starts

	Key         string                     `json:"key"` // start
	Message     string                     `json:"message"`
	BusinessKey string                     `json:"businessKey"`
	Vars        map[string]json.RawMessage `json:"vars"`

	Entity  string              `json:"entity"` // query
	Filters [][]json.RawMessage `json:"filters"`
	Get     string              `json:"get"` // list, one, count

	What     json.RawMessage   `json:"what"` // expect
	Count    *int              `json:"count"`
	More     *int              `json:"count>"`
	Attr     string            `json:"attr"`
	Attrs    []string          `json:"attrs"`
	Rel      string            `json:"rel"`
	Value    json.RawMessage   `json:"value"`
	Values   []json.RawMessage `json:"values"`
	Exists   *bool             `json:"exists"`
	Ended    json.RawMessage   `json:"ended"`
	NotEnded json.RawMessage   `json:"notEnded"`
	WaitsAt  []string          `json:"waitingAt"`
	Exact    bool              `json:"exact"`
	Of       json.RawMessage   `json:"of"`

	Task    json.RawMessage   `json:"task"` // operations
	To      json.RawMessage   `json:"to"`
	Job     json.RawMessage   `json:"job"`
	Name    string            `json:"name"`
	Args    []json.RawMessage `json:"args"`
	User    string            `json:"user"`
	Instant int64             `json:"ms_from_start"`
	In      string            `json:"in"` // forEach
	Var     string            `json:"var"`
	Do      []Step            `json:"do"`
}

// Load reads the scenarios of a folder, one a line.
func Load(dir string) ([]Case, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "scenarios.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read the scenarios: %w", err)
	}
	var cases []Case
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, len(raw)+1)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c := Case{Dir: dir}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("scenarios.jsonl: line %d: %w", n, err)
		}
		cases = append(cases, c)
	}
	return cases, lines.Err()
}
