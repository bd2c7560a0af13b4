package engine

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// enterUserTask creates the task, arms its boundary timers and rests.
func (m *machine) enterUserTask(v visit) (bool, error) {
	task, err := m.evaluateTask(v)
	if err != nil {
		return false, err
	}
	m.emit(Effect{Kind: TaskCreated, Element: v.node.ID, Instance: v.id, Task: task})
	m.state.Tokens = append(m.state.Tokens, Token{ID: v.id, Node: v.node.ID, Flow: v.flow, State: Waiting, Assignee: task.Assignee})
	if err := m.armTimers(v); err != nil {
		return false, err
	}
	if task.Assignee != "" {
		if err := m.runTaskListeners(bpmn.TaskAssignment, v); err != nil {
			return false, err
		}
	}
	return false, m.runTaskListeners(bpmn.TaskCreate, v)
}

func (m *machine) evaluateTask(v visit) (*Task, error) {
	h := v.node.Human
	e := evaluator{scope: m.scope(v)}
	task := &Task{
		Name:            e.text("name", h.Name),
		Lane:            v.node.Lane,
		Assignee:        strings.TrimSpace(e.text("assignee", h.Assignee)),
		CandidateUsers:  e.list("candidateUsers", h.CandidateUsers),
		CandidateGroups: e.list("candidateGroups", h.CandidateGroups),
		FormKey:         e.text("formKey", h.FormKey),
		DueDate:         e.due("dueDate", h.DueDate, m.at),
		Priority:        e.integer("priority", h.Priority),
	}
	if task.Name == "" {
		task.Name = v.node.ID
	}
	return task, e.err
}

func (m *machine) assignTask(ev Event) error {
	i := m.state.token(ev.Token)
	if i < 0 || m.state.Tokens[i].State != Waiting {
		return fmt.Errorf("assign: no open task %q: %w", ev.Token, ErrStale)
	}
	m.hear(i)
	m.assign(i, ev.Assignee)
	return nil
}

// assign notes who holds a task, nobody if empty, and tells the assignment listeners of a new holder.
func (m *machine) assign(i int, assignee string) {
	m.state.Tokens[i].Assignee = assignee
	if assignee == "" {
		return
	}
	t := m.state.Tokens[i]
	v := visit{node: m.node(t.Node), id: t.ID, flow: t.Flow}
	if err := m.try(func() error { return m.runTaskListeners(bpmn.TaskAssignment, v) }); err != nil {
		// The person holds the task whatever a listener says; the next assignment or the end of the task resolves this.
		m.state.Tokens[i].Unheard = true
		m.emit(Effect{Kind: IncidentRaised, Element: t.Node, Instance: unheardID(t), Name: "listener", Message: err.Error()})
	}
}

func unheardID(t Token) string { return t.ID + ".assignment" }

// hear resolves the incident of a failed assignment listener, if there is one.
func (m *machine) hear(i int) {
	if t := m.state.Tokens[i]; t.Unheard {
		m.state.Tokens[i].Unheard = false
		m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: unheardID(t)})
	}
}

func (m *machine) completeTask(ev Event) error {
	i := m.state.token(ev.Token)
	if i < 0 || m.state.Tokens[i].State != Waiting {
		return fmt.Errorf("complete: no open task %q: %w", ev.Token, ErrStale)
	}
	m.hear(i)
	if ev.Assignee != "" && ev.Assignee != m.state.Tokens[i].Assignee {
		m.assign(i, ev.Assignee) // the claim travelled with the completion (ADR 0001)
		m.hear(i)
	}
	t := m.state.Tokens[i]
	m.setVariables(ev.Variables)
	m.cancelTimers(t.ID)
	m.leave(visit{node: m.node(t.Node), id: t.ID, flow: t.Flow})
	return nil
}

// cancelToken removes a token and all that hangs on it.
func (m *machine) cancelToken(t Token) {
	v := visit{node: m.node(t.Node), id: t.ID, flow: t.Flow}
	if t.State == Waiting {
		// A failing delete listener must not keep a cancelled task alive; it is left out.
		_ = m.try(func() error { return m.runTaskListeners(bpmn.TaskDelete, v) })
		m.emit(Effect{Kind: TaskCancelled, Element: t.Node, Instance: t.ID})
	}
	if t.State == Entering || t.State == Leaving {
		m.emit(Effect{Kind: IncidentResolved, Element: t.Node, Instance: t.ID})
	}
	if i := m.state.token(t.ID); i >= 0 {
		m.hear(i)
	}
	m.cancelTimers(t.ID)
	if t.State != Joining {
		m.emit(Effect{Kind: NodeCancelled, Element: t.Node, Instance: t.ID})
	}
	m.state.removeToken(t.ID)
}

// evaluator reads attributes one after the other and keeps the first error.
type evaluator struct {
	scope expr.Scope
	err   error
}

func (e *evaluator) value(name string, t *expr.Template) any {
	if t == nil || e.err != nil {
		return nil
	}
	v, err := t.Eval(e.scope, limits)
	if err != nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %w", name, err)}
	}
	return v
}

func (e *evaluator) text(name string, t *expr.Template) string {
	v := e.value(name, t)
	if v == nil {
		return ""
	}
	return expr.Text(v)
}

// list flattens entries: each may be a list or a comma-separated text.
func (e *evaluator) list(name string, ts []*expr.Template) []string {
	var out []string
	add := func(v any) {
		for part := range strings.SplitSeq(expr.Text(v), ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	for _, t := range ts {
		switch v := e.value(name, t).(type) {
		case nil:
		case []any:
			for _, item := range v {
				add(item)
			}
		default:
			add(v)
		}
	}
	return out
}

func (e *evaluator) integer(name string, t *expr.Template) *int {
	s := strings.TrimSpace(e.text(name, t))
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil && e.err == nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %q is not a whole number", name, s)}
	}
	return &n
}

// due reads a date-time, or a duration from now.
func (e *evaluator) due(name string, t *expr.Template, now time.Time) *time.Time {
	s := strings.TrimSpace(e.text(name, t))
	if s == "" {
		return nil
	}
	at, err := instant(s, now)
	if err != nil && e.err == nil {
		e.err = failure{kind: "expression", err: fmt.Errorf("attribute %s: %w", name, err)}
	}
	return &at
}

// instant reads a date-time, or a duration from now. A year of more than four digits could not be stored.
func instant(s string, now time.Time) (time.Time, error) {
	at, err := parseInstant(s, now)
	if err == nil && (at.Year() < 0 || at.Year() > 9999) {
		return time.Time{}, fmt.Errorf("%q is outside the years 0 to 9999", s)
	}
	return at, err
}

func parseInstant(s string, now time.Time) (time.Time, error) {
	if strings.HasPrefix(s, "P") {
		d, err := bpmn.ParseDuration(s)
		if err != nil {
			return time.Time{}, err
		}
		return d.AddTo(now), nil
	}
	return bpmn.ParseDateTime(s)
}
