package models_test

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/models"
)

// element is any XML element, read without a schema.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// find returns the descendants with one of the local names, in document order.
func (e element) find(names ...string) []element {
	var found []element
	for _, child := range e.Children {
		if slices.Contains(names, child.XMLName.Local) {
			found = append(found, child)
		}
		found = append(found, child.find(names...)...)
	}
	return found
}

// flowNodeKinds are the elements that the product's models may use for flow nodes.
var flowNodeKinds = []string{
	"startEvent", "endEvent", "userTask", "serviceTask", "exclusiveGateway", "parallelGateway", "boundaryEvent",
}

func readModels(t *testing.T) map[string]element {
	t.Helper()
	all, err := models.All()
	require.NoError(t, err)
	roots := make(map[string]element, len(all))
	for _, m := range all {
		var root element
		require.NoError(t, xml.Unmarshal(m.XML, &root), m.Name)
		require.Len(t, root.find("process"), 1, m.Name)
		roots[m.Name] = root
	}
	return roots
}

func eachModel(t *testing.T, check func(t *testing.T, root, process element)) {
	t.Helper()
	for name, root := range readModels(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, root, root.find("process")[0])
		})
	}
}

func byID(elements []element) map[string]element {
	index := make(map[string]element, len(elements))
	for _, e := range elements {
		index[e.attr("id")] = e
	}
	return index
}

func TestTheProductShipsItsTwoModels(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, root := range readModels(t) {
		keys = append(keys, root.find("process")[0].attr("id"))
	}
	require.ElementsMatch(t, []string{"onecmsUnifiedCase", "quickReview"}, keys)
	_, err := models.FS().Open("quick-review.bpmn")
	require.NoError(t, err)
}

func TestEveryIDOfAModelIsUnique(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, root, _ element) {
		seen := map[string]bool{}
		var walk func(e element)
		walk = func(e element) {
			if id := e.attr("id"); id != "" {
				require.False(t, seen[id], "id %s twice", id)
				seen[id] = true
			}
			for _, child := range e.Children {
				walk(child)
			}
		}
		walk(root)
	})
}

func TestEveryReferenceOfAModelHasItsElement(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, _, process element) {
		nodes, flows := byID(process.find(flowNodeKinds...)), byID(process.find("sequenceFlow"))
		for id, flow := range flows {
			require.Contains(t, nodes, flow.attr("sourceRef"), id)
			require.Contains(t, nodes, flow.attr("targetRef"), id)
		}
		for id, node := range nodes {
			var in, out []string
			for flowID, flow := range flows {
				if flow.attr("targetRef") == id {
					in = append(in, flowID)
				}
				if flow.attr("sourceRef") == id {
					out = append(out, flowID)
				}
			}
			require.ElementsMatch(t, in, texts(node.find("incoming")), "incoming of %s", id)
			require.ElementsMatch(t, out, texts(node.find("outgoing")), "outgoing of %s", id)
			if def := node.attr("default"); def != "" {
				require.Contains(t, out, def, "default of %s", id)
				require.Empty(t, flows[def].find("conditionExpression"), "default of %s", id)
			}
			if node.XMLName.Local == "boundaryEvent" {
				require.Equal(t, "userTask", nodes[node.attr("attachedToRef")].XMLName.Local, id)
			}
		}
	})
}

func TestEveryNodeIsOnAPathFromAStartToAnEnd(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, _, process element) {
		nodes := process.find(flowNodeKinds...)
		next, before := map[string][]string{}, map[string][]string{}
		link := func(from, to string) {
			next[from], before[to] = append(next[from], to), append(before[to], from)
		}
		for _, flow := range process.find("sequenceFlow") {
			link(flow.attr("sourceRef"), flow.attr("targetRef"))
		}
		for _, boundary := range process.find("boundaryEvent") {
			link(boundary.attr("attachedToRef"), boundary.attr("id"))
		}
		fromStart := reachable(next, process.find("startEvent"))
		toEnd := reachable(before, process.find("endEvent"))
		for _, node := range nodes {
			require.True(t, fromStart[node.attr("id")], "%s is not reached", node.attr("id"))
			require.True(t, toEnd[node.attr("id")], "%s leads nowhere", node.attr("id"))
		}
	})
}

func TestEveryGatewayThatSplitsHasConditionsOrADefault(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, _, process element) {
		flows := process.find("sequenceFlow")
		for _, gateway := range process.find("exclusiveGateway") {
			for _, flow := range flows {
				if flow.attr("sourceRef") != gateway.attr("id") || flow.attr("id") == gateway.attr("default") {
					continue
				}
				require.Len(t, flow.find("conditionExpression"), 1, flow.attr("id"))
			}
		}
	})
}

func TestEveryNodeIsInExactlyOneLane(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, _, process element) {
		var ids []string
		for _, node := range process.find(flowNodeKinds...) {
			ids = append(ids, node.attr("id"))
		}
		require.ElementsMatch(t, ids, texts(process.find("flowNodeRef")))
	})
}

func TestTheDiagramShowsEveryElementOnce(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, root, process element) {
		var shapes, edges, drawn, connected []string
		for _, e := range process.find(append([]string{"lane"}, flowNodeKinds...)...) {
			shapes = append(shapes, e.attr("id"))
		}
		for _, e := range root.find("participant") {
			shapes = append(shapes, e.attr("id"))
		}
		for _, e := range process.find("sequenceFlow") {
			edges = append(edges, e.attr("id"))
		}
		for _, e := range root.find("BPMNShape") {
			drawn = append(drawn, e.attr("bpmnElement"))
			require.NotEmpty(t, e.find("Bounds"), e.attr("id"))
		}
		for _, e := range root.find("BPMNEdge") {
			connected = append(connected, e.attr("bpmnElement"))
			require.GreaterOrEqual(t, len(e.find("waypoint")), 2, e.attr("id"))
		}
		require.ElementsMatch(t, shapes, drawn)
		require.ElementsMatch(t, edges, connected)
	})
}

func TestEveryUserTaskSaysWhoMayDoItAndHow(t *testing.T) {
	t.Parallel()
	eachModel(t, func(t *testing.T, _, process element) {
		for _, task := range process.find("userTask") {
			require.NotEmpty(t, task.attr("candidateGroups")+task.attr("assignee"), task.attr("id"))
			require.NotEmpty(t, task.attr("formKey"), task.attr("id"))
			require.NotEmpty(t, task.find("documentation"), task.attr("id"))
		}
	})
}

func texts(elements []element) []string {
	out := make([]string, 0, len(elements))
	for _, e := range elements {
		out = append(out, strings.TrimSpace(e.Text))
	}
	return out
}

func reachable(next map[string][]string, from []element) map[string]bool {
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, n := range next[id] {
			visit(n)
		}
	}
	for _, e := range from {
		visit(e.attr("id"))
	}
	return seen
}
