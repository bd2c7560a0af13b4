package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// desk is a queue with a role, somebody who works on it, and their supervisor.
type desk struct {
	stack                   *stack.Stack
	rows                    *pgxpool.Pool // as superuser
	queue, role, user, boss string
	claimWithin             string // of its tasks, as a duration; "": as the queue says
}

// newDesk sets up a desk whose deadlines do what a configuration says. In it {role}, {queue}, {user} and {boss} stand for those
// of the desk.
func newDesk(t *testing.T, s *stack.Stack, config string) *desk {
	t.Helper()
	require.NoError(t, s.Deploy(t.Context(), "testdata/levels.bpmn"))
	rows, err := pgxpool.New(t.Context(), s.DatabaseURL())
	require.NoError(t, err)
	t.Cleanup(rows.Close)
	name := uuid.NewString()[:8]
	d := &desk{stack: s, rows: rows, queue: "desk-" + name, role: "DESK_" + name, user: name + ".worker", boss: name + ".boss"}
	config = strings.NewReplacer("{role}", d.role, "{queue}", d.queue, "{user}", d.user, "{boss}", d.boss).Replace(config)
	d.exec(t, "INSERT INTO entitlements.workflow_roles (role_code, role_name, role_type, queue_name) VALUES ($1, $1, 'CUSTOM', $2)", d.role, d.queue)
	for _, user := range []string{d.boss, d.user} {
		d.exec(t, "INSERT INTO entitlements.users (user_id, username) VALUES ($1, $1)", user)
		d.exec(t, "INSERT INTO entitlements.user_workflow_roles (user_id, role_id, assigned_by) SELECT $1, role_id, 'SYSTEM' FROM entitlements.workflow_roles WHERE role_code = $2", user, d.role)
	}
	d.exec(t, "UPDATE entitlements.users SET supervisor_id = $2 WHERE user_id = $1", d.user, d.boss)
	d.ask(t, http.MethodPost, "/api/workflow/queues", map[string]any{"queueName": d.queue, "escalationConfig": json.RawMessage(config)})
	d.ask(t, http.MethodPut, "/api/workflow/queues/"+d.queue+"/assignments/"+d.role, map[string]any{})
	return d
}

// ask does what an administrator does.
func (d *desk) ask(t *testing.T, method, path string, body any) {
	t.Helper()
	_, err := d.stack.As(mike).Do(t.Context(), method, path, body, nil)
	require.NoError(t, err)
}

func (d *desk) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := d.rows.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (d *desk) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, d.rows.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// start begins a case with a task at the desk that is due then; with the queue's own time where that is nil.
func (d *desk) start(t *testing.T, due *time.Time) (taskID, instance string) {
	t.Helper()
	variables := map[string]any{"group": d.role, "holders": "", "due": "", "claimWithin": d.claimWithin}
	if due != nil {
		variables["due"] = due.UTC().Format(time.RFC3339Nano)
	}
	started, err := d.stack.As(mike).StartCase(t.Context(), casework.CaseStart{ProcessKey: "levels", Variables: variables})
	require.NoError(t, err)
	require.Len(t, started.Tasks, 1)
	return started.Tasks[0].TaskID, started.ProcessInstanceID
}

func (d *desk) see(t *testing.T, taskID string) casework.Task {
	return task(t, d.stack.As(mike), taskID)
}

func (d *desk) told(t *testing.T, user string) []casework.Notification {
	t.Helper()
	var list casework.List[casework.Notification]
	_, err := d.stack.As(user).Do(t.Context(), http.MethodGet, "/api/workflow/notifications", nil, &list)
	require.NoError(t, err)
	return list.Items
}

func in(d time.Duration) *time.Time {
	t := time.Now().Add(d)
	return &t
}

// at is a configuration with one level at the due date.
func at(actions string) string {
	return `{"levels": [{"afterMinutes": 0, "actions": [` + actions + `]}]}`
}

