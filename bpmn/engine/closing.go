package engine

import "github.com/onecms/nextgen-workflow/bpmn"

// Closing is the end of a process whose end listeners call delegates. No token is left then.
type Closing struct {
	ID    string     `json:"id"` // of its incident
	State TokenState `json:"state"`
	At    *Stand     `json:"at"`
}

// closingVisit is where the end listeners of the process are.
func (m *machine) closingVisit() visit {
	v := visit{node: &bpmn.Node{ID: m.program.Key, Name: m.program.Name, End: m.program.End}}
	if c := m.state.Closing; c != nil {
		v.id, v.at = c.ID, c.At
	}
	return v
}

// closes runs the end listeners of a process in which nothing is left, and reports whether they are done. What the process
// waits for beside its tokens is over.
func (m *machine) closes() bool {
	c := m.state.Closing
	if c == nil {
		m.disarm("")
		id := m.newID(m.program.Key)
		m.state.Closing = &Closing{ID: id, State: Answered, At: &Stand{ID: id + "." + string(ending), Phase: ending}}
	} else if c.State != Answered {
		return false
	}
	v := m.closingVisit()
	var at *Stand
	err := m.try(func() (err error) {
		at, err = m.listen(v, ending, nil)
		return err
	})
	switch {
	case err != nil:
		m.closingFailed(err)
	case at != nil:
		m.state.Closing = &Closing{ID: v.id, State: Listening, At: at}
	default:
		m.state.Closing = nil
	}
	return m.state.Closing == nil
}

func (m *machine) closingFailed(err error) {
	c := *m.state.Closing
	c.State = Failed
	m.state.Closing = &c
	m.emit(Effect{Kind: IncidentRaised, Element: m.program.Key, Instance: c.ID, Name: kindOf(err), Message: err.Error()})
}

// heardAtEnd takes the answer of a delegate that an end listener of the process called. Nothing catches its BPMN errors:
// nothing of the process is left.
func (m *machine) heardAtEnd(ev Event) {
	m.setAll("", ev.Variables)
	if ev.Kind == ActivityFailed {
		m.closingFailed(delegateFailed(m.program.Key, ending.event(), ev))
		return
	}
	m.state.Closing = &Closing{ID: m.state.Closing.ID, State: Answered, At: m.state.Closing.At.next()}
}

func (m *machine) retryAtEnd(ev Event) bool {
	c := m.state.Closing
	if c == nil || c.State != Failed || c.ID != ev.Token {
		return false
	}
	m.setAll("", ev.Variables)
	m.emit(Effect{Kind: IncidentResolved, Element: m.program.Key, Instance: c.ID})
	m.state.Closing = &Closing{ID: c.ID, State: Answered, At: c.At}
	return true
}

// dropClosing ends the end of a process that is ended by something else.
func (m *machine) dropClosing() {
	c := m.state.Closing
	if c == nil {
		return
	}
	switch c.State {
	case Listening:
		m.emit(Effect{Kind: ActivityCancelled, Element: m.program.Key, Instance: c.At.work()})
	case Failed:
		m.emit(Effect{Kind: IncidentResolved, Element: m.program.Key, Instance: c.ID})
	}
	m.state.Closing = nil
}
