package db_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/values"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// route places one task and answers its queue, the rule that chose it and what the history says.
func (u *unit) route(t *testing.T, change func(*casework.NewTask), variables ...casework.VariableChange) (queue, by string, comment *string) {
	t.Helper()
	instance := u.start(t, admin)
	n := u.task(instance[:8], change)
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{n}, Variables: variables})
	err := u.super.QueryRow(t.Context(), `SELECT t.queue_name, h.action_data ->> 'routedBy', h.comments
		FROM flowable.workflow_tasks t JOIN flowable.task_history h USING (task_id) WHERE t.task_id = $1 AND h.action_type = 'CREATE'`, n.TaskID).
		Scan(&queue, &by, &comment)
	require.NoError(t, err)
	return queue, by, comment
}

// desk adds a queue without any role.
func (u *unit) desk(t *testing.T, name string) string {
	t.Helper()
	u.exec(t, "INSERT INTO flowable.workflow_queues (queue_name, sla_minutes) VALUES ($1, 60)", u.name+"-"+name)
	return u.name + "-" + name
}

func TestTheQueueOfATaskIsChosenInOrder(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	model, lane, rule := u.desk(t, "model"), u.desk(t, "lane"), u.desk(t, "rule")
	u.exec(t, "UPDATE flowable.workflow_definitions SET routing_rules = jsonb_build_object('rules', jsonb_build_array(jsonb_build_object('queue', $1::TEXT)))", rule)
	all := func(n *casework.NewTask) { n.Queue, n.Lane = model, lane }

	queue, by, comment := u.route(t, all)
	require.Equal(t, []string{model, "model"}, []string{queue, by})
	require.Nil(t, comment)

	queue, by, _ = u.route(t, func(n *casework.NewTask) { all(n); n.Queue = "" })
	require.Equal(t, []string{u.queue, "role"}, []string{queue, by})

	queue, by, _ = u.route(t, func(n *casework.NewTask) { all(n); n.Queue, n.CandidateGroups = "", []string{"NOBODY", u.role} })
	require.Equal(t, []string{u.queue, "role"}, []string{queue, by}, "the first group that has a queue")

	queue, by, _ = u.route(t, func(n *casework.NewTask) { n.Lane, n.CandidateGroups = lane, nil })
	require.Equal(t, []string{lane, "lane"}, []string{queue, by})

	queue, by, _ = u.route(t, func(n *casework.NewTask) { n.Lane, n.CandidateGroups = "Some lane", nil })
	require.Equal(t, []string{rule, "definition"}, []string{queue, by})

	u.exec(t, "UPDATE flowable.workflow_definitions SET routing_rules = '{}'")
	queue, by, _ = u.route(t, func(n *casework.NewTask) { n.CandidateGroups = nil })
	require.Equal(t, []string{"default-queue", "default"}, []string{queue, by})

	u.exec(t, "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE queue_name IN ($1, $2, $3)", model, lane, u.queue)
	queue, by, comment = u.route(t, all)
	require.Equal(t, []string{"default-queue", "default"}, []string{queue, by}, "queues that are switched off are passed over")
	require.Contains(t, *comment, "The queue '"+model+"'")

	queue, _, comment = u.route(t, func(n *casework.NewTask) { n.Queue, n.Calendar, n.Assignee = "no'where", "never", "nobody" })
	require.Equal(t, "default-queue", queue)
	require.Contains(t, *comment, "'no''where'")
	require.Contains(t, *comment, "'never'")
	require.Contains(t, *comment, "'nobody'")
}