// TestEveryActionOfALevelIsDoneInTime lets a held task pass its due date for each action.
func TestEveryActionOfALevelIsDoneInTime(t *testing.T) {
	t.Parallel()
	s := product(t)
	for name, test := range map[string]struct {
		config string
		done   func(t *testing.T, d *desk, taskID, instance string) bool
		after  func(t *testing.T, d *desk, taskID, instance string)
	}{
		"notify": {
			config: at(`{"action": "notify", "assignee": true, "supervisor": true}`),
			done:   func(t *testing.T, d *desk, _, _ string) bool { return len(d.told(t, d.boss)) == 1 },
			after: func(t *testing.T, d *desk, taskID, _ string) {
				told := d.told(t, d.user)
				require.Len(t, told, 1)
				require.Equal(t, []any{casework.NotifyBreach, taskID}, []any{told[0].Kind, *told[0].TaskID})
				require.Equal(t, []any{casework.TaskClaimed, d.user}, []any{d.see(t, taskID).Status, *d.see(t, taskID).AssigneeID})
			},
		},
		"raisePriority": {
			config: at(`{"action": "raisePriority", "to": 95}`),
			done:   func(t *testing.T, d *desk, taskID, _ string) bool { return d.see(t, taskID).Priority == 95 },
		},
		"release": {
			config: at(`{"action": "release"}`),
			done: func(t *testing.T, d *desk, taskID, _ string) bool {
				return d.see(t, taskID).Status == casework.TaskEscalated
			},
			after: func(t *testing.T, d *desk, taskID, instance string) {
				next, err := d.stack.As(d.boss).ClaimNext(t.Context())
				require.NoError(t, err)
				require.Equal(t, taskID, next.TaskID)
				awaitVariable(t, d.stack, instance, "holders", " "+d.user+" "+d.boss)
			},
		},
		"reassign to a role": {
			config: at(`{"action": "reassign", "role": "GROUP_INVESTIGATOR"}`),
			done: func(t *testing.T, d *desk, taskID, _ string) bool {
				return d.see(t, taskID).CandidateGroups[0] == "GROUP_INVESTIGATOR"
			},
			after: func(t *testing.T, d *desk, taskID, _ string) { act(t, d.stack.As(edward), taskID, "claim", nil) },
		},
		"reassign to the supervisor": {
			config: at(`{"action": "reassign", "supervisor": true}`),
			done: func(t *testing.T, d *desk, taskID, _ string) bool {
				return d.see(t, taskID).AssigneeID != nil && *d.see(t, taskID).AssigneeID == d.boss
			},
			after: func(t *testing.T, d *desk, taskID, instance string) {
				awaitVariable(t, d.stack, instance, "holders", " "+d.user+" "+d.boss)
				_, err := d.stack.As(d.boss).Complete(t.Context(), taskID, casework.Completion{})
				require.NoError(t, err)
			},
		},
		"moveToQueue": {
			config: at(`{"action": "moveToQueue", "queue": "eo-officer-queue"}`),
			done: func(t *testing.T, d *desk, taskID, _ string) bool {
				return d.see(t, taskID).QueueName == "eo-officer-queue"
			},
			after: func(t *testing.T, d *desk, taskID, _ string) { act(t, d.stack.As("robert.eo"), taskID, "claim", nil) },
		},
		"signalProcess with a signal":      {config: at(`{"action": "signalProcess", "signal": "late"}`), done: opens("heard")},
		"signalProcess with an escalation": {config: at(`{"action": "signalProcess", "escalation": "LATE"}`), done: opens("help")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, s, test.config)
			id, instance := d.start(t, in(1500*time.Millisecond))
			_, err := s.As(d.user).Claim(t.Context(), id)
			require.NoError(t, err)
			await(t, func() bool { return test.done(t, d, id, instance) })
			require.Equal(t, 1, d.see(t, id).EscalationLevel)
			if test.after != nil {
				test.after(t, d, id, instance)
			}
			require.Equal(t, 1, d.count(t, "SELECT count(*) FROM flowable.escalations WHERE task_id = $1 AND source = 'TIMER'", id))
		})
	}
}

