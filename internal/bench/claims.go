package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// claimers is how many people claim at once.
const claimers = 32

// handed notes who was given which task; none may be given twice.
type handed struct {
	mu   sync.Mutex
	seen map[string]int
}

func (h *handed) note(t *casework.Task) error {
	if t == nil {
		return errors.New("no task was left")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[t.TaskID]++; h.seen[t.TaskID] > 1 {
		return fmt.Errorf("task %s was given twice", t.TaskID)
	}
	return nil
}

// benchClaims measures people who take the next task or look at their inbox among very many open tasks: through the store and over
// HTTP, under row-level security. Beside it is what clients do without a way to claim the next task: list some, then try to
// claim one of them until one is still there. Nobody works on the cases meanwhile.
func benchClaims(ctx context.Context, url string, tasks int, span time.Duration) ([]series, error) {
	if err := fillClaims(ctx, url, tasks); err != nil {
		return nil, err
	}
	s, err := stack.Start(ctx, stack.Config{
		Binary: "bin/nextgen", TemporalBinary: "bin/nextgen-temporal", DatabaseURL: url, Log: os.Stderr, Suffix: "_claims",
	})
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	s.Worker.Stop() // it would send what is claimed to workflows that are not there
	store, err := db.Open(ctx, db.Config{URL: url, Role: "nextgen_api", MaxConns: 8})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	all := handed{seen: map[string]int{}}
	var results []series
	head()
	for _, c := range []struct {
		name     string
		parallel int
		step     func(ctx context.Context, user string) error
	}{
		{"claim next, store", claimers, claimNextFrom(store, &all)},
		{"list, claim, retry, store", claimers, listThenClaim(store, &all)},
		{"claim next, HTTP", claimers, claimNextOver(s, &all)},
		{"inbox, first page, store", 2, inbox(store, 1)},
		{"inbox, page 200, store", 2, inbox(store, 200)},
		{"inbox, first page, HTTP", 2, inboxOver(s)},
	} {
		result, err := measure(ctx, fmt.Sprintf("%s, %d", c.name, tasks), c.parallel, span, func(ctx context.Context, i int) (func() error, error) {
			n := i
			return func() error {
				n += c.parallel
				return c.step(ctx, claimer(n))
			}, nil
		})
		if err != nil {
			return results, err
		}
		result.print()
		results = append(results, result)
	}
	return results, nil
}

func claimNextFrom(store *db.Store, all *handed) func(context.Context, string) error {
	return func(ctx context.Context, user string) error {
		t, err := store.ClaimNext(ctx, user, nil, uuid.New())
		if err != nil {
			return err
		}
		return all.note(t)
	}
}

func claimNextOver(s *stack.Stack, all *handed) func(context.Context, string) error {
	return func(ctx context.Context, user string) error {
		t, err := s.As(user).ClaimNext(ctx)
		if err != nil {
			return err
		}
		return all.note(t)
	}
}

// listThenClaim lists the twenty first tasks and tries one after the other, beginning anywhere among them, so that people do not all
// try the same.
func listThenClaim(store *db.Store, all *handed) func(context.Context, string) error {
	return func(ctx context.Context, user string) error {
		for {
			list, err := store.Tasks(ctx, user, inboxOf(20, ""))
			if err != nil {
				return err
			}
			at := rand.IntN(len(list.Items)) //nolint:gosec // no secret
			for i := range list.Items {
				t, err := store.ClaimTask(ctx, user, list.Items[(at+i)%len(list.Items)].TaskID, uuid.New())
				if casework.CodeOf(err) == casework.Conflict {
					continue
				}
				if err != nil {
					return err
				}
				return all.note(&t)
			}
		}
	}
}

func inboxOf(limit int, cursor string) casework.TaskFilter {
	return casework.TaskFilter{Candidate: true, Page: casework.Page{Limit: limit, Cursor: cursor}}
}

// inbox reads one page of what somebody may claim. The pages before it are read once for each user; a cursor stays good.
func inbox(store *db.Store, page int) func(context.Context, string) error {
	var mu sync.Mutex
	cursors := map[string]string{}
	cursor := func(ctx context.Context, user string) (string, error) {
		mu.Lock()
		at, ok := cursors[user]
		mu.Unlock()
		if ok || page == 1 {
			return at, nil
		}
		for skipped := 0; skipped < (page-1)*50; skipped += 200 {
			list, err := store.Tasks(ctx, user, inboxOf(min(200, (page-1)*50-skipped), at))
			if err != nil {
				return "", err
			}
			at = list.NextCursor
		}
		mu.Lock()
		defer mu.Unlock()
		cursors[user] = at
		return at, nil
	}
	return func(ctx context.Context, user string) error {
		at, err := cursor(ctx, user)
		if err != nil {
			return err
		}
		list, err := store.Tasks(ctx, user, inboxOf(50, at))
		if err == nil && len(list.Items) != 50 {
			err = fmt.Errorf("a page of %d tasks", len(list.Items))
		}
		return err
	}
}

func inboxOver(s *stack.Stack) func(context.Context, string) error {
	return func(ctx context.Context, user string) error {
		var list casework.List[casework.Task]
		_, err := s.As(user).Do(ctx, http.MethodGet, "/api/workflow/tasks?candidate=me", nil, &list)
		return err
	}
}
