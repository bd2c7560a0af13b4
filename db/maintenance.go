package db

import "context"

// EscalateOverdue runs the safety net for tasks whose workflow is gone. A case's own timers come first; both may run.
func (s *Store) EscalateOverdue(ctx context.Context) error {
	return interpret(s.q().EscalateOverdueTasks(ctx))
}

// RefreshQueues counts the load of every queue.
func (s *Store) RefreshQueues(ctx context.Context) error {
	return interpret(s.q().UpdateQueueStatistics(ctx))
}

// KeepHouse makes sure of the history partitions to come and forgets idempotency keys older than a day.
func (s *Store) KeepHouse(ctx context.Context) error {
	if err := s.q().EnsureHistoryPartitions(ctx); err != nil {
		return interpret(err)
	}
	return interpret(s.q().IdempotencyPurge(ctx))
}
