package bpmn

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of docs/bpmn-support.md are compared with the vocabulary in both directions: what the code knows has its
// row, and every row is about something that the code knows.

// supportTable reads the first table under a heading, without its head.
func supportTable(t *testing.T, heading string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "bpmn-support.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(raw), "\n## "+heading+"\n")
	require.True(t, found, "the document has no section %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var rows [][]string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		var cells []string
		for _, c := range strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		require.NotContains(t, cells, "", "a cell is empty: %s", line)
		rows = append(rows, cells)
	}
	require.Greater(t, len(rows), 2, heading)
	return rows[2:]
}

var quoted = regexp.MustCompile("`([^`]+)`|\\*([^*]+)\\*")

// elementsOf lists the elements that a cell names; words in italics are groups of them.
func elementsOf(t *testing.T, cell string) []string {
	t.Helper()
	groups := map[string]map[string]bool{
		"activities": activities, "events": events, "gateways": gateways, "flow nodes": supportedNodes, "event definitions": eventDefinitions,
	}
	var found []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		if m[1] != "" {
			found = append(found, m[1])
			continue
		}
		require.Contains(t, groups, m[2], cell)
		for name := range groups[m[2]] {
			found = append(found, name)
		}
	}
	require.NotEmpty(t, found, "no element is named in %q", cell)
	return found
}

// pairs lists "element name" for every name and element of a table; names are in the first column.
func pairs(t *testing.T, rows [][]string) []string {
	t.Helper()
	var found []string
	for _, row := range rows {
		for _, name := range elementsOf(t, row[0]) {
			for _, element := range elementsOf(t, row[1]) {
				found = append(found, element+" "+name)
			}
		}
	}
	return found
}

// vocabulary lists "element name" for a table of the code. The code's own names of groups stand for what they mean.
func vocabulary(table map[string]map[string]bool) []string {
	var found []string
	for element, names := range table {
		elements := map[string]bool{element: true}
		switch element {
		case "node":
			elements = supportedNodes
		case "catch":
			elements = words("startEvent intermediateCatchEvent boundaryEvent")
		}
		for e := range elements {
			for name := range names {
				found = append(found, e+" "+name)
			}
		}
	}
	return found
}

func firstNames(t *testing.T, rows [][]string) []string {
	t.Helper()
	var found []string
	for _, row := range rows {
		found = append(found, elementsOf(t, row[0])...)
	}
	return found
}

func namesOf[V any](table map[string]V) []string {
	var found []string
	for name := range table {
		found = append(found, name)
	}
	return found
}

func TestEveryElementHasItsRow(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, row := range supportTable(t, "Flow nodes") {
		rows = append(rows, elementsOf(t, row[0])...)
		require.Equal(t, "supported", row[1], "%v", row)
	}
	require.ElementsMatch(t, namesOf(supportedNodes), rows)
	kinds := []NodeKind{
		StartEvent, EndEvent, CatchEvent, ThrowEvent, BoundaryEvent, Task, ManualTask, UserTask, ServiceTask, SendTask, ReceiveTask,
		ScriptTask, BusinessRuleTask, CallActivity, SubProcess, Transaction, AdHocSubProcess,
		ExclusiveGateway, ParallelGateway, InclusiveGateway, EventGateway, ComplexGateway,
	}
	for _, kind := range kinds {
		require.Contains(t, rows, string(kind))
	}
	require.Len(t, rows, len(kinds))
}

func TestEveryEventHasItsRowAndPositions(t *testing.T) {
	t.Parallel()
	positions := []position{atStart, atEventSub, atCatch, atThrow, atBoundary, atEnd}
	var rows []string
	for _, row := range supportTable(t, "Events") {
		kind := elementsOf(t, row[0])[0]
		rows = append(rows, kind)
		for i, at := range positions {
			want := "–"
			if slices.Contains(eventPositions[EventKind(kind)], at) {
				want = "yes"
			}
			require.Equal(t, want, row[i+1], "%s at %s", kind, at)
		}
	}
	var kinds []string
	for kind := range eventPositions {
		kinds = append(kinds, string(kind))
	}
	require.ElementsMatch(t, kinds, rows)
	for kind := range eventPositions {
		require.True(t, eventDefinitions[string(kind)+"EventDefinition"], kind)
	}
	require.Len(t, eventDefinitions, len(eventPositions))
}

func TestEveryAttributeHasItsRow(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, vocabulary(plainAttributes), pairs(t, supportTable(t, "Attributes of BPMN")))
	require.ElementsMatch(t, vocabulary(vendorAttributes), pairs(t, supportTable(t, "Vendor attributes")))
	require.ElementsMatch(t, vocabulary(ownAttributes), pairs(t, supportTable(t, "Attributes of our own")))
	require.ElementsMatch(t, namesOf(harmlessAttributes), firstNames(t, supportTable(t, "Vendor attributes without effect")))
	refused := supportTable(t, "Vendor attributes that are refused")
	require.ElementsMatch(t, namesOf(refusedAttributes), firstNames(t, refused))
	for _, row := range refused {
		for _, name := range elementsOf(t, row[0]) {
			harmless := refusedAttributes[name]
			require.Equal(t, harmless != "", strings.Contains(row[1], "`"+harmless+"`"), "%v", row)
		}
	}
}

func TestEveryExtensionElementHasItsRow(t *testing.T) {
	t.Parallel()
	require.ElementsMatch(t, vocabulary(vendorExtensions), pairs(t, supportTable(t, "Vendor extension elements")))
	require.ElementsMatch(t, vocabulary(zeebeExtensions), pairs(t, supportTable(t, "Extension elements of Camunda 8")))
	require.ElementsMatch(t, namesOf(harmlessExtensions), firstNames(t, supportTable(t, "Vendor extension elements without effect")))
	require.ElementsMatch(t, namesOf(refusedExtensions), firstNames(t, supportTable(t, "Vendor extension elements that are refused")))
}

func TestEveryRuleHasItsRow(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, r := range rules {
		want = append(want, r.code+" "+string(r.severity))
	}
	for _, row := range supportTable(t, "Rules") {
		got = append(got, elementsOf(t, row[0])[0]+" "+row[1])
	}
	require.Equal(t, want, got, "in the order of the registry")
}
