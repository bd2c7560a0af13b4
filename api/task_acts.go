package api

import (
	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// actOnTask does an act to a task and answers with the task. The act is done when the answer comes; the case learns of it
// afterwards.
func (s *Server) actOnTask(kind casework.ActKind) handler {
	return func(c *gin.Context) (reply, error) {
		act, err := readAct(c, kind)
		if err != nil {
			return reply{}, err
		}
		t, d, err := s.deps.Store.ActOnTask(c.Request.Context(), callerOf(c), c.Param("taskId"), actID(c), act)
		if err != nil {
			return reply{}, err
		}
		s.deliver(c, d)
		return versioned(t, t)
	}
}

func (s *Server) listTaskComments(c *gin.Context) (reply, error) {
	q := query(c)
	page := q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.TaskComments(c.Request.Context(), callerOf(c), c.Param("taskId"), page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}
