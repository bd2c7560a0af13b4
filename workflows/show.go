package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Typed keys of the search attributes that change during a run.
var (
	keyCaseStatus   = temporal.NewSearchAttributeKeyKeyword(AttrCaseStatus)
	keyOpenElements = temporal.NewSearchAttributeKeyKeywordList(AttrOpenElements)
	keyNextDue      = temporal.NewSearchAttributeKeyTime(AttrNextDue)
)

// shown is what the search attributes say at the moment.
type shown struct {
	status string
	open   []string
	due    time.Time
}

// show makes the run readable in the Temporal Web UI. Search attributes are written only when they change.
func (r *run) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, r.details())
	next := shown{status: r.status(), open: searchable(r.state.Engine.Open())}
	next.due = r.nextDue().Truncate(time.Minute) // each change is a write to the visibility store
	var updates []temporal.SearchAttributeUpdate
	if next.status != r.shown.status {
		updates = append(updates, keyCaseStatus.ValueSet(next.status))
	}
	if !slices.Equal(next.open, r.shown.open) {
		updates = append(updates, keyOpenElements.ValueSet(next.open))
	}
	switch {
	case next.due.Equal(r.shown.due):
	case next.due.IsZero():
		updates = append(updates, keyNextDue.ValueUnset())
	default:
		updates = append(updates, keyNextDue.ValueSet(next.due))
	}
	r.shown = next
	if len(updates) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("search attributes not written", "error", err)
	}
}

// searchable is as much of a list as the server takes as the value of a search attribute. One that is larger would let each
// workflow task fail.
func searchable(elements []string) []string {
	const most = 2000 // bytes as JSON; the server's limit is 2,048
	size := len("[]")
	for i, e := range elements {
		if size += len(e) + len(`"",`); size > most {
			return elements[:i]
		}
	}
	return elements
}

func (r *run) status() string {
	switch {
	case r.state.Engine.Ended:
		return "ENDED"
	case r.suspended():
		return "SUSPENDED"
	case r.state.Engine.HasIncident():
		return "INCIDENT"
	}
	return "ACTIVE"
}

// details is a Markdown page: the case, its open tasks and its timers. The Web UI sets tables without space between their
// cells, so these are lists.
func (r *run) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** version %d, case **%s**, %s\n", cell(r.start.ProcessName), r.start.DefinitionVersion, cell(r.start.CaseNumber), r.status())
	if s := r.state.SLA; s != nil {
		fmt.Fprintf(&b, "\n- the process is due %s, raised to level %d", s.DueDate.UTC().Format(time.RFC3339), s.Level)
	}
	const most = 50 // details hold 20,000 bytes
	for i, t := range r.state.Tasks {
		if i == most {
			fmt.Fprintf(&b, "\n- and %d more tasks", len(r.state.Tasks)-most)
			break
		}
		fmt.Fprintf(&b, "\n- task **%s** in %s, %s, %s", cell(t.Name), cell(t.Queue), holder(t), deadline(t))
	}
	for i, t := range r.state.Engine.Timers {
		if i == most {
			break
		}
		fmt.Fprintf(&b, "\n- timer **%s** fires at %s", r.nodeName(t.Node), t.Due.UTC().Format(time.RFC3339))
	}
	r.showEvents(&b, most)
	const limit = 19_000 // bytes; Temporal keeps 20,000
	if b.Len() > limit {
		return b.String()[:strings.LastIndexByte(b.String()[:limit], '\n')] + "\n- and more"
	}
	return b.String()
}

// showEvents lists what the case waits for beside people and time, at most so many of each kind.
func (r *run) showEvents(b *strings.Builder, most int) {
	for i, a := range r.state.Activities {
		if i == most {
			break
		}
		what := "activity"
		if a.Event != "" {
			what = a.Event + " listener of"
		}
		fmt.Fprintf(b, "\n- %s **%s** (%s) runs since %s", what, r.nodeName(a.Element), cell(a.Type), a.Since.UTC().Format(time.RFC3339))
	}
	for i, c := range r.state.Children {
		if i == most {
			break
		}
		fmt.Fprintf(b, "\n- called process **%s** of %s runs as `%s`", cell(c.ProcessKey), r.nodeName(c.Element), c.InstanceID)
	}
	for i, s := range r.state.Engine.Subscriptions {
		if i == most {
			break
		}
		fmt.Fprintf(b, "\n- **%s** waits for the %s", r.nodeName(s.Node), waitsFor(s))
	}
}

func waitsFor(s engine.Subscription) string {
	switch {
	case s.Name == "":
		return s.Kind + " event"
	case s.Key != "":
		return fmt.Sprintf("%s **%s** with the key %s", s.Kind, cell(s.Name), cell(s.Key))
	}
	return fmt.Sprintf("%s **%s**", s.Kind, cell(s.Name))
}

func holder(t OpenTask) string {
	if t.Assignee == "" {
		return "held by nobody"
	}
	return "held by " + cell(t.Assignee)
}

func deadline(t OpenTask) string {
	due := "without a due time"
	if t.Due != nil {
		due = "due " + t.Due.UTC().Format(time.RFC3339)
	}
	if t.ClaimDue != nil && t.Assignee == "" {
		due += ", to be claimed by " + t.ClaimDue.UTC().Format(time.RFC3339)
	}
	if t.PausedAt != nil {
		due += ", paused since " + t.PausedAt.UTC().Format(time.RFC3339)
	}
	if t.Level > 0 {
		due += fmt.Sprintf(", raised to level %d", t.Level)
	}
	return due
}

// dueName says what is due at a moment: a timer of the model before the deadline of a task.
func (r *run) dueName(at time.Time) string {
	for _, t := range r.state.Engine.Timers {
		if t.Due.Equal(at) {
			return "timer " + r.nodeName(t.Node)
		}
	}
	for _, t := range r.state.Tasks {
		if t.EscalateAt != nil && t.EscalateAt.Equal(at) {
			return "deadline of " + cell(t.Name)
		}
	}
	if s := r.state.SLA; s != nil && s.EscalateAt != nil && s.EscalateAt.Equal(at) {
		return "deadline of the process"
	}
	return "wake-up"
}

// node is the node of an element; for the process itself one that has only its name.
func (r *run) node(element string) *bpmn.Node {
	if i := r.program.NodeIndex(element); i >= 0 {
		return &r.program.Nodes[i]
	}
	return &bpmn.Node{ID: element, Name: r.program.Name}
}

// nodeName is the name of an element, its id if it has none.
func (r *run) nodeName(element string) string {
	n := r.node(element)
	return cell(cmp.Or(n.Name, n.ID))
}

func cell(s string) string {
	s = strings.NewReplacer("|", "¦", "\n", " ", "*", "").Replace(s)
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return s
}
