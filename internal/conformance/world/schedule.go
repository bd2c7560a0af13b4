package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
)

// schedule is a timer start event of the newest version of a process.
type schedule struct {
	definition *Definition
	event      string
	due        time.Time
	left       int // starts after this one; -1: without end
	every      bpmn.Duration
}

// schedule arms the timer start events of a definition and disarms those of the versions before it.
func (w *World) schedule(d *Definition) error {
	w.schedules = slices.DeleteFunc(w.schedules, func(s *schedule) bool { return s.definition.Key == d.Key })
	for _, n := range d.Program.Root.Triggered {
		node := &d.Program.Nodes[n]
		for _, e := range node.Events {
			if e.Kind != bpmn.TimerEvent || e.Timer == nil {
				continue
			}
			s := &schedule{definition: d, event: node.ID}
			if err := s.arm(e.Timer, w.now); err != nil {
				return fmt.Errorf("timer start event %q of %s: %w", node.ID, d.ID(), err)
			}
			w.schedules = append(w.schedules, s)
		}
	}
	return nil
}

func (s *schedule) arm(t *bpmn.Timer, now time.Time) error {
	text, err := t.Value.EvalString(expr.MapScope{}, expr.Limits{})
	if err != nil {
		return err
	}
	text = strings.TrimSpace(text)
	switch t.Kind {
	case bpmn.TimerDate:
		s.due, err = bpmn.ParseDateTime(text)
	case bpmn.TimerDuration:
		s.every, err = bpmn.ParseDuration(text)
		s.due = s.every.AddTo(now)
	case bpmn.TimerCycle:
		err = s.repeat(text, now)
	}
	return err
}

// repeat reads an ISO 8601 repeating interval: "R3/PT1H", "R/2026-01-01T00:00:00Z/PT1H".
func (s *schedule) repeat(text string, now time.Time) error {
	parts := strings.Split(text, "/")
	count, ok := strings.CutPrefix(parts[0], "R")
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return fmt.Errorf("the cycle %q of a process start is not run here: %w", text, ErrUnknown)
	}
	s.left = -1
	if count != "" {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return fmt.Errorf("the cycle %q repeats %q times: %w", text, count, ErrUnknown)
		}
		s.left = n - 1
	}
	var err error
	if s.every, err = bpmn.ParseDuration(parts[len(parts)-1]); err != nil {
		return err
	}
	s.due = s.every.AddTo(now)
	if len(parts) == 3 {
		s.due, err = bpmn.ParseDateTime(parts[1])
	}
	return err
}

// startByTime starts the processes whose time has come.
func (w *World) startByTime() error {
	for _, s := range slices.Clone(w.schedules) {
		if s.due.After(w.now) {
			continue
		}
		if s.left == 0 {
			w.schedules = slices.DeleteFunc(w.schedules, func(o *schedule) bool { return o == s })
		} else {
			s.left = max(s.left-1, -1)
			s.due = s.every.AddTo(s.due)
		}
		if err := w.startBy(trigger{definition: s.definition, event: s.event}, engine.Throw{}); err != nil {
			return err
		}
		if err := w.settle(); err != nil {
			return err
		}
	}
	return nil
}
