package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
	"github.com/onecms/nextgen-workflow/internal/testdb"
)

const (
	faultCases    = 60 // at least
	faultKills    = 4  // of each process, at least
	faultParallel = 12
	faultPatience = 4 * time.Minute
)

// TestNothingIsLostOrDoneTwiceWhenProcessesAreKilled walks cases to their ends while worker, API and Temporal server are
// killed with SIGKILL at random moments and started again. Every request is repeated until it is answered, as a client
// does that lost its connection.
func TestNothingIsLostOrDoneTwiceWhenProcessesAreKilled(t *testing.T) {
	nextgen, temporal := binaries(t)
	url := testdb.DB(t)
	s, err := stack.Start(t.Context(), stack.Config{Binary: nextgen, TemporalBinary: temporal, DatabaseURL: url, Log: logs(), Suffix: "_fault"})
	require.NoError(t, err)
	t.Cleanup(s.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), faultPatience)
	defer cancel()
	routes := routesToLastEnds(t, s)
	people := users(t)

	var next atomic.Int64
	enough := make(chan struct{}) // closed when the killer has killed enough
	killed := make(chan map[string]int, 1)
	go func() { killed <- killAtRandom(ctx, s, enough) }()
	var mu sync.Mutex
	var walked []*faultCase
	var running sync.WaitGroup
	for range faultParallel {
		running.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				select {
				case <-enough:
					if n >= faultCases {
						return
					}
				default:
				}
				c := &faultCase{name: fmt.Sprintf("fault-%d", n), route: routes[n%len(routes)], stack: s, people: people}
				c.err = c.walk(ctx)
				mu.Lock()
				walked = append(walked, c)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	cancel()
	kills := <-killed
	t.Logf("%d cases, kills: %v", len(walked), kills)
	for _, c := range walked {
		assert.NoError(t, c.err, "%s %v", c.name, c.route.way)
	}
	for _, process := range []string{"api", "worker", "temporal"} {
		require.GreaterOrEqual(t, kills[process], faultKills, "too few kills of %s", process)
	}
	require.GreaterOrEqual(t, len(walked), faultCases)
	lost, double := account(t, url, walked)
	t.Logf("%d lost, %d double, over %d cases", lost, double, len(walked))
	require.Zero(t, lost)
	require.Zero(t, double)
}

// killAtRandom kills one process after the other until it has killed each often enough, and leaves them all running.
func killAtRandom(ctx context.Context, s *stack.Stack, enough chan<- struct{}) map[string]int {
	processes := map[string]*stack.Process{"api": s.API, "worker": s.Worker, "temporal": s.Temporal}
	names := []string{"api", "worker", "temporal"}
	kills := map[string]int{}
	for ctx.Err() == nil {
		name := names[rand.IntN(len(names))]
		select {
		case <-ctx.Done():
			return kills
		case <-time.After(time.Duration(200+rand.IntN(1500)) * time.Millisecond): // the random moment
		}
		processes[name].Kill()
		if err := processes[name].Start(ctx); err != nil && ctx.Err() == nil {
			kills["failed to start "+name]++
		}
		kills[name]++
		if slices.Min([]int{kills["api"], kills["worker"], kills["temporal"]}) == faultKills && enough != nil {
			close(enough)
			enough = nil
		}
	}
	return kills
}

// route is a way through a deployed model that ends the case.
type route struct {
	key string
	way way
}

func routesToLastEnds(t *testing.T, s *stack.Stack) []route {
	t.Helper()
	var routes []route
	for _, file := range modelFiles(t) {
		require.NoError(t, s.Deploy(t.Context(), file))
		for _, p := range compiled(t, file) {
			ways := plan(p, users(t))
			for _, end := range p.Nodes {
				if w, ok := ways[end.ID]; ok && w.last {
					routes = append(routes, route{p.Key, w})
				}
			}
		}
	}
	require.NotEmpty(t, routes)
	return routes
}

// faultCase is one case and what was acknowledged to its clients.
type faultCase struct {
	name     string
	route    route
	stack    *stack.Stack
	people   []engine.User
	instance string
	done     []string // tasks whose completion was answered with success
	err      error
}