func TestConditionsOfRulesAreAboutWhatTheTaskSees(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	desk := u.desk(t, "desk")
	u.exec(t, "UPDATE onecms.cases SET severity = 'HIGH'")
	variables := []casework.VariableChange{
		{Name: "amount", Value: json.RawMessage("1500.50")}, {Name: "country", Value: quoted("DE")}, {Name: "vip", Value: json.RawMessage("true")},
		{Name: "order", Value: json.RawMessage(`{"total": {"net": 7}}`)}, {Name: "nothing", Value: json.RawMessage("null")},
		{Name: "list", Value: json.RawMessage("[1, 2]")}, {Name: "opened", Value: quoted("2030-02-01")}, {Name: "item", Value: quoted("outer")},
	}
	for condition, want := range map[string]bool{
		`{"variable": "amount", "gt": 1500}`:                                                        true,
		`{"variable": "amount", "gt": 1500.5}`:                                                      false,
		`{"variable": "amount", "ge": 1500.50}`:                                                     true,
		`{"variable": "amount", "eq": 1500.5}`:                                                      true,
		`{"variable": "amount", "lt": 1501}`:                                                        true,
		`{"variable": "amount", "le": 1500}`:                                                        false,
		`{"variable": "amount", "gt": "1"}`:                                                         false,
		`{"variable": "amount", "ne": "1500.5"}`:                                                    true,
		`{"variable": "country", "in": ["AT", "DE"]}`:                                               true,
		`{"variable": "country", "in": ["AT"]}`:                                                     false,
		`{"variable": "country", "gt": "AT"}`:                                                       true,
		`{"variable": "opened", "lt": "2030-02-02"}`:                                                true,
		`{"variable": "vip", "eq": true}`:                                                           true,
		`{"variable": "vip", "ne": true}`:                                                           false,
		`{"variable": "vip", "gt": false}`:                                                          false,
		`{"variable": "order.total.net", "eq": 7}`:                                                  true,
		`{"variable": "order.total.gross", "exists": true}`:                                         false,
		`{"variable": "nothing", "exists": false}`:                                                  true,
		`{"variable": "nothing", "eq": null}`:                                                       true,
		`{"variable": "unknown", "exists": false}`:                                                  true,
		`{"variable": "unknown", "ne": 1}`:                                                          true,
		`{"variable": "unknown", "lt": 1}`:                                                          false,
		`{"variable": "list", "exists": true}`:                                                      true,
		`{"variable": "list", "in": [1, 2]}`:                                                        false,
		`{"variable": "item", "eq": "inner"}`:                                                       true,
		`{"field": "priority", "ge": 80}`:                                                           true,
		`{"field": "department", "eq": "COMPLIANCE"}`:                                               true,
		`{"field": "taskDefinitionKey", "eq": "review"}`:                                            true,
		`{"field": "processKey", "in": ["intake"]}`:                                                 true,
		`{"field": "severity", "eq": "HIGH"}`:                                                       true,
		`{"field": "caseType", "eq": ""}`:                                                           true,
		`{"all": [{"variable": "vip", "eq": true}, {"variable": "amount", "gt": 1000}]}`:            true,
		`{"all": [{"variable": "vip", "eq": true}, {"variable": "amount", "gt": 2000}]}`:            false,
		`{"any": [{"variable": "vip", "eq": false}, {"not": {"variable": "country", "eq": "AT"}}]}`: true,
		`{"any": [{"variable": "vip", "eq": false}]}`:                                               false,
	} {
		u.exec(t, "UPDATE flowable.workflow_definitions SET routing_rules = $1", `{"rules": [{"queue": "nowhere"}, {"when": `+condition+`, "queue": "`+desk+`"}]}`)
		instance := u.start(t, admin)
		u.exec(t, "UPDATE onecms.cases SET severity = 'HIGH'")
		n := u.task(instance[:8], forGroups(), priority(80))
		n.Locals = map[string]json.RawMessage{"item": quoted("inner")}
		result := u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{n}, Variables: variables})
		require.Equal(t, want, result.Tasks[0].QueueName == desk, condition)
	}
}

