package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

const (
	// rounds is how many turns the series take at each degree of parallelism: what else the machine does meets all alike.
	rounds = 3
	// lead begins each turn and is not counted. Temporal sets timers for its tasks, of five and ten seconds, and works on
	// them when they fire: without it, the turn after a fast series would pay for that.
	lead = 10 * time.Second
)

// contender is a series that is measured in turns with others.
type contender struct {
	name string
	next stepper
}

// The series that the human step is compared with, and its own.
const (
	bareName    = "bare loop"
	hurriedName = "bare loop, next signal at once"
	humanName   = "claim, complete, next task there"
)

// benchSteps measures the bare loop, in both of its forms, and the human step in turns, at several degrees of parallelism.
func benchSteps(ctx context.Context, s *stack.Stack, degrees []string, span time.Duration) ([]series, error) {
	if err := s.Deploy(ctx, "internal/bench/loop.bpmn"); err != nil {
		return nil, err
	}
	b, err := startBare(ctx, s.TemporalAddress)
	if err != nil {
		return nil, err
	}
	defer b.stop()
	contenders := []contender{{bareName, b.whole}, {hurriedName, b.hurried}, {humanName, humanStep(s)}}
	for _, c := range contenders {
		if _, err := measure(ctx, "warm up", 8, 3*time.Second, c.next); err != nil {
			return nil, err
		}
	}
	head()
	var all []series
	for _, degree := range degrees {
		parallel, err := strconv.Atoi(degree)
		if err != nil {
			return nil, err
		}
		found, err := compare(ctx, parallel, span, contenders)
		if err != nil {
			return nil, err
		}
		human := &found[len(found)-1]
		for _, other := range found[:len(found)-1] {
			human.compareWith(other)
		}
		for _, f := range found {
			f.print()
		}
		all = append(all, found...)
	}
	return all, nil
}

// compare lets the contenders take turns and returns their series in the same order.
func compare(ctx context.Context, parallel int, span time.Duration, contenders []contender) ([]series, error) {
	var running []*measurement
	for _, c := range contenders {
		m, err := prepare(ctx, c.name, parallel, c.next)
		if err != nil {
			return nil, err
		}
		running = append(running, m)
	}
	for range rounds {
		for _, m := range running {
			if err := m.run(lead, span/rounds); err != nil {
				return nil, err
			}
		}
	}
	found := make([]series, 0, len(running))
	for _, m := range running {
		found = append(found, m.series())
	}
	return found, nil
}

// humanStep claims and completes over HTTP; the answer of the completion has the next task.
func humanStep(s *stack.Stack) stepper {
	return func(ctx context.Context, i int) (func() error, error) {
		c := s.As(fmt.Sprintf("bench.%d", i+1))
		started, err := c.StartCase(ctx, casework.CaseStart{ProcessKey: "benchLoop"})
		if err != nil {
			return nil, err
		}
		if len(started.Tasks) != 1 {
			return nil, fmt.Errorf("the case has %d tasks", len(started.Tasks))
		}
		task := started.Tasks[0].TaskID
		return func() error {
			if _, err := c.Claim(ctx, task); err != nil {
				return err
			}
			done, err := c.Complete(ctx, task, casework.Completion{})
			if err != nil {
				return err
			}
			if len(done.NextTasks) != 1 {
				return fmt.Errorf("there are %d next tasks", len(done.NextTasks))
			}
			task = done.NextTasks[0].TaskID
			return nil
		}, nil
	}
}
