package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ageBy makes a task of the unit older, with all its dates.
func (u *unit) ageBy(t *testing.T, id string, by time.Duration) {
	t.Helper()
	u.exec(t, `UPDATE flowable.workflow_tasks SET created_at = created_at - make_interval(secs => $2), due_date = due_date - make_interval(secs => $2)
		WHERE task_id = $1`, u.id(id), by.Seconds())
}

// becomes makes the unit's queue one of a type with weights.
func (u *unit) becomes(t *testing.T, kind casework.QueueType, weights string) {
	t.Helper()
	u.exec(t, "UPDATE flowable.workflow_queues SET queue_type = $2, priority_weights = $3 WHERE queue_name = $1", u.queue, kind, weights)
}

// claimsAll claims the next task until there is none, and tells the order.
func (u *unit) claimsAll(t *testing.T, who string) []string {
	t.Helper()
	order := []string{}
	for {
		got, err := u.api.ClaimNext(t.Context(), who, nil, uuid.New())
		require.NoError(t, err)
		if got == nil {
			return order
		}
		order = append(order, strings.TrimPrefix(got.TaskID, u.id("")))
	}
}

func severity(s string) func(*unit, *testing.T, string) {
	return func(u *unit, t *testing.T, id string) {
		t.Helper()
		u.exec(t, "UPDATE flowable.workflow_tasks SET severity = $2 WHERE task_id = $1", u.id(id), s)
	}
}

func older(by time.Duration) func(*unit, *testing.T, string) {
	return func(u *unit, t *testing.T, id string) { t.Helper(); u.ageBy(t, id, by) }
}

// orders says in which order the next tasks of a queue are claimed.
var orders = map[string]struct {
	kind    casework.QueueType
	weights string
	tasks   []casework.NewTask // placed in this order
	then    map[string]func(*unit, *testing.T, string)
	want    []string
}{
	"STANDARD: first in, first out": {
		kind: casework.QueueStandard, weights: "{}", tasks: tasksOf("a b c"),
		then: map[string]func(*unit, *testing.T, string){"a": older(time.Minute), "b": older(3 * time.Minute), "c": older(2 * time.Minute)},
		want: []string{"b", "c", "a"},
	},
	"STANDARD: priority goes before": {
		kind: casework.QueueStandard, weights: "{}", tasks: tasksOf("low:10 high:90"),
		then: map[string]func(*unit, *testing.T, string){"low": older(79 * time.Hour)}, want: []string{"high", "low"},
	},
	"STANDARD: an aged task of low priority is served": {
		kind: casework.QueueStandard, weights: "{}", tasks: tasksOf("low:10 high:90"),
		then: map[string]func(*unit, *testing.T, string){"low": older(81 * time.Hour)}, want: []string{"low", "high"},
	},
	"PRIORITY: what is due soon comes first": {
		kind: casework.QueuePriority, weights: "{}",
		tasks: []casework.NewTask{{TaskID: "far", DueDate: in(40 * time.Hour)}, {TaskID: "near", DueDate: in(time.Hour)}, {TaskID: "late", DueDate: in(-time.Hour)}},
		want:  []string{"late", "near", "far"},
	},
	"PRIORITY: slack against priority": { // 30 points of priority are 15 hours of slack
		kind: casework.QueuePriority, weights: `{"slack": 2}`,
		tasks: []casework.NewTask{{TaskID: "urgent", Priority: points(80), DueDate: in(20 * time.Hour)}, {TaskID: "near", Priority: points(50), DueDate: in(4 * time.Hour)},
			{TaskID: "nearer", Priority: points(50), DueDate: in(6 * time.Hour)}},
		want: []string{"near", "urgent", "nearer"},
	},
	"PRIORITY: the severity of the case": {
		kind: casework.QueuePriority, weights: `{"severity": {"HIGH": 45, "LOW": -45}}`, tasks: tasksOf("plain:50 high:10 low:90"),
		then: map[string]func(*unit, *testing.T, string){"high": severity("HIGH"), "low": severity("LOW")}, want: []string{"high", "plain", "low"},
	},
	"PRIORITY: weights of priority and age": {
		kind: casework.QueuePriority, weights: `{"base": 0.5, "age": 10, "slack": 0}`, tasks: tasksOf("a:100 b:0"),
		then: map[string]func(*unit, *testing.T, string){"b": older(6 * time.Hour)}, want: []string{"b", "a"},
	},
	"PRIORITY: the express lane jumps the line": {
		kind: casework.QueuePriority, weights: `{"express": {"minPriority": 95, "severities": ["CRITICAL"]}}`, tasks: tasksOf("old:90 fast:95 critical:1 plain:94"),
		then: map[string]func(*unit, *testing.T, string){"old": older(900 * time.Hour), "critical": severity("CRITICAL")},
		want: []string{"fast", "critical", "old", "plain"},
	},
	"escalated tasks come before the express lane": {
		kind: casework.QueuePriority, weights: `{"express": {"minPriority": 95}}`, tasks: tasksOf("fast:100 late:1 later:1"),
		then: map[string]func(*unit, *testing.T, string){"late": escalated, "later": escalated}, want: []string{"late", "later", "fast"},
	},
}

