package casework

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
)

// PriorityWeights say how the effective priority of a queue's tasks is made up (docs/work-management.md):
//
//	base*priority + age*hours since the task was created - slack*hours until it is due + severity
//
// What is nil counts as the type of the queue says: base 1, age 1, slack 0, in a PRIORITY queue 2.
type PriorityWeights struct {
	Base     *float64           `json:"base,omitempty"`
	Age      *float64           `json:"age,omitempty"`      // an hour
	Slack    *float64           `json:"slack,omitempty"`    // an hour
	Severity map[string]float64 `json:"severity,omitempty"` // of the case; 0 for those that are not named
	Express  *ExpressLane       `json:"express,omitempty"`
}

// ExpressLane says which tasks are claimed before all others of the queue, but for escalated ones.
type ExpressLane struct {
	MinPriority *int     `json:"minPriority,omitempty"` // of the task
	Severities  []string `json:"severities,omitempty"`  // of the case
}

// Bounds of weights: with them the order of tasks stays exact for centuries.
const (
	maxWeight     = 1000.0
	maxSeverity   = 10_000.0
	maxSeverities = 50
	maxPriority   = 100
)

// ParsePriorityWeights reads the priority_weights of a queue. Places of mistakes are JSON pointers into it.
func ParsePriorityWeights(raw json.RawMessage) (PriorityWeights, Mistakes) {
	r := &weightsReader{}
	var w PriorityWeights
	v := r.value(raw)
	if len(r.Mistakes) > 0 {
		return w, r.Mistakes
	}
	o := r.object("", v, "base", "age", "slack", "severity", "express")
	w.Base = r.weight("/base", o, "base")
	w.Age = r.weight("/age", o, "age")
	w.Slack = r.weight("/slack", o, "slack")
	if w.Age != nil && *w.Age == 0 && (w.Slack == nil || *w.Slack == 0) {
		r.Add("/age", 0, "must be more than 0 where slack is not: a task would wait for ever behind more urgent ones")
	}
	if severity, has := o["severity"]; has {
		w.Severity = r.severity("/severity", severity)
	}
	if express, has := o["express"]; has {
		w.Express = r.express("/express", express)
	}
	return w, r.Mistakes
}

type weightsReader struct{ jsonReader }

func (r *weightsReader) weight(at string, o map[string]any, name string) *float64 {
	v, has := o[name]
	if !has {
		return nil
	}
	return r.decimal(at, v, 0, maxWeight)
}

// decimal is a value that has to be a number between two others.
func (r *weightsReader) decimal(at string, v any, least, most float64) *float64 {
	n, isNumber := v.(json.Number)
	f, err := n.Float64()
	if !isNumber || err != nil || math.IsNaN(f) || f < least || f > most {
		r.Add(at, v, "must be a number from %g to %g", least, most)
		return nil
	}
	return &f
}

func (r *weightsReader) severity(at string, v any) map[string]float64 {
	o, isObject := v.(map[string]any)
	if !isObject || len(o) > maxSeverities {
		r.Add(at, nil, "must be an object of at most %d severities", maxSeverities)
		return nil
	}
	weights := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if f := r.decimal(at+pointer(name), o[name], -maxSeverity, maxSeverity); f != nil {
			weights[name] = *f
		}
	}
	return weights
}

func (r *weightsReader) express(at string, v any) *ExpressLane {
	o := r.object(at, v, "minPriority", "severities")
	if o == nil {
		return nil
	}
	var lane ExpressLane
	if least, has := o["minPriority"]; has {
		n, isNumber := least.(json.Number)
		i, err := n.Int64()
		if !isNumber || err != nil || i < 0 || i > maxPriority {
			r.Add(at+"/minPriority", least, "must be a whole number from 0 to %d", maxPriority)
		} else {
			whole := int(i)
			lane.MinPriority = &whole
		}
	}
	if severities, has := o["severities"]; has {
		for i, item := range r.list(at+"/severities", severities, 1, maxSeverities) {
			if name := r.name(at+"/severities"+index(i), item, MaxCode); name != "" {
				lane.Severities = append(lane.Severities, name)
			}
		}
	}
	if _, one := o["minPriority"]; !one && o["severities"] == nil {
		r.Add(at, nil, "must have minPriority or severities")
	}
	return &lane
}
