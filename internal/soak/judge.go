package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/workflows"
)

// rule is a query for what must not be; each row of it is a sentence.
type rule struct {
	name, sql string
	args      []any
}

const ofTheSoak = "t.process_key = 'soak'"

// rules are about the whole of what happened: nothing was done twice or lost, nobody was passed over.
func rules(most time.Duration) []rule {
	return []rule{
		{"history leads from each status to the next", `
			SELECT 'task ' || h.task_id || ': ' || h.action_type || ' from ' || h.old_status || ' after ' || h.before FROM (
				SELECT h.task_id, h.action_type, h.old_status, lag(h.new_status) OVER (PARTITION BY h.task_id ORDER BY h.history_id) AS before
				FROM flowable.task_history h JOIN flowable.workflow_tasks t USING (task_id)
				WHERE ` + ofTheSoak + ` AND h.new_status IS NOT NULL) AS h
			WHERE h.before IS NOT NULL AND h.old_status <> h.before`, nil},
		{"a task is claimed only when nobody holds it", `
			SELECT 'task ' || h.task_id || ' was claimed by ' || h.action_by || ' while it was ' || h.old_status
			FROM flowable.task_history h JOIN flowable.workflow_tasks t USING (task_id)
			WHERE ` + ofTheSoak + ` AND h.action_type = 'CLAIM' AND h.old_status NOT IN ('OPEN', 'ESCALATED')`, nil},
		{"a task is completed once", `
			SELECT 'task ' || h.task_id || ' was completed ' || count(*) || ' times' FROM flowable.task_history h JOIN flowable.workflow_tasks t USING (task_id)
			WHERE ` + ofTheSoak + ` AND h.action_type = 'COMPLETE' GROUP BY h.task_id HAVING count(*) > 1`, nil},
		{"four eyes", `
			SELECT 'both tasks of ' || t.process_instance_id || ' were completed by ' || t.completed_by FROM flowable.workflow_tasks t
			JOIN flowable.workflow_tasks w ON w.process_instance_id = t.process_instance_id AND w.task_definition_key = 'work' AND w.completed_by = t.completed_by
			WHERE ` + ofTheSoak + ` AND t.task_definition_key = 'check'`, nil},
		{"skills", `
			SELECT 'task ' || t.task_id || ' asks for ' || t.required_skills::TEXT || ', which ' || t.completed_by || ' lacks'
			FROM flowable.workflow_tasks t JOIN flowable.workflow_queues q ON q.queue_name = t.queue_name AND q.queue_type = 'SPECIALIZED'
			JOIN entitlements.users u ON u.user_id = t.completed_by
			WHERE ` + ofTheSoak + ` AND NOT t.required_skills <@ ARRAY(SELECT jsonb_array_elements_text(u.attributes -> 'skills'))`, nil},
		{"nothing starves", `
			SELECT 'task ' || t.task_id || ' of priority ' || t.priority || ' in ' || t.queue_name || ' waited ' || round(extract(epoch FROM h.first - t.created_at)) || ' s for its claim'
			FROM flowable.workflow_tasks t
			CROSS JOIN LATERAL (SELECT COALESCE(min(h.action_at), CURRENT_TIMESTAMP) AS first FROM flowable.task_history h WHERE h.task_id = t.task_id AND h.action_type = 'CLAIM') AS h
			WHERE ` + ofTheSoak + ` AND h.first - t.created_at > make_interval(secs => $1)`, []any{most.Seconds()}},
		{"every case ends", `
			SELECT 'case ' || i.process_instance_id || ' is ' || i.status FROM flowable.process_instances i JOIN flowable.workflow_definitions d USING (workflow_id)
			WHERE d.process_key = 'soak' AND i.status <> 'COMPLETED'`, nil},
		{"nothing is left on its way", `
			SELECT 'a ' || c.kind || ' of ' || c.process_instance_id || ' was not applied' FROM flowable.task_commands c WHERE c.state = 'ACCEPTED'`, nil},
	}
}

// told is how many rows of a rule are told of.
const told = 5

// judge asks for all that must not be, counts the cases, and lets the reconciler look.
func judge(ctx context.Context, conn *pgx.Conn, s *stack.Stack, started int64, most time.Duration) (verdicts []string, err error) {
	for _, r := range rules(most) {
		rows, err := conn.Query(ctx, r.sql, r.args...)
		if err != nil {
			return verdicts, fmt.Errorf("%s: %w", r.name, err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return verdicts, fmt.Errorf("%s: %w", r.name, err)
		}
		for _, f := range found[:min(len(found), told)] {
			verdicts = append(verdicts, r.name+": "+f)
		}
		if more := len(found) - told; more > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%s: and %d more", r.name, more))
		}
	}
	var cases int64
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM flowable.process_instances i JOIN flowable.workflow_definitions d USING (workflow_id)
		WHERE d.process_key = 'soak'`).Scan(&cases); err != nil {
		return verdicts, err
	}
	if cases != started {
		verdicts = append(verdicts, fmt.Sprintf("%d cases were started, there are %d", started, cases))
	}
	totals, err := reconcile(ctx, s)
	if err == nil && totals.Findings > 0 {
		verdicts = append(verdicts, fmt.Sprintf("the reconciler found %d differences", totals.Findings))
	}
	return verdicts, err
}

func reconcile(ctx context.Context, s *stack.Stack) (totals casework.ReconcileTotals, err error) {
	temporal, err := client.DialContext(ctx, client.Options{HostPort: s.TemporalAddress, Logger: silent{}})
	if err != nil {
		return totals, err
	}
	defer temporal.Close()
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "soak-reconcile", TaskQueue: workflows.TaskQueue},
		workflows.ReconcileWorkflow, workflows.Reconciliation{})
	if err != nil {
		return totals, err
	}
	return totals, run.Get(ctx, &totals)
}

// silent logs nothing.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
