package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

func TestPeopleReadTheirNotifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const notifications = "/api/workflow/notifications"
	_, instance := w.held(t)
	for n := range 3 {
		w.exec(t, "INSERT INTO flowable.notifications (recipient_id, kind, task_id, process_instance_id, subject, body) VALUES ($1, 'BREACH', $2, $3, $4, 'Late.')",
			james, taskID(instance, "look"), instance, fmt.Sprint(n))
	}
	all := into[casework.List[casework.Notification]](t, w.do(t, 200, get(james, notifications)))
	require.Len(t, all.Items, 3)
	require.Equal(t, []string{"2", "1", "0"}, []string{all.Items[0].Subject, all.Items[1].Subject, all.Items[2].Subject})
	first := into[casework.List[casework.Notification]](t, w.do(t, 200, get(james, notifications+"?limit=2")))
	rest := into[casework.List[casework.Notification]](t, w.do(t, 200, get(james, notifications+"?limit=2&cursor="+first.NextCursor)))
	require.Equal(t, all.Items[2:], rest.Items)

	path := fmt.Sprintf("%s/%d/read", notifications, all.Items[1].NotificationID)
	read := into[casework.Notification](t, w.do(t, 200, post(james, path, "")))
	require.NotNil(t, read.ReadAt)
	require.Equal(t, read, into[casework.Notification](t, w.do(t, 200, post(james, path, ""))))
	unread := into[casework.List[casework.Notification]](t, w.do(t, 200, get(james, notifications+"?unread=true")))
	require.Len(t, unread.Items, 2)

	require.Empty(t, into[casework.List[casework.Notification]](t, w.do(t, 200, get(sarah, notifications))).Items)
	for _, wrong := range []string{path, notifications + "/nothing/read", notifications + "/99999999999999999999/read"} {
		w.refused(t, casework.NotFound, post(sarah, wrong, ""))
	}
	w.refused(t, casework.Malformed, get(james, notifications+"?unread=perhaps"))
	w.refused(t, casework.Malformed, get(james, notifications+"?cursor=x"))
}

func TestATaskShowsItsClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, _ := w.held(t)
	clocks := func() *casework.TaskSLA { return into[casework.Task](t, w.do(t, 200, get(sarah, path))).SLA }
	running := clocks()
	require.Equal(t, casework.SLARunning, running.State)
	require.Equal(t, []any{"DUE", 1}, []any{running.Next.Clock, running.Next.Level})
	require.WithinDuration(t, *running.DueDate, running.Next.At, 0)
	require.InDelta(t, time.Until(*running.DueDate).Seconds(), *running.RemainingSeconds, 2)

	w.do(t, 200, post(sarah, path+"/pause", `{"reason": "The supplier is asked."}`))
	paused := clocks()
	w.refused(t, casework.Forbidden, post(james, path+"/pause", `{"reason": "x"}`))
	require.Equal(t, casework.SLAPaused, paused.State)
	require.Nil(t, paused.Next)
	w.refused(t, casework.Forbidden, post(james, path+"/resume", ""))
	w.do(t, 200, post(sarah, path+"/resume", ""))
	require.Equal(t, casework.SLARunning, clocks().State)
	w.do(t, 200, post(sarah, path+"/complete", ""))
	require.Equal(t, casework.SLAMet, clocks().State)
	require.Nil(t, clocks().Next)
}
