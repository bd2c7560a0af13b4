package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// enterUserTask creates the task, arms its boundary events and rests.
func (m *machine) enterUserTask(v visit) (outcome, error) {
	task, err := m.evaluateTask(v)
	if err != nil {
		return stay, err
	}
	if m.createsOutside(v, task) {
		return stay, m.holdBack(v, task)
	}
	m.emit(Effect{Kind: TaskCreated, Element: v.node.ID, Instance: v.id, Task: task})
	if err := m.restWith(v, Token{Assignee: task.Assignee}); err != nil {
		return stay, err
	}
	if task.Assignee != "" {
		if err := m.hearAll(v, assigning, taskListeners(v.node, bpmn.TaskAssignment)); err != nil {
			return stay, err
		}
	}
	return stay, m.hearAll(v, creating, taskListeners(v.node, bpmn.TaskCreate))
}

// createsOutside reports whether a listener of the creation of a task calls a delegate.
func (m *machine) createsOutside(v visit, task *Task) bool {
	return bpmn.CallsDelegate(taskListeners(v.node, bpmn.TaskCreate)) ||
		task.Assignee != "" && bpmn.CallsDelegate(taskListeners(v.node, bpmn.TaskAssignment))
}

// holdBack arms the boundary events of a task and runs the listeners of its creation. Nobody sees the task until they are done.
func (m *machine) holdBack(v visit, task *Task) error {
	held := *task
	held.Variables = nil // they are read when it is created
	if task.DueDate != nil {
		due := task.DueDate.UTC() // as it is when it was stored and read again
		held.DueDate = &due
	}
	at := &Stand{ID: v.id + "." + string(assigning), Phase: assigning, Task: &held}
	if held.Assignee == "" {
		at.ID, at.Phase = v.id+"."+string(creating), creating
	}
	if err := m.restWith(v, Token{Assignee: held.Assignee, At: at}); err != nil {
		return err
	}
	v.at = at
	return m.create(v)
}

// create runs what is left of the listeners of the creation of a task, and creates it.
func (m *machine) create(v visit) error {
	for _, p := range []phase{assigning, creating} {
		at, err := m.listen(v, p, nil)
		if err != nil {
			return err
		}
		if at != nil {
			m.hold(v, at)
			return nil
		}
	}
	task := *v.at.Task
	task.Variables = m.taskVariables(v)
	m.emit(Effect{Kind: TaskCreated, Element: v.node.ID, Instance: v.id, Task: &task})
	t := &m.state.Tokens[m.state.token(v.id)]
	t.State, t.At = Waiting, nil
	return nil
}

// createOn goes on with the creation of a task behind the delegate of a listener.
func (m *machine) createOn(v visit) {
	if err := m.try(func() error { return m.create(v) }); err != nil {
		m.raise(v, Failed, err)
	}
}

func (m *machine) evaluateTask(v visit) (*Task, error) {
	h := v.node.Human
	e := evaluator{scope: m.names(v)}
	task := &Task{
		Name:            e.text("name", h.Name),
		Lane:            v.node.Lane,
		Assignee:        strings.TrimSpace(e.text("assignee", h.Assignee)),
		CandidateUsers:  e.list("candidateUsers", h.CandidateUsers),
		CandidateGroups: e.list("candidateGroups", h.CandidateGroups),
		FormKey:         e.text("formKey", h.FormKey),
		DueDate:         e.due("dueDate", h.DueDate, m.at),
		Priority:        e.integer("priority", h.Priority),
		Variables:       m.taskVariables(v),
		Queue:           strings.TrimSpace(e.text("queue", h.Work.Queue)),
		Skills:          e.list("skills", h.Work.Skills),
		FourEyesOf:      e.list("fourEyesOf", h.Work.FourEyesOf),
		Calendar:        strings.TrimSpace(e.text("calendar", h.Work.Calendar)),
		ClaimSeconds:    e.seconds("claimWithin", h.Work.ClaimWithin),
		CompleteSeconds: e.seconds("completeWithin", h.Work.CompleteWithin),
		Locals:          m.locals(v),
	}
	if task.Name == "" {
		task.Name = v.node.ID
	}
	return task, e.err
}

// isOpenTask reports whether a token waits for a person.
func (m *machine) isOpenTask(t Token) bool {
	return t.State == Waiting && m.node(t.Node).Kind == bpmn.UserTask && !m.isWhole(t.ID)
}

