package scenario

import (
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// answer does the work that scenarios ask for: mail is taken, work whose program is not part of the scenario fails.
func answer(w world.Work) world.Answer {
	switch w.Kind {
	case engine.MailActivity:
		return world.Answer{}
	case engine.DelegateActivity, engine.HTTPActivity, engine.DecisionActivity, engine.ScriptActivity:
	}
	return world.Answer{Failed: true, Type: "unknown-work", Reason: fmt.Sprintf("nothing here does the %s work %q", w.Kind, w.Name)}
}
