package engine_test

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// answers returns every set of answers to what is asked between a node and the tasks after it.
func (s *search) answers(node int) []map[string]json.RawMessage {
	values := map[string][]string{}
	s.questions(node, values, map[int]bool{})
	sets := []map[string]json.RawMessage{{}}
	for _, variable := range slices.Sorted(maps.Keys(values)) {
		var longer []map[string]json.RawMessage
		for _, set := range sets {
			for _, value := range values[variable] {
				with := maps.Clone(set)
				with[variable] = json.RawMessage(`"` + value + `"`)
				longer = append(longer, with)
			}
		}
		sets = longer
	}
	for i, set := range sets {
		if len(set) == 0 {
			sets[i] = nil
		}
	}
	return sets
}

// otherAnswer is one that no condition asks for: it leads to the default flow, or to an incident.
const otherAnswer = "SOMETHING_ELSE"

func (s *search) questions(node int, values map[string][]string, seen map[int]bool) {
	if seen[node] {
		return
	}
	seen[node] = true
	for _, f := range s.program.Nodes[node].Out {
		flow := &s.program.Flows[f]
		for _, q := range s.asked[flow.ID] {
			if len(values[q.variable]) == 0 {
				values[q.variable] = []string{otherAnswer}
			}
			if !slices.Contains(values[q.variable], q.value) {
				values[q.variable] = append(values[q.variable], q.value)
			}
		}
		if s.program.Nodes[flow.Target].Kind != bpmn.UserTask {
			s.questions(flow.Target, values, seen)
		}
	}
}
