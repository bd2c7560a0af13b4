package scenario

import (
	"encoding/json"
	"fmt"
)

// event sends a message or signal, or triggers what waits at a place.
func (r *run) event(s Step) error {
	at, vars, err := r.addressee(s)
	if err != nil {
		return err
	}
	switch s.Op {
	case "message":
		return r.engine.Message(s.Name, at.instance, r.receiver(at, s.Name), vars)
	case "signal":
		return r.engine.Signal(s.Name, at.instance, vars)
	}
	return r.engine.Trigger(at.instance, at.element, vars)
}

// receiver is the element that an operation means, where it is one that waits for the message. A place around it, such as
// the task that a boundary event is attached to, means whatever waits in the instance.
func (r *run) receiver(at place, message string) string {
	i, err := r.engine.Instance(at.instance)
	if err != nil {
		return ""
	}
	for _, s := range i.State.Subscriptions {
		if s.Node == at.element && s.Name == message {
			return at.element
		}
	}
	return ""
}

// addressee reads to whom something goes and what it brings: a place, variables, or [["processInstanceId", …]].
func (r *run) addressee(s Step) (at place, vars map[string]json.RawMessage, err error) {
	if len(s.To) > 0 {
		if at, err = r.place(s.To); err != nil {
			return at, nil, err
		}
	}
	for _, raw := range s.Args {
		v, err := decode(raw)
		if err != nil {
			return at, nil, err
		}
		switch v := v.(type) {
		case string:
			if at, err = r.place(raw); err != nil {
				return at, nil, err
			}
		case map[string]any:
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(raw, &fields); err != nil {
				return at, nil, fmt.Errorf("variables: %w", err)
			}
			if vars, err = r.variables(fields); err != nil {
				return at, nil, err
			}
		case []any:
			if at.instance, err = r.correlated(v); err != nil {
				return at, nil, err
			}
		}
	}
	return at, vars, nil
}

func (r *run) correlated(pair []any) (string, error) {
	if len(pair) != 2 || pair[0] != "processInstanceId" {
		return "", fmt.Errorf("a correlation by %v: %w", pair, errUnreadable)
	}
	id, err := r.resolve(pair[1])
	text, _ := id.(string)
	return text, err
}
