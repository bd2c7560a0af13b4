package api

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func (s *Server) listTasks(c *gin.Context) (reply, error) {
	f, err := taskFilter(c)
	if err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.Tasks(c.Request.Context(), callerOf(c), f)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func taskFilter(c *gin.Context) (casework.TaskFilter, error) {
	q := query(c)
	f := casework.TaskFilter{
		QueueName: q.text("queueName"), Assignee: q.text("assignee"), Candidate: q.oneOf("candidate", "me") == "me",
		ProcessInstanceID: q.text("processInstanceId"), TaskDefinitionKey: q.text("taskDefinitionKey"),
		Overdue: q.flag("overdue"), DueBefore: q.instant("dueBefore"), FollowUpBefore: q.instant("followUpBefore"),
		Sort: casework.TaskSort(q.oneOf("sort", "priority", "created", "due")), Page: q.page(),
	}
	for _, status := range q.list("status") {
		if !casework.TaskStatus(status).Valid() {
			q.wrong("status", "must be a task status, such as OPEN")
		}
		f.Status = append(f.Status, casework.TaskStatus(status))
	}
	if n := q.number("caseId", 1, math.MaxInt64); n != nil {
		f.CaseID = *n
	}
	if n := q.number("minPriority", 0, 1_000_000); n != nil {
		least := int(*n)
		f.MinPriority = &least
	}
	if f.Assignee == "me" {
		f.Assignee = callerOf(c)
	}
	if f.Sort == "" {
		f.Sort = casework.SortPriority
	}
	return f, q.err()
}

func (s *Server) getTask(c *gin.Context) (reply, error) {
	t, err := s.deps.Store.Task(c.Request.Context(), callerOf(c), c.Param("taskId"))
	if err != nil {
		return reply{}, err
	}
	return versioned(t, t)
}

func (s *Server) listTaskHistory(c *gin.Context) (reply, error) {
	q := query(c)
	page := q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.TaskHistory(c.Request.Context(), callerOf(c), c.Param("taskId"), page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

// claimNext gives the caller the best task of the named queues, or of all the caller works on; 204 when there is none.
func (s *Server) claimNext(c *gin.Context) (reply, error) {
	q := query(c)
	queues := q.list("queueNames")
	if err := q.err(); err != nil {
		return reply{}, err
	}
	t, err := s.deps.Store.ClaimNext(c.Request.Context(), callerOf(c), queues, actID(c))
	if err != nil {
		return reply{}, err
	}
	if t == nil {
		return reply{status: http.StatusNoContent}, nil
	}
	return ok(t)
}

// completed is a task with what comes after it.
type completed struct {
	casework.Task
	NextTasks []casework.Task `json:"nextTasks"`
}

// completeTask completes a task that the caller holds and answers with the next open tasks of the case that the caller
// may see, if they come within the wait.
func (s *Server) completeTask(c *gin.Context) (reply, error) {
	act, err := readAct(c, casework.ActComplete)
	if err != nil {
		return reply{}, err
	}
	ctx, caller := c.Request.Context(), callerOf(c)
	id := actID(c)
	t, d, err := s.deps.Store.ActOnTask(ctx, caller, c.Param("taskId"), id, act)
	if err != nil {
		return reply{}, err
	}
	steps, stop := s.deps.Steps.Watch(casework.Waiting{InstanceID: t.ProcessInstanceID, CommandID: id.String(), Caller: caller})
	defer stop()
	s.deliver(c, d)
	var next []casework.Task
	if d != nil {
		s.await(ctx, s.waitOf(c), steps, func(news casework.StepNews) (bool, error) {
			if next = news.Next; next == nil {
				next, err = s.deps.Store.NextTasks(ctx, caller, t.ProcessInstanceID, d.Command.CommandID)
			}
			return next != nil, err
		})
	}
	if next == nil {
		if next, err = s.deps.Store.OpenTasksOf(ctx, caller, t.ProcessInstanceID); err != nil {
			return reply{}, err
		}
	}
	return versioned(t, completed{Task: t, NextTasks: next})
}

func checkCompletion(r casework.Completion) error {
	if utf8.RuneCountInString(r.Outcome) > 100 || strings.ContainsRune(r.Outcome, 0) {
		return invalid("body.outcome", "has at most 100 characters, none of them U+0000", nil)
	}
	if err := checkReason(r.OutcomeReason, "body.outcomeReason"); err != nil {
		return err
	}
	if err := checkObject(r.FormData, "body.formData", casework.MaxFormBytes); err != nil {
		return err
	}
	return checkVariables(r.Variables, "body.variables")
}

// maxReason bounds a text that people write to explain an act: it goes with the act to the workflow.
const maxReason = 10_000 // characters

func checkReason(text, location string) error {
	if utf8.RuneCountInString(text) > maxReason || strings.ContainsRune(text, 0) {
		return invalid(location, fmt.Sprintf("has at most %d characters, none of them U+0000", maxReason), nil)
	}
	return nil
}
