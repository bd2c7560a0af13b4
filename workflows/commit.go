package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// commit writes a step: a local activity with a short limit, then a regular one that the server retries without end. A step
// too large for the history stays a local one, tried without end.
// It panics if the database holds another path for the same step, which replay by itself would not notice.
func (r *run) commit(ctx workflow.Context, c casework.StepCommit, summary string) (casework.StepResult, error) {
	result, err := r.commitLocally(ctx, c, summary)
	if err != nil && isLarge(c) {
		for pause := time.Second; err != nil; pause = min(2*pause, 30*time.Second) {
			if err := r.pause(ctx, pause, "before the next try to write step "+strconv.FormatInt(c.Step, 10)); err != nil {
				return result, err
			}
			result, err = r.commitLocally(ctx, c, summary)
		}
	}
	if err != nil {
		regular := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			ActivityID:          fmt.Sprintf("commit:%d", c.Step),
			StartToCloseTimeout: commitTimeout,
			RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, MaximumInterval: 30 * time.Second},
			Summary:             summary,
		})
		result = casework.StepResult{}
		if err := workflow.ExecuteActivity(regular, CommitStepName, c).Get(ctx, &result); err != nil {
			return result, fmt.Errorf("commit step %d: %w", c.Step, err)
		}
	}
	if !result.Refused && result.Instead == nil && result.Fingerprint != c.Fingerprint {
		panic(fmt.Sprintf("step %d took another path than the one on record: have %s, recorded %s", c.Step, c.Fingerprint, result.Fingerprint))
	}
	return result, nil
}

func (r *run) commitLocally(ctx workflow.Context, c casework.StepCommit, summary string) (result casework.StepResult, err error) {
	timeout := commitLocalTimeout
	if len(c.Values) > 0 {
		timeout = commitTimeout // large values take their time
	}
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: timeout,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 2, InitialInterval: 50 * time.Millisecond},
		Summary:                summary,
	})
	err = workflow.ExecuteLocalActivity(local, CommitStepName, c).Get(ctx, &result)
	return result, err
}

// isLarge reports whether the server would refuse a step as the input of an activity, and end the run. Contents of large values
// do not belong into the history in any case.
func isLarge(c casework.StepCommit) bool {
	if len(c.Values) > 0 {
		return true
	}
	raw, err := json.Marshal(c)
	return err == nil && len(raw) > mostRequestBytes
}

// pause waits; what comes meanwhile waits as well.
func (r *run) pause(ctx workflow.Context, d time.Duration, why string) error {
	timer := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: why})
	if err := timer.Get(ctx, nil); err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	return nil
}

// commitOf gathers what a step did to the database.
func (r *run) commitOf(ev engine.Event, cause casework.Command, next engine.State, effects []engine.Effect) casework.StepCommit {
	c := casework.StepCommit{
		InstanceID: r.start.InstanceID, Step: r.state.Step + 1, At: ev.At,
		CommandID: cause.CommandID, CommandKind: cause.Kind, Actor: cause.ActorID, Cause: causeOf(ev, cause),
		Open: next.Open(),
	}
	if isAnswer(ev, cause) {
		c.Cause, c.Answer = answerCause(ev)
		if r.instead != nil { // an answer on record, done again: the database may write its values in another way
			c.Cause = r.instead.Cause
		}
	}
	for _, e := range effects {
		r.addEffect(&c, e)
	}
	for i, incident := range c.Incidents {
		c.Incidents[i].Resolvable = !incident.Resolved && engine.Resolvable(r.program, next, incident.IncidentID)
	}
	c.Fingerprint = engine.Fingerprint(effects)
	return c
}

func (r *run) addEffect(c *casework.StepCommit, e engine.Effect) {
	switch e.Kind {
	case engine.NodeEntered:
		n := r.program.Nodes[r.program.NodeIndex(e.Element)]
		c.Activities = append(c.Activities, casework.ActivityChange{
			ElementInstanceID: e.Instance, ActivityID: n.ID, ActivityType: string(n.Kind), Name: n.Name, State: casework.ActivityActive,
		})
	case engine.NodeLeft:
		endActivity(&c.Activities, e, casework.ActivityCompleted)
	case engine.NodeCancelled:
		endActivity(&c.Activities, e, casework.ActivityCancelled)
	case engine.TaskCreated:
		c.NewTasks = append(c.NewTasks, r.newTask(e))
		r.addTaskVariables(c, e)
	case engine.TaskCancelled:
		c.CancelTasks = append(c.CancelTasks, TaskID(r.start.InstanceID, e.Instance))
	case engine.ValueStored:
		if c.Values == nil {
			c.Values = map[string]string{}
		}
		c.Values[e.Name] = string(e.Value)
	case engine.VariableSet:
		setLast(&c.Variables, casework.VariableChange{Name: e.Name, Value: e.Value})
	case engine.IncidentRaised:
		c.Incidents = append(c.Incidents, casework.IncidentChange{IncidentID: e.Instance, ActivityID: e.Element, Kind: e.Name, Message: e.Message})
	case engine.IncidentResolved:
		c.Incidents = append(c.Incidents, casework.IncidentChange{IncidentID: e.Instance, ActivityID: e.Element, Resolved: true})
	case engine.InstanceEnded:
		c.End = &casework.InstanceEnd{Status: casework.InstanceStatus(e.Status), EndEventID: e.Element, Reason: e.Message, Code: e.Code}
	default:
		r.addEvent(c, e)
	}
}

