package workflows

import (
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Input is what a run begins with: a new case has only Start; a continued one also has State.
type Input struct {
	Start casework.Start `json:"start"`
	State *RunState      `json:"state,omitempty"`
}

// RunState is all that crosses a continue-as-new. Fields are only ever added.
type RunState struct {
	Engine  engine.State       `json:"engine"`
	Step    int64              `json:"step"` // last committed step
	Tasks   []OpenTask         `json:"tasks,omitempty"`
	Applied []string           `json:"applied,omitempty"` // ids of the last applied commands, oldest first
	Inbox   []casework.Command `json:"inbox,omitempty"`   // received, not yet applied

	Children   []OpenChild    `json:"children,omitempty"`
	Activities []OpenActivity `json:"activities,omitempty"` // in flight, or to be started; the next run starts them all

	Suspended bool `json:"suspended,omitempty"` // nothing moves the case but what is in flight already

	SLA *casework.SLAClock `json:"sla,omitempty"` // of the process; nil if it has none
}

// OpenTask is what the shell knows of a task that people work on.
type OpenTask struct {
	TaskID     string     `json:"taskId"`
	Token      string     `json:"token"`
	Element    string     `json:"element"`
	Name       string     `json:"name"`
	Queue      string     `json:"queue,omitempty"`
	Assignee   string     `json:"assignee,omitempty"`
	Due        *time.Time `json:"due,omitempty"`
	Level      int        `json:"level,omitempty"`
	EscalateAt *time.Time `json:"escalateAt,omitempty"` // when its next level is due, of whichever clock
	ClaimDue   *time.Time `json:"claimDue,omitempty"`
	PausedAt   *time.Time `json:"pausedAt,omitempty"`
	Seq        int64      `json:"seq,omitempty"` // of the latest act on it that was applied
}

func (s *RunState) task(id string) int {
	return slices.IndexFunc(s.Tasks, func(t OpenTask) bool { return t.TaskID == id })
}

// nextDue returns the earliest moment at which something is to be done; zero if there is none.
func (s *RunState) nextDue() time.Time {
	next := s.Engine.NextDue()
	if s.SLA != nil && s.SLA.EscalateAt != nil && (next.IsZero() || s.SLA.EscalateAt.Before(next)) {
		next = *s.SLA.EscalateAt
	}
	for _, t := range s.Tasks {
		if t.EscalateAt != nil && (next.IsZero() || t.EscalateAt.Before(next)) {
			next = *t.EscalateAt
		}
	}
	return next
}

func (s *RunState) remember(commandID string) {
	s.Applied = append(s.Applied, commandID)
	if over := len(s.Applied) - appliedKept; over > 0 {
		s.Applied = slices.Delete(s.Applied, 0, over)
	}
}
