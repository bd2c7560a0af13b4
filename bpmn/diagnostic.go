package bpmn

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Severity says what a diagnostic does to a deployment.
type Severity string

// An error rejects the deployment; a warning is stored with it.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is one finding about a model.
type Diagnostic struct {
	Severity  Severity `json:"severity"`
	Code      string   `json:"code"` // the rule, kebab-case
	ElementID string   `json:"elementId"`
	Line      int      `json:"line"`
	Column    int      `json:"column"`
	Message   string   `json:"message"`
}

// String formats the diagnostic as compilers do, without a file name: "12:5: error: message [code]".
func (d Diagnostic) String() string {
	return fmt.Sprintf("%d:%d: %s: %s [%s]", d.Line, d.Column, d.Severity, d.Message, d.Code)
}

// Diagnostics are findings in source order.
type Diagnostics []Diagnostic

// HasErrors reports whether any finding rejects the deployment.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders the findings by place, then code.
func (ds Diagnostics) Sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
}

// WriteDiagnostics prints the findings as compilers do, one per line, with the element at the end where there is one:
// "file:line:column: severity: message [code] (element)".
func WriteDiagnostics(w io.Writer, file string, ds Diagnostics) error {
	for _, d := range ds {
		at := ""
		if d.ElementID != "" {
			at = " (" + shorten(d.ElementID) + ")"
		}
		if _, err := fmt.Fprintf(w, "%s:%s%s\n", file, d, at); err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	return nil
}
