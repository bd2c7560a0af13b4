package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// SendMessage gives a message to one receiver: an instance that waits for it, else a process that begins with it. The
// delivery is nil when the message id is known: the same request again. Errors: NotFound when nobody waits, Conflict when
// several processes begin with it, Forbidden.
func (s *Store) SendMessage(ctx context.Context, caller string, id uuid.UUID, engineRev int, m casework.Message) (casework.MessageAnswer, *casework.Delivery, error) {
	request := map[string]any{"id": id, "name": m.Name, "engineRev": engineRev}
	for name, value := range map[string]string{"instanceId": m.ProcessInstanceID, "businessKey": m.BusinessKey, "correlation": m.Correlation} {
		if value != "" {
			request[name] = value
		}
	}
	if m.Variables != nil {
		request["variables"] = m.Variables
	}
	var v struct {
		verdict
		Processes []string               `json:"processes"`
		Message   casework.MessageAnswer `json:"message"`
	}
	err := s.send(ctx, caller, request, &v, func(q *dbsqlc.Queries, body json.RawMessage) (json.RawMessage, error) {
		return q.MessageSend(ctx, dbsqlc.MessageSendParams{Message: body, UserID: caller})
	})
	switch {
	case err != nil:
		return casework.MessageAnswer{}, nil, err
	case v.Refused != "" && v.Rule == "message":
		return casework.MessageAnswer{}, nil, undeliverable(v.Refused, m.Name, v.Processes)
	}
	if err := v.problem(); err != nil {
		return casework.MessageAnswer{}, nil, err
	}
	if v.Message.Outcome == "UNMATCHED" { // the same request again, whose receiver went on before it came
		return casework.MessageAnswer{}, nil, undeliverable(casework.NotFound, m.Name, nil)
	}
	v.Message.MessageName = m.Name
	return v.Message, v.Delivery.out(), nil
}

func undeliverable(code casework.Code, name string, processes []string) error {
	if code == casework.NotFound {
		return casework.Errorf(casework.NotFound, "nobody waits for the message %q", name)
	}
	return &casework.Error{
		Code: casework.Conflict, Message: fmt.Sprintf("nobody waits for the message %q, and several processes begin with it, which leaves open which is meant", name),
		Current: map[string]any{"processKeys": processes},
	}
}

// SendSignal tells a signal to every instance that waits for it and begins a case of every process that starts with it.
// Deliveries are empty when the signal id is known.
func (s *Store) SendSignal(ctx context.Context, caller string, id uuid.UUID, engineRev int, signal casework.Signal) (casework.SignalAnswer, []casework.Delivery, error) {
	request := map[string]any{"id": id, "name": signal.Name, "engineRev": engineRev}
	if signal.Variables != nil {
		request["variables"] = signal.Variables
	}
	answer := casework.SignalAnswer{SignalName: signal.Name, Started: []casework.StartedCase{}}
	var v struct {
		verdict
		Receivers  int         `json:"receivers"`
		Deliveries []*delivery `json:"deliveries"`
	}
	err := s.send(ctx, caller, request, &v, func(q *dbsqlc.Queries, body json.RawMessage) (json.RawMessage, error) {
		return q.SignalSend(ctx, dbsqlc.SignalSendParams{Signal: body, UserID: caller})
	})
	if err == nil {
		err = v.problem()
	}
	if err != nil {
		return answer, nil, err
	}
	answer.Receivers = v.Receivers
	for _, d := range v.Deliveries {
		if d.Start != nil {
			answer.Started = append(answer.Started, startedCase(d.Start))
		}
	}
	return answer, outAll(v.Deliveries), nil
}

