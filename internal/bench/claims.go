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

const (
	claimers    = 32 // people who claim at once
	readers     = 2  // inboxes that are read at once: with more, each mostly waits for a processor
	inboxUsers  = 20 // whose inboxes are read
	inboxLimit  = 50
	deepestPage = 200
)

// user acts once for somebody.
type user func(ctx context.Context, id string) error

// benchClaims measures people who take the next task or look at their inbox among very many open tasks: through the store and
// over HTTP, under row-level security. Beside it are a bare function that knows no rules, for the speed of the machine, and what
// clients do without a way to claim the next task: list some, then try to claim one of them until one is still there. Nobody
// works on the cases meanwhile.
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
	store, err := db.Open(ctx, db.Config{URL: url, Role: "nextgen_api"})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	bare, done, err := bareClaim(ctx, url)
	if err != nil {
		return nil, err
	}
	defer done()
	deep, err := deepCursors(ctx, store)
	if err != nil {
		return nil, err
	}
	all := &handed{seen: map[string]bool{}}
	var results []series
	head()
	for _, c := range []struct {
		name     string
		parallel int
		users    int
		act      user
	}{
		{"bare function", claimers, claimUsers, bare},
		{"claim next, store", claimers, claimUsers, claimNextFrom(store, all)},
		{"list, claim, retry, store", claimers, claimUsers, listThenClaim(store, all)},
		{"claim next, HTTP", claimers, claimUsers, claimNextOver(s, all)},
		{"inbox, first page, store", readers, inboxUsers, inbox(store, nil)},
		{"inbox, page 200, store", readers, inboxUsers, inbox(store, deep)},
		{"inbox, first page, HTTP", readers, inboxUsers, inboxOver(s)},
	} {
		result, err := measure(ctx, fmt.Sprintf("%s, of %d", c.name, tasks), c.parallel, span, takingTurns(c.act, c.parallel, c.users))
		if err != nil {
			return results, err
		}
		result.print()
		results = append(results, result)
	}
	return results, nil
}

// takingTurns lets each of the parallel steppers act for one user after the other.
func takingTurns(act user, parallel, users int) stepper {
	return func(ctx context.Context, i int) (func() error, error) {
		n := i
		return func() error {
			n += parallel
			return act(ctx, claimer(n%users))
		}, nil
	}
}

// handed notes which tasks were given to somebody; none may be given twice.
type handed struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (h *handed) note(t *casework.Task) error {
	if t == nil {
		return errors.New("no task is left")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen[t.TaskID] {
		return fmt.Errorf("task %s was given twice", t.TaskID)
	}
	h.seen[t.TaskID] = true
	return nil
}

func claimNextFrom(store *db.Store, all *handed) user {
	return func(ctx context.Context, id string) error {
		t, err := store.ClaimNext(ctx, id, nil, uuid.New())
		if err != nil {
			return err
		}
		return all.note(t)
	}
}

func claimNextOver(s *stack.Stack, all *handed) user {
	return func(ctx context.Context, id string) error {
		t, err := s.As(id).ClaimNext(ctx)
		if err != nil {
			return err
		}
		return all.note(t)
	}
}

// listThenClaim lists the twenty first tasks and tries one after the other, beginning anywhere among them, so that people do not
// all try the same.
func listThenClaim(store *db.Store, all *handed) user {
	return func(ctx context.Context, id string) error {
		for {
			list, err := store.Tasks(ctx, id, inboxOf(20, ""))
			if err != nil {
				return err
			}
			at := rand.IntN(len(list.Items)) //nolint:gosec // no secret
			for i := range list.Items {
				t, err := store.ClaimTask(ctx, id, list.Items[(at+i)%len(list.Items)].TaskID, uuid.New())
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

// deepCursors are where the deepest page of each inbox begins. A cursor stays good while tasks are claimed.
func deepCursors(ctx context.Context, store *db.Store) (map[string]string, error) {
	cursors := map[string]string{}
	for n := range inboxUsers {
		id := claimer(n)
		for skip := (deepestPage - 1) * inboxLimit; skip > 0; skip -= 200 {
			list, err := store.Tasks(ctx, id, inboxOf(min(200, skip), cursors[id]))
			if err != nil {
				return nil, err
			}
			if cursors[id] = list.NextCursor; list.NextCursor == "" {
				return nil, fmt.Errorf("the inbox of %s has no page %d: fill in more tasks", id, deepestPage)
			}
		}
	}
	return cursors, nil
}

// inbox reads one page of what somebody may claim: the first, or the one at a cursor.
func inbox(store *db.Store, cursors map[string]string) user {
	return func(ctx context.Context, id string) error {
		list, err := store.Tasks(ctx, id, inboxOf(inboxLimit, cursors[id]))
		if err == nil && len(list.Items) != inboxLimit {
			err = fmt.Errorf("a page of %d tasks", len(list.Items))
		}
		return err
	}
}

func inboxOver(s *stack.Stack) user {
	return func(ctx context.Context, id string) error {
		var list casework.List[casework.Task]
		_, err := s.As(id).Do(ctx, http.MethodGet, "/api/workflow/tasks?candidate=me", nil, &list)
		return err
	}
}