func (m *machine) assignTask(ev Event) error {
	i := m.state.token(ev.Token)
	if i < 0 || !m.isOpenTask(m.state.Tokens[i]) {
		return fmt.Errorf("assign: no open task %q: %w", ev.Token, ErrStale)
	}
	m.settleUnheard(i)
	m.assign(i, ev.Assignee)
	return nil
}

// assign notes who holds a task, nobody if empty, and tells the assignment listeners of a new holder. A delegate that is
// still at work for the one before is not waited for any more.
func (m *machine) assign(i int, assignee string) {
	m.withdraw(m.state.Tokens[i])
	m.state.Tokens[i].Assignee, m.state.Tokens[i].At = assignee, nil
	if assignee == "" {
		return
	}
	v := m.visitOf(m.state.Tokens[i])
	if bpmn.CallsDelegate(taskListeners(v.node, bpmn.TaskAssignment)) {
		m.state.Tokens[i].At = &Stand{ID: m.newID(v.id + "." + string(assigning)), Phase: assigning}
		m.assignOn(i)
		return
	}
	if err := m.try(func() error { return m.hearAll(v, assigning, taskListeners(v.node, bpmn.TaskAssignment)) }); err != nil {
		m.unheard(i, err)
	}
}

// assignOn goes on with the assignment listeners of an open task, beside which a delegate does its work.
func (m *machine) assignOn(i int) {
	v := m.visitOf(m.state.Tokens[i])
	var at *Stand
	err := m.try(func() (err error) {
		at, err = m.listen(v, assigning, nil)
		return err
	})
	if err != nil {
		m.unheard(i, err)
		return
	}
	m.state.Tokens[i].At = at
}

// unheard raises the incident of an assignment listener. The person holds the task whatever a listener says; the next
// assignment or the end of the task resolves it.
func (m *machine) unheard(i int, err error) {
	t := &m.state.Tokens[i]
	t.Unheard = true
	m.emit(Effect{Kind: IncidentRaised, Element: t.Node, Instance: unheardID(*t), Name: kindOf(err), Message: err.Error()})
}

func unheardID(t Token) string { return t.ID + ".assignment" }

// settleUnheard resolves the incident of a failed assignment listener, if there is one.
func (m *machine) settleUnheard(i int) {
	if t := m.state.Tokens[i]; t.Unheard {
		m.state.Tokens[i].Unheard, m.state.Tokens[i].At = false, nil
		m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: unheardID(t)})
	}
}

func (m *machine) completeTask(ev Event) error {
	i := m.state.token(ev.Token)
	if i < 0 || !m.isOpenTask(m.state.Tokens[i]) {
		return fmt.Errorf("complete: no open task %q: %w", ev.Token, ErrStale)
	}
	m.settleUnheard(i)
	if ev.Assignee != "" && ev.Assignee != m.state.Tokens[i].Assignee {
		m.assign(i, ev.Assignee) // the claim travelled with the completion (ADR 0001)
		m.settleUnheard(i)
	}
	v := m.visitOf(m.state.Tokens[i])
	m.setAll(m.seenFrom(v), ev.Variables)
	if v.node.Human.Completer != "" {
		m.set(m.seenFrom(v), v.node.Human.Completer, text(ev.Assignee))
	}
	if v.at != nil { // the delegate that is told of the assignment comes first
		m.disarm(v.id)
		m.hold(v, v.at)
		return nil
	}
	m.leave(v)
	return nil
}

// taskVariables are those that only this task has: of its own, and of the repetition it is an instance of.
func (m *machine) taskVariables(v visit) variables {
	vars := m.ownVariables(v.id)
	if m.isInstance(v.scope, v.node.ID) {
		all := variables{}
		maps.Copy(all, m.state.scope(v.scope).Variables)
		maps.Copy(all, vars)
		return all
	}
	return vars
}

// maxLocalBytes is how long the JSON of a variable is at most that travels with a task for its routing.
const maxLocalBytes = 256

// locals are the variables around a task that the process itself does not have, the innermost of each name. Values that
// no condition compares with, lists and objects and long texts, are left out.
func (m *machine) locals(v visit) variables {
	found := variables{}
	hidden := map[string]bool{}
	for s := m.state.scope(m.seenFrom(v)); s != nil; s = m.state.scope(s.Parent) {
		for name, value := range s.Variables {
			if !hidden[name] && isSmallScalar(value) {
				found[name] = value
			}
			hidden[name] = true
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

func isSmallScalar(value json.RawMessage) bool {
	return len(value) > 0 && len(value) <= maxLocalBytes && value[0] != '[' && value[0] != '{'
}
