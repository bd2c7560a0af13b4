package world

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// startChild starts the instance that a call activity asked for, unless the call is gone by now.
func (w *World) startChild(parent *instance, e engine.Effect) error {
	if parent.State.Ended || !parent.rests(e.Instance) {
		w.trace("the call of %q is no longer wanted", e.Child.ProcessKey)
		return nil
	}
	d := w.called(parent.Definition, e.Child.ProcessKey, bpmn.CallBinding(e.Child.Binding), e.Child.Version)
	if d == nil {
		return w.refuseChild(parent, e.Instance, fmt.Sprintf("process %q is not deployed", e.Child.ProcessKey))
	}
	event, err := plainStart(d)
	if err != nil {
		return w.refuseChild(parent, e.Instance, err.Error())
	}
	child := w.add(d)
	child.Parent, child.Root, child.Starter, child.token = parent.ID, parent.Root, parent.Starter, e.Instance
	child.BusinessKey = e.Child.BusinessKey
	if e.Child.InheritKey {
		child.BusinessKey = parent.BusinessKey
	}
	for n := range parent.Activities {
		if a := &parent.Activities[n]; a.NodeInstance == e.Instance {
			a.Child = child.ID
		}
	}
	return w.step(child, engine.Event{
		Kind: engine.Start, StartEvent: event, Variables: e.Child.Variables, Initiator: engine.User{ID: parent.Starter},
		InstanceID: child.ID, BusinessKey: child.BusinessKey,
	})
}

// refuseChild tells a call activity that there is nothing to call.
func (w *World) refuseChild(parent *instance, token, reason string) error {
	return w.stale(w.step(parent, engine.Event{Kind: engine.ChildEnded, Token: token, Reason: reason}))
}

// endChild tells the caller that an instance has ended. One that was cancelled by its caller has nobody to tell.
func (w *World) endChild(child *instance) error {
	parent, err := w.find(child.Parent)
	if err != nil || parent.State.Ended || !parent.rests(child.token) {
		return err
	}
	return w.stale(w.step(parent, engine.Event{
		Kind: engine.ChildEnded, Token: child.token, Variables: child.State.Variables, Code: child.Code, Reason: child.Reason,
	}))
}

// escalate tells the caller of an escalation that nothing in the called instance caught. Its variables go along: the
// caller may take them over.
func (w *World) escalate(child *instance, code string) error {
	parent, err := w.find(child.Parent)
	if err != nil || parent.State.Ended || !parent.rests(child.token) {
		return err
	}
	return w.stale(w.step(parent, engine.Event{
		Kind: engine.ChildEscalated, Token: child.token, Code: code, Variables: child.State.Variables,
	}))
}

// cancelChild ends the instance of a call activity that was cancelled.
func (w *World) cancelChild(parent *instance, token string) {
	for _, i := range w.cases {
		if i.Parent != parent.ID || i.token != token {
			continue
		}
		w.send("cancel of "+i.ID, func() error {
			if i.State.Ended {
				return nil
			}
			return w.stale(w.step(i, engine.Event{Kind: engine.Terminate, Reason: "the call was cancelled"}))
		})
	}
}

// Terminate ends an instance.
func (w *World) Terminate(instance, reason string) error {
	i, err := w.find(instance)
	if err != nil {
		return err
	}
	if err := w.step(i, engine.Event{Kind: engine.Terminate, Reason: reason}); err != nil {
		return err
	}
	return w.settle()
}