// send sends a request of a caller and decodes the verdict about it.
func (s *Store) send(ctx context.Context, caller string, request map[string]any, into any, call func(*dbsqlc.Queries, json.RawMessage) (json.RawMessage, error)) error {
	contents, err := packIn(request)
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	raw, err := s.act(ctx, caller, contents, func(q *dbsqlc.Queries) (json.RawMessage, error) { return call(q, body) })
	if err != nil {
		return interpret(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("verdict of an event: %w", err)
	}
	return nil
}

func startedCase(s *casework.Start) casework.StartedCase {
	return casework.StartedCase{
		CaseID: s.CaseID, CaseNumber: s.CaseNumber, ProcessInstanceID: s.InstanceID, Status: string(casework.InstanceActive), Tasks: []casework.Task{},
	}
}

// outAll is what of some deliveries has to be sent.
func outAll(ds []*delivery) []casework.Delivery {
	var out []casework.Delivery
	for _, d := range ds {
		if sent := d.out(); sent != nil {
			out = append(out, *sent)
		}
	}
	return out
}

// SetVariables asks a case to set process variables. The delivery is nil when the command id is known.
func (s *Store) SetVariables(ctx context.Context, caller, instanceID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error) {
	return s.operate(ctx, casework.CommandSetVariables, caller, instanceID, "", commandID, map[string]any{"variables": variables})
}

// ActivateElements asks an ad-hoc sub-process to enter elements. Errors: NotFound where it is not active.
func (s *Store) ActivateElements(ctx context.Context, caller, instanceID, elementInstanceID string, commandID uuid.UUID, elements []string) (*casework.Delivery, error) {
	if err := s.isAdHoc(ctx, caller, instanceID, elementInstanceID); err != nil {
		return nil, err
	}
	return s.operate(ctx, casework.CommandActivate, caller, instanceID, "", commandID, map[string]any{
		"elementInstanceId": elementInstanceID, "elements": elements,
	})
}

// CompleteElements asks an ad-hoc sub-process to end when its activities have. Errors: NotFound where it is not active.
func (s *Store) CompleteElements(ctx context.Context, caller, instanceID, elementInstanceID string, commandID uuid.UUID) (*casework.Delivery, error) {
	if err := s.isAdHoc(ctx, caller, instanceID, elementInstanceID); err != nil {
		return nil, err
	}
	return s.operate(ctx, casework.CommandFinish, caller, instanceID, "", commandID, map[string]any{"elementInstanceId": elementInstanceID})
}

func (s *Store) isAdHoc(ctx context.Context, caller, instanceID, elementInstanceID string) error {
	a, err := s.as(caller).ActivityGet(ctx, dbsqlc.ActivityGetParams{ProcessInstanceID: instanceID, ElementInstanceID: elementInstanceID})
	switch {
	case err != nil:
		return interpret(err)
	case a.ActivityType != "adHocSubProcess":
		return &casework.Error{Code: casework.Conflict, Message: "this is no ad-hoc sub-process but a " + a.ActivityType, Current: toActivity(a)}
	case a.State != string(casework.ActivityActive):
		return &casework.Error{Code: casework.Conflict, Message: "the ad-hoc sub-process has ended", Current: toActivity(a)}
	}
	return nil
}

// ConditionalStarts lists the conditional start events of active definitions. It needs the permission operate.
func (s *Store) ConditionalStarts(ctx context.Context, caller string) ([]casework.TriggeredStart, error) {
	may, err := s.as(caller).CallerMay(ctx, "operate")
	if err != nil {
		return nil, interpret(err)
	}
	if !may {
		return nil, &casework.Error{Code: casework.Forbidden, Message: rules["operate"], Rule: "operate"}
	}
	rows, err := s.as(caller).DefinitionsStartedBy(ctx, string(casework.StartConditional))
	return triggered(rows, err, casework.StartConditional)
}

// TimerStarts lists the timer start events of active definitions, for workers.
func (s *Store) TimerStarts(ctx context.Context) ([]casework.TriggeredStart, error) {
	rows, err := s.q().DefinitionsStartedBy(ctx, string(casework.StartTimer))
	return triggered(rows, err, casework.StartTimer)
}

func triggered(rows []dbsqlc.FlowableWorkflowDefinition, err error, kind casework.StartType) ([]casework.TriggeredStart, error) {
	if err != nil {
		return nil, interpret(err)
	}
	starts := []casework.TriggeredStart{}
	for _, r := range rows {
		d := toDefinition(r)
		for _, e := range d.StartEvents {
			if e.Type == kind {
				starts = append(starts, casework.TriggeredStart{Definition: d, Event: e, ActiveFrom: r.UpdatedAt.UTC()})
			}
		}
	}
	return starts, nil
}

// StartByTimer stores a case of the active version of a process and its start, unless the version has no such timer start
// event any more. From its activation on its own timers count, not those of the version before. The same request id again changes nothing. The delivery is nil where nothing is to be sent.
func (s *Store) StartByTimer(ctx context.Context, t casework.TimerStart) (*casework.Delivery, error) {
	row, err := s.q().DefinitionGet(ctx, dbsqlc.DefinitionGetParams{ProcessKey: t.ProcessKey})
	if isNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, interpret(err)
	}
	def := toDefinition(row)
	is := func(e casework.StartEvent) bool { return e.ID == t.StartEventID && e.Type == casework.StartTimer }
	replaced := def.Version != t.Version && !t.At.Before(row.UpdatedAt)
	if replaced || !slices.ContainsFunc(def.StartEvents, is) {
		return nil, nil
	}
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(t.RequestID))
	_, d, err := s.StartCase(ctx, "SYSTEM", id, def, t.EngineRev, casework.CaseStart{StartEventID: t.StartEventID})
	return d, err
}
