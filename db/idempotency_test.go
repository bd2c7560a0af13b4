package db_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

var (
	thisRequest  = strings.Repeat("a", 64)
	otherRequest = strings.Repeat("b", 64)
)

func TestAnIdempotencyKeyStandsForOneRequest(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	ctx := t.Context()
	reserve := func(hash string) (*casework.Answer, error) { return w.api.ReserveKey(ctx, w.user, "key", hash) }
	first, err := reserve(thisRequest)
	require.NoError(t, err)
	require.Nil(t, first)
	_, err = reserve(thisRequest)
	hasCode(t, err, casework.Conflict) // still under way
	_, err = reserve(otherRequest)
	hasCode(t, err, casework.Duplicate)

	answer := casework.Answer{Status: 201, Body: []byte(`{"a": 1}`)}
	require.NoError(t, w.api.RememberAnswer(ctx, w.user, "key", answer))
	again, err := reserve(thisRequest)
	require.NoError(t, err)
	require.Equal(t, &answer, again)
	_, err = reserve(otherRequest)
	hasCode(t, err, casework.Duplicate)
	require.NoError(t, w.api.ForgetKey(ctx, w.user, "key"))
	again, err = reserve(thisRequest)
	require.NoError(t, err)
	require.Equal(t, &answer, again, "what is answered is not forgotten")
}

func TestAnIdempotencyKeyBelongsToOneCaller(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	for _, caller := range append(w.hire(t, 2), w.user) {
		got, err := w.api.ReserveKey(t.Context(), caller, "shared", thisRequest)
		require.NoError(t, err)
		require.Nil(t, got, "%s sees nothing of the others' request", caller)
		require.NoError(t, w.api.RememberAnswer(t.Context(), caller, "shared", casework.Answer{Status: 200, Body: []byte(caller)}))
	}
	got, err := w.api.ReserveKey(t.Context(), w.user, "shared", thisRequest)
	require.NoError(t, err)
	require.Equal(t, w.user, string(got.Body))
}

func TestOneOfManyRequestsWithAKeyGoesOn(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	store := w.store(t, apiRole, 8)
	wins := 0
	for _, err := range together(16, func(int) error {
		_, err := store.ReserveKey(t.Context(), w.user, "race", thisRequest)
		return err
	}) {
		if err == nil {
			wins++
		} else {
			hasCode(t, err, casework.Conflict)
		}
	}
	require.Equal(t, 1, wins)
}

func TestAKeyIsFreeAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		since string // what has happened since the first request
		hash  string
		free  bool
	}{
		"not while the first request is under way":          {"SET created_at = now() - interval '10 seconds'", thisRequest, false},
		"when the first request has died":                   {"SET created_at = now() - interval '16 seconds'", thisRequest, true},
		"not for another request when the first has died":   {"SET created_at = now() - interval '16 seconds'", otherRequest, false},
		"not while the answer is kept":                      {"SET created_at = now() - interval '23 hours', status = 200", otherRequest, false},
		"when the answer is older than a day":               {"SET created_at = now() - interval '25 hours', status = 200, answer = 'old'", otherRequest, true},
		"for the same request when the answer is a day old": {"SET created_at = now() - interval '25 hours', status = 200, answer = 'old'", thisRequest, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnit(t)
			_, err := w.api.ReserveKey(t.Context(), w.user, "key", thisRequest)
			require.NoError(t, err)
			w.exec(t, "UPDATE flowable.idempotency_keys "+tc.since+" WHERE user_id = $1", w.user)
			got, err := w.api.ReserveKey(t.Context(), w.user, "key", tc.hash)
			require.Equal(t, tc.free, err == nil, err)
			require.Nil(t, got)
		})
	}
}

func TestAKeyIsGivenBackAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newUnit(t)
	for range 2 {
		got, err := w.api.ReserveKey(t.Context(), w.user, "key", thisRequest)
		require.NoError(t, err)
		require.Nil(t, got)
		require.NoError(t, w.api.ForgetKey(t.Context(), w.user, "key"))
	}
	got, err := w.api.ReserveKey(t.Context(), w.user, "key", otherRequest)
	require.NoError(t, err)
	require.Nil(t, got)
}