// opens waits for a task of an element.
func opens(element string) func(*testing.T, *desk, string, string) bool {
	return func(t *testing.T, d *desk, _, instance string) bool {
		open, err := d.stack.As(mike).OpenTasks(t.Context(), instance)
		require.NoError(t, err)
		for _, task := range open {
			if task.TaskDefinitionKey == element {
				return true
			}
		}
		return false
	}
}

func TestATaskThatNobodyClaimsIsReported(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), `{"levels": [], "claimLevels": [{"afterMinutes": -1, "actions": [{"action": "notify", "supervisor": true, "roles": ["{role}"]}]}, {"afterMinutes": 60}]}`)
	d.ask(t, http.MethodPatch, "/api/workflow/queues/"+d.queue, map[string]any{"claimSlaMinutes": 1})
	id, _ := d.start(t, nil)
	await(t, func() bool { return len(d.told(t, d.user)) == 1 })
	require.Equal(t, casework.NotifyClaimWarning, d.told(t, d.user)[0].Kind)
	clocks := d.see(t, id).SLA
	require.Equal(t, []any{casework.SLAWarned, 1, "CLAIM"}, []any{clocks.State, clocks.ClaimLevel, clocks.Next.Clock})
	_, err := d.stack.As(d.user).Claim(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, d.see(t, id).SLA.Next)
}

func TestATaskThatNobodyClaimsInTimeComesFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), `{"levels": [], "claimLevels": [{"afterMinutes": 0, "actions": [{"action": "notify", "supervisor": true, "users": ["{boss}"]}]}]}`)
	d.claimWithin = "PT2S"
	late, _ := d.start(t, nil)
	claimed, _ := d.start(t, nil)
	_, err := d.stack.As(d.user).Claim(t.Context(), claimed)
	require.NoError(t, err)
	await(t, func() bool { return d.see(t, late).Status == casework.TaskEscalated })
	clocks := d.see(t, late).SLA
	require.Equal(t, []any{casework.SLABreached, 0, 1}, []any{clocks.State, clocks.Level, clocks.ClaimLevel})
	told := d.told(t, d.boss)
	require.Len(t, told, 1)
	require.Equal(t, []any{casework.NotifyClaimBreach, late}, []any{told[0].Kind, *told[0].TaskID})

	back := act(t, d.stack.As(d.user), claimed, "unclaim", nil)
	require.Equal(t, casework.TaskOpen, back.Status)
	require.WithinDuration(t, time.Now().Add(2*time.Second), *back.ClaimDueDate, 2*time.Second, "its time to claim begins anew")
	await(t, func() bool { return d.see(t, claimed).Status == casework.TaskEscalated })
	require.Len(t, d.told(t, d.boss), 2)
}

func TestAChangedDueDateIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), at(""))
	id, _ := d.start(t, in(time.Hour))
	soon := time.Now().Add(2 * time.Second)
	act(t, d.stack.As(mike), id, "update", map[string]any{"dueDate": soon})
	await(t, func() bool { return d.see(t, id).Status == casework.TaskEscalated })
	require.True(t, time.Now().After(soon))
	require.Equal(t, 1, d.count(t, "SELECT count(*) FROM flowable.escalations WHERE task_id = $1 AND source = 'TIMER' AND escalated_at >= $2", id, soon))
}

