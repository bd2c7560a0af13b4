package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Task is a user task, open or closed.
type Task struct {
	engine.Task
	ID            string
	Instance      string
	Definition    *Definition
	Element       string
	NodeInstance  string
	Documentation string
	Owner         string
	Created       time.Time
	Closed        time.Time // zero while it is open
	Cancelled     bool
}

// Open reports whether somebody can complete the task.
func (t *Task) Open() bool { return t.Closed.IsZero() }

func (w *World) createTask(i *instance, e engine.Effect) error {
	if e.Task == nil {
		return defect("a task without attributes")
	}
	if slices.ContainsFunc(w.tasks, func(t *Task) bool { return t.Instance == i.ID && t.NodeInstance == e.Instance && t.Open() }) {
		return defect("task %q is created twice", e.Instance)
	}
	t := &Task{
		Task: *e.Task, ID: i.ID + "/" + e.Instance, Instance: i.ID, Definition: i.Definition,
		Element: e.Element, NodeInstance: e.Instance, Created: w.now,
	}
	if n := i.node(e.Element); n != nil {
		t.Documentation = n.Documentation
	}
	w.tasks = append(w.tasks, t)
	return nil
}

func (w *World) closeTask(i *instance, nodeInstance string, cancelled bool) {
	for _, t := range w.tasks {
		if t.Instance == i.ID && t.NodeInstance == nodeInstance && t.Open() {
			t.Closed, t.Cancelled = w.now, cancelled
		}
	}
}

// Tasks are copies of all tasks, open or closed, in order of creation.
func (w *World) Tasks() []Task {
	found := make([]Task, 0, len(w.tasks))
	for _, t := range w.tasks {
		found = append(found, *t)
	}
	return found
}

func (w *World) openTask(id string) (*Task, *instance, error) {
	for _, t := range w.tasks {
		if t.ID == id && t.Open() {
			i, err := w.find(t.Instance)
			return t, i, err
		}
	}
	return nil, nil, fmt.Errorf("open task %q: %w", id, ErrUnknown)
}

// Complete completes a task with variables.
func (w *World) Complete(task string, vars map[string]json.RawMessage) error {
	t, i, err := w.openTask(task)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.TaskCompleted, Token: t.NodeInstance, Variables: vars}); err != nil {
		return err
	}
	return w.settle()
}

// Assign gives a task to a user; "" releases it.
func (w *World) Assign(task, user string) error {
	t, i, err := w.openTask(task)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.TaskAssigned, Token: t.NodeInstance, Assignee: user}); err != nil {
		return err
	}
	t.Assignee = user
	return w.settle()
}
