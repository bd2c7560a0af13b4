package workflows

import (
	"encoding/json"

	"go.temporal.io/sdk/workflow"
)

// Bounds of a run. The server suggests a new run early, and ends one at 51,200 events, 50 MiB or 10,000 signals.
const (
	maxSignalsPerRun = 5000 // not part of the server's suggestion

	// From here on a run does not wait for its service activities any more.
	tooManySignals  = 8000
	tooLongHistory  = 20_000
	tooLargeHistory = 20 << 20

	mostStateBytes = 15 << 17 // of what crosses; the server refuses 2 MiB
	lookAgain      = 1000     // events until a state that was too large is looked at again
)

// wantsNewRun reports whether the run is long enough, and nothing is under way that the next one would not know. Where a
// service activity takes too long for that, the next run asks for it again: the history of a run must not overflow.
func (r *run) wantsNewRun(ctx workflow.Context) bool {
	if r.held || r.answered() >= 0 || !r.suspended() && (len(r.state.Inbox) > 0 || len(r.state.Engine.Pending) > 0) {
		return false
	}
	if !r.isLong(ctx) || len(r.work) > 0 && !r.isTooLong(ctx) {
		return false
	}
	if state, err := json.Marshal(r.state); err == nil && len(state) <= mostStateBytes {
		return true
	}
	r.retryAt = workflow.GetInfo(ctx).GetCurrentHistoryLength() + lookAgain
	workflow.GetLogger(ctx).Warn("the state is too large for a new run")
	return false
}

// isLong reports whether the run should make room for the next one.
func (r *run) isLong(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	if info.GetCurrentHistoryLength() < r.retryAt {
		return false
	}
	return r.received >= maxSignalsPerRun || info.GetContinueAsNewSuggested() || r.isTooLong(ctx)
}

func (r *run) isTooLong(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return r.received >= tooManySignals || info.GetCurrentHistoryLength() >= tooLongHistory || info.GetCurrentHistorySize() >= tooLargeHistory
}
