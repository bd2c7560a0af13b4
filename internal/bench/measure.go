package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// series is one measurement: how long each step took, and how many there were a second.
type series struct {
	Name     string  `json:"name"`
	Parallel int     `json:"parallel"`
	Steps    int     `json:"steps"`
	PerSec   float64 `json:"stepsPerSecond"`
	P50      float64 `json:"p50ms"`
	P95      float64 `json:"p95ms"`
	P99      float64 `json:"p99ms"`

	CPU    map[string]float64 `json:"cpuMsPerStep,omitempty"` // by part of the system
	Ratios []ratio            `json:"ratios,omitempty"`       // to series of the same run
}

// ratio says how many times the figures of another series a series has.
type ratio struct {
	To     string  `json:"to"`
	PerSec float64 `json:"stepsPerSecond"`
	P50    float64 `json:"p50"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
}

func (s *series) compareWith(other series) {
	s.Ratios = append(s.Ratios, ratio{
		To: other.Name, PerSec: s.PerSec / other.PerSec, P50: s.P50 / other.P50, P95: s.P95 / other.P95, P99: s.P99 / other.P99,
	})
}

// stepper prepares one case and returns what does one step of it.
type stepper func(ctx context.Context, i int) (step func() error, err error)

// measurement is a number of cases that go on side by side, each one step after the other.
type measurement struct {
	name    string
	steps   []func() error
	took    []time.Duration
	elapsed time.Duration
	cpu     map[string]float64 // milliseconds
}

func prepare(ctx context.Context, name string, parallel int, next stepper) (*measurement, error) {
	m := &measurement{name: name, steps: make([]func() error, parallel), cpu: map[string]float64{}}
	for i := range m.steps {
		var err error
		if m.steps[i], err = next(ctx, i); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// run lets the cases go on for a while. What begins within the lead is not counted: it is the time in which the work that
// others have left behind is done. Steps under way at the end are finished and counted.
func (m *measurement) run(lead, span time.Duration) error {
	var mu sync.Mutex
	var failures []error
	from := time.Now().Add(lead)
	until := from.Add(span)
	var running sync.WaitGroup
	for _, step := range m.steps {
		running.Go(func() {
			mine, err := repeat(step, from, until)
			mu.Lock()
			defer mu.Unlock()
			m.took = append(m.took, mine...)
			if err != nil {
				failures = append(failures, err)
			}
		})
	}
	time.Sleep(lead)
	before := cpuTime()
	running.Wait()
	m.elapsed += time.Since(from)
	for part, ms := range cpuTime() {
		m.cpu[part] += ms - before[part]
	}
	return errors.Join(failures...)
}

// repeat does one step after the other and returns how long those took that began in the span.
func repeat(step func() error, from, until time.Time) (took []time.Duration, err error) {
	for began := time.Now(); began.Before(until); began = time.Now() {
		if err := step(); err != nil {
			return took, err
		}
		if !began.Before(from) {
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}

func (m *measurement) series() series {
	slices.Sort(m.took)
	at := func(q float64) float64 {
		if len(m.took) == 0 {
			return 0
		}
		return float64(m.took[int(q*float64(len(m.took)-1))].Microseconds()) / 1000
	}
	s := series{
		Name: m.name, Parallel: len(m.steps), Steps: len(m.took), PerSec: float64(len(m.took)) / m.elapsed.Seconds(),
		P50: at(.5), P95: at(.95), P99: at(.99), CPU: map[string]float64{},
	}
	for part, ms := range m.cpu {
		if ms > 0 && s.Steps > 0 {
			s.CPU[part] = ms / float64(s.Steps)
		}
	}
	return s
}

// measure prepares and runs in one go.
func measure(ctx context.Context, name string, parallel int, span time.Duration, next stepper) (series, error) {
	m, err := prepare(ctx, name, parallel, next)
	if err != nil {
		return series{}, err
	}
	err = m.run(0, span)
	return m.series(), err
}
