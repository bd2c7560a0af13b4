package api

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func (s *Server) listUsers(c *gin.Context) (reply, error) {
	q := query(c)
	f := casework.UserFilter{RoleCode: q.text("roleCode"), Department: q.text("department"), Page: q.page()}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	return answer(s.deps.Store.Users(c.Request.Context(), callerOf(c), f))
}

// grant gives a role to a user; what the body does not say is as usual.
func (s *Server) grant(c *gin.Context) (reply, error) {
	var settings casework.GrantSettings
	apply, err := readChange[casework.GrantSettings](c)
	if err != nil {
		return reply{}, err
	}
	if err := apply(&settings); err != nil {
		return reply{}, err
	}
	return answer(s.deps.Store.Grant(c.Request.Context(), callerOf(c), c.Param("userId"), c.Param("roleCode"), settings))
}

func (s *Server) revoke(c *gin.Context) (reply, error) {
	return emptied(s.deps.Store.Revoke(c.Request.Context(), callerOf(c), c.Param("userId"), c.Param("roleCode")))
}

func (s *Server) addAbsence(c *gin.Context) (reply, error) {
	var absence casework.NewAbsence
	apply, err := readChange[casework.NewAbsence](c)
	if err != nil {
		return reply{}, err
	}
	if err := apply(&absence); err != nil {
		return reply{}, err
	}
	v, err := s.deps.Store.AddAbsence(c.Request.Context(), callerOf(c), c.Param("userId"), absence)
	if err != nil {
		return reply{}, err
	}
	return created(v)
}

func (s *Server) dropAbsence(c *gin.Context) (reply, error) {
	id, err := strconv.ParseInt(c.Param("absenceId"), 10, 64)
	if err != nil || id < 1 {
		return reply{}, malformed("path.absenceId", "must be a whole number from 1", c.Param("absenceId"))
	}
	return emptied(s.deps.Store.DropAbsence(c.Request.Context(), callerOf(c), c.Param("userId"), id))
}

func (s *Server) getMe(c *gin.Context) (reply, error) {
	return answer(s.deps.Store.Me(c.Request.Context(), callerOf(c)))
}

// checkAct explains whether somebody may do something, without doing it.
func (s *Server) checkAct(c *gin.Context) (reply, error) {
	var question casework.ActQuestion
	if err := readJSON(c, &question, false); err != nil {
		return reply{}, err
	}
	if err := question.Mistakes().Err(); err != nil {
		return reply{}, err
	}
	if question.UserID == "" {
		question.UserID = callerOf(c)
	}
	return answer(s.deps.Store.CheckAct(c.Request.Context(), callerOf(c), question))
}