// addTaskVariables stores the variables that only a task has, in the order of their names.
func (r *run) addTaskVariables(c *casework.StepCommit, e engine.Effect) {
	for _, name := range slices.Sorted(maps.Keys(e.Task.Variables)) {
		if c.Events == nil {
			c.Events = &casework.StepEvents{}
		}
		c.Events.TaskVariables = append(c.Events.TaskVariables, casework.TaskVariable{
			TaskID: TaskID(r.start.InstanceID, e.Instance), Name: name, Value: e.Task.Variables[name],
		})
	}
}

func (r *run) newTask(e engine.Effect) casework.NewTask {
	return casework.NewTask{
		TaskID: TaskID(r.start.InstanceID, e.Instance), ElementInstanceID: e.Instance, DefinitionKey: e.Element,
		Name: e.Task.Name, Lane: e.Task.Lane, Assignee: e.Task.Assignee,
		CandidateGroups: e.Task.CandidateGroups, CandidateUsers: e.Task.CandidateUsers,
		FormKey: e.Task.FormKey, DueDate: e.Task.DueDate, Priority: e.Task.Priority,
		Queue: e.Task.Queue, Skills: e.Task.Skills, FourEyesOf: e.Task.FourEyesOf,
		Calendar: e.Task.Calendar, ClaimSeconds: e.Task.ClaimSeconds, CompleteSeconds: e.Task.CompleteSeconds, Locals: e.Task.Locals,
	}
}

// endActivity ends an activity, in the same entry if it began in this step.
func endActivity(activities *[]casework.ActivityChange, e engine.Effect, state casework.ActivityState) {
	if i := slices.IndexFunc(*activities, func(a casework.ActivityChange) bool { return a.ElementInstanceID == e.Instance }); i >= 0 {
		(*activities)[i].State = state
		return
	}
	*activities = append(*activities, casework.ActivityChange{ElementInstanceID: e.Instance, ActivityID: e.Element, State: state})
}

func setLast(vars *[]casework.VariableChange, v casework.VariableChange) {
	if i := slices.IndexFunc(*vars, func(o casework.VariableChange) bool { return o.Name == v.Name }); i >= 0 {
		(*vars)[i] = v
		return
	}
	*vars = append(*vars, v)
}

// escalate raises every task whose next level is due.
func (r *run) escalate(ctx workflow.Context) error {
	c := casework.StepCommit{InstanceID: r.start.InstanceID, Step: r.state.Step + 1, At: r.at(ctx), Cause: escalation, Open: r.state.Engine.Open()}
	h := sha256.New()
	for _, t := range r.state.Tasks {
		if t.EscalateAt != nil && !t.EscalateAt.After(c.At) {
			c.Escalations = append(c.Escalations, casework.EscalationDue{TaskID: t.TaskID, Level: t.Level + 1})
			fmt.Fprintf(h, "escalate|%s|%d\n", t.Token, t.Level+1)
		}
	}
	if s := r.state.SLA; s != nil && s.EscalateAt != nil && !s.EscalateAt.After(c.At) {
		c.Escalations = append(c.Escalations, casework.EscalationDue{Level: s.Level + 1})
		fmt.Fprintf(h, "escalate process|%d\n", s.Level+1)
	}
	c.Fingerprint = hex.EncodeToString(h.Sum(nil))
	result, err := r.commit(ctx, c, "raise overdue tasks")
	if err != nil {
		return err
	}
	if r.instead = result.Instead; r.instead != nil {
		return nil
	}
	r.state.Step = c.Step
	r.updateClocks(result)
	for _, d := range c.Escalations { // what the database no longer has open is not asked for again
		if i := r.state.task(d.TaskID); i >= 0 && isDue(r.state.Tasks[i].EscalateAt, c.At) {
			r.state.Tasks[i].EscalateAt = nil
		}
	}
	if r.state.SLA != nil && isDue(r.state.SLA.EscalateAt, c.At) {
		r.state.SLA.EscalateAt = nil
	}
	return nil
}

// updateClocks takes over how tasks and the clock of the process are by what the database says.
func (r *run) updateClocks(result casework.StepResult) {
	for _, p := range result.Escalated {
		if i := r.state.task(p.TaskID); i >= 0 {
			r.state.Tasks[i].setClocks(p)
		}
	}
	if result.SLA != nil {
		r.state.SLA = result.SLA
	}
}

func isDue(at *time.Time, now time.Time) bool { return at != nil && !at.After(now) }

// describe names a commit for people: what caused it and what is open next.
func describe(ev engine.Event, p *bpmn.Program, effects []engine.Effect) string {
	s := string(ev.Kind)
	if ev.Kind == noted {
		s = ev.Name
	}
	if element, _, found := strings.Cut(ev.Token, ":"); found && p.NodeIndex(element) >= 0 && concernsElement(ev.Kind) {
		s += " " + p.Nodes[p.NodeIndex(element)].Name
	}
	for _, e := range effects {
		if e.Kind == engine.TaskCreated || e.Kind == engine.InstanceEnded {
			s += " → " + name(p, e)
		}
	}
	return short(s)
}

// concernsElement reports whether an event says most to people with the name of the element it is about.
func concernsElement(kind engine.EventKind) bool {
	switch kind {
	case engine.MessageReceived, engine.ActivityDone, engine.ActivityFailed, engine.ChildEnded, engine.Activate, engine.Complete:
		return true
	}
	return false
}

// short cuts a text to what a summary or a reason may hold.
func short(s string) string {
	const most = 200 // bytes; Temporal documents 400
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func name(p *bpmn.Program, e engine.Effect) string {
	if e.Kind == engine.InstanceEnded {
		return string(e.Status)
	}
	if i := p.NodeIndex(e.Element); i >= 0 {
		return p.Nodes[i].Name
	}
	return e.Element
}