func escalated(u *unit, t *testing.T, id string) {
	t.Helper()
	u.exec(t, "UPDATE flowable.workflow_tasks SET due_date = CURRENT_TIMESTAMP - interval '1 second' WHERE task_id = $1", u.id(id))
	u.exec(t, "SELECT flowable.escalate_task($1, 1, 'SWEEP')", u.id(id))
}

// tasksOf reads "name:priority name:priority".
func tasksOf(text string) (tasks []casework.NewTask) {
	for _, word := range strings.Fields(text) {
		name, p, _ := strings.Cut(word, ":")
		n := casework.NewTask{TaskID: name}
		if p != "" {
			value := 0
			for _, digit := range p {
				value = value*10 + int(digit-'0')
			}
			n.Priority = &value
		}
		tasks = append(tasks, n)
	}
	return tasks
}

func in(d time.Duration) *time.Time { at := time.Now().Add(d); return &at }

func points(n int) *int { return &n }

func TestTheNextTaskIsThatOfTheQueuesOrder(t *testing.T) {
	t.Parallel()
	for name, tc := range orders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			w.becomes(t, tc.kind, tc.weights)
			var tasks []casework.NewTask
			for _, n := range tc.tasks {
				tasks = append(tasks, w.task(n.TaskID, func(to *casework.NewTask) { to.Priority, to.DueDate = n.Priority, n.DueDate }))
			}
			w.place(t, tasks...)
			for _, n := range tc.tasks { // one after the other: what is due earlier comes earlier
				if change := tc.then[n.TaskID]; change != nil {
					change(w, t, n.TaskID)
				}
			}
			require.Equal(t, tc.want, w.claimsAll(t, w.user))
		})
	}
}

// A queue is as urgent as what the person gets of it, not as its head, which they may never get.
func TestWhatNobodyMayTakeDoesNotKeepOtherQueuesBack(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]string{
		"it is somebody else's": "candidate_groups = '{}', candidate_users = '{nobody}'",
		"it is paused":          "paused_at = CURRENT_TIMESTAMP",
		"they are excluded":     "excluded_users = '{{user}}'",
		"four eyes":             "four_eyes_of = '{first}'",
		"skills":                "required_skills = '{law}'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			other := w.found(t)
			w.grant(t, w.user, other.role)
			w.becomes(t, casework.QueueSpecialized, "{}")
			w.checked(t, w.user)
			escalated(w, t, "second")
			for _, set := range []string{"four_eyes_of = '{}'", keep} {
				w.set(t, "UPDATE flowable.workflow_tasks SET "+set+" WHERE task_id = '{name}-second'")
			}
			w.place(t, w.task("low", priority(1)))
			other.place(t, other.task("high", priority(90)))
			require.Equal(t, []string{other.id("high"), "low"}, w.claimsAll(t, w.user))
		})
	}
}

