package db

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Me tells a caller who they are and what they may do.
func (s *Store) Me(ctx context.Context, caller string) (casework.Me, error) {
	var me casework.Me
	err := s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		u, err := users.get(ctx, q, caller)
		if err != nil {
			return err
		}
		standing, err := q.CallerStanding(ctx, casework.AllPermissions())
		me = casework.Me{User: u, Roles: standing.Roles, Permissions: standing.Permissions, Queues: standing.Queues, ActingFor: standing.ActingFor}
		slices.Sort(me.Queues)
		return err
	})
	return me, err
}

// errTried ends a transaction in which something was only tried.
var errTried = errors.New("only tried")

// CheckAct explains whether a user may do something. An act on a task is tried by the very function that does it, as the
// user and in a transaction that is rolled back: the answer is what the act itself would be answered now. Others than the
// user need the permission manage-users. Errors: Forbidden, NotFound.
func (s *Store) CheckAct(ctx context.Context, caller string, question casework.ActQuestion) (casework.ActAnswer, error) {
	answer := casework.ActAnswer{UserID: question.UserID, Action: question.Action, Roles: []string{}}
	err := s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		u, err := users.get(ctx, q, question.UserID)
		if err != nil {
			return err
		}
		if caller != question.UserID {
			if err := needs(ctx, q, casework.PermitManageUsers); err != nil {
				return err
			}
		}
		if !u.Active {
			answer.Rule, answer.Reason = "active-user", "the user is switched off"
			return nil
		}
		if err := q.CallerSet(ctx, question.UserID); err != nil {
			return err
		}
		switch {
		case question.TaskID != "":
			err = tryAct(ctx, q, question, &answer)
		case question.QueueName != "":
			err = checkWork(ctx, q, question, &answer)
		default:
			err = checkPermission(ctx, q, question, &answer)
		}
		if err == nil {
			err = errTried
		}
		return err
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return answer, err
}

// tryAct does an act and notes what came of it.
func tryAct(ctx context.Context, q *dbsqlc.Queries, question casework.ActQuestion, answer *casework.ActAnswer) error {
	task, err := q.TaskGet(ctx, question.TaskID)
	if isNoRows(err) {
		answer.Rule, answer.Reason = "visible", "the user sees no such task"
		return nil
	}
	if err != nil {
		return err
	}
	standing, err := q.CallerStanding(ctx, nil)
	if err != nil {
		return err
	}
	for _, role := range standing.Roles {
		if slices.Contains(task.CandidateGroups, role) {
			answer.Roles = append(answer.Roles, role)
		}
	}
	if question.Action == casework.SeeTask {
		return explain(nil, "visible", answer)
	}
	a := casework.TaskAct{Kind: casework.ActKind(question.Action), To: question.To, QueueName: question.QueueName, Reason: "tried", Text: "tried"}
	if a.Kind == casework.ActUpdate {
		other := (int(task.Priority) + 1) % 100
		a.Priority = &other
	}
	_, err = read(act(ctx, q, question.UserID, question.TaskID, uuid.New(), a, nil))
	return explain(err, question.Action, answer)
}

// explain turns the verdict on an act to an answer.
func explain(err error, rule string, answer *casework.ActAnswer) error {
	var refused *casework.Error
	switch {
	case err == nil:
		answer.Allowed, answer.Rule, answer.Reason = true, rule, "nothing is against it"
		return nil
	case !errors.As(err, &refused):
		return err
	}
	switch refused.Code {
	case casework.Forbidden, casework.Invalid: // the latter for whom the task is to be given to, or where it is to be moved
		answer.Rule = refused.Rule
	case casework.Conflict:
		answer.Rule = "status"
	case casework.NotFound:
		answer.Rule = "visible"
	default:
		return err
	}
	answer.Reason = refused.Message
	return nil
}

// checkWork says whether the user supervises a queue, or gets its tasks, through which roles, and whether they have room for one more.
func checkWork(ctx context.Context, q *dbsqlc.Queries, question casework.ActQuestion, answer *casework.ActAnswer) error {
	work, err := q.CallerWork(ctx, question.QueueName)
	if isNoRows(err) {
		return casework.Errorf(casework.NotFound, "there is no queue %q", question.QueueName)
	}
	if err != nil {
		return err
	}
	if question.Action == casework.PermitSupervise {
		answer.Allowed, answer.Rule, answer.Reason = work.Supervised, "supervise", "a role of the user has the permission for the queue"
		if !work.Supervised {
			answer.Reason = "no role of the user has the permission for the queue"
		}
		return nil
	}
	answer.Roles = work.Roles
	switch {
	case len(work.Roles) == 0:
		answer.Rule, answer.Reason = "assignment", "no role of the user works on the queue"
	case !work.IsActive:
		answer.Rule, answer.Reason = "active-queue", "the queue is switched off"
	case work.Room <= 0:
		answer.Rule, answer.Reason = "max-tasks-per-user", "the user holds as many tasks of the queue as their role allows"
	default:
		answer.Allowed, answer.Rule, answer.Reason = true, "assignment", "a role of the user works on the queue"
	}
	return nil
}

func checkPermission(ctx context.Context, q *dbsqlc.Queries, question casework.ActQuestion, answer *casework.ActAnswer) error {
	given, err := q.CallerPermission(ctx, question.Action)
	if err != nil {
		return err
	}
	answer.Allowed, answer.Rule, answer.Reason = len(given) > 0, question.Action, "a role of the user has the permission"
	answer.Roles = append(answer.Roles, given...)
	if !answer.Allowed {
		answer.Reason = "no role of the user has the permission"
	}
	return nil
}
