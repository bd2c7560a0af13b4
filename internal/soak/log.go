package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// log is what people have seen. It is safe for concurrent use.
type log struct {
	mu        sync.Mutex
	holders   map[string]string // task → who was told to hold it
	done      map[string]bool
	doneOf    map[string]int64         // queue → tasks completed
	longest   map[string]time.Duration // queue → longest wait for a claim
	doubles   []string
	claims    []time.Duration
	finishes  []time.Duration
	important []time.Duration // how long important tasks waited for their claim
	humble    []time.Duration // and unimportant ones
}

func newLog() *log {
	return &log{holders: map[string]string{}, done: map[string]bool{}, doneOf: map[string]int64{}, longest: map[string]time.Duration{}}
}

func (l *log) claimed(t casework.Task, user string, took time.Duration) {
	l.hold(t, user)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims = append(l.claims, took)
	waited := time.Since(t.CreatedAt)
	l.longest[t.QueueName] = max(l.longest[t.QueueName], waited)
	if t.Priority == humble {
		l.humble = append(l.humble, waited)
	} else {
		l.important = append(l.important, waited)
	}
}

// hold notes who holds a task now. Nobody else may have been told so and not have given it back.
func (l *log) hold(t casework.Task, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, held := l.holders[t.TaskID]; held && other != user {
		l.doubles = append(l.doubles, fmt.Sprintf("task %s was given to %s while %s held it", t.TaskID, user, other))
	}
	if l.done[t.TaskID] {
		l.doubles = append(l.doubles, fmt.Sprintf("task %s was given to %s after it was completed", t.TaskID, user))
	}
	l.holders[t.TaskID] = user
}

func (l *log) letGo(t casework.Task, user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders[t.TaskID] == user {
		delete(l.holders, t.TaskID)
	}
}

func (l *log) completed(t casework.Task, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done[t.TaskID] {
		l.doubles = append(l.doubles, fmt.Sprintf("task %s was completed twice", t.TaskID))
	}
	l.done[t.TaskID] = true
	l.doneOf[t.QueueName]++
	l.finishes = append(l.finishes, took)
}

// doneIn is how many tasks of a queue were completed.
func (l *log) doneIn(queue string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.doneOf[queue]
}

// quantile is the value below which a share of durations lies, in milliseconds; 0 if there are none.
func quantile(all []time.Duration, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}