// A week in which nobody works now becomes one in which everybody does: what waited is late at once.
func TestAChangedCalendarReachesOpenTasks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), `{"levels": [{"afterMinutes": -1}]}`)
	later := strings.ToLower(time.Now().UTC().Add(72 * time.Hour).Weekday().String())
	hours := func(from, to string, days ...string) map[string]any {
		week := map[string]any{}
		for _, day := range days {
			week[day] = [][]string{{from, to}}
		}
		return week
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	today, tomorrow := time.Now().In(zone).Format(time.DateOnly), time.Now().In(zone).AddDate(0, 0, 1).Format(time.DateOnly)
	always := hours("00:00", "24:00", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
	d.ask(t, http.MethodPost, "/api/workflow/calendars", map[string]any{"calendarName": d.queue, "timeZone": zone.String(), "workingHours": hours("09:00", "17:00", later)})
	d.ask(t, http.MethodPatch, "/api/workflow/queues/"+d.queue, map[string]any{"calendarName": d.queue, "slaMinutes": 1})
	id, _ := d.start(t, nil)
	far := d.see(t, id)
	require.Greater(t, time.Until(*far.DueDate), 24*time.Hour)

	// Everybody works, but not today and tomorrow.
	d.ask(t, http.MethodPatch, "/api/workflow/calendars/"+d.queue, map[string]any{"workingHours": always, "holidays": []string{today, tomorrow}})
	free := time.Now().In(zone).AddDate(0, 0, 2)
	begin := time.Date(free.Year(), free.Month(), free.Day(), 0, 1, 0, 0, zone) // a minute into the first day of work
	await(t, func() bool { return d.see(t, id).DueDate.Equal(begin) })
	d.ask(t, http.MethodPatch, "/api/workflow/calendars/"+d.queue, map[string]any{"holidays": []string{}})
	await(t, func() bool { return d.see(t, id).EscalationLevel == 1 })
	near := d.see(t, id)
	require.WithinDuration(t, far.CreatedAt.Add(time.Minute), *near.DueDate, 0)
	require.Equal(t, casework.TaskOpen, near.Status, "it is only warned of")
}

func TestAPausedTaskIsLateLater(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), at(""))
	due := in(3 * time.Second)
	id, _ := d.start(t, due)
	other, _ := d.start(t, due)
	act(t, d.stack.As(mike), id, "pause", map[string]any{"reason": "The supplier is asked."})
	require.Equal(t, casework.SLAPaused, d.see(t, id).SLA.State)
	await(t, func() bool { return d.see(t, other).Status == casework.TaskEscalated })
	require.Equal(t, casework.TaskOpen, d.see(t, id).Status)
	resumed := act(t, d.stack.As(mike), id, "resume", nil)
	require.True(t, resumed.DueDate.After(*due))
	await(t, func() bool { return d.see(t, id).Status == casework.TaskEscalated })
	require.True(t, time.Now().After(*resumed.DueDate))
}

func TestTheDeadlineOfAProcessIsKept(t *testing.T) {
	t.Parallel()
	mailAddress, received := listenForMail(t)
	s := own(t, "sla", "--smtp-address", mailAddress, "--smtp-from", "workflow@example.com", "--smtp-encryption", "none")
	d := newDesk(t, s, at(""))
	d.ask(t, http.MethodPatch, "/api/workflow/definitions/levels/versions/1", map[string]any{"slaConfig": json.RawMessage(
		`{"withinMinutes": 1, "levels": [{"afterMinutes": -1, "actions": [{"action": "notify", "assignee": true}, {"action": "signalProcess", "signal": "late"}]}]}`)})
	_, instance := d.start(t, in(time.Hour))
	await(t, func() bool { return opens("heard")(t, d, "", instance) })
	told := d.told(t, mike)
	require.Len(t, told, 1)
	require.Equal(t, casework.NotifyProcessWarning, told[0].Kind)
	require.Nil(t, told[0].TaskID)
	mail := <-received
	for _, part := range []string{"To: <mike.admin@onecms.example>", "Subject: Soon past its due date: level 1", "process", "Levels"} {
		require.Contains(t, mail, part)
	}
	i, err := s.As(mike).Instance(t.Context(), instance)
	require.NoError(t, err)
	require.WithinDuration(t, i.StartedAt.Add(time.Minute), *i.SLADueDate, 0)
}

