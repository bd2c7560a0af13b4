package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/engine"
	"github.com/onecms/nextgen-workflow/internal/casework"
	"github.com/onecms/nextgen-workflow/internal/stack"
)

// steps reads "element variable=value, element, …".
func steps(text string) []decision {
	var all []decision
	for _, part := range strings.Split(text, ",") {
		words := strings.Fields(part)
		d := decision{element: words[0], vars: map[string]string{}}
		for _, word := range words[1:] {
			name, value, _ := strings.Cut(word, "=")
			d.vars[name] = value
		}
		all = append(all, d)
	}
	return all
}

// deployed deploys the model of the file that is found under the pattern, or skips the test.
func deployed(t *testing.T, s *stack.Stack, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("%s is not beside the project", pattern)
	}
	require.NoError(t, s.Deploy(t.Context(), files...))
}

const (
	ourModel   = "../../bpmn/models/onecms-unified-case.bpmn"
	theirModel = "../../../shared/models/onecms/OneCMS_Nextgen_WF.bpmn20.xml"
)

// TestAWaySendsACaseBackAndForth walks the loops of the models: each send-back opens the earlier task again, as a new one.
func TestAWaySendsACaseBackAndForth(t *testing.T) {
	t.Parallel()
	s := product(t)
	for name, test := range map[string]struct{ model, key, start, steps, end string }{
		"the head rejects twice, the officer sends back": {
			ourModel, "onecmsUnifiedCase", "caseReceived",
			"screenReport intakeDecision=CREATE, recordCase recordDecision=SUBMIT, assignReview, headReview headDecision=REJECT," +
				"assignReview, headReview headDecision=REJECT, assignReview, headReview headDecision=APPROVE," +
				"triageCase triageDecision=SEND_BACK, recordCase recordDecision=SUBMIT, assignReview, headReview headDecision=APPROVE," +
				"triageCase triageDecision=SEND_TO_UNIT targetUnit=LEGAL, legalReview legalDecision=SEND_BACK," +
				"triageCase triageDecision=SEND_TO_UNIT targetUnit=ER, erReview erDecision=REROUTE targetUnit=LEGAL," +
				"legalReview legalDecision=CLOSE",
			"closedByLegal",
		},
		"the investigator declines": {
			ourModel, "onecmsUnifiedCase", "caseReceived",
			"screenReport intakeDecision=CREATE, recordCase recordDecision=SUBMIT, assignReview, headReview headDecision=APPROVE," +
				"triageCase triageDecision=SEND_TO_UNIT targetUnit=ER, erReview erDecision=HAND_OVER, erHandover," +
				"prepareAssignment assignmentDecision=SEND_BACK, erReview erDecision=HAND_OVER, erHandover," +
				"prepareAssignment assignmentDecision=ASSIGN, acceptAssignment acceptanceDecision=DECLINE," +
				"prepareAssignment assignmentDecision=ASSIGN, acceptAssignment acceptanceDecision=ACCEPT, createPlan, conductInvestigation",
			"investigationClosed",
		},
		"the application's model, unchanged": {
			theirModel, "oneCmsUnifiedWorkflow", "startCaseReceived",
			"task_eo_intake_create eoIntakeAction=CREATE, task_eo_createCase creationAction=CREATE, task_eo_headAssign," +
				"task_eo_headReview eoHeadAction=REJECT, task_eo_headAssign, task_eo_headReview eoHeadAction=APPROVE," +
				"task_eo_officerReview eoOfficerAction=SEND_BACK, task_eo_createCase creationAction=CREATE, task_eo_headAssign," +
				"task_eo_headReview eoHeadAction=APPROVE, task_eo_officerReview eoOfficerAction=SEND_TO_IU targetUnit=CSIS," +
				"task_csis_manager_review_1 csisManagerAction1=SEND_BACK," +
				"task_eo_officerReview eoOfficerAction=SEND_TO_IU targetUnit=CSIS, task_csis_manager_review_1 csisManagerAction1=ASSIGN," +
				"task_csis_analyst_review csisAnalystAction=ESCALATE, task_csis_manager_review_2 csisManagerAction2=REJECT," +
				"task_csis_analyst_review csisAnalystAction=RETAIN_INTEL, task_csis_retain_intel",
			"endCaseClosed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployed(t, s, test.model)
			w := way{start: test.start, initiator: engine.User{ID: "alice.intake"}, steps: steps(test.steps), end: test.end, last: true}
			i := walk(t, s, users(t), test.key, w)
			var done casework.List[casework.TaskAction]
			_, err := s.As("mike.admin").Do(t.Context(), "GET", "/api/workflow/process-instances/"+i.ProcessInstanceID+"/history?limit=200", nil, &done)
			require.NoError(t, err)
			completed := map[string]int{}
			for _, a := range done.Items {
				if a.ActionType == "COMPLETE" {
					completed[a.TaskID]++
				}
			}
			require.Len(t, completed, len(w.steps), "each step is a task of its own")
		})
	}
}

