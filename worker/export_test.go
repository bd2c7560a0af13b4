package worker

import (
	"time"

	"go.temporal.io/sdk/client"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// PlanTimer lets tests look at when a timer start event fires.
func PlanTimer(e casework.StartEvent, from, now time.Time) (client.ScheduleSpec, time.Time, error) {
	p, err := planTimer(e, from, now)
	return p.spec, p.until, err
}
