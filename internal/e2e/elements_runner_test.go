package e2e

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// runner does the steps of one scenario.
type runner struct {
	t      *testing.T
	client *stack.Client
	id     string // process instance that the steps are about
}

func (r *runner) do(s step) {
	r.t.Helper()
	switch {
	case s.Start != nil:
		started, err := r.client.StartCase(r.t.Context(), casework.CaseStart{ProcessKey: s.Start.Process, BusinessKey: s.Start.Key, Variables: s.Start.Variables})
		require.NoError(r.t, err)
		r.id = started.ProcessInstanceID
	case s.Began != "":
		r.began(s.Began)
	case s.Message != nil:
		r.send(*s.Message)
	case s.Signal != "":
		r.post("/api/workflow/signals", map[string]any{"signalName": s.Signal}, nil)
	case s.Condition != nil:
		var answer casework.ConditionAnswer
		r.post("/api/workflow/conditions", map[string]any{"variables": s.Condition}, &answer)
		require.Len(r.t, answer.Started, 1, answer)
		r.id = answer.Started[0].ProcessInstanceID
	case s.Waits != nil:
		r.until(func(i casework.Instance) bool {
			return !slices.ContainsFunc(s.Waits, func(id string) bool { return !slices.Contains(i.CurrentActivities, id) })
		}, "at work: %v", s.Waits)
	case s.Open != nil:
		r.open(s.Open)
	case s.Complete != nil:
		r.complete(*s.Complete)
	case s.Incident != "":
		r.until(func(i casework.Instance) bool {
			return slices.ContainsFunc(i.Incidents, func(i casework.Incident) bool { return strings.Contains(i.Message, s.Incident) })
		}, "an incident with %q", s.Incident)
	default:
		r.operate(s)
	}
}

func (r *runner) operate(s step) {
	r.t.Helper()
	switch {
	case s.Set != nil:
		_, err := r.client.Do(r.t.Context(), "PATCH", instancePath(r.id)+"/variables", map[string]any{"variables": s.Set}, nil, "Prefer", "wait=20")
		require.NoError(r.t, err)
	case s.Activate != nil:
		r.post(instancePath(r.id)+"/activities/"+r.active(s.Activate.In)+"/activate", map[string]any{"elements": s.Activate.Elements}, nil)
	case s.Finish != "":
		r.post(instancePath(r.id)+"/activities/"+r.active(s.Finish)+"/complete", nil, nil)
	default:
		require.Fail(r.t, "a step without anything to do")
	}
}

func (r *runner) post(path string, body, into any) {
	r.t.Helper()
	_, err := r.client.Do(r.t.Context(), "POST", path, body, into, "Prefer", "wait=20")
	require.NoError(r.t, err)
}

// send sends a message; it is tried again while nobody waits yet, for what waits may be on its way.
func (r *runner) send(m message) {
	r.t.Helper()
	body := map[string]any{"messageName": m.Name}
	if m.Key != "" {
		body["businessKey"] = m.Key
	}
	if m.Variables != nil {
		body["variables"] = m.Variables
	}
	var answer casework.MessageAnswer
	await(r.t, func() bool {
		_, err := r.client.Do(r.t.Context(), "POST", "/api/workflow/messages", body, &answer, "Prefer", "wait=20")
		var refused *stack.Problem
		if errors.As(err, &refused) && refused.Status == 404 {
			return false
		}
		require.NoError(r.t, err)
		return true
	})
	if m.Starts {
		require.Equal(r.t, casework.MessageStarted, answer.Outcome)
		r.id = answer.ProcessInstanceID
	}
}

// began waits for a case, or a called instance, that began by itself.
func (r *runner) began(process string) {
	r.t.Helper()
	await(r.t, func() bool {
		var list casework.List[casework.Case]
		_, err := r.client.Do(r.t.Context(), "GET", "/api/workflow/cases?processKey="+process, nil, &list)
		require.NoError(r.t, err)
		if len(list.Items) == 0 {
			return false
		}
		r.id = list.Items[0].ProcessInstanceID
		return true
	})
}

// until waits for the instance to be as it should.
func (r *runner) until(so func(i casework.Instance) bool, what string, args ...any) casework.Instance {
	r.t.Helper()
	var i casework.Instance
	defer func() {
		if r.t.Failed() {
			r.t.Logf("waited for "+what, args...)
			r.t.Logf("the instance: %s", text(r.t, i))
		}
	}()
	await(r.t, func() bool {
		var err error
		i, err = r.client.Instance(r.t.Context(), r.id)
		require.NoError(r.t, err)
		return so(i)
	})
	return i
}

// tasks lists the open tasks of the case: those of called processes are its own.
func (r *runner) tasks() []casework.Task {
	r.t.Helper()
	i, err := r.client.Instance(r.t.Context(), r.id)
	require.NoError(r.t, err)
	var list casework.List[casework.Task]
	_, err = r.client.Do(r.t.Context(), "GET", "/api/workflow/tasks?status=OPEN,CLAIMED,ESCALATED&caseId="+text(r.t, i.CaseID), nil, &list)
	require.NoError(r.t, err)
	return list.Items
}

func (r *runner) open(want []string) {
	r.t.Helper()
	var have []string
	await(r.t, func() bool {
		have = nil
		for _, task := range r.tasks() {
			have = append(have, task.TaskDefinitionKey)
		}
		slices.Sort(have)
		return slices.Equal(slices.Sorted(slices.Values(want)), have)
	})
}

func (r *runner) complete(d done) {
	r.t.Helper()
	var task casework.Task
	await(r.t, func() bool {
		open := r.tasks()
		i := slices.IndexFunc(open, func(t casework.Task) bool { return t.TaskDefinitionKey == d.Task })
		if i >= 0 {
			task = open[i]
		}
		return i >= 0
	})
	_, err := r.client.Complete(r.t.Context(), task.TaskID, casework.Completion{Variables: d.Variables})
	require.NoError(r.t, err)
}

// active is the element instance of an element that is at work.
func (r *runner) active(element string) string {
	r.t.Helper()
	all := activities(r.t, r.client, r.id)
	i := slices.IndexFunc(all, func(a casework.Activity) bool { return a.ActivityID == element && a.State == casework.ActivityActive })
	require.GreaterOrEqual(r.t, i, 0, "%s is not active: %+v", element, all)
	return all[i].ElementInstanceID
}

// check waits for the end and looks at what came of it.
func (r *runner) check(sc scenario) {
	r.t.Helper()
	if sc.Incident != "" {
		r.do(step{Incident: sc.Incident})
	} else {
		want := casework.InstanceCompleted
		if sc.Status != "" {
			want = casework.InstanceStatus(sc.Status)
		}
		i := r.until(func(i casework.Instance) bool { return i.CompletedAt != nil }, "the end")
		require.Equal(r.t, want, i.Status)
		require.Equal(r.t, sc.End, i.EndEventID)
		require.Empty(r.t, i.Incidents)
		for name, value := range sc.Variables {
			require.JSONEq(r.t, text(r.t, value), text(r.t, i.Variables[name]), name)
		}
	}
	states := map[string][]casework.ActivityState{}
	for _, a := range activities(r.t, r.client, r.id) {
		states[a.ActivityID] = append(states[a.ActivityID], a.State)
	}
	for _, id := range sc.Visited {
		require.Contains(r.t, states[id], casework.ActivityCompleted, "%s in %v", id, states)
	}
	for _, id := range sc.Cancelled {
		require.Contains(r.t, states[id], casework.ActivityCancelled, "%s in %v", id, states)
	}
	for _, id := range sc.Not {
		require.Empty(r.t, states[id], id)
	}
}