// TestManyDeadlinesAtOnceAreEachSeenOnce lets some hundred tasks become due at the same moment, while the safety net runs
// again and again beside the cases' own timers.
func TestManyDeadlinesAtOnceAreEachSeenOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, own(t, "many"), at(`{"action": "raisePriority", "by": 1}, {"action": "notify", "users": ["{boss}"]}`))
	const n = 300
	due := in(25 * time.Second)
	var starting sync.WaitGroup
	failed := make(chan error, n)
	for w := range 10 {
		starting.Go(func() {
			for range n / 10 {
				_, err := d.stack.As(mike).StartCase(t.Context(), casework.CaseStart{
					ProcessKey: "levels", BusinessKey: fmt.Sprint(w), Variables: map[string]any{"group": d.role, "holders": "", "claimWithin": "", "due": due.UTC().Format(time.RFC3339Nano)},
				})
				failed <- err
			}
		})
	}
	starting.Wait()
	for range n {
		require.NoError(t, <-failed)
	}
	ctx, stop := context.WithCancel(t.Context())
	var net sync.WaitGroup
	net.Go(func() {
		again := time.NewTicker(time.Second) // the timers do some of them
		defer again.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-again.C:
				_, _ = d.rows.Exec(ctx, "CALL flowable.escalate_overdue_tasks()")
			}
		}
	})
	await(t, func() bool {
		return d.count(t, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1 AND escalation_level = 1", d.queue) == n
	})
	stop()
	net.Wait()
	require.Equal(t, n, d.count(t, "SELECT count(*) FROM flowable.escalations e JOIN flowable.workflow_tasks t USING (task_id) WHERE t.queue_name = $1", d.queue))
	require.Equal(t, n, d.count(t, "SELECT count(*) FROM flowable.notifications WHERE recipient_id = $1", d.boss))
	require.Equal(t, n, d.count(t, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = $1 AND priority = 51 AND status = 'ESCALATED'", d.queue))
	require.Equal(t, n, d.count(t, "SELECT count(DISTINCT recipient_id || task_id) FROM flowable.notifications WHERE recipient_id = $1", d.boss))
	t.Logf("%d by timers, %d by the net", d.count(t, "SELECT count(*) FROM flowable.escalations e JOIN flowable.workflow_tasks t USING (task_id) WHERE t.queue_name = $1 AND source = 'TIMER'", d.queue),
		d.count(t, "SELECT count(*) FROM flowable.escalations e JOIN flowable.workflow_tasks t USING (task_id) WHERE t.queue_name = $1 AND source = 'SWEEP'", d.queue))
}

// What a person raises by hand does at once what the level would have done later.
func TestALevelIsReachedByHand(t *testing.T) {
	t.Parallel()
	d := newDesk(t, product(t), `{"levels": [{"afterMinutes": 600, "actions": [{"action": "notify", "supervisor": true}, {"action": "release"}]}, {"afterMinutes": 700}]}`)
	id, instance := d.start(t, nil)
	_, err := d.stack.As(d.user).Claim(t.Context(), id)
	require.NoError(t, err)
	raised := act(t, d.stack.As(d.user), id, "escalate", map[string]any{"reason": "The press asks."})
	require.Equal(t, []any{1, casework.TaskClaimed}, []any{raised.EscalationLevel, raised.Status})
	await(t, func() bool { return d.see(t, id).Status == casework.TaskEscalated })
	told := d.told(t, d.boss)
	require.Len(t, told, 1)
	require.Equal(t, casework.NotifyEscalated, told[0].Kind)
	require.Equal(t, 2, d.see(t, id).SLA.Next.Level)
	_, err = d.stack.As(d.boss).Claim(t.Context(), id)
	require.NoError(t, err)
	awaitVariable(t, d.stack, instance, "holders", " "+d.user+" "+d.boss)
}
