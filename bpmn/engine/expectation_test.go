package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// expectation is what a step is to have done. A list that is not given is not looked at, but an incident that is not
// expected always fails; neither may an instance end unasked.
type expectation struct {
	Open      *[]string          `yaml:"open"`      // elements that hold a token, sorted
	Tokens    *[]string          `yaml:"tokens"`    // "<element> <state>" of every token, in order
	Entered   *[]string          `yaml:"entered"`   // elements in order
	Left      *[]string          `yaml:"left"`      // elements in order
	Cancelled *[]string          `yaml:"cancelled"` // tasks in order
	Dropped   *[]string          `yaml:"dropped"`   // elements whose node instance was cancelled, in order
	Created   *[]map[string]any  `yaml:"created"`   // tasks in order: "element" and any attributes of engine.Task
	Set       *[]string          `yaml:"set"`       // "<name>=<JSON>" in order
	Armed     *map[string]string `yaml:"armed"`     // timers of the step: due time by boundary event
	Fired     *[]string          `yaml:"fired"`     // boundary events in order
	Disarmed  *[]string          `yaml:"disarmed"`  // boundary events in order
	Opened    *[]string          `yaml:"opened"`    // "<kind> <name>" of the subscriptions that were opened, in order
	Closed    *[]string          `yaml:"closed"`    // elements of the subscriptions that were closed, in order
	Thrown    *[]string          `yaml:"thrown"`    // "message <name>", " #<key>" where it has one, and "signal <name>", in order
	Asked     *[]string          `yaml:"asked"`     // "<element> <kind> <name>" of the work outside, in order
	Called    *[]string          `yaml:"called"`    // "<element> <process key>" of the started children, in order
	Withdrawn *[]string          `yaml:"withdrawn"` // elements whose work outside or child was cancelled, in order
	Variables map[string]any     `yaml:"variables"` // of the state; those not named are not looked at
	Unset     []string           `yaml:"unset"`     // variables that the state does not have
	Incidents []incident         `yaml:"incidents"` // raised by the step
	Resolved  *[]string          `yaml:"resolved"`  // elements of incidents that the step resolved
	Ended     engine.EndStatus   `yaml:"ended"`
	EndEvent  string             `yaml:"endEvent"`

	Fingerprint string `yaml:"fingerprint"` // of the effects: another one breaks the replay of running instances
}

type incident struct {
	Element string `yaml:"element"`
	Kind    string `yaml:"kind"`
	Message string `yaml:"message"` // part of it
}

func (x expectation) check(s engine.State, effects []engine.Effect) error {
	lists := []struct {
		what string
		want *[]string
		got  []string
	}{
		{"open elements", x.Open, s.Open()},
		{"tokens", x.Tokens, tokens(s)},
		{"entered", x.Entered, elements(effects, engine.NodeEntered)},
		{"left", x.Left, elements(effects, engine.NodeLeft)},
		{"cancelled tasks", x.Cancelled, elements(effects, engine.TaskCancelled)},
		{"cancelled nodes", x.Dropped, elements(effects, engine.NodeCancelled)},
		{"variables set", x.Set, settings(effects)},
		{"timers fired", x.Fired, elements(effects, engine.TimerFired)},
		{"timers cancelled", x.Disarmed, elements(effects, engine.TimerCancelled)},
		{"opened subscriptions", x.Opened, opened(effects)},
		{"closed subscriptions", x.Closed, elements(effects, engine.SubscriptionClosed)},
		{"thrown", x.Thrown, thrown(effects)},
		{"asked for", x.Asked, asked(effects)},
		{"called", x.Called, called(effects)},
		{"withdrawn", x.Withdrawn, append(elements(effects, engine.ActivityCancelled), elements(effects, engine.ChildCancelled)...)},
		{"resolved incidents", x.Resolved, elements(effects, engine.IncidentResolved)},
	}
	for _, l := range lists {
		if l.want != nil && !slices.Equal(*l.want, l.got) {
			return fmt.Errorf("%s: expected %q, got %q", l.what, *l.want, l.got)
		}
	}
	if got := engine.Fingerprint(effects); x.Fingerprint != "" && x.Fingerprint != got {
		return fmt.Errorf("fingerprint: expected %s, got %s", x.Fingerprint, got)
	}
	for _, check := range []func(engine.State, []engine.Effect) error{x.checkTasks, x.checkTimers, x.checkVariables, x.checkIncidents, x.checkEnd} {
		if err := check(s, effects); err != nil {
			return err
		}
	}
	return nil
}

func (x expectation) checkTasks(_ engine.State, effects []engine.Effect) error {
	if x.Created == nil {
		return nil
	}
	created := filter(effects, engine.TaskCreated)
	if len(created) != len(*x.Created) {
		return fmt.Errorf("expected %d new tasks, got %q", len(*x.Created), elements(effects, engine.TaskCreated))
	}
	for i, want := range *x.Created {
		got := map[string]any{}
		if err := decode(created[i].Task, &got); err != nil {
			return err
		}
		got["element"] = created[i].Element
		for name, v := range want {
			if at, isTime := v.(time.Time); isTime {
				v = at.Format(time.RFC3339Nano)
			}
			if !same(v, got[name]) {
				return fmt.Errorf("task %s: expected %s %v, got %v", created[i].Element, name, v, got[name])
			}
		}
	}
	return nil
}

