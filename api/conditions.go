package api

import (
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/bpmn/expr"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// conditionHolds evaluates a start condition: it sees the variables of the request and nothing else.
func conditionHolds(source string, variables map[string]any) (bool, error) {
	condition, err := expr.ParseExpression(source)
	if err != nil {
		return false, err
	}
	scope := expr.MapScope{}
	for name, value := range variables {
		scope[name] = expr.Normalize(value)
	}
	return condition.EvalBool(scope, expr.Limits{})
}

// startOnCondition stores a case and sends its start. Its id is made of that of the request: the same request again
// starts nothing.
func (s *Server) startOnCondition(c *gin.Context, start casework.TriggeredStart, variables map[string]any) (casework.StartedCase, error) {
	id := uuid.NewSHA1(actID(c), []byte(start.Definition.ProcessKey+"\n"+start.Event.ID+"\n"+start.Event.Trigger))
	started, d, err := s.deps.Store.StartCase(c.Request.Context(), callerOf(c), id, start.Definition, engine.Rev,
		casework.CaseStart{StartEventID: start.Event.ID, Variables: variables})
	if err != nil {
		return casework.StartedCase{}, err
	}
	s.deliver(c, d)
	return started, nil
}
