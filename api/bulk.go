package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// mostTasks is how many tasks one request acts on.
const mostTasks = 100

type bulkRequest struct {
	Action  casework.ActKind `json:"action"`
	TaskIDs []string         `json:"taskIds"`
	actRequest
}

// bulkResult is what became of one task: the task, or the problem that a request about it alone would have got.
type bulkResult struct {
	TaskID  string           `json:"taskId"`
	Status  int              `json:"status"`
	Task    *casework.Task   `json:"task,omitempty"`
	Problem *problemDocument `json:"problem,omitempty"`
}

// actOnTasks does the same act to several tasks, one after the other, each by itself: one that is refused does not keep the
// others from being done. A failure inside ends it; what has been done until then is done, and the same request again does
// the rest.
func (s *Server) actOnTasks(c *gin.Context) (reply, error) {
	var request bulkRequest
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	act, err := request.check()
	if err != nil {
		return reply{}, err
	}
	results, sending := make([]bulkResult, 0, len(request.TaskIDs)), true
	for _, id := range request.TaskIDs {
		t, d, err := s.deps.Store.ActOnTask(c.Request.Context(), callerOf(c), id, uuid.NewSHA1(actID(c), []byte(id)), act)
		if err != nil {
			problem := document(c, err)
			if problem.Status >= http.StatusInternalServerError {
				return reply{}, err
			}
			results = append(results, bulkResult{TaskID: id, Status: problem.Status, Problem: &problem})
			continue
		}
		sending = sending && s.deliver(c, d) // where Temporal is away, waiting for it once is enough
		results = append(results, bulkResult{TaskID: id, Status: http.StatusOK, Task: &t})
	}
	return ok(map[string][]bulkResult{"results": results})
}

func (r *bulkRequest) check() (casework.TaskAct, error) {
	if !slices.Contains(casework.ActKinds(), r.Action) {
		var names []string
		for _, kind := range casework.ActKinds() {
			names = append(names, string(kind))
		}
		return casework.TaskAct{}, invalid("body.action", "must be one of "+strings.Join(names, ", "), r.Action)
	}
	if len(r.TaskIDs) == 0 || len(r.TaskIDs) > mostTasks {
		return casework.TaskAct{}, invalid("body.taskIds", fmt.Sprintf("names 1 to %d tasks", mostTasks), nil)
	}
	for i, id := range r.TaskIDs {
		location := fmt.Sprintf("body.taskIds[%d]", i)
		if id == "" || !isText(id) {
			return casework.TaskAct{}, invalid(location, "must be the id of a task", id)
		}
		if slices.Contains(r.TaskIDs[:i], id) {
			return casework.TaskAct{}, invalid(location, "is named before", id)
		}
	}
	if r.Version != nil {
		return casework.TaskAct{}, malformed("body.version", "is of one task: it is not a member of this request", *r.Version)
	}
	return r.act(r.Action)
}
