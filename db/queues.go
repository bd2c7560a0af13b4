package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

var queues = subject[casework.Queue]{
	what: "queue", permission: casework.PermitManageQueues,
	read: func(ctx context.Context, q *dbsqlc.Queries, name string) (json.RawMessage, error) {
		return q.QueueGet(ctx, name)
	},
	check: checkQueue,
	save: func(ctx context.Context, q *dbsqlc.Queries, v casework.Queue, settings json.RawMessage, isNew bool) error {
		return q.QueueSave(ctx, dbsqlc.QueueSaveParams{QueueName: v.QueueName, Settings: settings, IsNew: isNew})
	},
}

func queueSettings(v *casework.Queue) *casework.QueueSettings { return &v.QueueSettings }

// Queues lists queues by name.
func (s *Store) Queues(ctx context.Context, caller string, f casework.QueueFilter) (casework.List[casework.Queue], error) {
	after, err := nameCursor(f.Page.Cursor)
	if err != nil {
		return casework.List[casework.Queue]{}, err
	}
	rows, err := s.as(caller).QueueList(ctx, dbsqlc.QueueListParams{After: after, QueueType: string(f.QueueType), Department: f.Department, Most: most(f.Page)})
	return page(rows, err, f.Page, func(v casework.Queue) string { return v.QueueName })
}

// Queue reads one queue with its assignments. Errors: NotFound.
func (s *Store) Queue(ctx context.Context, caller, name string) (casework.Queue, error) {
	return queues.get(ctx, s.as(caller), name)
}

// CreateQueue stores a new queue. It needs the permission manage-queues. Errors: Invalid, Forbidden, Conflict.
func (s *Store) CreateQueue(ctx context.Context, caller, name string, settings casework.QueueSettings) (casework.Queue, error) {
	return create(ctx, s, caller, queues, name, casework.Queue{QueueName: name, QueueSettings: settings}, queueSettings)
}

// ChangeQueue applies a function to the settings of a queue. It needs the permission manage-queues. Errors: NotFound,
// Invalid, Forbidden.
func (s *Store) ChangeQueue(ctx context.Context, caller, name string, apply func(*casework.QueueSettings) error) (casework.Queue, error) {
	return change(ctx, s, caller, queues, name, queueSettings, apply)
}

func checkQueue(ctx context.Context, q *dbsqlc.Queries, v casework.Queue) (casework.Mistakes, error) {
	names, m := v.Mistakes()
	if v.QueueName == casework.DefaultQueue && !v.Active {
		m.Add("body.active", false, "must be true: tasks that nothing else routes go to this queue")
	}
	if err := checkDepartment(ctx, q, &m, "body.department", v.Department); err != nil {
		return m, err
	}
	names.Calendars = append(names.Calendars, optional("body.calendarName", v.CalendarName)...)
	if err := checkNames(ctx, q, &m, names); err != nil {
		return m, err
	}
	return m, checkOverflow(ctx, q, &m, v)
}

// checkNames notes names that nothing has.
func checkNames(ctx context.Context, q *dbsqlc.Queries, m *casework.Mistakes, names casework.EscalationNames) error {
	for _, kind := range []struct {
		what  string
		given []casework.Reference
		known func(context.Context, []string) ([]string, error)
	}{
		{"queue", names.Queues, q.QueuesKnown}, {"role", names.Roles, q.RolesKnown},
		{"user", names.Users, q.UsersKnown}, {"calendar", names.Calendars, q.CalendarsKnown},
	} {
		if len(kind.given) == 0 {
			continue
		}
		asked := make([]string, 0, len(kind.given))
		for _, ref := range kind.given {
			asked = append(asked, ref.Name)
		}
		known, err := kind.known(ctx, asked)
		if err != nil {
			return err
		}
		for _, ref := range kind.given {
			if !slices.Contains(known, ref.Name) {
				m.Add(ref.Location, ref.Name, "there is no such %s", kind.what)
			}
		}
	}
	return nil
}

// checkOverflow notes an overflow that does not go to a queue of the type OVERFLOW, on either side.
func checkOverflow(ctx context.Context, q *dbsqlc.Queries, m *casework.Mistakes, v casework.Queue) error {
	if v.OverflowQueue != nil {
		rows, err := q.QueueType(ctx, *v.OverflowQueue)
		switch {
		case err != nil:
			return err
		case len(rows) == 0:
			m.Add("body.overflowQueue", *v.OverflowQueue, "there is no such queue")
		case rows[0] != string(casework.QueueOverflow):
			m.Add("body.overflowQueue", *v.OverflowQueue, "is of the type %s; it must be OVERFLOW", rows[0])
		}
	}
	if v.QueueType == casework.QueueOverflow {
		return nil
	}
	feeders, err := q.QueueFeeders(ctx, v.QueueName)
	if err == nil && len(feeders) > 0 {
		m.Add("body.queueType", v.QueueType, "must stay OVERFLOW: it takes what is over in %s", strings.Join(feeders, ", "))
	}
	return err
}

// Assign lets a role work on a queue, or changes how. It needs the permission manage-queues, and supervise for the queue where
// the role has that. Errors: NotFound, Invalid,
// Forbidden.
func (s *Store) Assign(ctx context.Context, caller, queue, role string, settings casework.AssignmentSettings) (casework.Queue, error) {
	var v casework.Queue
	err := s.administer(ctx, caller, casework.PermitManageQueues, func(q *dbsqlc.Queries) error {
		if _, err := queues.get(ctx, q, queue); err != nil {
			return err
		}
		if _, err := roles.get(ctx, q, role); err != nil {
			return err
		}
		if err := settings.Mistakes().Err(); err != nil {
			return err
		}
		raw, err := json.Marshal(settings)
		if err != nil {
			return fmt.Errorf("encode assignment: %w", err)
		}
		if err := asBeyondOwn(q.AssignmentSave(ctx, dbsqlc.AssignmentSaveParams{QueueName: queue, RoleCode: role, Settings: raw})); err != nil {
			return err
		}
		v, err = queues.get(ctx, q, queue)
		return err
	})
	return v, err
}

// Unassign ends the work of a role on a queue; what its people hold they keep. It needs the permission manage-queues.
// Errors: NotFound, Forbidden.
func (s *Store) Unassign(ctx context.Context, caller, queue, role string) error {
	return s.administer(ctx, caller, casework.PermitManageQueues, func(q *dbsqlc.Queries) error {
		dropped, err := q.AssignmentDrop(ctx, dbsqlc.AssignmentDropParams{QueueName: queue, RoleCode: role})
		if err == nil && !dropped {
			return casework.Errorf(casework.NotFound, "the role %q does not work on a queue %q", role, queue)
		}
		return err
	})
}

// RebalanceQueue moves what is over the capacity of queues now, and answers the queue as it is then. It needs the permission
// manage-queues, or supervise for the queue. Errors: NotFound, Forbidden.
func (s *Store) RebalanceQueue(ctx context.Context, caller, name string) (casework.Queue, error) {
	var v casework.Queue
	err := s.inTx(ctx, caller, func(q *dbsqlc.Queries) error {
		if _, err := queues.get(ctx, q, name); err != nil {
			return err
		}
		may, err := q.CallerDirects(ctx, name)
		if err != nil {
			return err
		}
		if !may {
			return &casework.Error{Code: casework.Forbidden, Message: rules["supervise"], Rule: "supervise"}
		}
		if err := q.QueueRebalance(ctx, name); err != nil {
			return err
		}
		v, err = queues.get(ctx, q, name)
		return err
	})
	return v, err
}
