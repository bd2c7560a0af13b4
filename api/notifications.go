package api

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func (s *Server) listNotifications(c *gin.Context) (reply, error) {
	q := query(c)
	unread, page := q.flag("unread"), q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.Notifications(c.Request.Context(), callerOf(c), unread, page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func (s *Server) readNotification(c *gin.Context) (reply, error) {
	id, err := strconv.ParseInt(c.Param("notificationId"), 10, 64)
	if err != nil {
		return reply{}, casework.Errorf(casework.NotFound, "there is no notification %q", c.Param("notificationId"))
	}
	n, err := s.deps.Store.ReadNotification(c.Request.Context(), callerOf(c), id)
	if err != nil {
		return reply{}, err
	}
	return ok(n)
}
