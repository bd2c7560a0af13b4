package world

import (
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// Request asks for a new instance.
type Request struct {
	Key         string // process key; the newest version is started
	Message     string // instead of Key: of a message start event
	BusinessKey string
	User        string
	Variables   map[string]json.RawMessage
}

// Start starts an instance and returns its id.
func (w *World) Start(r Request) (string, error) {
	d, event, err := w.beginning(r)
	if err != nil {
		return "", err
	}
	i := w.add(d)
	i.BusinessKey, i.Starter = r.BusinessKey, r.User
	ev := engine.Event{
		Kind: engine.Start, StartEvent: event, Variables: r.Variables, Initiator: engine.User{ID: r.User},
		InstanceID: i.ID, BusinessKey: r.BusinessKey,
	}
	if err := w.step(i, ev); err != nil {
		return i.ID, err
	}
	return i.ID, w.settle()
}

func (w *World) beginning(r Request) (*Definition, string, error) {
	if r.Message != "" {
		if ts := w.triggers(bpmn.MessageEvent, r.Message); len(ts) > 0 {
			return ts[0].definition, ts[0].event, nil
		}
		return nil, "", fmt.Errorf("a process that begins with the message %q: %w", r.Message, ErrUnknown)
	}
	d := w.latest(r.Key)
	if d == nil {
		return nil, "", fmt.Errorf("process %q: %w", r.Key, ErrUnknown)
	}
	event, err := plainStart(d)
	return d, event, err
}

// plainStart is the start event of a process that is started by its key: the plain one. Where there is none, the one
// that it has stands for it, as a person may start such a process by hand.
func plainStart(d *Definition) (string, error) {
	p := d.Program
	switch {
	case len(p.Root.Starts) > 0:
		return p.Nodes[p.Root.Starts[0]].ID, nil
	case len(p.Root.Triggered) > 0:
		return p.Nodes[p.Root.Triggered[0]].ID, nil
	}
	return "", fmt.Errorf("a start event of %s: %w", d.ID(), ErrUnknown)
}

// trigger is something that begins an instance by itself.
type trigger struct {
	definition *Definition
	event      string
}

// triggers are the start events of all processes, newest versions only, that wait for a message or signal.
func (w *World) triggers(kind bpmn.EventKind, name string) []trigger {
	var found []trigger
	for _, d := range w.active() {
		for _, n := range d.Program.Root.Triggered {
			node := &d.Program.Nodes[n]
			if begins(d.Program, node, kind, name) {
				found = append(found, trigger{definition: d, event: node.ID})
			}
		}
	}
	return found
}

func begins(p *bpmn.Program, node *bpmn.Node, kind bpmn.EventKind, name string) bool {
	if node.Kind == bpmn.ReceiveTask && kind == bpmn.MessageEvent {
		return node.Message != nil && named(node.Message) == name
	}
	for _, e := range node.Events {
		if e.Kind == kind && e.Name != nil && named(e.Name) == name {
			return true
		}
	}
	if node.Kind != bpmn.EventGateway {
		return false
	}
	for _, flow := range node.Out {
		if begins(p, &p.Nodes[p.Flows[flow].Target], kind, name) {
			return true
		}
	}
	return false
}

// startBy starts an instance by a trigger.
func (w *World) startBy(t trigger, throw engine.Throw) error {
	i := w.add(t.definition)
	return w.step(i, engine.Event{
		Kind: engine.Start, StartEvent: t.event, Name: throw.Name, Variables: throw.Variables, InstanceID: i.ID,
	})
}
