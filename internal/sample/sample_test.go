package sample

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/bpmn/models"
)

func TestTheSampleOrganisationIsComplete(t *testing.T) {
	t.Parallel()
	org, err := OneCMS()
	require.NoError(t, err)

	var departments []string
	for _, d := range org.Departments {
		departments = append(departments, d.Code)
	}
	require.Equal(t, []string{"EO", "CSIS", "ER", "LEGAL", "INVESTIGATION", "HR", "AUDIT", "COMPLIANCE"}, departments)

	hours := map[string]int{}
	for _, q := range org.Queues {
		hours[q.Name] = q.SLAHours
		require.Equal(t, q.SLAHours*60, q.SLAMinutes())
	}
	require.Equal(t, map[string]int{
		"eo-intake-analyst-queue": 24, "eo-head-queue": 24, "eo-officer-queue": 48,
		"csis-intake-manager-queue": 72, "csis-intake-analyst-queue": 96, "er-intake-analyst-queue": 48,
		"legal-intake-analyst-queue": 72, "investigation-manager-queue": 48, "investigator-queue": 168,
		DefaultQueue: 8,
	}, hours)
	for _, a := range org.Assignments {
		require.GreaterOrEqual(t, a.MaxTasksPerUser, 10, a.Queue)
	}
}

func TestTheAdministratorIsTheOnlyOneWithThatPermission(t *testing.T) {
	t.Parallel()
	org, err := OneCMS()
	require.NoError(t, err)
	var admins []string
	for _, r := range org.Roles {
		if r.Permissions["admin"] != true {
			continue
		}
		require.Equal(t, "SYSTEM", r.Type)
		for _, g := range org.Grants {
			if g.Role == r.Code {
				admins = append(admins, g.User)
			}
		}
	}
	require.Equal(t, []string{"mike.admin"}, admins)
}

// literalGroup finds group names anywhere in a model, so also those that an expression chooses among.
var literalGroup = regexp.MustCompile(`GROUP_[A-Z_]+`)

func TestEveryGroupOfTheProductsModelsHasAQueueAndSomebody(t *testing.T) {
	t.Parallel()
	all, err := models.All()
	require.NoError(t, err)
	for _, m := range all {
		requireGroupsServed(t, m.Name, m.XML)
	}
}

func TestEveryGroupOfThePublishedModelsHasAQueueAndSomebody(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/models/onecms/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published OneCMS models are not beside the repository")
	}
	for _, file := range files {
		if filepath.Ext(file[:len(file)-len(".xml")]) != ".bpmn20" {
			continue // decision models name no groups
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		requireGroupsServed(t, filepath.Base(file), text)
	}
}

func requireGroupsServed(t *testing.T, name string, xml []byte) {
	t.Helper()
	org, err := OneCMS()
	require.NoError(t, err)
	queueOf, holders := map[string]string{}, map[string]int{}
	for _, r := range org.Roles {
		queueOf[r.Code] = r.Queue
	}
	for _, g := range org.Grants {
		holders[g.Role]++
	}
	groups := literalGroup.FindAllString(string(xml), -1)
	require.NotEmpty(t, groups, name)
	for _, group := range groups {
		require.NotEmpty(t, queueOf[group], "%s: %s has no queue", name, group)
		require.NotZero(t, holders[group], "%s: nobody holds %s", name, group)
	}
}

func TestABrokenOrganisationIsRefusedWithEveryReason(t *testing.T) {
	t.Parallel()
	const queue = "queues: [{name: default-queue, slaHours: 1}]\n"
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"an unknown field":     {queue + "colour: red", []string{"field colour not found"}},
		"a second document":    {queue + "---\nqueues: []", []string{"more than one document"}},
		"no default queue":     {"queues: []", []string{`no queue "default-queue"`}},
		"a queue without time": {"queues: [{name: default-queue}]", []string{"0 hours is below 1"}},
		"a name that comes twice": {
			queue + "departments: [{code: A}, {code: A}]", []string{`department "A" comes twice`},
		},
		"a user without a name in an unknown department": {
			queue + "users: [{department: X}]", []string{"a user has no name", `unknown department "X"`},
		},
		"a supervisor who comes later": {
			queue + "departments: [{code: A}]\nusers: [{id: u, department: A, supervisor: v}, {id: v, department: A}]", []string{`user u: the supervisor "v" is not further up`},
		},
		"a role of unknown type without a queue": {
			queue + "roles: [{code: R, type: ODD, department: X}]",
			[]string{`unknown type "ODD"`, `not assigned to its queue ""`, `unknown department "X"`},
		},
		"an assignment and a grant to nothing": {
			queue + "assignments: [{queue: q, role: r}]\ngrants: [{user: u, role: r}]",
			[]string{`unknown queue "q"`, `unknown role "r"`, "0 tasks is below 1", `unknown user "u"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode([]byte(tc.text))
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}
