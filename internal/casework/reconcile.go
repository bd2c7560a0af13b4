package casework

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// FindingKind names a way in which the rows of a case and its workflow can disagree (ADR 0013).
type FindingKind string

// The kinds of findings.
const (
	WorkflowMissing FindingKind = "workflow-missing" // Temporal does not know the workflow of an open instance
	WorkflowClosed  FindingKind = "workflow-closed"  // it has been ended past the product
	WorkflowBehind  FindingKind = "workflow-behind"  // it does not know steps that are on record
	WorkflowAhead   FindingKind = "workflow-ahead"   // it knows steps that are not on record
	WorkflowStuck   FindingKind = "workflow-stuck"   // its workflow task fails
	WorkflowUnknown FindingKind = "workflow-unknown" // it runs, and there is no instance
	OrphanTask      FindingKind = "orphan-task"      // open, and no token waits for it
	MissingTask     FindingKind = "missing-task"     // a token waits for it, and it is not open
	LostCompletion  FindingKind = "lost-completion"  // completed, and nothing on its way tells the workflow
	Undelivered     FindingKind = "undelivered"      // a delivery was given up
)

// Finding is one difference between the rows of a case and its workflow.
type Finding struct {
	FindingID         int64       `json:"findingId,omitempty"`
	ProcessInstanceID string      `json:"processInstanceId"`
	TaskID            string      `json:"taskId,omitempty"` // empty: it concerns the instance
	Kind              FindingKind `json:"kind"`
	Detail            string      `json:"detail"`
	Repaired          bool        `json:"repaired"`
	FoundAt           time.Time   `json:"foundAt"`
	SeenAt            time.Time   `json:"seenAt"` // the last time
	Times             int         `json:"times"`  // how often it was seen
	ResolvedAt        *time.Time  `json:"resolvedAt"`
}

// OpenInstance is what the reconciler knows of an instance before it looks closer.
type OpenInstance struct {
	InstanceID string `json:"instanceId"`
	Started    bool   `json:"started"` // its workflow has committed a step
	Step       int64  `json:"step"`    // last one on record
	Proven     int64  `json:"proven"`  // up to which all was found to agree
	Pending    bool   `json:"pending"` // commands wait to be applied
	Dead       bool   `json:"dead"`    // deliveries were given up
	Doubtful   bool   `json:"doubtful"`
}

// Position is the place of an instance as its rows have it at one moment.
type Position struct {
	Step       int64                 `json:"step"`
	Open       bool                  `json:"open"`
	Settled    bool                  `json:"settled"` // nothing was committed in the last ten seconds
	Tasks      map[string]TaskStatus `json:"tasks"`
	Completing []string              `json:"completing"` // tasks whose completion is on its way to the workflow
}

// RunState says how a workflow is.
type RunState string

// The states of a workflow that the reconciler tells apart.
const (
	RunMissing RunState = "missing"
	RunClosed  RunState = "closed"
	RunRunning RunState = "running"
	RunStuck   RunState = "stuck"
)

// RunCompleted is the detail of a closed workflow that has come to its own end.
const RunCompleted = "completed"

// RunPosition is the place of an instance as its workflow has it. Step and Tasks are those of a running one.
type RunPosition struct {
	State  RunState
	Detail string // closed: how; stuck: why
	Step   int64
	Tasks  []string // that tokens wait for
}

// Differences compares a workflow with the rows, which were read after it. It is empty as well where something is under way.
func Differences(instanceID string, run RunPosition, rows Position) []Finding {
	found := func(kind FindingKind, taskID, detail string, args ...any) Finding {
		return Finding{ProcessInstanceID: instanceID, TaskID: taskID, Kind: kind, Detail: fmt.Sprintf(detail, args...)}
	}
	switch {
	case !rows.Open || !rows.Settled:
		return nil
	case run.State == RunMissing:
		return []Finding{found(WorkflowMissing, "", "Temporal knows no workflow of this id")}
	case run.State == RunClosed && run.Detail == RunCompleted: // its last step was committed before it completed
		return []Finding{found(WorkflowAhead, "", "the workflow has completed, the instance is open")}
	case run.State == RunClosed:
		return []Finding{found(WorkflowClosed, "", "the workflow is %s in Temporal, the instance is open", run.Detail)}
	case run.State == RunStuck:
		return []Finding{found(WorkflowStuck, "", "the workflow cannot go on: %s", run.Detail)}
	case run.Step < rows.Step:
		return []Finding{found(WorkflowBehind, "", "the workflow is at step %d, the rows are at step %d", run.Step, rows.Step)}
	case run.Step > rows.Step:
		return []Finding{found(WorkflowAhead, "", "the workflow is at step %d, the rows are at step %d", run.Step, rows.Step)}
	}
	var all []Finding
	for _, id := range slices.Sorted(maps.Keys(rows.Tasks)) {
		if status := rows.Tasks[id]; !status.Ended() && !slices.Contains(run.Tasks, id) {
			all = append(all, found(OrphanTask, id, "the task is %s, and no token waits for it", status))
		}
	}
	for _, id := range run.Tasks {
		switch status, known := rows.Tasks[id]; {
		case !known:
			all = append(all, found(MissingTask, id, "a token waits for the task, which has no row"))
		case status == TaskCancelled:
			all = append(all, found(MissingTask, id, "a token waits for the task, which is %s", status))
		case status == TaskCompleted && !slices.Contains(rows.Completing, id):
			all = append(all, found(LostCompletion, id, "the task is completed, a token waits for it, and no command is on its way"))
		}
	}
	return all
}

// ReconcilePage asks for a part of a reconciliation.
type ReconcilePage struct {
	After string `json:"after"` // id of the last instance that was looked at
}

// ReconcileTotals is what came of a reconciliation, or of a part.
type ReconcileTotals struct {
	Last     string `json:"last,omitempty"` // id of the last instance; empty: there are no more
	Checked  int    `json:"checked"`        // instances
	Proven   int    `json:"proven"`         // of them, looked at task by task and found to agree
	Findings int    `json:"findings"`
	Repaired int    `json:"repaired"`
}

// Add sums two parts.
func (t ReconcileTotals) Add(o ReconcileTotals) ReconcileTotals {
	return ReconcileTotals{
		Last: o.Last, Checked: t.Checked + o.Checked, Proven: t.Proven + o.Proven,
		Findings: t.Findings + o.Findings, Repaired: t.Repaired + o.Repaired,
	}
}
