package api

import (
	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func (s *Server) listQueues(c *gin.Context) (reply, error) {
	q := query(c)
	f := casework.QueueFilter{
		QueueType:  casework.QueueType(q.oneOf("queueType", "STANDARD", "PRIORITY", "SPECIALIZED", "OVERFLOW")),
		Department: q.text("department"), Page: q.page(),
	}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	return answer(s.deps.Store.Queues(c.Request.Context(), callerOf(c), f))
}

// assign lets a role work on a queue; what the body does not say is as usual.
func (s *Server) assign(c *gin.Context) (reply, error) {
	apply, err := readChange[casework.AssignmentSettings](c)
	if err != nil {
		return reply{}, err
	}
	settings := casework.NewAssignmentSettings()
	if err := apply(&settings); err != nil {
		return reply{}, err
	}
	return answer(s.deps.Store.Assign(c.Request.Context(), callerOf(c), c.Param("queueName"), c.Param("roleCode"), settings))
}

func (s *Server) unassign(c *gin.Context) (reply, error) {
	return emptied(s.deps.Store.Unassign(c.Request.Context(), callerOf(c), c.Param("queueName"), c.Param("roleCode")))
}
