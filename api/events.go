package api

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	maxEventName   = 255 // characters
	mostDeliveries = 100 // sent by the request itself; the relay sends the others
	mostElements   = 100 // activated by one request
)

// sendMessage gives a BPMN message to one receiver, or starts a case with it.
func (s *Server) sendMessage(c *gin.Context) (reply, error) {
	var request casework.Message
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if err := checkMessage(request); err != nil {
		return reply{}, err
	}
	ctx, caller := c.Request.Context(), callerOf(c)
	answer, d, err := s.deps.Store.SendMessage(ctx, caller, actID(c), engine.Rev, request)
	if err != nil {
		return reply{}, err
	}
	steps, stop := s.deps.Steps.Watch(casework.Waiting{InstanceID: answer.ProcessInstanceID})
	defer stop()
	s.deliver(c, d)
	if d != nil {
		s.await(ctx, s.waitOf(c), steps, func(casework.StepNews) (bool, error) {
			if d.Command == nil {
				return s.deps.Store.InstanceStarted(ctx, caller, answer.ProcessInstanceID)
			}
			return s.deps.Store.CommandSettled(ctx, caller, d.Command.CommandID)
		})
	}
	if answer.Outcome == casework.MessageStarted {
		return created(answer)
	}
	return ok(answer)
}

func checkMessage(m casework.Message) error {
	if err := checkEventName(m.Name, "body.messageName"); err != nil {
		return err
	}
	for _, text := range []struct {
		name, value string
		most        int
	}{{"processInstanceId", m.ProcessInstanceID, 64}, {"businessKey", m.BusinessKey, 255}, {"correlation", m.Correlation, 255}} {
		if utf8.RuneCountInString(text.value) > text.most || strings.ContainsRune(text.value, 0) {
			return invalid("body."+text.name, fmt.Sprintf("has at most %d characters, none of them U+0000", text.most), nil)
		}
	}
	return checkVariables(m.Variables, "body.variables")
}

func checkEventName(name, location string) error {
	switch {
	case name == "":
		return invalid(location, "is required", nil)
	case utf8.RuneCountInString(name) > maxEventName || strings.ContainsRune(name, 0):
		return invalid(location, fmt.Sprintf("has at most %d characters, none of them U+0000", maxEventName), nil)
	}
	return nil
}

// sendSignal tells a BPMN signal to all who wait for it.
func (s *Server) sendSignal(c *gin.Context) (reply, error) {
	var request casework.Signal
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if err := checkEventName(request.Name, "body.signalName"); err != nil {
		return reply{}, err
	}
	if err := checkVariables(request.Variables, "body.variables"); err != nil {
		return reply{}, err
	}
	answer, ds, err := s.deps.Store.SendSignal(c.Request.Context(), callerOf(c), actID(c), engine.Rev, request)
	if err != nil {
		return reply{}, err
	}
	for i := range ds[:min(len(ds), mostDeliveries)] {
		s.deliver(c, &ds[i])
	}
	return ok(answer)
}

// patchVariables sets process variables of a case.
func (s *Server) patchVariables(c *gin.Context) (reply, error) {
	var request struct {
		Variables map[string]any `json:"variables"`
	}
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if len(request.Variables) == 0 {
		return reply{}, invalid("body.variables", "is required", nil)
	}
	if err := checkVariables(request.Variables, "body.variables"); err != nil {
		return reply{}, err
	}
	return s.operate(c, func() (*casework.Delivery, error) {
		return s.deps.Store.SetVariables(c.Request.Context(), callerOf(c), c.Param("id"), actID(c), request.Variables)
	})
}

// activateElements lets an ad-hoc sub-process enter activities.
func (s *Server) activateElements(c *gin.Context) (reply, error) {
	var request struct {
		Elements []string `json:"elements"`
	}
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if len(request.Elements) == 0 || len(request.Elements) > mostElements {
		return reply{}, invalid("body.elements", fmt.Sprintf("names 1 to %d activities of the sub-process", mostElements), nil)
	}
	for i, id := range request.Elements {
		if id == "" || len(id) > maxEventName || !isText(id) {
			return reply{}, invalid(fmt.Sprintf("body.elements[%d]", i), "must be the id of an activity", nil)
		}
	}
	return s.operate(c, func() (*casework.Delivery, error) {
		return s.deps.Store.ActivateElements(c.Request.Context(), callerOf(c), c.Param("id"), c.Param("elementInstanceId"), actID(c), request.Elements)
	})
}

// completeElements ends an ad-hoc sub-process.
func (s *Server) completeElements(c *gin.Context) (reply, error) {
	return s.operate(c, func() (*casework.Delivery, error) {
		return s.deps.Store.CompleteElements(c.Request.Context(), callerOf(c), c.Param("id"), c.Param("elementInstanceId"), actID(c))
	})
}

// evaluateConditions starts a case of every active process that begins on a condition which holds for the variables.
func (s *Server) evaluateConditions(c *gin.Context) (reply, error) {
	var request struct {
		Variables map[string]any `json:"variables"`
	}
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if err := checkVariables(request.Variables, "body.variables"); err != nil {
		return reply{}, err
	}
	starts, err := s.deps.Store.ConditionalStarts(c.Request.Context(), callerOf(c))
	if err != nil {
		return reply{}, err
	}
	answer := casework.ConditionAnswer{Started: []casework.StartedCase{}, Failed: []casework.ConditionFail{}}
	for _, start := range starts {
		holds, err := conditionHolds(start.Event.Trigger, request.Variables)
		if err != nil {
			answer.Failed = append(answer.Failed, casework.ConditionFail{
				ProcessKey: start.Definition.ProcessKey, StartEventID: start.Event.ID, Message: err.Error(),
			})
		}
		if err != nil || !holds {
			continue
		}
		started, err := s.startOnCondition(c, start, request.Variables)
		if err != nil {
			return reply{}, err
		}
		answer.Started = append(answer.Started, started)
	}
	return ok(answer)
}
