package betsy

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// slow is how long the scripts take that take time.
const slow = 10 * time.Second

// scripts gives the one-word scripts of the tests their meaning.
type scripts struct {
	trace   []string
	stamps  map[string]time.Time // when a timestamp log began
	overlap bool                 // two timestamp logs were under way at the same time
	unknown string
}

func (s *scripts) append(token string) { s.trace = append(s.trace, token) }

// do is the handler of the world.
func (s *scripts) do(w world.Work) world.Answer {
	word := ""
	if w.Kind == engine.ScriptActivity && w.Node != nil && w.Node.Script != nil {
		word = strings.TrimSpace(w.Node.Script.Source)
	}
	switch word {
	case "CREATE_LOG_FILE":
	case "SCRIPT_task1", "SCRIPT_task2", "SCRIPT_task3", "SCRIPT_task4", "SCRIPT_task5":
		s.append(word)
	case "CREATE_MARKER_FILE":
		s.append("MARKER_exists")
	case "INCREMENT_INTEGER_VARIABLE":
		return increment(w)
	case "INCREMENT_INTEGER_VARIABLE_AND_LOG":
		s.append("INCREMENT_correct")
		return increment(w)
	case "SET_STRING_DATA":
		return world.Answer{Variables: map[string]json.RawMessage{dataOutput(w): json.RawMessage(`"String"`)}}
	case "LOG_DATA":
		if string(w.Variables[dataObject(w)]) == `"String"` {
			s.append("DATA_correct")
		}
	case "THROW_ERROR":
		return world.Answer{Failed: true, Code: "ERR_CODE", Reason: "the script threw it"}
	case "WAIT_TEN_SECONDS":
		return world.Answer{After: slow}
	case "CREATE_TIMESTAMP_LOG_1", "CREATE_TIMESTAMP_LOG_2":
		s.stamp(word, w.At)
		return world.Answer{After: slow}
	default:
		s.unknown = word
		return world.Answer{Failed: true, Reason: "the script " + strconv.Quote(word) + " has no meaning here"}
	}
	return world.Answer{}
}

// dataOutput is where a task writes its data: the output that an association leads to the data object from, else the data
// object itself.
func dataOutput(w world.Work) string {
	for _, m := range w.Node.Outputs {
		if m.Value.Text == nil {
			continue
		}
		if names := m.Value.Text.Names(); len(names) > 0 {
			return names[0]
		}
	}
	return dataObject(w)
}

// dataObject is the variable of the first data object of the process.
func dataObject(w world.Work) string {
	if objects := w.Definition.Program.Root.Objects; len(objects) > 0 {
		return objects[0].Name
	}
	return ""
}

func increment(w world.Work) world.Answer {
	n, _ := strconv.Atoi(string(w.Variables["integerVariable"]))
	return world.Answer{Variables: map[string]json.RawMessage{"integerVariable": json.RawMessage(strconv.Itoa(n + 1))}}
}

// stamp notes the beginning of a timestamp log; two that overlap are on the trace once.
func (s *scripts) stamp(word string, at time.Time) {
	if s.stamps == nil {
		s.stamps = map[string]time.Time{}
	}
	s.stamps[word] = at
	first, ok := s.stamps["CREATE_TIMESTAMP_LOG_1"]
	second, both := s.stamps["CREATE_TIMESTAMP_LOG_2"]
	if ok && both && !s.overlap && first.Sub(second).Abs() < slow {
		s.overlap = true
		s.append("EXECUTION_parallel")
	}
}
