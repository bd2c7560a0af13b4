package main

import (
	"bytes"
	"io"
	"net/url"
	"path/filepath"
	"unicode/utf8"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// The parts of SARIF 2.1.0 that findings need.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// lintSARIF writes the findings of all files as one run of SARIF 2.1.0. Columns count code points.
func lintSARIF(w io.Writer, files []linted) error {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{Name: "nextgen lint", Version: version, Rules: []sarifRule{}}}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	indexes := map[string]int{}
	for _, f := range files {
		lines := bytes.Split(f.source, []byte("\n"))
		for _, d := range f.findings {
			index, known := indexes[d.Code]
			if !known {
				index = len(run.Tool.Driver.Rules)
				indexes[d.Code] = index
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: d.Code})
			}
			run.Results = append(run.Results, sarifResult{
				RuleID: d.Code, RuleIndex: index, Level: string(d.Severity), Message: sarifMessage{Text: d.Message},
				Locations: []sarifLocation{sarifPlace(f.file, lines, d)},
			})
		}
	}
	return indented(w, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// sarifPlace is the place of a finding in its file, and the element that it is about.
func sarifPlace(file string, lines [][]byte, d bpmn.Diagnostic) sarifLocation {
	region := sarifRegion{StartLine: d.Line, StartColumn: d.Column}
	if d.Line <= len(lines) {
		before := lines[d.Line-1][:min(d.Column-1, len(lines[d.Line-1]))]
		region.StartColumn = utf8.RuneCount(before) + 1
	}
	location := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: fileURI(file)}, Region: region}}
	if d.ElementID != "" {
		location.Logical = []sarifLogical{{Name: d.ElementID, Kind: "element"}}
	}
	return location
}

// fileURI is a relative reference for a relative path and a file URI for an absolute one.
func fileURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
