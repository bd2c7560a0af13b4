package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// startCase stores a case and starts its workflow. The answer holds the first tasks that the caller may see, if they come
// within the wait.
func (s *Server) startCase(c *gin.Context) (reply, error) {
	var request casework.CaseStart
	if err := readJSON(c, &request, false); err != nil {
		return reply{}, err
	}
	if err := checkCase(request); err != nil {
		return reply{}, err
	}
	ctx, caller := c.Request.Context(), callerOf(c)
	def, err := s.deps.Store.Definition(ctx, caller, request.ProcessKey, request.Version)
	if casework.CodeOf(err) == casework.NotFound {
		return reply{}, invalid("body.processKey", err.Error(), request.ProcessKey)
	}
	if err != nil {
		return reply{}, err
	}
	if request.StartEventID, err = chooseStart(def, request.StartEventID); err != nil {
		return reply{}, err
	}
	id := actID(c)
	steps, stop := s.deps.Steps.Watch(casework.Waiting{InstanceID: id.String(), Caller: caller})
	defer stop()
	started, delivery, err := s.deps.Store.StartCase(ctx, caller, id, def, engine.Rev, request)
	if err != nil {
		return reply{}, err
	}
	s.deliver(c, delivery)
	var first []casework.Task
	s.await(ctx, s.waitOf(c), steps, func(news casework.StepNews) (bool, error) {
		if first = news.Next; first != nil {
			return true, nil
		}
		return s.deps.Store.InstanceStarted(ctx, caller, id.String())
	})
	if first == nil {
		if first, err = s.deps.Store.OpenTasksOf(ctx, caller, id.String()); err != nil {
			return reply{}, err
		}
	}
	started.Tasks = first
	return created(started)
}

func checkCase(r casework.CaseStart) error {
	if r.ProcessKey == "" {
		return invalid("body.processKey", "is required", nil)
	}
	for _, text := range []struct {
		name, value string
		most        int
	}{{"title", r.Title, 500}, {"caseType", r.CaseType, 100}, {"severity", r.Severity, 50}, {"businessKey", r.BusinessKey, 255}} {
		if utf8.RuneCountInString(text.value) > text.most || strings.ContainsRune(text.value, 0) {
			return invalid("body."+text.name, fmt.Sprintf("has at most %d characters, none of them U+0000", text.most), nil)
		}
	}
	if r.Version < 0 || r.Version > math.MaxInt32 {
		return invalid("body.version", "must be a whole number from 1; 0 is the active version", r.Version)
	}
	if r.Priority != nil && (*r.Priority < 0 || *r.Priority > 100) {
		return invalid("body.priority", "must be from 0 to 100", *r.Priority)
	}
	return checkVariables(r.Variables, "body.variables")
}

// chooseStart finds the start event: the only plain one, or the one that is named.
func chooseStart(def casework.Definition, id string) (string, error) {
	ids := make([]string, 0, len(def.StartEvents))
	triggers := make([]string, 0, len(def.StartEvents))
	for _, e := range def.StartEvents {
		if e.Type == casework.StartNone {
			ids = append(ids, e.ID)
		} else {
			triggers = append(triggers, e.ID+" ("+strings.TrimSpace(string(e.Type)+" "+e.Trigger)+")")
		}
	}
	choices := strings.Join(ids, ", ")
	switch {
	case len(ids) == 0 && len(triggers) > 0:
		return "", invalid("body.processKey", "the process has no plain start event, so that nobody can start it; it begins by itself at "+
			strings.Join(triggers, ", "), def.ProcessKey)
	case id != "" && !slices.Contains(ids, id):
		return "", invalid("body.startEventId", "there is no such start event; there are "+choices, id)
	case id == "" && len(ids) > 1:
		return "", invalid("body.startEventId", "the process has several start events, one must be chosen: "+choices, nil)
	case id == "" && len(ids) == 1:
		return ids[0], nil
	}
	return id, nil
}

// deliver sends what the database has accepted to Temporal at once. If that fails nothing is lost: the relay does it.
func (s *Server) deliver(c *gin.Context, d *casework.Delivery) (sent bool) {
	if d == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 2*time.Second)
	defer cancel()
	if err := s.deps.Engine.Deliver(ctx, *d); err != nil {
		s.log.Warn("left to the relay", zap.Int64("outboxId", d.OutboxID), zap.Error(err), zap.String("requestId", requestIDOf(c)))
		return false
	}
	return true
}

// lookAgain is how often whoever waits asks the database, in case an announcement was lost. That is rare, and under load many
// wait for long: asking much more often would add to the load that they wait for.
const lookAgain = time.Second

// await waits until done says so, woken by steps; it gives up quietly after the wait, since the act itself is done.
func (s *Server) await(ctx context.Context, wait time.Duration, steps <-chan casework.StepNews, done func(casework.StepNews) (bool, error)) {
	if wait <= 0 {
		return
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		var news casework.StepNews
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case news = <-steps:
		case <-look.C:
		}
		over, err := done(news)
		if err != nil {
			s.log.Warn("not waited to the end", zap.Error(err))
		}
		if over || err != nil {
			return
		}
	}
}

func (s *Server) listCases(c *gin.Context) (reply, error) {
	q := query(c)
	f := casework.CaseFilter{
		Status: q.oneOf("status", "OPEN", "CLOSED", "CANCELLED"), ProcessKey: q.text("processKey"), CreatedBy: q.text("createdBy"), Page: q.page(),
	}
	if err := q.err(); err != nil {
		return reply{}, err
	}
	if f.CreatedBy == "me" {
		f.CreatedBy = callerOf(c)
	}
	list, err := s.deps.Store.Cases(c.Request.Context(), callerOf(c), f)
	if err != nil {
		return reply{}, err
	}
	return ok(list)
}

func (s *Server) getCase(c *gin.Context) (reply, error) {
	id, err := strconv.ParseInt(c.Param("caseId"), 10, 64)
	if err != nil {
		return reply{}, malformed("path.caseId", "must be a whole number", c.Param("caseId"))
	}
	found, err := s.deps.Store.Case(c.Request.Context(), callerOf(c), id)
	if err != nil {
		return reply{}, err
	}
	return ok(found)
}
