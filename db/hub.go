package db

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// stepChannel is the PostgreSQL channel on which workers announce committed steps.
const stepChannel = "nextgen_step"

// linger is how long announcements are gathered when the waiters of this process know already.
const linger = 100 * time.Millisecond

// Announcer tells waiting API processes of committed steps, after the commit and in batches: a NOTIFY inside the commit
// would make all commits queue up behind one lock. A lost announcement costs a waiter some time, nothing else.
type Announcer struct {
	store   *Store
	local   *StepHub
	log     *zap.Logger
	pending chan string
}

// NewAnnouncer makes the store's steps known through it. A hub in the same process, which may be nil, hears of them
// without a way over PostgreSQL. Call it before the store commits steps, and Run it.
func NewAnnouncer(s *Store, local *StepHub, log *zap.Logger) *Announcer {
	a := &Announcer{store: s, local: local, log: log.Named("announcer"), pending: make(chan string, 4096)}
	s.waiters = local
	s.announce = func(id string) {
		select {
		case a.pending <- id:
		default: // waiters look for themselves before long
		}
	}
	return a
}

// Run works until ctx ends.
func (a *Announcer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-a.pending:
			if a.local != nil {
				a.gather(ctx)
			}
			ids := []string{first}
			for more := true; more && len(ids) < 500; {
				select {
				case id := <-a.pending:
					ids = append(ids, id)
				default:
					more = false
				}
			}
			p := dbsqlc.StepsAnnounceParams{Origin: a.local.name(), Ids: ids}
			if err := dbsqlc.New(a.store.pool).StepsAnnounce(ctx, p); err != nil && ctx.Err() == nil {
				a.log.Warn("steps not announced", zap.Error(err))
			}
		}
	}
}

func (a *Announcer) gather(ctx context.Context) {
	more := time.NewTimer(linger)
	defer more.Stop()
	select {
	case <-ctx.Done():
	case <-more.C:
	}
}

// StepHub lets requests wait for the next committed step of an instance, whichever process commits it.
type StepHub struct {
	store  *Store
	log    *zap.Logger
	origin string // of the announcements that it has heard in its own process

	mu      sync.Mutex
	waiting map[string]map[*waiter]struct{} // by instance
}

// waiter is one request that waits.
type waiter struct {
	casework.Waiting
	news chan casework.StepNews
}

// NewStepHub returns a hub; Run it.
func NewStepHub(s *Store, log *zap.Logger) *StepHub {
	return &StepHub{store: s, log: log.Named("steps"), origin: uuid.NewString(), waiting: map[string]map[*waiter]struct{}{}}
}

// Watch returns a channel that receives after each announced step of an instance, and a function that ends the watch.
// Announcements may be lost: look at the state too, now and then.
func (h *StepHub) Watch(w casework.Waiting) (<-chan casework.StepNews, func()) {
	me := &waiter{Waiting: w, news: make(chan casework.StepNews, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting[w.InstanceID] == nil {
		h.waiting[w.InstanceID] = map[*waiter]struct{}{}
	}
	h.waiting[w.InstanceID][me] = struct{}{}
	return me.news, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waiting[w.InstanceID], me)
		if len(h.waiting[w.InstanceID]) == 0 {
			delete(h.waiting, w.InstanceID)
		}
	}
}

func (h *StepHub) name() string {
	if h == nil {
		return ""
	}
	return h.origin
}

// callerFor names who waits in this process for the step that a command causes; empty if nobody does.
func (h *StepHub) callerFor(instanceID, commandID string) string {
	if h == nil {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waiting[instanceID] {
		if w.CommandID == commandID && w.Caller != "" {
			return w.Caller
		}
	}
	return ""
}

// tell wakes everybody who waits for an instance. Those for whom the next tasks have been found get them: what one caller
// sees is never given to another.
func (h *StepHub) tell(found casework.Waiting, next []casework.Task) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.waiting[found.InstanceID] {
		var news casework.StepNews
		if w.Waiting == found {
			news.Next = next
		}
		w.put(news)
	}
}

// put leaves the latest news. Whoever is slow misses what came before, which is as good as an announcement that is lost.
func (w *waiter) put(news casework.StepNews) {
	select {
	case <-w.news:
	default:
	}
	w.news <- news // nobody else puts: the hub is locked
}

// Run listens on a connection of its own until ctx ends, and connects again when that breaks.
func (h *StepHub) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := h.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		h.log.Warn("not listening for steps", zap.Error(err))
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (h *StepHub) listen(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, h.store.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+stepChannel); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if origin, instanceID, _ := strings.Cut(n.Payload, " "); origin != h.origin {
			h.tell(casework.Waiting{InstanceID: instanceID}, nil)
		}
	}
}
