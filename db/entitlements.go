package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/sample"
)

// UserActive reports whether a user is known and active.
func (s *Store) UserActive(ctx context.Context, userID string) (bool, error) {
	active, err := s.q().UserActive(ctx, userID)
	return active, interpret(err)
}

// Seed loads an organisation. What is there already stays as it is, so it is safe to repeat.
func (s *Store) Seed(ctx context.Context, org sample.Organisation) error {
	return s.inTx(ctx, "SYSTEM", func(q *dbsqlc.Queries) error {
		for _, step := range []func(context.Context, *dbsqlc.Queries, sample.Organisation) error{seedUnits, seedPeople, seedWork} {
			if err := step(ctx, q, org); err != nil {
				return fmt.Errorf("seed: %w", err)
			}
		}
		return nil
	})
}

func seedUnits(ctx context.Context, q *dbsqlc.Queries, org sample.Organisation) error {
	for _, d := range org.Departments {
		if err := q.DepartmentUpsert(ctx, dbsqlc.DepartmentUpsertParams{Code: d.Code, Name: d.Name, Description: &d.Description}); err != nil {
			return err
		}
	}
	for _, queue := range org.Queues {
		err := q.QueueUpsert(ctx, dbsqlc.QueueUpsertParams{
			Name: queue.Name, Department: queue.Department, Description: queue.Description, SlaMinutes: int32(queue.SLAMinutes()),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func seedPeople(ctx context.Context, q *dbsqlc.Queries, org sample.Organisation) error {
	for _, r := range org.Roles {
		permissions := []byte("{}")
		if r.Permissions != nil {
			var err error
			if permissions, err = json.Marshal(r.Permissions); err != nil {
				return err
			}
		}
		err := q.RoleUpsert(ctx, dbsqlc.RoleUpsertParams{
			Code: r.Code, Name: r.Name, Type: r.Type, Department: r.Department, QueueName: r.Queue, Permissions: permissions,
		})
		if err != nil {
			return err
		}
	}
	for _, u := range org.Users {
		err := q.UserUpsert(ctx, dbsqlc.UserUpsertParams{
			UserID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Department: u.Department,
			Supervisor: u.Supervisor, Skills: append([]string{}, u.Skills...),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func seedWork(ctx context.Context, q *dbsqlc.Queries, org sample.Organisation) error {
	for _, a := range org.Assignments {
		err := q.AssignmentUpsert(ctx, dbsqlc.AssignmentUpsertParams{QueueName: a.Queue, RoleCode: a.Role, MaxTasksPerUser: int32(a.MaxTasksPerUser)})
		if err != nil {
			return err
		}
	}
	for _, g := range org.Grants {
		if err := q.GrantUpsert(ctx, dbsqlc.GrantUpsertParams{UserID: g.User, RoleCode: g.Role}); err != nil {
			return err
		}
	}
	return nil
}
