package main

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/onecms/nextgen-workflow/internal/stack"
)

//go:embed soak.bpmn
var model []byte

// plan says what is simulated.
type plan struct {
	span           time.Duration
	most           time.Duration // that an unimportant task may wait
	people, queues int
	backlog        int
	seed           uint64
}

// rolesOfOne is how many roles each person has.
const rolesOfOne = 5

// place is the organisation in which people work.
type place struct {
	queues []queue
	people []worker
}

// worker is somebody with the queues that they work on.
type worker struct {
	user   string
	queues []string
}

// queue is a queue with the role that works on it.
type queue struct {
	name, role string
	kind       string
	skills     []string // that its tasks may ask for
	capacity   int
}

var skills = []string{"french", "tax", "law", "fraud"}

// The last queue takes what is over the capacity of the first ones.
const small = 3

// admin may do everything in the sample organisation.
const admin = "mike.admin"

// settle makes queues, roles and people over HTTP, and deploys the model.
func settle(ctx context.Context, s *stack.Stack, plan plan) (*place, error) {
	boss := s.As(admin)
	if _, err := boss.DeployModel(ctx, model); err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	p := &place{}
	chance := rand.New(rand.NewPCG(plan.seed, 0))
	for i := plan.queues - 1; i >= 0; i-- { // the last one first: others name it
		q := kindOf(i, plan.queues)
		if err := makeQueue(ctx, boss, q, i, plan.queues); err != nil {
			return nil, err
		}
		p.queues = append(p.queues, q)
	}
	for i := range plan.people {
		user := fmt.Sprintf("soak.%03d", i)
		someone, err := makePerson(ctx, boss, user, p, chance)
		if err != nil {
			return nil, err
		}
		p.people = append(p.people, someone)
	}
	return p, nil
}

// kindOf deals out the types of queues: the last one is for overflow, the ones before it are of all other types.
func kindOf(i, queues int) queue {
	q := queue{name: fmt.Sprintf("soak-%02d", i), role: fmt.Sprintf("SOAK_%02d", i), kind: "STANDARD", capacity: 10_000}
	switch {
	case i == queues-1:
		q.kind, q.capacity = "OVERFLOW", 30
	case i < small:
		q.capacity = 15
	case i%4 == 0:
		q.kind = "PRIORITY"
	case i%4 == 1:
		q.kind, q.skills = "SPECIALIZED", skills
	}
	return q
}

var strategies = []string{"ROUND_ROBIN", "LEAST_LOADED", "SKILL_BASED", "PRIORITY_WEIGHTED", "MANUAL"}

// makeQueue makes a queue, and the role that works on it. In less than a minute a task catches up with the most important one
// that comes in then.
func makeQueue(ctx context.Context, boss *stack.Client, q queue, i, queues int) error {
	weights := map[string]any{"base": 0.1, "age": 1000}
	if q.kind == "PRIORITY" {
		weights["express"] = map[string]any{"minPriority": 95}
	}
	settings := map[string]any{"queueName": q.name, "queueType": q.kind, "maxCapacity": q.capacity, "priorityWeights": weights}
	if i < small {
		settings["overflowQueue"] = fmt.Sprintf("soak-%02d", queues-1)
	}
	if _, err := boss.Do(ctx, http.MethodPost, "/api/workflow/queues", settings, nil); err != nil {
		return fmt.Errorf("queue %s: %w", q.name, err)
	}
	role := map[string]any{"roleCode": q.role, "roleName": q.role, "queueName": q.name}
	if _, err := boss.Do(ctx, http.MethodPost, "/api/entitlements/roles", role, nil); err != nil {
		return fmt.Errorf("role %s: %w", q.role, err)
	}
	strategy := strategies[i%len(strategies)]
	assignment := map[string]any{"strategy": strategy, "maxTasksPerUser": 1 + i%3, "autoAssign": i%5 == 1 && strategy != "MANUAL", "priorityLevel": i}
	if _, err := boss.Do(ctx, http.MethodPut, "/api/workflow/queues/"+q.name+"/assignments/"+q.role, assignment, nil); err != nil {
		return fmt.Errorf("assignment of %s: %w", q.role, err)
	}
	return nil
}

func makePerson(ctx context.Context, boss *stack.Client, user string, p *place, chance *rand.Rand) (worker, error) {
	someone := worker{user: user}
	can := []string{}
	for _, s := range skills {
		if chance.IntN(2) == 0 {
			can = append(can, s)
		}
	}
	if _, err := boss.Do(ctx, http.MethodPost, "/api/entitlements/users", map[string]any{"userId": user, "username": user, "skills": can}, nil); err != nil {
		return someone, fmt.Errorf("user %s: %w", user, err)
	}
	for _, i := range chance.Perm(len(p.queues))[:rolesOfOne] {
		if _, err := boss.Do(ctx, http.MethodPut, "/api/entitlements/users/"+user+"/roles/"+p.queues[i].role, map[string]any{}, nil); err != nil {
			return someone, fmt.Errorf("role of %s: %w", user, err)
		}
		someone.queues = append(someone.queues, p.queues[i].name)
	}
	return someone, nil
}