// TestACsisCaseGoesTheWayOfWhoStartsIt starts cases as the manager, as the analyst, and as somebody who is neither.
func TestACsisCaseGoesTheWayOfWhoStartsIt(t *testing.T) {
	t.Parallel()
	s := product(t)
	const manager, analyst = "jennifer.csismgr", "michael.csis"
	for name, test := range map[string]struct{ model, key, start, initiator, steps, end string }{
		"our model, manager": {
			ourModel, "onecmsUnifiedCase", "caseInitiated", manager,
			"managerOpensCase managerOpeningDecision=ASSIGN_ANALYST, vetCase vettingDecision=RETURN," +
				"managerOpensCase managerOpeningDecision=RETAIN", "retainedAtOpening",
		},
		"our model, analyst": {
			ourModel, "onecmsUnifiedCase", "caseInitiated", analyst,
			"analystOpensCase analystOpeningDecision=SUBMIT, reviewAnalystCase analystCaseDecision=REJECT," +
				"analystOpensCase analystOpeningDecision=RETAIN", "retainedAtOpening",
		},
		"the application's model, manager": {
			theirModel, "oneCmsUnifiedWorkflow", "startCsisCase", manager,
			"task_csis_mgr_create csisMgrTriageAction=ASSIGN_ANALYST, task_csis_analyst_vetting csisAnalystVettingAction=RECOMMEND," +
				"task_csis_mgr_final_approve csisFinalAction=APPROVE, task_inv_manager_review invManagerAction=ASSIGN," +
				"task_inv_investigator_review investigatorAction=ACCEPT, task_inv_create_plan", "endCaseClosed",
		},
		"the application's model, analyst": {
			theirModel, "oneCmsUnifiedWorkflow", "startCsisCase", analyst,
			"task_csis_analyst_create csisAnalystTriageAction=ASSIGN_MANAGER, task_csis_mgr_review_analyst_case csisMgrReviewAction=APPROVE," +
				"task_inv_manager_review invManagerAction=ASSIGN, task_inv_investigator_review investigatorAction=ACCEPT," +
				"task_inv_create_plan", "endCaseClosed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployed(t, s, test.model)
			w := way{start: test.start, initiator: engine.User{ID: test.initiator}, steps: steps(test.steps), end: test.end, last: true}
			walk(t, s, users(t), test.key, w)
		})
	}
	t.Run("neither: an incident names the gateway", func(t *testing.T) {
		t.Parallel()
		deployed(t, s, ourModel)
		started, err := s.As("alice.intake").StartCase(t.Context(), casework.CaseStart{ProcessKey: "onecmsUnifiedCase", StartEventID: "caseInitiated"})
		require.NoError(t, err)
		require.Empty(t, started.Tasks)
		i, err := s.As("mike.admin").Instance(t.Context(), started.ProcessInstanceID)
		require.NoError(t, err)
		require.Equal(t, casework.InstanceError, i.Status)
		require.Len(t, i.Incidents, 1)
		require.Equal(t, "initiatorRole", i.Incidents[0].ActivityID)
	})
}
