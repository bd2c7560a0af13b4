package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/onecms/nextgen-workflow/bpmn"
)

var errFindings = errors.New("there are errors in the model")

// linted is a file with what was found in it.
type linted struct {
	file     string
	source   []byte
	findings bpmn.Diagnostics
}

// lintFormats write findings, by the name of the format.
var lintFormats = map[string]func(io.Writer, []linted) error{"text": lintText, "json": lintJSON, "sarif": lintSARIF}

func lintCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "lint FILE…",
		Short: "Check BPMN files and print what is wrong, like a compiler",
		Args:  usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := lintFormats[format]
			if write == nil {
				return usageError{fmt.Errorf("--format %q is not text, json or sarif", format)}
			}
			files, failed, err := lint(args)
			if err != nil {
				return err
			}
			if err := write(cmd.OutOrStdout(), files); err != nil {
				return fmt.Errorf("write findings: %w", err)
			}
			if failed {
				return errFindings
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how findings are printed: text, json or sarif")
	return cmd
}

// lint checks every file; failed says whether any has an error.
func lint(names []string) (files []linted, failed bool, err error) {
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, false, err
		}
		_, findings := bpmn.Compile(source)
		files = append(files, linted{file: name, source: source, findings: findings})
		failed = failed || findings.HasErrors()
	}
	return files, failed, nil
}

func lintText(w io.Writer, files []linted) error {
	for _, f := range files {
		if err := bpmn.WriteDiagnostics(w, f.file, f.findings); err != nil {
			return err
		}
	}
	return nil
}

// lintJSON writes one list of the findings of all files.
func lintJSON(w io.Writer, files []linted) error {
	type finding struct {
		File string `json:"file"`
		bpmn.Diagnostic
	}
	all := []finding{}
	for _, f := range files {
		for _, d := range f.findings {
			all = append(all, finding{File: f.file, Diagnostic: d})
		}
	}
	return indented(w, all)
}

func indented(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
