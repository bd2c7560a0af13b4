package world

import (
	"slices"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// apply carries one effect out. What it sets off in instances is posted, not done at once: the step is to be over.
func (w *World) apply(i *instance, e engine.Effect) error {
	switch e.Kind {
	case engine.NodeEntered:
		i.Activities = append(i.Activities, Activity{
			Element: e.Element, NodeInstance: e.Instance, Type: i.typeOf(e.Element), Entered: w.now,
		})
	case engine.NodeLeft, engine.NodeCancelled:
		w.leave(i, e)
	case engine.TaskCreated:
		return w.createTask(i, e)
	case engine.TaskCancelled:
		w.closeTask(i, e.Instance, true)
	case engine.VariableSet:
		i.remember("", e.Name, e.Value)
	case engine.IncidentRaised:
		i.Incidents = append(i.Incidents, Incident{Element: e.Element, NodeInstance: e.Instance, Kind: e.Name, Message: e.Message})
	case engine.IncidentResolved:
		i.Incidents = slices.DeleteFunc(i.Incidents, func(o Incident) bool { return o.NodeInstance == e.Instance })
	case engine.InstanceEnded:
		w.end(i, e)
	default:
		return w.applyOutward(i, e)
	}
	return nil
}

// applyOutward carries out the effects that concern others.
func (w *World) applyOutward(i *instance, e engine.Effect) error {
	switch e.Kind {
	case engine.SubscriptionOpened:
		if external(*e.Subscription) {
			w.subscriptions = append(w.subscriptions, subscription{Subscription: *e.Subscription, instance: i})
		}
	case engine.SubscriptionClosed:
		w.subscriptions = slices.DeleteFunc(w.subscriptions, func(s subscription) bool { return s.instance == i && s.ID == e.Instance })
	case engine.MessageThrown:
		w.send("message "+e.Throw.Name, func() error { return w.deliverMessage(*e.Throw) })
	case engine.SignalThrown:
		w.send("signal "+e.Throw.Name, func() error { return w.deliverSignal(*e.Throw, i) })
	case engine.ActivityStarted:
		return w.startWork(i, e)
	case engine.ActivityCancelled:
		w.work = slices.DeleteFunc(w.work, func(j *work) bool { return j.instance == i && j.token == e.Instance })
	case engine.EscalationThrown:
		if i.Parent != "" {
			w.send("escalation "+e.Code, func() error { return w.escalate(i, e.Code) })
		}
	case engine.ChildStarted:
		w.send("call of "+e.Child.ProcessKey, func() error { return w.startChild(i, e) })
	case engine.ChildCancelled:
		w.cancelChild(i, e.Instance)
	case engine.TimerArmed, engine.TimerCancelled, engine.TimerFired: // the state tells
	default:
		return defect("the effect %q is not known", e.Kind)
	}
	return nil
}

func (w *World) leave(i *instance, e engine.Effect) {
	for n := len(i.Activities) - 1; n >= 0; n-- {
		if a := &i.Activities[n]; a.NodeInstance == e.Instance {
			a.Left, a.Cancelled = w.now, e.Kind == engine.NodeCancelled
			break
		}
	}
	w.closeTask(i, e.Instance, e.Kind == engine.NodeCancelled)
}

func (w *World) end(i *instance, e engine.Effect) {
	i.Finished, i.Outcome, i.Reason, i.Code, i.EndEvent = w.now, e.Status, e.Message, e.Code, e.Element
	w.work = slices.DeleteFunc(w.work, func(j *work) bool { return j.instance == i })
	if i.Parent == "" {
		return
	}
	w.send("end of "+i.ID, func() error { return w.endChild(i) })
}

func (i *instance) node(element string) *bpmn.Node {
	n := i.Definition.Program.NodeIndex(element)
	if n < 0 {
		return nil
	}
	return &i.Definition.Program.Nodes[n]
}

func (i *instance) typeOf(element string) string {
	if n := i.node(element); n != nil {
		return string(n.Kind)
	}
	return ""
}
