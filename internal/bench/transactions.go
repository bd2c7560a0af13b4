package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/workflows"
)

// benchTransactions measures what a human step asks of the product's database alone: claim, completion and the commit of the
// step that follows, one after the other through the store, with Temporal and the product stopped.
func benchTransactions(ctx context.Context, s *stack.Stack, url string, span time.Duration) (result series, err error) {
	if err := s.Deploy(ctx, "internal/bench/loop.bpmn"); err != nil {
		return series{}, err
	}
	started, err := s.As("bench.1").StartCase(ctx, casework.CaseStart{ProcessKey: "benchLoop"})
	if err != nil {
		return series{}, err
	}
	s.Stop()
	l := &loop{instance: started.ProcessInstanceID, task: started.Tasks[0]}
	if err := l.open(ctx, url); err != nil {
		return series{}, err
	}
	defer l.close()
	next := func(ctx context.Context, _ int) (func() error, error) {
		return func() error { return l.step(ctx) }, nil
	}
	if _, err := measure(ctx, "warm up", 1, time.Second, next); err != nil {
		return series{}, err
	}
	head()
	result, err = measure(ctx, "transactions of a step", 1, span, next)
	result.print()
	return result, err
}

// loop plays the process of loop.bpmn without its workflow.
type loop struct {
	api, worker *db.Store
	instance    string
	task        casework.Task
	work        string // node instance of the open task
	last        int64  // step on record
	nodes       int    // counter of node instances
}

func (l *loop) open(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	const position = `
SELECT i.last_step, t.element_instance_id FROM flowable.process_instances i JOIN flowable.workflow_tasks t USING (process_instance_id)
WHERE i.process_instance_id = $1`
	if err := conn.QueryRow(ctx, position, l.instance).Scan(&l.last, &l.work); err != nil {
		return err
	}
	l.nodes = 1000
	var failed error
	l.api, err = db.Open(ctx, db.Config{URL: url, Role: "nextgen_api", MaxConns: 2})
	l.worker, failed = db.Open(ctx, db.Config{URL: url, Role: "nextgen_worker", MaxConns: 2})
	return errors.Join(err, failed)
}

func (l *loop) close() {
	l.api.Close()
	l.worker.Close()
}

func (l *loop) step(ctx context.Context) error {
	if _, err := l.api.ClaimTask(ctx, "bench.1", l.task.TaskID, uuid.New()); err != nil {
		return err
	}
	_, delivery, err := l.api.CompleteTask(ctx, "bench.1", l.task.TaskID, uuid.New(), casework.Completion{})
	if err != nil {
		return err
	}
	more, work := fmt.Sprintf("more:%d", l.nodes+1), fmt.Sprintf("work:%d", l.nodes+2)
	task := casework.NewTask{
		TaskID: workflows.TaskID(l.instance, work), ElementInstanceID: work, DefinitionKey: "work", Name: "Work", CandidateGroups: []string{"BENCH"},
	}
	result, err := l.worker.CommitStep(ctx, casework.StepCommit{
		InstanceID: l.instance, Step: l.last + 1, At: time.Now().UTC(), Fingerprint: fmt.Sprintf("%064d", l.last+1),
		Cause: delivery.Command.CommandID, CommandID: delivery.Command.CommandID, CommandKind: casework.CommandComplete, Actor: "bench.1",
		NewTasks: []casework.NewTask{task},
		Activities: []casework.ActivityChange{
			{ElementInstanceID: l.work, ActivityID: "work", State: casework.ActivityCompleted},
			{ElementInstanceID: more, ActivityID: "more", ActivityType: "exclusiveGateway", State: casework.ActivityCompleted},
			{ElementInstanceID: work, ActivityID: "work", ActivityType: "userTask", Name: "Work", State: casework.ActivityActive},
		},
		Open: []string{"work"},
	})
	if err != nil {
		return err
	}
	if result.Refused || len(result.Tasks) != 1 {
		return fmt.Errorf("step %d was refused: %s", l.last+1, result.Reason)
	}
	l.task.TaskID, l.work, l.last, l.nodes = task.TaskID, work, l.last+1, l.nodes+2
	return nil
}