func TestTheEffectivePriorityIsMadeUpByTheWeights(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.becomes(t, casework.QueuePriority, `{"base": 1, "age": 2, "slack": 3, "severity": {"HIGH": 7}}`)
	w.place(t, w.task("a", priority(40), due(10*time.Hour)))
	severity("HIGH")(w, t, "a")
	effective := func() float64 {
		got, err := w.api.Task(t.Context(), w.user, w.id("a"))
		require.NoError(t, err)
		require.NotNil(t, got.EffectivePriority)
		return *got.EffectivePriority
	}
	require.InDelta(t, 40+0-30+7, effective(), .05)
	w.ageBy(t, "a", 4*time.Hour) // as if four hours had passed: 8 by age, 12 as its due date nears
	require.InDelta(t, 40+8-18+7, effective(), .05)
	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("a"), uuid.New())
	require.NoError(t, err)
	got, err := w.api.Task(t.Context(), w.user, w.id("a"))
	require.NoError(t, err)
	require.Nil(t, got.EffectivePriority, "it has no place in the queue any more")
}

func TestATaskThatChangesChangesItsPlace(t *testing.T) {
	t.Parallel()
	x := newTeam(t)
	x.place(t, x.task("a", priority(50)), x.task("b", priority(51)), x.task("c", priority(52)))
	high := 99
	x.does(t, x.boss, x.id("a"), casework.TaskAct{Kind: casework.ActUpdate, Priority: &high})
	x.does(t, x.user, x.id("c"), casework.TaskAct{Kind: casework.ActClaim})
	x.exec(t, "UPDATE flowable.workflow_tasks SET priority = 98 WHERE task_id = $1", x.id("c"))
	x.does(t, x.user, x.id("c"), casework.TaskAct{Kind: casework.ActUnclaim})
	require.Equal(t, []string{"a", "c", "b"}, x.claimsAll(t, x.user), "while it was held as well")
}

func TestChangedWeightsRankTheTasksAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.limit(t, 3000)
	w.place(t, w.task("fresh", priority(90)), w.task("old", priority(10)))
	w.ageBy(t, "old", 20*time.Hour)
	w.open(t, 1200)
	w.becomes(t, casework.QueuePriority, `{"age": 100}`)
	first := func() string {
		return one[string](t, w.super, `SELECT task_id FROM flowable.workflow_tasks WHERE queue_name = $1 AND status = 'OPEN' ORDER BY claim_lane, claim_rank DESC LIMIT 1`, w.queue)
	}
	require.Equal(t, w.id("fresh"), first(), "until they are ranked")
	for _, err := range together(3, func(int) error { // in batches, and at once
		for {
			more, err := w.worker.RankTasks(t.Context())
			if err != nil || !more {
				return err
			}
		}
	}) {
		require.NoError(t, err)
	}
	for more := true; more; { // what was locked by another is for the next time
		var err error
		more, err = w.worker.RankTasks(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, w.id("old"), first())
	require.Equal(t, []int{2}, rows[int](t, w.super, "SELECT DISTINCT rank_version FROM flowable.workflow_tasks"))
	require.Equal(t, 2, one[int](t, w.super, "SELECT ranked_version FROM flowable.workflow_queues WHERE queue_name = $1", w.queue))
	require.Equal(t, []int64{1}, rows[int64](t, w.super, "SELECT DISTINCT version FROM flowable.workflow_tasks"), "nothing that people see has changed")
}

func TestASpecializedQueueAsksForSkills(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	w.becomes(t, casework.QueueSpecialized, "{}")
	lawyer := w.hire(t, 1)[0]
	w.exec(t, `UPDATE entitlements.users SET attributes = '{"skills": ["law", "spanish"]}' WHERE user_id = $1`, lawyer)
	w.place(t, w.task("contract", priority(90), skills("law", "spanish")), w.task("plain", priority(1)), w.task("greek", skills("law", "greek")))
	_, err := w.api.ClaimTask(t.Context(), w.user, w.id("contract"), uuid.New())
	require.Equal(t, "skills", hasCode(t, err, casework.Forbidden).Rule)
	require.Equal(t, []string{"plain"}, w.claimsAll(t, w.user), "past what asks for more")
	require.Equal(t, []string{"contract"}, w.claimsAll(t, lawyer))
	w.becomes(t, casework.QueueStandard, "{}")
	_, err = w.api.ClaimTask(t.Context(), w.user, w.id("greek"), uuid.New())
	require.NoError(t, err, "other queues do not ask")
}

func skills(s ...string) func(*casework.NewTask) { return func(n *casework.NewTask) { n.Skills = s } }
