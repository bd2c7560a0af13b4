package engine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// Deleted is the work of a delegate that the delete listener of a cancelled task called. Nothing waits for it, and it
// outlives the task, even the instance.
type Deleted struct {
	ID        string    `json:"id"`   // of the work
	Node      string    `json:"node"` // the user task
	Name      string    `json:"name"` // of the delegate
	Assignee  string    `json:"assignee,omitempty"`
	Fields    variables `json:"fields,omitempty"`
	Stored    []string  `json:"stored,omitempty"`    // see Activity
	Variables variables `json:"variables,omitempty"` // those that the task saw, but for the variables of the process
}

func (s *State) deleted(work string) int {
	return slices.IndexFunc(s.Deleted, func(d Deleted) bool { return d.ID == work })
}

func (d *Deleted) activity(m *machine) *Activity {
	return &Activity{
		Kind: DelegateActivity, Name: d.Name, Fields: d.Fields, Stored: d.Stored, Variables: around(m.state.Variables, d.Variables),
		Listener: &ListenerCall{Event: string(bpmn.TaskDelete), Assignee: d.Assignee},
	}
}

// hearDeleted runs the expressions among the delete listeners of a task that is cancelled.
func (m *machine) hearDeleted(v visit) error {
	for _, l := range taskListeners(v.node, bpmn.TaskDelete) {
		if l.Delegate == nil {
			if err := m.hear(v, deleting, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellDeleted asks the delegates of the delete listeners of a task that is cancelled. One that cannot be asked is on record.
func (m *machine) tellDeleted(v visit) {
	for n, l := range taskListeners(v.node, bpmn.TaskDelete) {
		if l.Delegate == nil {
			continue // it has run
		}
		id := fmt.Sprintf("%s.%s.%d", v.id, bpmn.TaskDelete, n)
		a := &Activity{}
		if err := m.describeService(l.Delegate, m.taskNames(v), a); err != nil {
			m.record(v.node.ID, id, failure{kind: "listener", err: fmt.Errorf("listener %q of %q: %w", bpmn.TaskDelete, v.node.ID, err)})
			continue
		}
		d := Deleted{ID: id, Node: v.node.ID, Name: a.Name, Variables: m.visibleWithin(m.seenFrom(v))}
		d.Fields, d.Stored = m.packFields(a)
		if i := m.state.token(v.id); i >= 0 {
			d.Assignee = m.state.Tokens[i].Assignee
		}
		m.state.Deleted = append(m.state.Deleted, d)
		m.emit(Effect{Kind: ActivityStarted, Element: d.Node, Instance: d.ID, Activity: d.activity(m)})
	}
}

// visibleWithin are the variables that a scope sees, but for those of the process; nil if there are none.
func (m *machine) visibleWithin(scope string) (vars variables) {
	for s := m.state.scope(scope); s != nil; s = m.state.scope(s.Parent) {
		vars = around(s.Variables, vars)
	}
	return vars
}

// heardOfDeleted takes the answer of a delegate that a delete listener called. A failure changes nothing: it is on record as
// an incident that is over.
func (m *machine) heardOfDeleted(ev Event) error {
	i := m.state.deleted(ev.Token)
	if i < 0 {
		return fmt.Errorf("activity %q: nothing waits for it: %w", ev.Token, ErrStale)
	}
	d := m.state.Deleted[i]
	m.state.Deleted = slices.Delete(m.state.Deleted, i, i+1)
	if !m.state.Ended {
		m.setAll("", ev.Variables)
	}
	if ev.Kind == ActivityFailed {
		reason := cmp.Or(ev.Reason, ev.Code)
		m.record(d.Node, d.ID, failure{kind: "listener", err: fmt.Errorf("listener %q of %q failed: %s", bpmn.TaskDelete, d.Node, reason)})
	}
	return nil
}

// endsDeleted reports whether an event is the answer of a delegate that outlives the instance.
func (m *machine) endsDeleted(ev Event) bool {
	return (ev.Kind == ActivityDone || ev.Kind == ActivityFailed) && m.state.deleted(ev.Token) >= 0
}
