package workflows

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// inlineRev is the last engine revision whose instances hand large values to activities themselves.
const inlineRev = 2

// source gives the engine the contents of large values; nil: there are none.
func (r *run) source() values.Source {
	if r.values == nil {
		return nil
	}
	return r.values
}

// byReference reports whether the work of a node, an activity of a type, is done by one of our own that takes references and
// answers with such.
func (r *run) byReference(n *bpmn.Node, activity string) bool {
	if r.values == nil || r.state.Engine.Rev <= inlineRev {
		return false
	}
	switch activity {
	case casework.ActivityRunScript:
		return n.Script != nil
	case casework.ActivityHTTPCall:
		return n.Service != nil && n.Service.Kind == bpmn.ServiceHTTP
	case casework.ActivitySendMail:
		return n.Service != nil && n.Service.Kind == bpmn.ServiceMail
	}
	return false
}

// pack makes references of what is large in an event from outside, and of what resembles one.
func (r *run) pack(ev *engine.Event) {
	if r.values == nil {
		return
	}
	contents := values.Contents{}
	if r.state.Engine.Rev <= inlineRev {
		ev.Variables, ev.Value = contents.PackSimilar(ev.Variables), contents.Pack(ev.Value, math.MaxInt)
	} else {
		ev.Variables, ev.Value = contents.PackAll(ev.Variables), contents.Pack(ev.Value, values.LargeBytes)
	}
	ev.Contents = contents
}

// hand puts the variables and fields into the input of an activity: references for one of our own, else the values themselves,
// if all of them fit. n is the element whose work it is; nil: that of a listener.
func (r *run) hand(in *casework.ActivityInput, n *bpmn.Node, a *engine.Activity) error {
	in.Variables, in.Fields = a.Variables, a.Fields
	if r.values == nil {
		return nil
	}
	stored := func(of map[string]json.RawMessage) (names []string) {
		for name, value := range of {
			if _, ok := values.Read(value); ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	refs := casework.References{Variables: stored(a.Variables), Fields: a.Stored}
	if n != nil && r.byReference(n, activityType(a)) {
		in.References = &refs
		return nil
	}
	size := 0
	for _, value := range a.Variables {
		size += values.Size(value)
	}
	for _, name := range refs.Fields {
		size += values.Size(a.Fields[name])
	}
	if size > mostRequestBytes {
		return tooManyBytes(size)
	}
	in.Variables = r.inline(a.Variables, refs.Variables)
	in.Fields = r.inline(a.Fields, refs.Fields)
	return nil
}

// inline replaces references by what they refer to.
func (r *run) inline(of map[string]json.RawMessage, names []string) map[string]json.RawMessage {
	if len(names) == 0 {
		return of
	}
	all := make(map[string]json.RawMessage, len(of))
	for name, value := range of {
		all[name] = value
	}
	for _, name := range names {
		content, err := values.Resolve(r.values, all[name])
		if err != nil {
			panic(fmt.Sprintf("large value of %q: %v", name, err)) // the task is retried
		}
		all[name] = content
	}
	return all
}
