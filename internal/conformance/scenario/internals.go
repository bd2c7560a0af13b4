package scenario

import (
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// What follows are internals of the engines that the scenarios come from. Nothing is expected of them; operations use them
// to say where in an instance they mean.

func (r *run) activities(entity string) []item {
	var found []item
	for _, i := range r.engine.Instances() {
		for _, a := range i.Activities {
			f := r.base(i)
			f["id"], f["activityId"], f["activityType"] = i.ID+"/"+a.NodeInstance, a.Element, vendorType(a.Type)
			f["calledProcessInstanceId"], f["executionId"] = optional(a.Child), i.ID+"/"+a.NodeInstance
			found = append(found, item{
				entity: entity, id: i.ID + "/" + a.NodeInstance, instance: i.ID, element: a.Element, nodeInstance: a.NodeInstance,
				open: a.Left.IsZero() && !i.Ended(), fields: f, variables: visible(i, a.NodeInstance), local: own(i, a.NodeInstance),
			})
		}
	}
	return found
}

// vendorType is the name that the vendors have for a kind of element in their history.
func vendorType(kind string) string {
	switch kind {
	case "adHocSubProcess":
		return "adhocSubProcess"
	case "eventBasedGateway":
		return "eventGateway"
	}
	return kind
}

// executions are the running instances, then what waits in them: tokens, and the events beside them.
func (r *run) executions() []item {
	var found []item
	for _, i := range r.engine.Instances() {
		if i.Ended() {
			continue
		}
		whole := r.instanceItem("execution", i)
		whole.fields["executionId"], whole.fields["activityId"] = i.ID, nil
		found = append(found, whole)
		at := map[string]bool{}
		for _, t := range i.State.Tokens {
			at[t.Node] = true
			found = append(found, r.spot(i, t.Node, t.ID, r.awaited(i, t.Node)))
		}
		for _, s := range i.State.Subscriptions {
			if !at[s.Node] {
				found = append(found, r.spot(i, s.Node, s.ID, r.awaited(i, s.Node)))
			}
		}
		for _, t := range i.State.Timers {
			if !at[t.Node] {
				found = append(found, r.spot(i, t.Node, t.ID, awaited{}))
			}
		}
	}
	return found
}

// awaited are the names of the message and the signal that an element of an instance waits for; nil: none.
type awaited struct{ message, signal any }

func (r *run) awaited(i world.Instance, element string) awaited {
	var a awaited
	for _, s := range i.State.Subscriptions {
		switch {
		case s.Node == element && s.Kind == string(bpmn.MessageEvent):
			a.message = s.Name
		case s.Node == element && s.Kind == string(bpmn.SignalEvent):
			a.signal = s.Name
		}
	}
	return a
}

func (r *run) spot(i world.Instance, element, nodeInstance string, a awaited) item {
	f := r.base(i)
	id := i.ID + "/" + nodeInstance
	f["id"], f["executionId"], f["activityId"] = id, id, element
	f["messageEventSubscriptionName"], f["signalEventSubscriptionName"] = a.message, a.signal
	return item{
		entity: "execution", id: id, instance: i.ID, element: element, nodeInstance: nodeInstance, open: true, fields: f,
		variables: visible(i, nodeInstance), local: own(i, nodeInstance),
	}
}

// timers are the armed timers. There are no other jobs: work is done at once.
func (r *run) timers(entity string) []item {
	if entity == "job" && r.split {
		return nil
	}
	var found []item
	for _, i := range r.engine.Instances() {
		for _, t := range i.State.Timers {
			it := r.spot(i, t.Node, t.ID, awaited{})
			it.entity, it.due = entity, t.Due
			it.fields["elementId"] = t.Node
			found = append(found, it)
		}
	}
	return found
}

func (r *run) subscriptions() []item {
	var found []item
	for _, i := range r.engine.Instances() {
		for _, s := range i.State.Subscriptions {
			it := r.spot(i, s.Node, s.ID, awaited{})
			it.entity = "eventSubscription"
			it.fields["eventName"], it.fields["eventType"] = s.Name, s.Kind
			found = append(found, it)
		}
	}
	return found
}
