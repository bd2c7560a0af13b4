package paths

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// maxTries bounds the values that are tried for one gateway.
const maxTries = 20_000

// demand is a condition and what it is to be.
type demand struct {
	condition *expr.Template
	want      bool
}

// assignments are variables by which the gateways on a path lead along it. A gateway for which nothing fits adds none.
func assignments(p *bpmn.Program, path []string) map[string]json.RawMessage {
	vars := map[string]json.RawMessage{}
	for n := range len(path) - 1 {
		from, to := p.NodeIndex(path[n]), p.NodeIndex(path[n+1])
		if from < 0 || to < 0 {
			continue
		}
		if found, ok := solve(demands(p, from, to)); ok {
			maps.Copy(vars, found)
		}
	}
	return vars
}

// demands are what the conditions of a node have to be so that its token takes the flow to another one, and no flow before.
func demands(p *bpmn.Program, from, to int) []demand {
	var found []demand
	for _, f := range p.Nodes[from].Out {
		flow := p.Flows[f]
		if flow.Condition != nil {
			found = append(found, demand{condition: flow.Condition, want: flow.Target == to})
		}
	}
	return found
}

// solve tries values for the names in the conditions until each is what it is to be.
func solve(ds []demand) (map[string]json.RawMessage, bool) {
	names, values := map[string]bool{}, candidates(ds)
	for _, d := range ds {
		for _, n := range d.condition.Names() {
			names[n] = true
		}
	}
	scope := expr.MapScope{}
	sorted := slices.Sorted(maps.Keys(names))
	tries := 0
	var try func(n int) bool
	try = func(n int) bool {
		if n == len(sorted) {
			tries++
			return holds(ds, scope)
		}
		for _, v := range values {
			if scope[sorted[n]] = v; tries < maxTries && try(n+1) {
				return true
			}
		}
		return false
	}
	if !try(0) {
		return nil, false
	}
	vars := map[string]json.RawMessage{}
	for name, v := range scope {
		raw, err := expr.ToJSON(v)
		if err != nil {
			return nil, false
		}
		vars[name] = raw
	}
	return vars, true
}

func holds(ds []demand, scope expr.Scope) bool {
	for _, d := range ds {
		if got, err := d.condition.EvalBool(scope, expr.Limits{}); err != nil || got != d.want {
			return false
		}
	}
	return true
}

var literal = regexp.MustCompile(`'[^']*'|"[^"]*"|-?\d+(?:\.\d+)?`)

// candidates are the values worth trying: the literals of the conditions and their neighbours, and the plain ones.
func candidates(ds []demand) []any {
	values := []any{true, false, nil, int64(0), ""}
	for _, d := range ds {
		for _, text := range literal.FindAllString(d.condition.Source(), -1) {
			if strings.ContainsAny(text[:1], `'"`) {
				values = append(values, text[1:len(text)-1])
			} else if n, err := strconv.ParseFloat(text, 64); err == nil {
				whole := int64(n)
				values = append(values, whole, whole+1, whole-1)
			}
		}
	}
	return values
}
