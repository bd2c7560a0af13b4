package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// CommitStep writes what one burst of the engine did, in one transaction and one round trip. The same step again returns
// the first result and changes nothing (ADR 0003). If somebody in this process waits for the step, the tasks that follow are
// looked up in the same transaction.
func (s *Store) CommitStep(ctx context.Context, c casework.StepCommit) (casework.StepResult, error) {
	step, err := json.Marshal(c)
	if err != nil {
		return casework.StepResult{}, fmt.Errorf("encode step: %w", err)
	}
	waiting := casework.Waiting{InstanceID: c.InstanceID, CommandID: c.CommandID, Caller: s.waiters.callerFor(c.InstanceID, c.CommandID)}
	raw, err := s.q().StepCommit(ctx, dbsqlc.StepCommitParams{Step: step, UserID: waiting.Caller})
	if err != nil {
		return casework.StepResult{}, fmt.Errorf("commit step %d of %s: %w", c.Step, c.InstanceID, interpret(err))
	}
	var answer struct {
		Result casework.StepResult `json:"result"`
		Next   []casework.Task     `json:"next"`
	}
	var sent struct {
		Result struct {
			Deliveries []*delivery `json:"deliveries"`
		} `json:"result"`
	}
	if err := errors.Join(json.Unmarshal(raw, &answer), json.Unmarshal(raw, &sent)); err != nil {
		return casework.StepResult{}, fmt.Errorf("result of step %d of %s: %w", c.Step, c.InstanceID, err)
	}
	answer.Result.Deliveries = outAll(sent.Result.Deliveries)
	s.waiters.tell(waiting, answer.Next)
	if s.announce != nil {
		s.announce(c.InstanceID)
	}
	return answer.Result, nil
}

// claimsWait is how long the signal of a claim or release waits for a completion to carry it (ADR 0001).
const claimsWait = time.Second

// DueDeliveries leases deliveries that nobody has seen applied; they come back after the lease. Several relays may ask at
// once: each gets others.
func (s *Store) DueDeliveries(ctx context.Context, limit int, lease time.Duration) ([]casework.Delivery, error) {
	age := dbsqlc.CommandsQueueParams{AgeSeconds: claimsWait.Seconds(), Most: int32(limit)}
	if err := s.q().CommandsQueue(ctx, age); err != nil {
		return nil, interpret(err)
	}
	rows, err := s.q().OutboxLease(ctx, dbsqlc.OutboxLeaseParams{LeaseSeconds: lease.Seconds(), Most: int32(limit)})
	if err != nil {
		return nil, interpret(err)
	}
	due := make([]casework.Delivery, 0, len(rows))
	for _, r := range rows {
		d := casework.Delivery{OutboxID: r.OutboxID, Attempts: int(r.Attempts)}
		var into any
		if r.Kind == string(casework.OutboxStart) {
			d.Start = &casework.Start{}
			into = d.Start
		} else {
			d.Command = &casework.Command{}
			into = d.Command
		}
		if err := json.Unmarshal(r.Payload, into); err != nil {
			if err := s.DeliveryDead(ctx, r.OutboxID, "the payload cannot be read: "+err.Error()); err != nil { // the others go on
				return nil, err
			}
			continue
		}
		due = append(due, d)
	}
	return due, nil
}

// DeliveryDead gives a delivery up. The row stays, with the reason, unless its instance has ended.
func (s *Store) DeliveryDead(ctx context.Context, outboxID int64, reason string) error {
	return interpret(s.q().OutboxDead(ctx, dbsqlc.OutboxDeadParams{OutboxID: outboxID, Reason: reason}))
}

// DeliveryFailed notes why a delivery failed and when to try it again.
func (s *Store) DeliveryFailed(ctx context.Context, outboxID int64, reason string, retryIn time.Duration) error {
	return interpret(s.q().OutboxRetry(ctx, dbsqlc.OutboxRetryParams{OutboxID: outboxID, Reason: &reason, RetrySeconds: retryIn.Seconds()}))
}
