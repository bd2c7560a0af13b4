package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Print writes a table of the suites.
func Print(w io.Writer, suites []*Suite) {
	fmt.Fprintf(w, "%-14s %6s %8s %6s %8s   %9s %6s\n", "suite", "pass", "refused", "wrong", "pass %", "doubtful", "aside")
	for _, s := range suites {
		fmt.Fprintf(w, "%-14s %6d %8d %6d %7.1f%%   %9d %6d\n", s.Name, s.Pass, s.Refused, s.Wrong, s.Percent(s.Pass), s.Doubtful, s.Aside)
	}
}

// PrintCases writes the cases with one of the outcomes, a line each, under the name of the suite.
func PrintCases(w io.Writer, suites []*Suite, outcomes ...Outcome) {
	wanted := map[Outcome]bool{}
	for _, o := range outcomes {
		wanted[o] = true
	}
	for _, s := range suites {
		for _, c := range s.Cases {
			if wanted[c.Outcome] {
				fmt.Fprintf(w, "%s: %s %s: %s\n", s.Name, c.Outcome, c.ID, c.Why)
			}
		}
	}
}

// WriteJSON writes the results to a file.
func WriteJSON(path string, suites []*Suite) error {
	raw, err := json.MarshalIndent(Results{Suites: suites}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}
