package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
)

// atRest is the most that the state of a typical case may take while it waits for people.
const atRest = 30 << 10

// TestACaseAtRestIsSmall leads cases half-way through the models, with what such a case knows, and weighs their state at
// every rest.
func TestACaseAtRestIsSmall(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ model, start, steps string }{
		"our model": {
			"../models/onecms-unified-case.bpmn", "caseReceived",
			`screenReport intakeDecision=CREATE, recordCase recordDecision=SUBMIT, assignReview, headReview headDecision=REJECT,
			assignReview, headReview headDecision=APPROVE, triageCase triageDecision=SEND_BACK, recordCase recordDecision=SUBMIT,
			assignReview, headReview headDecision=APPROVE, triageCase triageDecision=SEND_TO_UNIT targetUnit=ER,
			erReview erDecision=HAND_OVER, erHandover, prepareAssignment assignmentDecision=ASSIGN`,
		},
		"the application's model": {
			filepath.Join(onecmsFolder, "OneCMS_Nextgen_WF.bpmn20.xml"), "startCaseReceived",
			`task_eo_intake_create eoIntakeAction=CREATE, task_eo_createCase creationAction=CREATE, task_eo_headAssign,
			task_eo_headReview eoHeadAction=APPROVE, task_eo_officerReview eoOfficerAction=SEND_TO_IU targetUnit=CSIS,
			task_csis_manager_review_1 csisManagerAction1=ASSIGN, task_csis_analyst_review csisAnalystAction=ESCALATE`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(tc.model); err != nil {
				t.Skipf("the model is not here: %v", err)
			}
			p := compile(t, readModel(t, tc.model))
			s, _, err := settle(t, p, engine.State{}, engine.Event{
				Kind: engine.Start, At: began, StartEvent: tc.start, Variables: typicalVariables(),
				Initiator: engine.User{ID: "alice.intake", Roles: []string{"GROUP_EO_INTAKE_ANALYST", "GROUP_EO_OFFICER"}},
			})
			require.NoError(t, err)
			largest := stored(t, s)
			for _, words := range strings.Split(tc.steps, ",") {
				s = complete(t, s, words, func(s engine.State, ev engine.Event) engine.State {
					next, _, err := settle(t, p, s, ev)
					require.NoError(t, err)
					return next
				})
				largest = max(largest, stored(t, s))
			}
			require.False(t, s.Ended)
			t.Logf("%d bytes of state at most, with %d variables", largest, len(s.Variables))
			require.Less(t, largest, atRest)
		})
	}
}

// typicalVariables are what a case knows at its start: forty answers of a form, ten of them a paragraph.
func typicalVariables() map[string]json.RawMessage {
	variables := map[string]json.RawMessage{}
	for i := range 40 {
		text := fmt.Sprintf("answer %d of the report form", i)
		if i%4 == 0 {
			text = strings.Repeat(text+", ", 15)
		}
		raw, err := json.Marshal(text)
		if err != nil {
			panic(err) // a string always encodes
		}
		variables[fmt.Sprintf("reportField%d", i)] = raw
	}
	return variables
}

// complete does one step "element variable=value …".
func complete(t *testing.T, s engine.State, words string, do func(engine.State, engine.Event) engine.State) engine.State {
	t.Helper()
	fields := strings.Fields(words)
	at := slices.IndexFunc(s.Tokens, func(token engine.Token) bool { return token.Node == fields[0] })
	require.GreaterOrEqual(t, at, 0, "%s is not open: %v", fields[0], tokens(s))
	ev := engine.Event{Kind: engine.TaskCompleted, At: began, Token: s.Tokens[at].ID, Variables: map[string]json.RawMessage{}}
	for _, assignment := range fields[1:] {
		name, value, _ := strings.Cut(assignment, "=")
		ev.Variables[name] = json.RawMessage(`"` + value + `"`)
	}
	return do(s, ev)
}

func stored(t *testing.T, s engine.State) int {
	t.Helper()
	raw, err := json.Marshal(s)
	require.NoError(t, err)
	return len(raw)
}
