package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// filter reads one filter; nil when it has no meaning for what is found.
func (r *run) filter(entity, name string, args []any, modes map[string]bool) (filter, error) {
	switch name {
	case "includeProcessVariables", "includeTaskLocalVariables", "matchVariableNamesIgnoreCase", "matchVariableValuesIgnoreCase",
		"withoutScopeId", "timers", "active":
		return nil, nil
	case "suspended", "withoutProcessInstanceId", "executable": // what is due has been done here
		return func(item) bool { return false }, nil
	case "onlyChildExecutions":
		return func(it item) bool { return it.nodeInstance != "" }, nil
	case "excludeLocalVariables":
		return func(it item) bool { return it.field("variableScope") == "" }, nil
	case "variableExists", "variableNotExists":
		return exists(name, args)
	case "subProcessInstanceId":
		return r.calls(args)
	case "startedBefore", "startedAfter":
		return started(name, args)
	case "taskCandidateUser", "taskCandidateGroup":
		return candidate(name, args)
	case "taskInvolvedUser":
		return func(it item) bool {
			return len(args) == 1 && it.field("assignee") != nil && it.field("assignee") == args[0]
		}, nil
	}
	if on, rest, ok := cutVariable(name); ok {
		return variableFilter(on, rest, args, modes)
	}
	return fieldFilter(entity, name, args, modes)
}

// calls keeps the instance that called another one.
func (r *run) calls(args []any) (filter, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("subProcessInstanceId: %w", errUnreadable)
	}
	id, _ := args[0].(string)
	i, err := r.engine.Instance(id)
	parent := i.Parent
	return func(it item) bool { return err == nil && it.id == parent }, nil
}

func exists(name string, args []any) (filter, error) {
	variable, ok := first(args).(string)
	if !ok {
		return nil, fmt.Errorf("filter %s: %w", name, errUnreadable)
	}
	wanted := name == "variableExists"
	return func(it item) bool { _, has := it.variables[variable]; return has == wanted }, nil
}

func started(name string, args []any) (filter, error) {
	text, _ := first(args).(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", name, errUnreadable)
	}
	return func(it item) bool {
		begin, _ := it.field("started").(time.Time)
		return (name == "startedBefore" && begin.Before(at)) || (name == "startedAfter" && begin.After(at))
	}, nil
}

// candidate keeps the tasks that a user or group may claim: those without an assignee.
func candidate(name string, args []any) (filter, error) {
	who, ok := first(args).(string)
	if !ok {
		return nil, fmt.Errorf("filter %s: %w", name, errUnreadable)
	}
	return func(it item) bool {
		names, _ := it.field(name).([]string)
		return it.field("assignee") == nil && slices.Contains(names, who)
	}, nil
}

func first(args []any) any {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// suffixes are the ways to compare a field, longest first.
var suffixes = []string{"LikeIgnoreCase", "NotIn", "Like", "In", "Ids", "Keys"}

// fieldFilter compares a field: its name alone means the same value.
func fieldFilter(entity, name string, args []any, modes map[string]bool) (filter, error) {
	how, field := cutComparison(name)
	if !knownFields[field] {
		return nil, fmt.Errorf("filter %s of %s: %w", name, entity, errUnreadable)
	}
	if how == "Like" && field == "variableName" && modes["matchVariableNamesIgnoreCase"] {
		how = "LikeIgnoreCase"
	}
	if len(args) == 1 {
		if list, ok := args[0].([]any); ok {
			args = list
		}
	}
	in := func(v any) bool { return slices.ContainsFunc(args, func(a any) bool { return same(v, a) }) }
	return func(it item) bool {
		v := it.field(field)
		text, _ := v.(string)
		pattern, _ := first(args).(string)
		switch how {
		case "Like":
			return like(text, pattern)
		case "LikeIgnoreCase":
			return like(strings.ToLower(text), strings.ToLower(pattern))
		case "NotIn":
			return len(args) == 0 || !in(v)
		}
		return in(v)
	}, nil
}

// cutComparison splits the name of a filter into how it compares and the field.
func cutComparison(name string) (how, field string) {
	for _, s := range suffixes {
		rest, ok := strings.CutSuffix(name, s)
		switch {
		case !ok:
		case s == "Ids" || s == "Keys":
			return "In", rest + strings.TrimSuffix(s, "s")
		default:
			return s, rest
		}
	}
	return "", name
}

// same compares a field, which may be a list of values of which one is enough.
func same(field, want any) bool {
	if list, ok := field.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { return equal(v, want) })
	}
	return equal(field, want)
}

// knownFields are the fields that can be compared.
var knownFields = map[string]bool{
	"processInstanceId": true, "processDefinitionId": true, "processDefinitionKey": true, "processDefinitionName": true,
	"processDefinitionCategory": true, "processInstanceBusinessKey": true, "superProcessInstanceId": true,
	"processInstanceRootScopeId": true,
	"taskId":                     true, "taskName": true, "taskDefinitionKey": true, "taskAssignee": true, "taskDescription": true,
	"executionId": true, "activityId": true, "activityType": true, "variableName": true, "variableId": true,
	"messageEventSubscriptionName": true, "signalEventSubscriptionName": true, "eventName": true, "eventType": true, "elementId": true,
}

var _ Engine = (*world.World)(nil)