func (c *faultCase) walk(ctx context.Context) error {
	var started casework.StartedCase
	err := persist(ctx, func() error {
		var err error
		started, err = c.stack.As(c.route.way.initiator.ID).StartCase(ctx, casework.CaseStart{
			ProcessKey: c.route.key, StartEventID: c.route.way.start, Title: c.name, Variables: anyOf(c.route.way.vars),
		}, "Idempotency-Key", c.name)
		return err
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	c.instance = started.ProcessInstanceID
	for i, step := range c.route.way.steps {
		if err := c.step(ctx, step); err != nil {
			return fmt.Errorf("step %d, %s: %w", i, step.element, err)
		}
	}
	return c.awaitEnd(ctx)
}

// step claims and completes the open task of an element, as somebody who may.
func (c *faultCase) step(ctx context.Context, d decision) error {
	task, err := c.awaitTask(ctx, d.element)
	if err != nil {
		return err
	}
	who := ""
	if task.AssigneeID != nil {
		who = *task.AssigneeID
	} else {
		if who, err = claimant(c.people, task); err != nil {
			return err
		}
		if err := persist(ctx, func() error { _, err := c.stack.As(who).Claim(ctx, task.TaskID); return err }); err != nil {
			return fmt.Errorf("%s claims: %w", who, err)
		}
	}
	err = persist(ctx, func() error {
		_, err := c.stack.As(who).Complete(ctx, task.TaskID, casework.Completion{Variables: anyOf(d.vars)})
		return err
	})
	if err != nil {
		return fmt.Errorf("%s completes: %w", who, err)
	}
	c.done = append(c.done, task.TaskID)
	return nil
}

// awaitTask asks until a task of the element is open that was not completed before.
func (c *faultCase) awaitTask(ctx context.Context, element string) (task casework.Task, err error) {
	err = persist(ctx, func() error {
		open, err := c.stack.As("mike.admin").OpenTasks(ctx, c.instance)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(open, func(t casework.Task) bool {
			return t.TaskDefinitionKey == element && !slices.Contains(c.done, t.TaskID)
		})
		if i < 0 {
			return errNotYet
		}
		task = open[i]
		return nil
	})
	return task, err
}

func (c *faultCase) awaitEnd(ctx context.Context) error {
	return persist(ctx, func() error {
		i, err := c.stack.As("mike.admin").Instance(ctx, c.instance)
		switch {
		case err != nil:
			return err
		case i.Status == casework.InstanceActive:
			return errNotYet
		case i.Status != casework.InstanceCompleted || i.EndEventID != c.route.way.end:
			return fmt.Errorf("%w: %s at %s", errWrongEnd, i.Status, i.EndEventID)
		}
		return nil
	})
}

var (
	errNotYet   = errors.New("not yet")
	errWrongEnd = errors.New("the case ended otherwise")
)

// persist repeats what failed for want of an answer, until ctx ends. A refusal is final.
func persist(ctx context.Context, ask func() error) error {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask()
		var refused *stack.Problem
		refusal := errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && !underWay(refused)
		if err == nil || refusal || errors.Is(err, errWrongEnd) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up: %w", err)
		case <-again.C:
		}
	}
}

// underWay is the answer to a repetition whose first request died with the API, for a few seconds.
func underWay(p *stack.Problem) bool {
	return p.Status == http.StatusConflict && p.Detail == "the first request with this Idempotency-Key is still under way"
}

// account compares what was acknowledged with what is on record. Lost is what is missing, double what is there too often.
func account(t *testing.T, url string, cases []*faultCase) (lost, double int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	count := func(want int, what, query string, args ...any) {
		var have int
		require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&have))
		if have < want {
			lost++
			t.Errorf("%s: %d instead of %d", what, have, want)
		}
		if have > want {
			double++
			t.Errorf("%s: %d instead of %d", what, have, want)
		}
	}
	for _, c := range cases {
		count(1, c.name+": cases", "SELECT count(*) FROM onecms.cases WHERE title = $1 AND status = 'CLOSED'", c.name)
		count(len(c.route.way.steps), c.name+": tasks", "SELECT count(*) FROM flowable.workflow_tasks WHERE process_instance_id = $1", c.instance)
		for _, task := range c.done {
			count(1, c.name+": completions of "+task, "SELECT count(*) FROM flowable.task_history WHERE task_id = $1 AND action_type = 'COMPLETE'", task)
			count(1, c.name+": applied commands of "+task,
				"SELECT count(*) FROM flowable.task_commands WHERE task_id = $1 AND kind = 'complete' AND state = 'APPLIED'", task)
		}
	}
	count(len(cases), "cases", "SELECT count(*) FROM onecms.cases")
	count(len(cases), "process instances", "SELECT count(*) FROM flowable.process_instances")
	count(0, "deliveries left", "SELECT count(*) FROM flowable.outbox")
	count(0, "commands left", "SELECT count(*) FROM flowable.task_commands WHERE state = 'ACCEPTED'")
	count(0, "incidents", "SELECT count(*) FROM flowable.incidents")
	return lost, double
}
