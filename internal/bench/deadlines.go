package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// deadlines is how late many deadlines are seen that pass within one second.
type deadlines struct {
	Name    string  `json:"name"`
	Tasks   int     `json:"tasks"`
	Seconds float64 `json:"seconds"` // from the first deadline to the last escalation
	ByTimer int     `json:"byTimer"` // by the cases' own timers; the safety net did the others
	P50     float64 `json:"p50s"`    // seconds after its deadline that a task was escalated
	P95     float64 `json:"p95s"`
	P99     float64 `json:"p99s"`
	Last    float64 `json:"lastS"`
}

// deadlinePatience bounds the wait for the last escalation.
const deadlinePatience = 15 * time.Minute

// benchDeadlines starts cases whose tasks are all due within one second, and waits until each is escalated: exactly once.
func benchDeadlines(ctx context.Context, s *stack.Stack, url string, tasks int) (deadlines, error) {
	d := deadlines{Name: fmt.Sprintf("%d deadlines within a second", tasks), Tasks: tasks}
	if err := s.Deploy(ctx, "internal/bench/deadline.bpmn"); err != nil {
		return d, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return d, err
	}
	defer conn.Close(ctx)
	began := time.Now()
	const probe = 200 // cases, to find out how fast they begin
	if err := startDue(ctx, s, probe, func(int) time.Time { return began.Add(24 * time.Hour) }); err != nil {
		return d, err
	}
	first := time.Now().Add(time.Duration(float64(time.Since(began))/probe*float64(tasks)*1.5) + 20*time.Second).UTC()
	if err := startDue(ctx, s, tasks, func(n int) time.Time { return first.Add(time.Second * time.Duration(n) / time.Duration(tasks)) }); err != nil {
		return d, err
	}
	if late := time.Since(first); late > 0 {
		return d, fmt.Errorf("the cases began %s too late to be due together", late)
	}
	if err := awaitEscalations(ctx, conn, first, tasks); err != nil {
		return d, err
	}
	var rows int
	err = conn.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE e.source = 'TIMER'), extract(EPOCH FROM max(e.escalated_at) - $1)::FLOAT,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.95) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late), max(late)
		FROM flowable.escalations e JOIN flowable.workflow_tasks t USING (task_id), extract(EPOCH FROM e.escalated_at - t.due_date) AS l (late)
		WHERE t.process_key = 'benchDeadline' AND t.due_date < $1 + INTERVAL '1 second'`, first).
		Scan(&rows, &d.ByTimer, &d.Seconds, &d.P50, &d.P95, &d.P99, &d.Last)
	if err != nil {
		return d, err
	}
	if rows != tasks {
		return d, fmt.Errorf("%d tasks were escalated %d times", tasks, rows)
	}
	fmt.Printf("%s: all escalated once, %d by their own timers, the last %.1f s after the first was due; late by p50 %.2f s, p95 %.2f s, p99 %.2f s, at most %.2f s\n",
		d.Name, d.ByTimer, d.Seconds, d.P50, d.P95, d.P99, d.Last)
	return d, nil
}

// startDue starts cases side by side.
func startDue(ctx context.Context, s *stack.Stack, n int, due func(int) time.Time) error {
	const parallel = 32
	var next atomic.Int64
	failed := make([]error, parallel)
	var starting sync.WaitGroup
	for w := range parallel {
		starting.Go(func() {
			client := s.As(fmt.Sprintf("bench.%d", w%16+1))
			for i := int(next.Add(1)) - 1; i < n && failed[w] == nil; i = int(next.Add(1)) - 1 {
				_, failed[w] = client.StartCase(ctx, casework.CaseStart{ProcessKey: "benchDeadline", Variables: map[string]any{"due": due(i).UTC().Format(time.RFC3339Nano)}})
			}
		})
	}
	starting.Wait()
	return errors.Join(failed...)
}

// awaitEscalations waits until no task that was due is without its first level.
func awaitEscalations(ctx context.Context, conn *pgx.Conn, first time.Time, tasks int) error {
	ctx, cancel := context.WithDeadline(ctx, first.Add(deadlinePatience))
	defer cancel()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for {
		var done int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM flowable.workflow_tasks
			WHERE process_key = 'benchDeadline' AND escalation_level > 0 AND due_date >= $1 AND due_date < $1 + INTERVAL '1 second'`, first).Scan(&done)
		if err != nil {
			return err
		}
		if done >= tasks {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d deadlines were seen within %s", done, tasks, deadlinePatience)
		case <-again.C:
		}
	}
}
