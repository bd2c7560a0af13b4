// Package world runs process instances in memory, through the product's compiler and engine, with a clock that skips to
// whatever is due next. It carries the effects of the engine out as the product's shell does: it hands messages, signals
// and the ends of called instances to whom they concern, keeps tasks and history, and checks every step. The same calls
// give the same results: nothing in it depends on the time of day, on goroutines or on the order of a map.
package world

import (
	"errors"
	"fmt"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Began is the moment at which every world begins.
var Began = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// ErrUnknown means that something named by the caller is not there: a definition, an open task, a subscriber.
var ErrUnknown = errors.New("not found")

// ErrDefect means that the engine broke one of its promises. A world that has found one stops.
var ErrDefect = errors.New("defect")

// maxPosts bounds what one call of the world may set off, maxSteps what happens in it all in all.
const (
	maxPosts = 20_000
	maxSteps = 5_000
)

// Config says how a world reads models and does work.
type Config struct {
	Options bpmn.Options
	Handler Handler           // does the work outside of the engine; nil: nothing is ever done
	Trace   func(line string) // hears every event and effect; nil: nobody does
}

// World is a set of definitions and of process instances with a common clock. It is not safe for concurrent use.
type World struct {
	config        Config
	now           time.Time
	deployments   int
	definitions   []*Definition
	cases         []*instance
	tasks         []*Task
	subscriptions []subscription
	work          []*work
	schedules     []*schedule
	posts         []post
	numbered      int // instances
	steps         int
}

// New returns an empty world at the moment Began.
func New(c Config) *World { return &World{config: c, now: Began} }

// Now is the moment on the clock.
func (w *World) Now() time.Time { return w.now }

// post is something that will be delivered when its time has come.
type post struct {
	due     time.Time
	what    string
	deliver func() error
}

// send queues a delivery for this moment.
func (w *World) send(what string, deliver func() error) { w.sendAt(w.now, what, deliver) }

func (w *World) sendAt(due time.Time, what string, deliver func() error) {
	w.posts = append(w.posts, post{due: due, what: what, deliver: deliver})
}

// settle delivers what is due until nothing is.
func (w *World) settle() error {
	for n := 0; ; n++ {
		i := w.earliest()
		if i < 0 || w.posts[i].due.After(w.now) {
			return nil
		}
		if n > maxPosts {
			return fmt.Errorf("no rest after %d deliveries at one moment: %w", maxPosts, ErrDefect)
		}
		p := w.posts[i]
		w.posts = append(w.posts[:i:i], w.posts[i+1:]...)
		if err := p.deliver(); err != nil {
			return fmt.Errorf("%s: %w", p.what, err)
		}
	}
}

// earliest is the post that comes first: the earliest one, and of those the one sent first; -1 when there is none.
func (w *World) earliest() int {
	first := -1
	for i, p := range w.posts {
		if first < 0 || p.due.Before(w.posts[first].due) {
			first = i
		}
	}
	return first
}

func (w *World) trace(format string, args ...any) {
	if w.config.Trace != nil {
		w.config.Trace(fmt.Sprintf(format, args...))
	}
}

// stale drops the error of an event that came too late; that is nobody's fault where two things happen at once.
func (w *World) stale(err error) error {
	if errors.Is(err, engine.ErrStale) {
		w.trace("  too late: %v", err)
		return nil
	}
	return err
}
