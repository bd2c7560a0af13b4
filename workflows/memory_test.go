package workflows_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// memory stands in for PostgreSQL. It keeps the rules on which the workflow relies: the first result of a step is the
// only one, a command has to be an accepted one, and a task that a person has completed is not cancelled.
type memory struct {
	sla    time.Duration   // time until a task without a due date is due; 0 means never
	levels []time.Duration // escalation levels, after the due date
	// fail lets an attempt to commit fail; attempts count from 1 over all steps.
	fail func(attempt int, c casework.StepCommit) error
	// change alters a result on its way to the workflow.
	change func(c casework.StepCommit, r casework.StepResult) casework.StepResult

	taken map[string]string // commands accepted for subscriptions, by subscription id

	mu       sync.Mutex
	contents map[string]string // of large values
	reads    int               // of contents
	attempts int
	refused  int
	commits  []casework.StepCommit // each step once, in the order of writing
	results  map[int64]casework.StepResult
	tasks    []*taskRow
	commands map[string]casework.Command // accepted, not applied
	applied  []string
	seq      int64
}

type taskRow struct {
	casework.NewTask
	status   casework.TaskStatus
	assignee string
	due      *time.Time
	level    int
}

func newMemory() *memory {
	return &memory{results: map[int64]casework.StepResult{}, contents: map[string]string{}, commands: map[string]casework.Command{}}
}

// CommitStep implements activities.StepStore.
func (m *memory) CommitStep(_ context.Context, c casework.StepCommit) (casework.StepResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.attempts++
	if m.fail != nil {
		if err := m.fail(m.attempts, c); err != nil {
			return casework.StepResult{}, err
		}
	}
	maps.Copy(m.contents, c.Values)
	r, err := m.write(c)
	if err == nil && m.change != nil {
		r = m.change(c, r)
	}
	return r, err
}

// LargeValue implements worker.ValueStore.
func (m *memory) LargeValue(_ context.Context, sha string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	content, ok := m.contents[sha]
	if !ok {
		return nil, fmt.Errorf("there is no large value %s", sha)
	}
	return []byte(content), nil
}

// KeepLargeValues implements worker.ValueStore.
func (m *memory) KeepLargeValues(_ context.Context, _ string, contents map[string]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.contents, contents)
	return nil
}

func (m *memory) write(c casework.StepCommit) (casework.StepResult, error) {
	if r, known := m.results[c.Step]; known {
		if i := int(c.Step) - 1; i < len(m.commits) && (m.commits[i].Cause != c.Cause || !m.commits[i].At.Equal(c.At)) {
			first := m.commits[i]
			return casework.StepResult{Fingerprint: c.Fingerprint, Instead: &casework.StepCause{Cause: first.Cause, At: first.At, Answer: first.Answer}}, nil
		}
		return r, nil
	}
	if want := int64(len(m.commits)) + 1; c.Step != want {
		return casework.StepResult{}, fmt.Errorf("step %d came where step %d was expected", c.Step, want)
	}
	r := casework.StepResult{Fingerprint: c.Fingerprint}
	for _, t := range m.tasks {
		if slices.Contains(c.CancelTasks, t.TaskID) && t.status == casework.TaskCompleted && m.completionWaits(t.TaskID) {
			r.Lost = append(r.Lost, t.TaskID)
		}
	}
	if c.Events != nil {
		for _, id := range c.Events.Unsubscribed {
			if command, pending := m.commands[m.taken[id]]; pending && command.CommandID != c.CommandID {
				r.Taken = append(r.Taken, id)
			}
		}
	}
	if len(r.Lost)+len(r.Taken) > 0 {
		return r, nil
	}
	if c.CommandID != "" {
		if _, accepted := m.commands[c.CommandID]; !accepted {
			m.refused++
			r.Refused = true
			return r, nil
		}
		delete(m.commands, c.CommandID)
		m.applied = append(m.applied, c.CommandID)
	}
	for _, n := range c.NewTasks {
		r.Tasks = append(r.Tasks, m.place(n, c.At))
	}
	for _, e := range c.Escalations {
		if e.TaskID == "" { // of the process: change answers for it
			continue
		}
		r.Escalated = append(r.Escalated, m.escalate(e))
	}
	for _, t := range m.tasks {
		if slices.Contains(c.CancelTasks, t.TaskID) || c.End != nil {
			t.end(casework.TaskCancelled)
		}
	}
	m.commits = append(m.commits, c)
	m.results[c.Step] = r
	return r, nil
}

func (m *memory) completionWaits(taskID string) bool {
	for _, c := range m.commands {
		if c.TaskID == taskID && c.Kind == casework.CommandComplete {
			return true
		}
	}
	return false
}

func (m *memory) place(n casework.NewTask, at time.Time) casework.TaskPlaced {
	t := &taskRow{NewTask: n, status: casework.TaskOpen, assignee: n.Assignee, due: n.DueDate}
	if t.due == nil && m.sla > 0 {
		due := at.Add(m.sla)
		t.due = &due
	}
	m.tasks = append(m.tasks, t)
	return m.placed(t)
}

func (m *memory) placed(t *taskRow) casework.TaskPlaced {
	p := casework.TaskPlaced{
		TaskID: t.TaskID, QueueName: "queue-of-" + t.DefinitionKey, Assignee: t.assignee, Status: t.status, DueDate: t.due, Level: t.level,
	}
	if t.due != nil && t.level < len(m.levels) {
		next := t.due.Add(m.levels[t.level])
		p.EscalateAt = &next
	}
	return p
}

func (m *memory) escalate(e casework.EscalationDue) casework.TaskPlaced {
	t := m.task(func(t *taskRow) bool { return t.TaskID == e.TaskID })
	if !t.status.Ended() && t.level < e.Level {
		t.level, t.status = e.Level, casework.TaskEscalated
	}
	return m.placed(t)
}

func (t *taskRow) end(as casework.TaskStatus) {
	if !t.status.Ended() {
		t.status = as
	}
}

func (m *memory) task(is func(*taskRow) bool) *taskRow {
	for _, t := range slices.Backward(m.tasks) {
		if is(t) {
			return t
		}
	}
	return nil
}

// accept accepts a command and gives it an id and its place in the order.
func (m *memory) accept(c casework.Command) casework.Command {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq++
	c.Seq = m.seq
	c.CommandID = uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "command %d", c.Seq)).String()
	m.commands[c.CommandID] = c
	t := m.task(func(t *taskRow) bool { return t.TaskID == c.TaskID })
	switch {
	case t == nil:
	case c.Kind == casework.CommandClaim:
		t.assignee = c.ActorID
	case c.Kind == casework.CommandUnclaim:
		t.assignee = ""
	case c.Kind == casework.CommandComplete:
		t.end(casework.TaskCompleted)
	}
	return c
}

// open lists the element ids of the tasks that people may still complete.
func (m *memory) open() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []string{}
	for _, t := range m.tasks {
		if !t.status.Ended() {
			found = append(found, t.DefinitionKey)
		}
	}
	return found
}

// taskOf returns the task that was created last for an element.
func (m *memory) taskOf(element string) *taskRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.task(func(t *taskRow) bool { return t.DefinitionKey == element })
}

// lastCommit returns the last step that was written.
func (m *memory) lastCommit() casework.StepCommit {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commits[len(m.commits)-1]
}
