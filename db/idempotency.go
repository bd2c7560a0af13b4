package db

import (
	"context"

	"github.com/onecms/nextgen-workflow/db/dbsqlc"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// ReserveKey begins a request that carries an Idempotency-Key. It returns the answer that the same request got before, nil
// for a new one. Another request under the same key is Duplicate; the same one still under way is Conflict.
func (s *Store) ReserveKey(ctx context.Context, caller, key, hash string) (*casework.Answer, error) {
	_, err := s.as(caller).IdempotencyReserve(ctx, dbsqlc.IdempotencyReserveParams{UserID: caller, Key: key, RequestHash: hash})
	if err == nil {
		return nil, nil
	}
	if !isNoRows(err) {
		return nil, interpret(err)
	}
	row, err := s.as(caller).IdempotencyGet(ctx, dbsqlc.IdempotencyGetParams{UserID: caller, Key: key})
	switch {
	case err != nil:
		return nil, interpret(err)
	case row.RequestHash != hash:
		return nil, casework.Errorf(casework.Duplicate, "this Idempotency-Key was used with another request")
	case row.Status == nil:
		return nil, casework.Errorf(casework.Conflict, "the first request with this Idempotency-Key is still under way")
	}
	return &casework.Answer{Status: int(*row.Status), Body: row.Answer}, nil
}

// RememberAnswer keeps the answer of a reserved key for 24 hours.
func (s *Store) RememberAnswer(ctx context.Context, caller, key string, a casework.Answer) error {
	status := int32(a.Status)
	return interpret(s.as(caller).IdempotencyRemember(ctx, dbsqlc.IdempotencyRememberParams{UserID: caller, Key: key, Status: &status, Answer: a.Body}))
}

// ForgetKey gives a reserved key back: the request failed in a way that trying again may mend.
func (s *Store) ForgetKey(ctx context.Context, caller, key string) error {
	return interpret(s.as(caller).IdempotencyForget(ctx, dbsqlc.IdempotencyForgetParams{UserID: caller, Key: key}))
}
