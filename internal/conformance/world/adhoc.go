package world

import (
	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// AdHoc is an ad-hoc sub-process in which a person can begin activities.
type AdHoc struct {
	Instance, NodeInstance string
	Sequential             bool     // one activity at a time
	Elements               []string // that can be begun, in the order of the model
}

// AdHocs are the open ad-hoc sub-processes, in order of the start of their instances and of their opening.
func (w *World) AdHocs() []AdHoc {
	var found []AdHoc
	for _, i := range w.live() {
		p := i.Definition.Program
		for _, s := range i.State.Scopes {
			n := i.node(s.Node)
			if s.Kind != engine.BodyScope || s.Finishing || n == nil || n.Kind != bpmn.AdHocSubProcess {
				continue
			}
			a := AdHoc{Instance: i.ID, NodeInstance: s.Host, Sequential: n.AdHoc.Sequential}
			for _, source := range n.Container.Sources {
				a.Elements = append(a.Elements, p.Nodes[source].ID)
			}
			found = append(found, a)
		}
	}
	return found
}

// Begin begins activities in an ad-hoc sub-process.
func (w *World) Begin(a AdHoc, elements ...string) error {
	return w.drive(a, engine.Event{Kind: engine.Activate, Elements: elements})
}

// Finish ends an ad-hoc sub-process: nothing more is begun in it.
func (w *World) Finish(a AdHoc) error {
	return w.drive(a, engine.Event{Kind: engine.Complete})
}

func (w *World) drive(a AdHoc, ev engine.Event) error {
	i, err := w.find(a.Instance)
	if err != nil {
		return err
	}
	ev.Token = a.NodeInstance
	if err := w.step(i, ev); err != nil {
		return err
	}
	return w.settle()
}
