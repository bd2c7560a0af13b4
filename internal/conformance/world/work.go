package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Work is something that is to be done outside of the engine.
type Work struct {
	engine.Activity
	Definition   *Definition
	Instance     string
	NodeInstance string
	Node         *bpmn.Node
	At           time.Time // when it begins
}

// Answer is the outcome of work. The zero value is a success without a result.
type Answer struct {
	After     time.Duration // how long it takes
	Never     bool          // it is not answered at all
	Value     json.RawMessage
	Variables map[string]json.RawMessage
	Failed    bool
	Code      string // failed: the BPMN error
	Type      string // failed: type of the failure
	Reason    string // failed
}

// Handler does work. It is called when the work begins.
type Handler func(Work) Answer

// work is work in flight.
type work struct {
	instance *instance
	token    string
}

func (w *World) startWork(i *instance, e engine.Effect) error {
	if e.Activity == nil {
		return defect("work without description")
	}
	if slices.ContainsFunc(w.work, func(j *work) bool { return j.instance == i && j.token == e.Instance }) {
		return defect("work for %q is asked for twice", e.Instance)
	}
	job := &work{instance: i, token: e.Instance}
	w.work = append(w.work, job)
	if w.config.Handler != nil {
		w.send("work for "+e.Instance, func() error { w.begin(job, e); return nil })
	}
	return nil
}

// begin lets the handler do work, unless the step that asked for it has cancelled it as well.
func (w *World) begin(job *work, e engine.Effect) {
	if !slices.Contains(w.work, job) {
		return
	}
	i := job.instance
	a := w.config.Handler(Work{
		Activity: *e.Activity, Definition: i.Definition, Instance: i.ID, NodeInstance: e.Instance, Node: i.node(e.Element), At: w.now,
	})
	if !a.Never {
		w.sendAt(w.now.Add(a.After), "answer for "+e.Instance, func() error { return w.answer(job, a) })
	}
}

// answer tells an instance the outcome of work, unless it is no longer wanted.
func (w *World) answer(job *work, a Answer) error {
	at := slices.Index(w.work, job)
	if at < 0 {
		w.trace("the answer for %s is no longer wanted", job.token)
		return nil
	}
	w.work = slices.Delete(w.work, at, at+1)
	ev := engine.Event{Kind: engine.ActivityDone, Token: job.token, Value: a.Value, Variables: a.Variables}
	if a.Failed {
		ev = engine.Event{Kind: engine.ActivityFailed, Token: job.token, Code: a.Code, Type: a.Type, Reason: a.Reason, Variables: a.Variables}
	}
	return w.step(job.instance, ev)
}

// Answer answers work that the handler left alone.
func (w *World) Answer(instance, nodeInstance string, a Answer) error {
	for _, job := range w.work {
		if job.instance.ID == instance && job.token == nodeInstance {
			if err := w.answer(job, a); err != nil {
				return err
			}
			return w.settle()
		}
	}
	return fmt.Errorf("work for %q: %w", nodeInstance, ErrUnknown)
}
