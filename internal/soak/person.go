package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// person takes tasks and does them, one after the other.
type person struct {
	worker
	client *stack.Client
	chance *rand.Rand
	log    *log
}

// pace of a person: how long one looks at a task, and how long one rests where there is nothing to do.
const (
	leastThought = 2 * time.Second
	mostThought  = 18 * time.Second
	rest         = time.Second
)

// work goes on until ctx ends.
func (p *person) work(ctx context.Context) error {
	for ctx.Err() == nil {
		t, err := p.take(ctx)
		if err == nil && t != nil {
			err = p.treat(ctx, *t)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", p.user, err)
		case t == nil:
			pause(ctx, rest)
		}
	}
	return nil
}

// take asks for what was pushed to the person, then for the best task of their queues; now and then they choose one themselves.
func (p *person) take(ctx context.Context) (*casework.Task, error) {
	var pushed casework.List[casework.Task]
	if _, err := p.client.Do(ctx, http.MethodGet, "/api/workflow/tasks?status=CLAIMED&limit=1&assignee="+p.user, nil, &pushed); err != nil {
		return nil, err
	}
	if len(pushed.Items) > 0 {
		t := pushed.Items[0]
		p.log.hold(t, p.user)
		return &t, nil
	}
	switch p.chance.IntN(8) {
	case 0:
		if t, err := p.choose(ctx); t != nil || err != nil {
			return t, err
		}
	case 1, 2: // the best of one queue: where the strategy is MANUAL, that is how claim/next gives any
		return p.next(ctx, "?queueNames="+p.queues[p.chance.IntN(len(p.queues))])
	}
	return p.next(ctx, "")
}

// next claims the best task of queues, all of the person's where none is named; nil where there is none.
func (p *person) next(ctx context.Context, named string) (*casework.Task, error) {
	var t casework.Task
	began := time.Now()
	status, err := p.client.Do(ctx, http.MethodPost, "/api/workflow/tasks/claim/next"+named, nil, &t)
	if err != nil || status == http.StatusNoContent {
		return nil, err
	}
	p.log.claimed(t, p.user, time.Since(began))
	return &t, nil
}

// choose picks one of the tasks that the person may claim from their list. Somebody else may be faster, and the person may hold as many of the queue as they are allowed.
func (p *person) choose(ctx context.Context) (*casework.Task, error) {
	var list casework.List[casework.Task]
	if _, err := p.client.Do(ctx, http.MethodGet, "/api/workflow/tasks?candidate=me&status=OPEN,ESCALATED&limit=10", nil, &list); err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, nil
	}
	began := time.Now()
	t, err := p.client.Claim(ctx, list.Items[p.chance.IntN(len(list.Items))].TaskID)
	var problem *stack.Problem
	if errors.As(err, &problem) && (problem.Status == http.StatusConflict || problem.Status == http.StatusForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.log.claimed(t, p.user, time.Since(began))
	return &t, nil
}

// treat does something with a task that the person holds: mostly completes it.
func (p *person) treat(ctx context.Context, t casework.Task) error {
	pause(ctx, leastThought+time.Duration(p.chance.Int64N(int64(mostThought-leastThought))))
	path := "/api/workflow/tasks/" + t.TaskID
	switch p.chance.IntN(20) {
	case 0:
		p.log.letGo(t, p.user)
		_, err := p.client.Do(ctx, http.MethodPost, path+"/unclaim", nil, nil)
		return lostRace(err)
	case 1:
		if _, err := p.client.Do(ctx, http.MethodPost, path+"/comment", map[string]any{"text": "looked at it"}, nil); err != nil {
			return lostRace(err)
		}
	}
	began := time.Now()
	p.log.letGo(t, p.user)
	_, err := p.client.Complete(ctx, t.TaskID, casework.Completion{Outcome: "DONE"}, "Prefer", "wait=0")
	if err == nil {
		p.log.completed(t, time.Since(began))
	}
	return lostRace(err)
}

// lostRace takes it as it is that something else came first, such as an escalation that has released the task.
func lostRace(err error) error {
	var problem *stack.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusConflict {
		return nil
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