func TestRulesSeeWhatIsKeptByReference(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	desk := u.desk(t, "desk")
	u.exec(t, "UPDATE flowable.workflow_definitions SET routing_rules = $1", `{"rules": [{"when": {"variable": "order.total", "gt": 10000}, "queue": "`+desk+`"}]}`)
	for total, want := range map[string]string{"20000": desk, "1": "default-queue", "1e999999": "default-queue"} {
		content, err := json.Marshal(largeText(1 << 20))
		require.NoError(t, err)
		contents, instance := values.Contents{}, u.start(t, admin)
		order := contents.Pack(json.RawMessage(`{"total": `+total+`, "text": `+string(content)+`}`), values.LargeBytes)
		result := u.step(t, casework.StepCommit{
			InstanceID: instance, Step: 1, Values: contents, Variables: []casework.VariableChange{{Name: "order", Value: order}},
			NewTasks: []casework.NewTask{u.task(instance[:8], forGroups())},
		})
		require.NotNil(t, one[*string](t, u.super, "SELECT large_value FROM flowable.workflow_variables WHERE process_instance_id = $1", instance))
		require.Equal(t, want, result.Tasks[0].QueueName, total)
	}
}

func TestAQueueHandsOnToEachQueueOnce(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	high, circle := u.desk(t, "high"), u.desk(t, "circle")
	rules := func(queue, rules string) {
		u.exec(t, "UPDATE flowable.workflow_queues SET routing_rules = $2 WHERE queue_name = $1", queue, rules)
	}
	rules(u.queue, `{"rules": [{"when": {"field": "priority", "gt": 90}, "queue": "`+high+`"}, {"when": {"field": "priority", "lt": 10}, "queue": "`+circle+`"}]}`)
	rules(circle, `{"rules": [{"queue": "`+u.queue+`"}, {"queue": "`+circle+`"}]}`)

	queue, _, _ := u.route(t, priority(95))
	require.Equal(t, high, queue)
	queue, _, _ = u.route(t, priority(50))
	require.Equal(t, u.queue, queue)
	queue, by, _ := u.route(t, priority(5))
	require.Equal(t, []string{circle, "role"}, []string{queue, by}, "a circle ends where it would begin anew")
	require.Equal(t, []string{u.queue}, one[[]string](t, u.super, `SELECT ARRAY(SELECT jsonb_array_elements_text(h.action_data -> 'handedOnFrom'))
		FROM flowable.task_history h JOIN flowable.workflow_tasks t USING (task_id) WHERE t.queue_name = $1`, circle))
}

func TestATaskKeepsWhatItsModelSaysOfTheWork(t *testing.T) {
	t.Parallel()
	u := newWorld(t)
	u.exec(t, `INSERT INTO flowable.business_calendars (calendar_name, time_zone, working_hours) VALUES ('office', 'Europe/Berlin', '{"monday": [["09:00", "17:00"]]}')`)
	instance := u.start(t, admin)
	u.exec(t, "UPDATE onecms.cases SET severity = 'LOW'")
	n := u.task("work", func(n *casework.NewTask) {
		n.Skills, n.FourEyesOf, n.Calendar = []string{"law", "tax"}, []string{"draft"}, "office"
	})
	plain := u.task("plain", func(n *casework.NewTask) { n.ClaimSeconds, n.CompleteSeconds = 90, 86_401 })
	u.step(t, casework.StepCommit{InstanceID: instance, Step: 1, NewTasks: []casework.NewTask{n, plain}})
	require.Equal(t, "{law,tax} {draft} LOW office", one[string](t, u.super,
		"SELECT concat_ws(' ', required_skills::TEXT, four_eyes_of::TEXT, severity, calendar_name) FROM flowable.workflow_tasks WHERE task_id = $1", n.TaskID))
	require.Equal(t, "00:01:30 24:00:01", one[string](t, u.super,
		"SELECT concat_ws(' ', claim_due_date - created_at, justify_interval('0') + make_interval(secs => extract(epoch FROM due_date - created_at))) FROM flowable.workflow_tasks WHERE task_id = $1", plain.TaskID))
}