func (x expectation) checkTimers(_ engine.State, effects []engine.Effect) error {
	if x.Armed == nil {
		return nil
	}
	armed := filter(effects, engine.TimerArmed)
	if len(armed) != len(*x.Armed) {
		return fmt.Errorf("expected %d armed timers, got %q", len(*x.Armed), elements(effects, engine.TimerArmed))
	}
	for _, e := range armed {
		if due := e.Due.Format(time.RFC3339Nano); due != (*x.Armed)[e.Element] {
			return fmt.Errorf("timer %s is due at %s", e.Element, due)
		}
	}
	return nil
}

func (x expectation) checkVariables(s engine.State, _ []engine.Effect) error {
	for name, want := range x.Variables {
		raw, found := s.Variables[name]
		var got any
		if !found || json.Unmarshal(raw, &got) != nil || !same(want, got) {
			return fmt.Errorf("variable %s: expected %v, got %s", name, want, raw)
		}
	}
	for _, name := range x.Unset {
		if raw, found := s.Variables[name]; found {
			return fmt.Errorf("variable %s: expected none, got %s", name, raw)
		}
	}
	return nil
}

func (x expectation) checkIncidents(_ engine.State, effects []engine.Effect) error {
	raised := filter(effects, engine.IncidentRaised)
	if len(raised) != len(x.Incidents) {
		return fmt.Errorf("expected %d incidents, got %+v", len(x.Incidents), raised)
	}
	for i, want := range x.Incidents {
		got := raised[i]
		if got.Element != want.Element || got.Name != want.Kind || !strings.Contains(got.Message, want.Message) {
			return fmt.Errorf("expected incident %+v, got %+v", want, got)
		}
	}
	return nil
}

func (x expectation) checkEnd(s engine.State, effects []engine.Effect) error {
	ended := filter(effects, engine.InstanceEnded)
	if len(ended) > 0 && ended[0].Status != x.Ended || len(ended) == 0 && x.Ended != "" || len(ended) > 1 {
		return fmt.Errorf("expected end %q, got %+v", x.Ended, ended)
	}
	if x.EndEvent != "" && s.EndEvent != x.EndEvent {
		return fmt.Errorf("expected end event %q, got %q", x.EndEvent, s.EndEvent)
	}
	return nil
}

func filter(effects []engine.Effect, kind engine.EffectKind) []engine.Effect {
	return slices.DeleteFunc(slices.Clone(effects), func(e engine.Effect) bool { return e.Kind != kind })
}

func elements(effects []engine.Effect, kind engine.EffectKind) []string {
	var ids []string
	for _, e := range filter(effects, kind) {
		ids = append(ids, e.Element)
	}
	return ids
}

func opened(effects []engine.Effect) []string {
	var out []string
	for _, e := range filter(effects, engine.SubscriptionOpened) {
		out = append(out, e.Subscription.Kind+" "+e.Subscription.Name)
	}
	return out
}

func thrown(effects []engine.Effect) []string {
	var out []string
	for _, e := range effects {
		switch e.Kind {
		case engine.MessageThrown:
			name := "message " + e.Throw.Name
			if e.Throw.Key != "" {
				name += " #" + e.Throw.Key
			}
			out = append(out, name)
		case engine.SignalThrown:
			out = append(out, "signal "+e.Throw.Name)
		case engine.EscalationThrown:
			out = append(out, "escalation "+e.Code)
		}
	}
	return out
}

func asked(effects []engine.Effect) []string {
	var out []string
	for _, e := range filter(effects, engine.ActivityStarted) {
		out = append(out, strings.TrimSpace(e.Element+" "+string(e.Activity.Kind)+" "+e.Activity.Name))
	}
	return out
}

func called(effects []engine.Effect) []string {
	var out []string
	for _, e := range filter(effects, engine.ChildStarted) {
		out = append(out, e.Element+" "+e.Child.ProcessKey)
	}
	return out
}

func settings(effects []engine.Effect) []string {
	var out []string
	for _, e := range filter(effects, engine.VariableSet) {
		out = append(out, e.Name+"="+string(e.Value))
	}
	return out
}

func tokens(s engine.State) []string {
	var out []string
	for _, t := range s.Tokens {
		out = append(out, t.Node+" "+string(t.State))
	}
	return out
}

// same compares values as JSON does: an int of YAML and a float of JSON are the same number.
func same(a, b any) bool {
	var x, y any
	return decode(a, &x) == nil && decode(b, &y) == nil && reflect.DeepEqual(x, y)
}

func decode(v, into any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}
