package workflows

import (
	"slices"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// OpenChild is an instance that a call activity has started and that has not ended.
type OpenChild struct {
	Token      string `json:"token"` // node instance of the call activity
	Element    string `json:"element"`
	InstanceID string `json:"instanceId"`
	ProcessKey string `json:"processKey"`
}

// ChildID names the instance that a call activity starts in a step. A retry in a later step starts another one.
func ChildID(instanceID, token string, step int64) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmtID(instanceID, token, step)).String()
}

// addEvent adds to a commit what an effect does beyond its own instance.
func (r *run) addEvent(c *casework.StepCommit, e engine.Effect) {
	events := &casework.StepEvents{}
	if c.Events != nil {
		events = c.Events
	}
	switch e.Kind {
	case engine.SubscriptionOpened:
		if e.Subscription.Kind != string(bpmn.MessageEvent) && e.Subscription.Kind != string(bpmn.SignalEvent) {
			return // a condition is the engine's own business
		}
		events.Subscribed = append(events.Subscribed, r.subscriptionOf(e))
	case engine.SubscriptionClosed:
		if !r.unsubscribe(events, e) {
			return
		}
	case engine.MessageThrown:
		events.Messages = append(events.Messages, throwOf(e))
		events.EngineRev = engine.Rev
	case engine.SignalThrown:
		events.Signals = append(events.Signals, throwOf(e))
		events.EngineRev = engine.Rev
	case engine.EscalationThrown:
		if r.start.ParentInstanceID == "" {
			return // nobody is there to catch it
		}
		events.Escalations = append(events.Escalations, e.Code)
	case engine.ChildStarted:
		events.Children = append(events.Children, r.childOf(e, c.Step))
		events.EngineRev = engine.Rev
	case engine.ChildCancelled:
		if !r.cancelChild(events, e.Instance) {
			return
		}
	default: // the shell's own business
		return
	}
	c.Events = events
}

func (r *run) subscriptionOf(e engine.Effect) casework.Subscription {
	return casework.Subscription{
		SubscriptionID: e.Instance, Kind: e.Subscription.Kind, Name: e.Subscription.Name, Key: e.Subscription.Key,
		ElementID: e.Element, Repeats: e.Subscription.Repeats,
	}
}

// unsubscribe closes a subscription. One that was opened in this burst never was; one that the database was not told of
// is none.
func (r *run) unsubscribe(events *casework.StepEvents, e engine.Effect) bool {
	before := len(events.Subscribed)
	events.Subscribed = slices.DeleteFunc(events.Subscribed, func(s casework.Subscription) bool { return s.SubscriptionID == e.Instance })
	if len(events.Subscribed) < before {
		return true
	}
	i := slices.IndexFunc(r.state.Engine.Subscriptions, func(s engine.Subscription) bool { return s.ID == e.Instance })
	if i >= 0 && r.state.Engine.Subscriptions[i].Kind == string(bpmn.ConditionalEvent) {
		return false
	}
	events.Unsubscribed = append(events.Unsubscribed, e.Instance)
	return true
}

func throwOf(e engine.Effect) casework.Throw {
	return casework.Throw{Name: e.Throw.Name, Key: e.Throw.Key, ElementID: e.Element, Variables: e.Throw.Variables}
}

func (r *run) childOf(e engine.Effect, step int64) casework.ChildStart {
	return casework.ChildStart{
		ElementInstanceID: e.Instance, InstanceID: ChildID(r.start.InstanceID, e.Instance, step),
		ProcessKey: e.Child.ProcessKey, Binding: e.Child.Binding, Version: e.Child.Version,
		BusinessKey: e.Child.BusinessKey, InheritKey: e.Child.InheritKey, Variables: e.Child.Variables,
	}
}

// cancelChild asks a child to end. One that would be started in this burst is not.
func (r *run) cancelChild(events *casework.StepEvents, token string) bool {
	before := len(events.Children)
	events.Children = slices.DeleteFunc(events.Children, func(c casework.ChildStart) bool { return c.ElementInstanceID == token })
	if len(events.Children) < before {
		return true
	}
	i := slices.IndexFunc(r.state.Children, func(c OpenChild) bool { return c.Token == token })
	if i < 0 {
		return false
	}
	events.CancelChildren = append(events.CancelChildren, r.state.Children[i].InstanceID)
	return true
}

// updateChildren keeps the list of children in step with the effects of a committed step.
func (r *run) updateChildren(effects []engine.Effect, step int64) {
	for _, e := range effects {
		switch e.Kind {
		case engine.ChildStarted:
			r.state.Children = append(r.state.Children, OpenChild{
				Token: e.Instance, Element: e.Element, InstanceID: ChildID(r.start.InstanceID, e.Instance, step), ProcessKey: e.Child.ProcessKey,
			})
		case engine.ChildCancelled:
			r.dropChild(e.Instance)
		default:
		}
	}
}

func (r *run) dropChild(token string) {
	r.state.Children = slices.DeleteFunc(r.state.Children, func(c OpenChild) bool { return c.Token == token })
	if len(r.state.Children) == 0 {
		r.state.Children = nil
	}
}

// childEvent translates what a child tells its caller. One that a person ended, or that could not be started, has a reason
// and no code: an incident, whose retry starts another child. An unknown child gives an event that the engine calls stale.
func (r *run) childEvent(c casework.Command, ev engine.Event) engine.Event {
	ev.Kind, ev.Code = engine.ChildEnded, c.Code
	if i := slices.IndexFunc(r.state.Children, func(o OpenChild) bool { return o.InstanceID == c.ChildID }); i >= 0 {
		ev.Token = r.state.Children[i].Token
	}
	switch {
	case c.Kind == casework.CommandChildEscalated:
		ev.Kind = engine.ChildEscalated
	case c.Status == string(casework.InstanceCompleted):
		ev.Reason = ""
	case c.Reason == "":
		ev.Reason = "it was ended"
	}
	return ev
}
