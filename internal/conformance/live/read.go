package live

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
	"github.com/onecms/nextgen-workflow/workflows"
)

// Instance implements scenario.Engine: as the product shows it.
func (e *double) Instance(id string) (world.Instance, error) {
	i, err := e.World.Instance(id)
	if err != nil {
		return i, err
	}
	return e.read(i)
}

// Instances implements scenario.Engine. What cannot be read is missing.
func (e *double) Instances() []world.Instance {
	var found []world.Instance
	for _, i := range e.World.Instances() {
		if have, err := e.read(i); err == nil {
			found = append(found, have)
		}
	}
	return found
}

// read is an instance as the product shows it, under its names in memory.
func (e *double) read(i world.Instance) (world.Instance, error) {
	have := world.Instance{ID: i.ID, Definition: i.Definition, Root: i.Root}
	shown, err := e.as(player).Instance(e.ctx, e.real[i.ID])
	if err != nil {
		return have, fmt.Errorf("instance %s: %w", i.ID, err)
	}
	visited, err := e.activities(e.real[i.ID])
	if err != nil {
		return have, fmt.Errorf("activities of %s: %w", i.ID, err)
	}
	have.BusinessKey, have.Starter, have.Started, have.EndEvent = shown.BusinessKey, shown.StartedBy, shown.StartedAt, shown.EndEventID
	have.State.Started, have.State.Ended, have.State.EndEvent = true, shown.CompletedAt != nil, shown.EndEventID
	if shown.CompletedAt != nil {
		have.Finished = *shown.CompletedAt
	}
	for id, real := range e.real {
		if real == shown.ParentInstanceID {
			have.Parent = id
		}
	}
	for _, open := range shown.Incidents {
		have.Incidents = append(have.Incidents, world.Incident{Element: open.ActivityID, Kind: open.Kind, Message: open.Message})
	}
	have.State.Variables = map[string]json.RawMessage{}
	for name, value := range shown.Variables {
		raw, err := json.Marshal(value)
		if err != nil {
			return have, fmt.Errorf("variable %s: %w", name, err)
		}
		have.State.Variables[name] = raw
		have.Variables = append(have.Variables, world.Variable{Name: name, Value: raw})
	}
	have.Activities = visited
	return view(have), nil
}

// activities are all visits of an instance, oldest first.
func (e *double) activities(real string) ([]world.Activity, error) {
	var found []world.Activity
	for cursor := ""; ; {
		var page casework.List[casework.Activity]
		path := "/api/workflow/process-instances/" + real + "/activities?limit=200&cursor=" + url.QueryEscape(cursor)
		if _, err := e.as(player).Do(e.ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, a := range page.Items {
			v := world.Activity{
				Element: a.ActivityID, NodeInstance: a.ElementInstanceID, Type: a.ActivityType, Entered: a.StartedAt,
				Cancelled: a.State == casework.ActivityCancelled,
			}
			if a.EndedAt != nil {
				v.Left = *a.EndedAt
			}
			found = append(found, v)
		}
		if cursor = page.NextCursor; cursor == "" {
			return found, nil
		}
	}
}

// shownTask is a task of the product with the node instance that it belongs to.
type shownTask struct {
	casework.Task
	nodeInstance string
}

// tasksOf are all tasks of an instance, open or not, in order of creation.
func (e *double) tasksOf(real string) ([]shownTask, error) {
	visited, err := e.activities(real)
	if err != nil {
		return nil, err
	}
	nodes := map[string]string{}
	for _, a := range visited {
		nodes[workflows.TaskID(real, a.NodeInstance)] = a.NodeInstance
	}
	var found []shownTask
	for cursor := ""; ; {
		var page casework.List[casework.Task]
		path := "/api/workflow/tasks?sort=created&limit=200&processInstanceId=" + real + "&cursor=" + url.QueryEscape(cursor)
		if _, err := e.as(player).Do(e.ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, t := range page.Items {
			found = append(found, shownTask{t, nodes[t.TaskID]})
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	slices.SortFunc(found, func(a, b shownTask) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(number(a.nodeInstance), number(b.nodeInstance)))
	})
	return found, nil
}

// number is the number at the end of a node instance; those of an instance are counted.
func number(nodeInstance string) int {
	n, _ := strconv.Atoi(nodeInstance[strings.LastIndexByte(nodeInstance, ':')+1:])
	return n
}

// open is the open task of the product that a task in memory stands for.
func (e *double) open(task string) (casework.Task, error) {
	instance, nodeInstance, _ := strings.Cut(task, "/")
	all, err := e.tasksOf(e.real[instance])
	if err != nil {
		return casework.Task{}, err
	}
	for _, t := range all {
		if t.nodeInstance == nodeInstance && !t.Status.Ended() {
			return t.Task, nil
		}
	}
	return casework.Task{}, fmt.Errorf("open task %q of the product: %w", task, world.ErrUnknown)
}

// Tasks implements scenario.Engine: as the product shows them. What cannot be read is missing.
func (e *double) Tasks() []world.Task {
	var found []world.Task
	for _, i := range e.World.Instances() {
		shown, err := e.tasksOf(e.real[i.ID])
		if err != nil {
			continue
		}
		for _, s := range shown {
			found = append(found, taskOf(i, s))
		}
	}
	slices.SortStableFunc(found, func(a, b world.Task) int { return a.Created.Compare(b.Created) })
	return found
}

func taskOf(i world.Instance, s shownTask) world.Task {
	t := world.Task{
		ID: i.ID + "/" + s.nodeInstance, Instance: i.ID, Definition: i.Definition, Element: s.TaskDefinitionKey, NodeInstance: s.nodeInstance,
		Created: s.CreatedAt, Cancelled: s.Status == casework.TaskCancelled,
	}
	t.Name, t.CandidateUsers, t.CandidateGroups = s.TaskName, s.CandidateUsers, s.CandidateGroups
	priority := s.Priority
	t.Priority = &priority
	if s.AssigneeID != nil {
		t.Assignee = *s.AssigneeID
	}
	if s.FormKey != nil {
		t.FormKey = *s.FormKey
	}
	if s.Status.Ended() {
		t.Closed = s.CreatedAt
		if s.CompletedAt != nil {
			t.Closed = *s.CompletedAt
		}
	}
	return t
}
