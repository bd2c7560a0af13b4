package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// maxContinues bounds how often one burst may be cut off and gone on with.
const maxContinues = 50

// step gives one event to an instance, goes on with the burst where it was cut off, and carries the effects out. The
// error wraps engine.ErrStale where the event concerns nothing, ErrDefect where the engine broke a promise.
func (w *World) step(i *instance, ev engine.Event) error {
	for n := 0; ; n++ {
		if n > maxContinues {
			return fmt.Errorf("%s: a burst without end: %w", i.ID, ErrDefect)
		}
		if w.steps++; w.steps > maxSteps {
			return fmt.Errorf("%s: no end after %d steps: %w", i.ID, maxSteps, ErrDefect)
		}
		ev.At = w.now
		w.trace("%s < %s", i.ID, compact(ev))
		next, effects, err := checkedStep(i.Definition.Program, i.State, ev)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", i.ID, ev.Kind, err)
		}
		i.State = next
		for _, e := range effects {
			w.trace("  %s > %s", i.ID, compact(e))
			if err := w.apply(i, e); err != nil {
				return fmt.Errorf("%s: %s of %s: %w", i.ID, e.Kind, e.Element, err)
			}
		}
		i.rememberLocals()
		if err := w.checkTables(i); err != nil {
			return fmt.Errorf("%s: after %s: %w", i.ID, ev.Kind, err)
		}
		if next.Ended || len(next.Pending) == 0 {
			return nil
		}
		ev = engine.Event{Kind: engine.Continue}
	}
}

// checkedStep steps twice, the second time with what was stored and read again, and checks that the step left its input
// alone, that the outcome is the same both times, that the new state survives storage, and that it is sound.
func checkedStep(p *bpmn.Program, s engine.State, ev engine.Event) (next engine.State, effects []engine.Effect, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the engine panicked: %v: %w", r, ErrDefect)
		}
	}()
	stored, storedEvent := throughJSON(s), throughJSON(ev)
	next, effects, err = engine.Step(p, s, ev)
	again, sameEffects, sameErr := engine.Step(p, stored, storedEvent)
	switch {
	case !reflect.DeepEqual(throughJSON(s), throughJSON(stored)):
		return s, nil, defect("the step changed its input")
	case (err == nil) != (sameErr == nil):
		return s, nil, defect("the same event gives %v, then %v", err, sameErr)
	case err != nil && !errors.Is(err, engine.ErrStale):
		return s, nil, defect("an error that is not ErrStale: %v", err)
	case err != nil:
		return s, nil, err
	case engine.Fingerprint(effects) != engine.Fingerprint(sameEffects):
		return s, nil, defect("the same event gives other effects once the state was stored")
	case !reflect.DeepEqual(next, again):
		return s, nil, defect("the same event gives another state once the state was stored: %s", difference(next, again))
	case !reflect.DeepEqual(next, throughJSON(next)):
		return s, nil, defect("the state changes when it is stored: %s", difference(next, throughJSON(next)))
	}
	return next, effects, checkState(p, next)
}

func defect(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrDefect)...)
}

// throughJSON is what is left of a value that was stored and read again.
func throughJSON[T any](v T) T {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("cannot be stored: %v", err))
	}
	var read T
	if err := json.Unmarshal(raw, &read); err != nil {
		panic(fmt.Sprintf("cannot be read again: %v", err))
	}
	return read
}

// difference names the first field in which two states differ.
func difference(a, b engine.State) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return fmt.Sprintf("%s %+v, then %+v", x.Type().Field(i).Name, x.Field(i).Interface(), y.Field(i).Interface())
		}
	}
	return "none"
}

// rememberLocals keeps the variables of scopes, of which no effect tells.
func (i *instance) rememberLocals() {
	for _, s := range i.State.Scopes {
		for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
			i.remember(s.ID, name, s.Variables[name])
		}
	}
}

// compact is a value as JSON in one line, for the trace.
func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
