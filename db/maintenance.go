package db

import "context"

// EscalateOverdue runs the safety net for tasks whose workflow is gone. A case's own timers come first; both may run.
func (s *Store) EscalateOverdue(ctx context.Context) error {
	return interpret(s.q().EscalateOverdueTasks(ctx))
}

// KeepHouse makes sure of the history partitions to come and forgets idempotency keys older than a day and notifications
// older than 90 days.
func (s *Store) KeepHouse(ctx context.Context) error {
	if err := s.q().EnsureHistoryPartitions(ctx); err != nil {
		return interpret(err)
	}
	if err := s.q().NotificationPurge(ctx); err != nil {
		return interpret(err)
	}
	return interpret(s.q().IdempotencyPurge(ctx))
}

// RearmClocks sets the deadlines of the next open tasks and instances whose calendar or escalation has changed, and tells their
// workflows. It reports whether there may be more. Several may run at once.
func (s *Store) RearmClocks(ctx context.Context) (more bool, err error) {
	const batch = 500
	n, err := s.q().ClocksRearm(ctx, batch)
	return n > 0, interpret(err)
}
