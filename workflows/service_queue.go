package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Bounds of the service activities of a run. The server has limits of its own, and a workflow task that goes over one is
// refused for ever.
const (
	mostAtOnce       = 200      // in flight; the server allows 2,000
	mostAskedAtOnce  = 1 << 20  // bytes that one workflow task asks with; a request has 4 MiB
	mostRequestBytes = 3 << 19  // of one activity; a payload has 2 MiB
	mostServiceName  = 1000     // bytes of a name or topic
	reservedTopic    = "/_sys/" // the server's own task queues
)

// askActivity notes what a node instance or listener asks for and starts it, unless it has to wait for its turn.
func (r *run) askActivity(ctx workflow.Context, e engine.Effect) {
	a := OpenActivity{Token: e.Instance, Element: e.Element, Type: activityType(e.Activity), Topic: e.Activity.Topic, Since: now(ctx)}
	if e.Activity.Listener != nil {
		a.Event = e.Activity.Listener.Event
	}
	r.state.Activities = append(r.state.Activities, a)
	if r.hasRoom(ctx) && r.asked < mostAskedAtOnce && len(r.state.Activities) == len(r.work)+1 {
		r.startActivity(ctx, e.Instance, e.Element, e.Activity)
	}
}

// hasRoom reports whether another activity may be started. Where a new run is due, the last one in flight makes room for it.
func (r *run) hasRoom(ctx workflow.Context) bool {
	return len(r.work) < mostAtOnce && (len(r.work) > 0 || !r.isLong(ctx))
}

// startWaiting starts the activities whose turn has come, in the order in which they were asked for. One that a node asked
// for again in the same step waits until the answer to the first is settled.
func (r *run) startWaiting(ctx workflow.Context) error {
	if len(r.state.Activities) <= len(r.work) || !r.free() {
		return nil
	}
	for _, a := range slices.Clone(r.state.Activities) {
		if len(r.work) >= mostAtOnce || r.isLong(ctx) {
			return nil
		}
		if slices.ContainsFunc(r.work, func(w work) bool { return w.token == a.Token }) {
			continue
		}
		if r.asked >= mostAskedAtOnce { // what follows is for another workflow task
			if err := r.pause(ctx, time.Millisecond, "between many activities"); err != nil {
				return err
			}
			r.asked = 0
		}
		asked, err := engine.Work(r.program, r.source(), r.state.Engine, a.Token, now(ctx))
		if errors.Is(err, engine.ErrStale) {
			r.dropActivity(a.Token)
			continue
		}
		if err != nil {
			r.work = append(r.work, work{token: a.Token, future: failedFuture(ctx, err), cancel: func() {}})
			continue
		}
		r.startActivity(ctx, a.Token, a.Element, asked)
	}
	return nil
}

func sizeOf(in casework.ActivityInput) (int, error) {
	raw, err := json.Marshal(in)
	return len(raw), err
}

// checkRequest says why the server would refuse an activity, in words for people.
func checkRequest(name, topic string, size int) error {
	switch {
	case size > mostRequestBytes:
		return tooManyBytes(size)
	case name == "" || len(name) > mostServiceName:
		return fmt.Errorf("its name has 1 to %d bytes", mostServiceName)
	case len(topic) > mostServiceName || strings.HasPrefix(topic, reservedTopic):
		return fmt.Errorf("its topic has at most %d bytes and does not begin with %s", mostServiceName, reservedTopic)
	}
	return nil
}

func tooManyBytes(size int) error {
	return fmt.Errorf("the variables that it sees have %d bytes; %d are possible", size, mostRequestBytes)
}

// failedFuture is the answer of an activity that cannot even be asked for.
func failedFuture(ctx workflow.Context, err error) workflow.Future {
	future, settable := workflow.NewFuture(ctx)
	settable.SetError(temporal.NewNonRetryableApplicationError(err.Error(), "BadRequest", nil))
	return future
}
