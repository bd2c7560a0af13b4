package api

import (
	"context"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func (s *Server) getInstance(c *gin.Context) (reply, error) {
	i, err := s.deps.Store.Instance(c.Request.Context(), callerOf(c), c.Param("id"))
	if err != nil {
		return reply{}, err
	}
	return ok(s.linked(i))
}

// linked adds the link to the run.
func (s *Server) linked(i casework.Instance) casework.Instance {
	if s.cfg.TemporalUIURL != "" {
		i.TemporalURL = strings.TrimSuffix(s.cfg.TemporalUIURL, "/") + "/namespaces/" + url.PathEscape(s.cfg.TemporalNamespace) +
			"/workflows/" + url.PathEscape(i.ProcessInstanceID)
	}
	return i
}

func (s *Server) listActivities(c *gin.Context) (reply, error) {
	q := query(c)
	page := q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.InstanceActivities(c.Request.Context(), callerOf(c), c.Param("id"), page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func (s *Server) listInstanceHistory(c *gin.Context) (reply, error) {
	q := query(c)
	page := q.page()
	if err := q.err(); err != nil {
		return reply{}, err
	}
	list, err := s.deps.Store.InstanceHistory(c.Request.Context(), callerOf(c), c.Param("id"), page)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func (s *Server) getVariables(c *gin.Context) (reply, error) {
	vars, err := s.deps.Store.InstanceVariables(c.Request.Context(), callerOf(c), c.Param("id"))
	if err != nil {
		return reply{}, err
	}
	return ok(vars)
}

// terminateInstance asks a case to end now. It answers once the case has, or after the wait with the case as it is.
func (s *Server) terminateInstance(c *gin.Context) (reply, error) {
	var request struct {
		Reason string `json:"reason"`
	}
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(request.Reason) == "" {
		return reply{}, invalid("body.reason", "is required", nil)
	}
	if err := checkReason(request.Reason, "body.reason"); err != nil {
		return reply{}, err
	}
	return s.operate(c, func() (*casework.Delivery, error) {
		return s.deps.Store.TerminateInstance(c.Request.Context(), callerOf(c), c.Param("id"), actID(c), request.Reason)
	})
}

// suspendInstance lets a case stand still, or go on. It answers once the workflow knows, or after the wait.
func (s *Server) suspendInstance(suspend bool) handler {
	return func(c *gin.Context) (reply, error) {
		return s.operate(c, func() (*casework.Delivery, error) {
			ds, err := s.deps.Store.SuspendInstance(c.Request.Context(), callerOf(c), c.Param("id"), actID(c), suspend)
			if err != nil || len(ds) == 0 {
				return nil, err
			}
			for i := range ds[1:] { // called processes
				s.deliver(c, &ds[1:][i])
			}
			return &ds[0], nil
		})
	}
}

// mendIncident lets a case go on where it failed: by trying again, or as if what failed were done by other means.
func (s *Server) mendIncident(mend mending) handler {
	return func(c *gin.Context) (reply, error) {
		var request struct {
			Variables map[string]any `json:"variables"`
		}
		if err := readJSON(c, &request, true); err != nil {
			return reply{}, err
		}
		if err := checkVariables(request.Variables, "body.variables"); err != nil {
			return reply{}, err
		}
		return s.operate(c, func() (*casework.Delivery, error) {
			return mend(c.Request.Context(), callerOf(c), c.Param("id"), c.Param("incidentId"), actID(c), request.Variables)
		})
	}
}

// mending is a method of the store that mends an incident.
type mending func(ctx context.Context, caller, instanceID, incidentID string, commandID uuid.UUID, variables map[string]any) (*casework.Delivery, error)

func (s *Server) operate(c *gin.Context, accept func() (*casework.Delivery, error)) (reply, error) {
	ctx, caller, id := c.Request.Context(), callerOf(c), c.Param("id")
	steps, stop := s.deps.Steps.Watch(casework.Waiting{InstanceID: id})
	defer stop()
	d, err := accept()
	if err != nil {
		return reply{}, err
	}
	s.deliver(c, d)
	if d != nil {
		s.await(ctx, s.waitOf(c), steps, func(casework.StepNews) (bool, error) {
			return s.deps.Store.CommandSettled(ctx, caller, d.Command.CommandID)
		})
	}
	i, err := s.deps.Store.Instance(ctx, caller, id)
	if err != nil {
		return reply{}, err
	}
	return ok(s.linked(i))
}
