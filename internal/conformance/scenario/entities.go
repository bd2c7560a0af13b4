package scenario

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// find returns every item of an entity.
func (r *run) find(entity string) ([]item, error) {
	switch entity {
	case "task":
		return r.tasks(entity, true), nil
	case "histTask":
		return r.tasks(entity, false), nil
	case "processInstance":
		return r.instances(entity, true), nil
	case "histProcessInstance":
		return r.instances(entity, false), nil
	case "variable", "histVariable":
		return r.variableItems(entity), nil
	case "histActivity", "activityInstance":
		return r.activities(entity), nil
	case "execution":
		return r.executions(), nil
	case "job", "timerJob":
		return r.timers(entity), nil
	case "eventSubscription":
		return r.subscriptions(), nil
	}
	return nil, fmt.Errorf("entity %q: %w", entity, errUnreadable)
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// base are the fields that everything in an instance has.
func (r *run) base(i world.Instance) map[string]any {
	return map[string]any{
		"processInstanceId": i.ID, "processDefinitionId": i.Definition.ID(), "processDefinitionKey": i.Definition.Key,
		"processDefinitionName": i.Definition.Name, "processDefinitionCategory": i.Definition.Namespace,
		"processInstanceBusinessKey": optional(i.BusinessKey), "superProcessInstanceId": optional(i.Parent),
		"processInstanceRootScopeId": optional(root(i)),
	}
}

// root is the outermost caller of an instance that was called.
func root(i world.Instance) string {
	if i.Root == i.ID {
		return ""
	}
	return i.Root
}

func (r *run) tasks(entity string, openOnly bool) []item {
	var found []item
	for _, t := range r.engine.Tasks() {
		if openOnly && !t.Open() {
			continue
		}
		i, err := r.engine.Instance(t.Instance)
		if err != nil {
			continue
		}
		f := r.base(i)
		f["id"], f["taskId"], f["executionId"] = t.ID, t.ID, t.ID
		f["name"], f["taskName"] = t.Name, t.Name
		f["taskDefinitionKey"], f["assignee"], f["taskAssignee"] = t.Element, optional(t.Assignee), optional(t.Assignee)
		f["description"], f["taskDescription"] = optional(t.Documentation), optional(t.Documentation)
		f["formKey"], f["priority"] = optional(t.FormKey), 50
		if t.Priority != nil {
			f["priority"] = *t.Priority
		}
		f["taskCandidateUser"], f["taskCandidateGroup"] = t.CandidateUsers, t.CandidateGroups
		it := item{entity: entity, id: t.ID, instance: t.Instance, element: t.Element, nodeInstance: t.NodeInstance, open: t.Open(), fields: f}
		it.variables, it.local = visible(i, t.NodeInstance), own(i, t.NodeInstance)
		if !openOnly {
			it.variables = decoded(i.Variables)
			for _, v := range i.Variables {
				if v.Scope == t.NodeInstance {
					it.local[v.Name], _ = decode(v.Value)
				}
			}
		}
		found = append(found, it)
	}
	return found
}

func (r *run) instances(entity string, runningOnly bool) []item {
	var found []item
	for _, i := range r.engine.Instances() {
		if runningOnly && i.Ended() {
			continue
		}
		found = append(found, r.instanceItem(entity, i))
	}
	return found
}

func (r *run) instanceItem(entity string, i world.Instance) item {
	f := r.base(i)
	f["id"], f["businessKey"], f["endActivityId"], f["name"] = i.ID, optional(i.BusinessKey), optional(i.EndEvent), nil
	f["description"] = nil
	f["started"], f["startUserId"] = i.Started, optional(i.Starter)
	var elements []any
	for _, a := range i.Activities {
		if a.Left.IsZero() && !containers[a.Type] {
			elements = append(elements, a.Element)
		}
	}
	f["activityId"] = elements
	vars := decoded(i.Variables)
	return item{entity: entity, id: i.ID, instance: i.ID, open: !i.Ended(), fields: f, variables: vars, local: vars}
}

// containers are the kinds of elements that are not meant where an instance is looked for by where it waits.
var containers = map[string]bool{"subProcess": true, "transaction": true, "adHocSubProcess": true}

func (r *run) variableItems(entity string) []item {
	var found []item
	for _, i := range r.engine.Instances() {
		vars := i.Variables
		if entity == "variable" {
			vars = current(i)
		}
		for _, v := range vars {
			f := r.base(i)
			value, _ := decode(v.Value)
			f["name"], f["variableName"], f["value"] = v.Name, v.Name, value
			id := i.ID + "/" + v.Scope + "/" + v.Name
			f["id"], f["variableId"] = id, id
			f["executionId"], f["variableScope"] = i.ID, v.Scope
			if v.Scope != "" {
				f["executionId"] = i.ID + "/" + v.Scope
			}
			one := map[string]any{v.Name: value}
			found = append(found, item{entity: entity, id: id, instance: i.ID, open: !i.Ended(), fields: f, variables: one, local: one})
		}
	}
	return found
}

// current are the variables that are there now; an ended instance has none.
func current(i world.Instance) []world.Variable {
	if i.Ended() {
		return nil
	}
	var found []world.Variable
	for _, v := range i.Variables { // in order of setting
		if v.Scope == "" {
			if raw, ok := i.State.Variables[v.Name]; ok {
				found = append(found, world.Variable{Name: v.Name, Value: raw})
			}
		}
		for _, s := range i.State.Scopes {
			if raw, ok := s.Variables[v.Name]; ok && s.ID == v.Scope {
				found = append(found, world.Variable{Name: v.Name, Scope: s.ID, Value: raw})
			}
		}
	}
	return found
}
