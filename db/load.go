package db

import (
	"context"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// QueueLoads says how full the active queues were when they were last counted.
func (s *Store) QueueLoads(ctx context.Context) ([]casework.QueueLoad, error) {
	rows, err := s.q().QueueLoads(ctx)
	return many(rows, err, func(r dbsqlc.QueueLoadsRow) casework.QueueLoad {
		return casework.QueueLoad{QueueName: r.QueueName, Load: int(r.CurrentLoad), Capacity: int(r.MaxCapacity)}
	})
}

// RelieveQueues counts the load of every queue, takes what is over their capacity to their overflow queues and back, and the
// rest to others of the same department and type. It answers how full the active queues are then. Several may run at once.
func (s *Store) RelieveQueues(ctx context.Context) ([]casework.QueueLoad, error) {
	if err := s.q().RelieveQueues(ctx); err != nil {
		return nil, interpret(err)
	}
	if err := s.q().RebalanceQueueLoads(ctx); err != nil {
		return nil, interpret(err)
	}
	return s.QueueLoads(ctx)
}

// RankTasks brings the next open tasks of queues whose weights have changed to their new places. It reports whether there may
// be more. Several may run at once.
func (s *Store) RankTasks(ctx context.Context) (more bool, err error) {
	const batch = 1000
	n, err := s.q().TasksRank(ctx, batch)
	return n > 0, interpret(err)
}

// PushTasks gives tasks of queues that push to people who have room, a hundred of each queue at most: each queue in one
// transaction. Several may run at once.
func (s *Store) PushTasks(ctx context.Context) error {
	const batch = 100
	queues, err := s.q().PushingQueues(ctx)
	if err != nil {
		return interpret(err)
	}
	for _, queue := range queues {
		if _, err := s.q().TasksPush(ctx, dbsqlc.TasksPushParams{QueueName: queue, Most: batch}); err != nil {
			return interpret(err)
		}
	}
	return nil
}
