package casework

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of routing rules.
const (
	MaxRoutingRulesBytes = 64 << 10
	maxRoutingRules      = 100
	maxConditions        = 50 // of one list
	maxConditionDepth    = 8
)

// routingFields are what a condition can ask beside variables, with the type of each: see flowable.routing_facts.
var routingFields = map[string]string{
	"priority": "a number", "department": "a text", "severity": "a text", "caseType": "a text",
	"taskDefinitionKey": "a text", "processKey": "a text",
}

// comparisons are the operators of a condition.
var comparisons = []string{"eq", "ne", "gt", "ge", "lt", "le", "in", "exists"}

// CheckRoutingRules checks rules as docs/work-management.md describes them and answers the queues that they name. Places
// are JSON pointers into the value. An empty object has no rules.
func CheckRoutingRules(raw json.RawMessage) ([]Reference, Mistakes) {
	r := &routingReader{}
	if len(raw) > MaxRoutingRulesBytes {
		r.Add("", nil, "has more than %d bytes", MaxRoutingRulesBytes)
		return nil, r.Mistakes
	}
	v := r.value(raw)
	if len(r.Mistakes) > 0 {
		return nil, r.Mistakes
	}
	o := r.object("", v, "rules")
	if len(o) == 0 {
		return nil, r.Mistakes
	}
	for i, item := range r.list("/rules", o["rules"], 0, maxRoutingRules) {
		at := "/rules" + index(i)
		rule := r.object(at, item, "when", "queue")
		if rule == nil {
			continue
		}
		if queue := r.name(at+"/queue", rule["queue"], MaxQueueName); queue != "" {
			r.queues = append(r.queues, Reference{Location: at + "/queue", Name: queue})
		}
		if when, found := rule["when"]; found {
			r.condition(at+"/when", when, 1)
		}
	}
	return r.queues, r.Mistakes
}

type routingReader struct {
	jsonReader
	queues []Reference
}

func (r *routingReader) condition(at string, v any, depth int) {
	if depth > maxConditionDepth {
		r.Add(at, nil, "is nested more than %d deep", maxConditionDepth)
		return
	}
	o, isObject := v.(map[string]any)
	if !isObject {
		r.Add(at, v, "must be an object")
		return
	}
	for _, list := range []string{"all", "any"} {
		if items, found := o[list]; found {
			r.object(at, v, list)
			for i, item := range r.list(at+pointer(list), items, 1, maxConditions) {
				r.condition(at+pointer(list)+index(i), item, depth+1)
			}
			return
		}
	}
	if inner, found := o["not"]; found {
		r.object(at, v, "not")
		r.condition(at+"/not", inner, depth+1)
		return
	}
	r.comparison(at, o)
}

// comparison is one variable or field, and one operator.
func (r *routingReader) comparison(at string, o map[string]any) {
	r.object(at, o, append([]string{"variable", "field"}, comparisons...)...)
	variable, ofVariable := o["variable"]
	field, ofField := o["field"]
	kind := ""
	switch {
	case ofVariable == ofField:
		r.Add(at, nil, "must have all, any, not, or exactly one of variable and field")
	case ofVariable:
		r.variable(at+"/variable", variable)
	default:
		name, _ := field.(string)
		if kind = routingFields[name]; kind == "" {
			r.Add(at+"/field", field, "must be one of %s", strings.Join(slices.Sorted(maps.Keys(routingFields)), ", "))
		}
	}
	var operators []string
	for _, name := range comparisons {
		if _, found := o[name]; found {
			operators = append(operators, name)
		}
	}
	if len(operators) != 1 {
		r.Add(at, nil, "must have exactly one of %s", strings.Join(comparisons, ", "))
		return
	}
	r.operand(at+pointer(operators[0]), operators[0], o[operators[0]], kind)
}

func (r *routingReader) variable(at string, v any) {
	path, _ := v.(string)
	for step := range strings.SplitSeq(path, ".") {
		if step == "" || utf8.RuneCountInString(step) > 255 {
			r.Add(at, v, "must be the name of a variable, with names of members behind points, each of 1 to 255 characters")
			return
		}
	}
}

func (r *routingReader) operand(at, operator string, v any, kind string) {
	switch operator {
	case "exists":
		if _, isBool := v.(bool); !isBool {
			r.Add(at, v, "must be true or false")
		}
	case "in":
		for i, item := range r.list(at, v, 1, maxRoutingRules) {
			r.scalar(at+index(i), item, kind)
		}
	case "eq", "ne":
		r.scalar(at, v, kind)
	default:
		if t := typeOf(v); t != "a number" && t != "a text" {
			r.Add(at, v, "must be a number or a text")
			return
		}
		r.scalar(at, v, kind)
	}
}

// scalar is a value that something can be equal to, of the type of a field where it is about one.
func (r *routingReader) scalar(at string, v any, kind string) {
	switch t := typeOf(v); {
	case t == "":
		r.Add(at, nil, "must be a number, a text, true, false or null")
	case kind != "" && t != kind && v != nil:
		r.Add(at, v, "must be %s", kind)
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	}
	return ""
}
