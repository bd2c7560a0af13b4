package worker

import (
	"encoding/json"

	"go.temporal.io/sdk/activity"

	"github.com/onecms/nextgen-workflow/activities"
	"github.com/onecms/nextgen-workflow/activities/httpcall"
	"github.com/onecms/nextgen-workflow/activities/mail"
	"github.com/onecms/nextgen-workflow/activities/script"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// Services are the built-in activities of service and script tasks. One that is nil is not registered.
type Services struct {
	HTTP   *httpcall.Caller
	Mail   *mail.Sender
	Script *script.Runner
}

// Register puts the services into a registry. They take large values by reference, from a store.
func (s Services) Register(r Registry, store activities.ValueStore) {
	vars := activities.ByReference[map[string]json.RawMessage]{Store: store, Pack: activities.PackVariables}
	fields := vars
	fields.FieldsOnly = true
	scripts := activities.ByReference[casework.ScriptResult]{Store: store, Pack: activities.PackScript}
	if s.HTTP != nil {
		r.RegisterActivityWithOptions(fields.Wrap(s.HTTP.Call), activity.RegisterOptions{Name: casework.ActivityHTTPCall})
	}
	if s.Mail != nil {
		r.RegisterActivityWithOptions(vars.Wrap(s.Mail.Send), activity.RegisterOptions{Name: casework.ActivitySendMail})
	}
	if s.Script != nil {
		r.RegisterActivityWithOptions(scripts.Wrap(s.Script.Run), activity.RegisterOptions{Name: casework.ActivityRunScript})
	}
}

// Close ends what the services keep running.
func (s Services) Close() {
	if s.Script != nil {
		s.Script.Close()
	}
}
