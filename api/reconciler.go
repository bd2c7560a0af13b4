package api

import "github.com/gin-gonic/gin"

// listFindings lists where rows and workflows were found to disagree, the latest first.
func (s *Server) listFindings(c *gin.Context) (reply, error) {
	q := query(c)
	unresolved, page := q.flag("unresolved"), q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.Findings(c.Request.Context(), callerOf(c), unresolved, page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}
