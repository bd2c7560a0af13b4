package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	queues       = "/api/workflow/queues"
	calendars    = "/api/workflow/calendars"
	departments  = "/api/entitlements/departments"
	roles        = "/api/entitlements/roles"
	people       = "/api/entitlements/users"
	check        = "/api/entitlements/check"
	reviewV1     = definitions + "/review/versions/1"
	mediaRefused = casework.Code("unsupported-media-type")
)

func put(user, path, body string) request {
	return request{method: "PUT", path: path, user: user, body: body}
}
func drop(user, path string) request { return request{method: "DELETE", path: path, user: user} }

// administration lists the operations by which the organisation is read and changed.
func administration(t *testing.T) map[string]*operation {
	t.Helper()
	contract, err := theContract()
	require.NoError(t, err)
	all := map[string]*operation{}
	for _, op := range contract.operations {
		if slices.Contains(op.Tags, "Queues") || slices.Contains(op.Tags, "Entitlements") || op.OperationID == "changeDefinition" {
			all[op.String()] = op
		}
	}
	require.Greater(t, len(all), 25)
	return all
}

func TestAdministrationRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.deploy(t, review)
	examples := everyOperation(t)
	before := w.snapshot(t, true)
	says := func(code casework.Code, r request) problem { return readProblem(t, code, send(t, w.server, r)) }
	for name, op := range administration(t) {
		r := examples[name]
		if op.Responses.Status(403) != nil {
			forbidden := r
			forbidden.user = carlos
			require.NotEmpty(t, says(casework.Forbidden, forbidden).Rule, name)
		}
		if op.Responses.Status(415) != nil {
			other := r
			other.media = "text/plain"
			says(mediaRefused, other)
		}
		if op.Responses.Status(413) != nil && op.RequestBody != nil {
			large := r
			large.body = `{"x": "` + strings.Repeat("x", 1<<20) + `"}`
			says(casework.TooLarge, large)
		}
		if op.RequestBody != nil {
			for _, body := range []string{`{"nothing": 1}`, `[]`, `null`, `{`, `{} {}`, ``} {
				bad := r
				bad.body, bad.media = body, "application/json"
				p := says(casework.Malformed, bad)
				require.True(t, strings.HasPrefix(p.Errors[0].Location, "body"), "%s: %s", name, p.Detail)
			}
		}
	}
	require.Equal(t, before, w.snapshot(t, true))
}

func TestAdministrationSaysWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	examples := everyOperation(t)
	for name, op := range administration(t) {
		if op.Responses.Status(404) == nil || op.OperationID == "checkAct" {
			continue
		}
		r := examples[name]
		r.path = op.path
		for _, p := range slices.Concat(op.item.Parameters, op.Parameters) {
			if p.Value.In == openapi3.ParameterInPath {
				unknown := "nothing"
				if slices.Contains([]string{"version", "absenceId"}, p.Value.Name) {
					unknown = "999"
				}
				r.path = strings.Replace(r.path, "{"+p.Value.Name+"}", unknown, 1)
			}
		}
		w.refused(t, casework.NotFound, r)
	}
	w.refused(t, casework.NotFound, post(admin, check, `{"userId": "nothing", "action": "deploy"}`))
	w.refused(t, casework.NotFound, post(admin, check, `{"action": "work", "queueName": "nothing"}`))
	w.refused(t, casework.NotFound, put(admin, queues+"/"+legalQueue+"/assignments/nothing", `{}`))
	w.refused(t, casework.NotFound, drop(admin, queues+"/"+legalQueue+"/assignments/GROUP_EO_HEAD"))
	w.refused(t, casework.NotFound, put(admin, people+"/"+sarah+"/roles/nothing", `{}`))
	w.refused(t, casework.NotFound, drop(admin, people+"/"+sarah+"/roles/GROUP_EO_HEAD"))
	w.refused(t, casework.NotFound, get(admin, people+"/SYSTEM"))
	w.refused(t, casework.Malformed, drop(admin, people+"/"+sarah+"/absences/x"))
}

// Every mistake of a body is told with its place, all of them at once, and nothing is written.
func TestAdministrationSaysEveryMistakeWithItsPlace(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.deploy(t, review)
	w.do(t, 201, post(admin, queues, `{"queueName": "over", "queueType": "OVERFLOW"}`))
	w.do(t, 200, patch(admin, queues+"/"+legalQueue, `{"overflowQueue": "over"}`))
	w.do(t, 201, post(admin, departments, `{"departmentCode": "TAX", "departmentName": "Tax", "parent": "LEGAL"}`))
	w.do(t, 200, patch(admin, people+"/"+james, `{"supervisor": "`+sarah+`"}`))
	w.do(t, 201, post(admin, people+"/"+james+"/absences", `{"from": "2098-01-01T00:00:00Z", "until": "2098-02-01T00:00:00Z", "substituteId": "`+sarah+`"}`))
	w.exec(t, "INSERT INTO entitlements.users (user_id, username, is_active) VALUES ('gone', 'gone', FALSE)")
	w.do(t, 201, post(admin, calendars, `{"calendarName": "office", "timeZone": "UTC", "workingHours": {"monday": [["09:00", "17:00"]]}}`))
	queue, role, user := queues+"/"+legalQueue, roles+"/"+legal, people+"/"+sarah
	before := w.snapshot(t, true)
	for name, test := range map[string]struct {
		r      request
		places []string
	}{
		"a queue that is all wrong": {post(admin, queues, `{"queueName": "q", "queueType": "FAST", "department": "X", "maxCapacity": -1, "slaMinutes": 0, "claimSlaMinutes": 0,
			"calendarName": "never", "overflowQueue": "nowhere", "routingRules": {"rules": [{"queue": "nowhere"}]}}`), []string{
			"body.calendarName", "body.claimSlaMinutes", "body.department", "body.maxCapacity", "body.overflowQueue", "body.queueType", "body.routingRules/rules/0/queue", "body.slaMinutes",
		}},
		"a queue without a name":                 {post(admin, queues, `{}`), []string{"body.queueName"}},
		"a queue with a slash":                   {post(admin, queues, `{"queueName": "a/b"}`), []string{"body.queueName"}},
		"a queue with too long a name":           {post(admin, queues, `{"queueName": "`+strings.Repeat("q", 101)+`"}`), []string{"body.queueName"}},
		"a queue with spaces around":             {post(admin, queues, `{"queueName": " q"}`), []string{"body.queueName"}},
		"a negative capacity":                    {patch(admin, queue, `{"maxCapacity": -1}`), []string{"body.maxCapacity"}},
		"an overflow that is none":               {patch(admin, queue, `{"overflowQueue": "default-queue"}`), []string{"body.overflowQueue"}},
		"an overflow of an overflow":             {post(admin, queues, `{"queueName": "q", "queueType": "OVERFLOW", "overflowQueue": "over"}`), []string{"body.overflowQueue"}},
		"an overflow that others need":           {patch(admin, queues+"/over", `{"queueType": "STANDARD"}`), []string{"body.queueType"}},
		"the default queue off":                  {patch(admin, queues+"/default-queue", `{"active": false}`), []string{"body.active"}},
		"rules that are no rules":                {patch(admin, queue, `{"routingRules": {"rules": {}}}`), []string{"body.routingRules/rules"}},
		"rules that are null":                    {patch(admin, queue, `{"routingRules": null}`), []string{"body.routingRules"}},
		"an unknown strategy":                    {put(admin, queue+"/assignments/"+legal, `{"strategy": "RANDOM"}`), []string{"body.strategy"}},
		"an assignment that is all wrong":        {put(admin, queue+"/assignments/"+legal, `{"strategy": "MANUAL", "autoAssign": true, "maxTasksPerUser": 0, "priorityLevel": 101}`), []string{"body.autoAssign", "body.maxTasksPerUser", "body.priorityLevel"}},
		"a calendar without working time":        {post(admin, calendars, `{"calendarName": "c", "timeZone": "Europe/Berlin", "workingHours": {"monday": []}}`), []string{"body.workingHours"}},
		"a calendar that says nothing":           {post(admin, calendars, `{"calendarName": "c"}`), []string{"body.timeZone", "body.workingHours"}},
		"a calendar that is all wrong":           {post(admin, calendars, `{"calendarName": "c", "timeZone": "Mars/Olympus", "workingHours": {"funday": [], "monday": [["09:00", "08:00"], ["9:00", "10:00"], ["10:00", "12:00"], ["11:00", "13:00"], ["1:00"]], "sunday": 1}, "holidays": ["2026-02-30", 3]}`), []string{"body.holidays/0", "body.holidays/1", "body.timeZone", "body.workingHours/funday", "body.workingHours/monday/0", "body.workingHours/monday/1/0", "body.workingHours/monday/3", "body.workingHours/monday/4", "body.workingHours/sunday"}},
		"a calendar that loses its working time": {patch(admin, calendars+"/office", `{"workingHours": {}, "timeZone": ""}`), []string{"body.timeZone", "body.workingHours"}},
		"a department without a name":            {post(admin, departments, `{"departmentCode": "X"}`), []string{"body.departmentName"}},
		"a department below itself":              {patch(admin, departments+"/LEGAL", `{"parent": "TAX"}`), []string{"body.parent"}},
		"a department that is its own parent":    {patch(admin, departments+"/LEGAL", `{"parent": "LEGAL"}`), []string{"body.parent"}},
		"a department below nothing":             {patch(admin, departments+"/LEGAL", `{"parent": "X"}`), []string{"body.parent"}},
		"a role that is all wrong":               {post(admin, roles, `{"roleCode": "R", "roleName": " ", "roleType": "X", "department": "X", "queueName": "nowhere", "permissions": {"fly": true, "admin": false}}`), []string{"body.department", "body.permissions/fly", "body.queueName", "body.roleName", "body.roleType"}},
		"a queue of a role that is not there":    {patch(admin, role, `{"queueName": "nowhere"}`), []string{"body.queueName"}},
		"a user that is all wrong":               {post(admin, people, `{"userId": "u", "username": "`+sarah+`", "email": "nobody", "department": "X", "supervisor": "nobody", "skills": ["law", ""]}`), []string{"body.department", "body.email", "body.skills/1", "body.supervisor", "body.username"}},
		"the system":                             {post(admin, people, `{"userId": "SYSTEM", "username": "s"}`), []string{"body.userId"}},
		"somebody who supervises their own":      {patch(admin, user, `{"supervisor": "`+james+`"}`), []string{"body.supervisor"}},
		"somebody who supervises themselves":     {patch(admin, user, `{"supervisor": "`+sarah+`"}`), []string{"body.supervisor"}},
		"oneself off":                            {patch(admin, people+"/"+admin, `{"active": false}`), []string{"body.active"}},
		"a grant that ends before it begins":     {put(admin, user+"/roles/"+legal, `{"validFrom": "2099-01-02T00:00:00Z", "validUntil": "2099-01-01T00:00:00Z"}`), []string{"body.validUntil"}},
		"a grant that has ended":                 {put(admin, user+"/roles/"+legal, `{"validUntil": "2001-01-01T00:00:00Z"}`), []string{"body.validUntil"}},
		"an absence without times":               {post(admin, user+"/absences", `{}`), []string{"body.from"}},
		"an absence that ends before it begins":  {post(admin, user+"/absences", `{"from": "2099-01-02T00:00:00Z", "until": "2099-01-02T00:00:00Z"}`), []string{"body.until"}},
		"an absence of the past":                 {post(admin, user+"/absences", `{"from": "2001-01-01T00:00:00Z", "until": "2001-01-02T00:00:00Z"}`), []string{"body.until"}},
		"oneself as substitute":                  {post(admin, user+"/absences", `{"from": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z", "substituteId": "`+sarah+`"}`), []string{"body.substituteId"}},
		"nobody as substitute":                   {post(admin, user+"/absences", `{"from": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z", "substituteId": "nobody"}`), []string{"body.substituteId"}},
		"somebody who is gone as substitute":     {post(admin, user+"/absences", `{"from": "2099-01-01T00:00:00Z", "until": "2099-01-02T00:00:00Z", "substituteId": "gone"}`), []string{"body.substituteId"}},
		"substitutes in a circle":                {post(admin, user+"/absences", `{"from": "2098-01-31T00:00:00Z", "until": "2098-02-03T00:00:00Z", "substituteId": "`+james+`"}`), []string{"body.substituteId"}},
		"rules of a definition to nowhere":       {patch(admin, reviewV1, `{"routingRules": {"rules": [{"when": {"all": [{"variable": "a", "near": 1}]}, "queue": "nowhere"}]}}`), []string{"body.routingRules/rules/0/queue", "body.routingRules/rules/0/when/all/0", "body.routingRules/rules/0/when/all/0/near"}},
		"a question about nothing that can be":   {post(admin, check, `{"action": "fly"}`), []string{"body.action"}},
		"a place to move to without a move":      {post(admin, check, `{"action": "claim", "taskId": "t", "queueName": "q"}`), []string{"body.queueName"}},
		"a task for nobody":                      {post(admin, check, `{"action": "reassign", "taskId": "t"}`), []string{"body.to"}},
		"a move to nowhere":                      {post(admin, check, `{"action": "move", "taskId": "t"}`), []string{"body.queueName"}},
		"an escalation to nobody":                {patch(admin, queue, `{"escalationConfig": {"levels": [{"afterMinutes": 0, "actions": [{"action": "reassign", "role": "NOBODY"}, {"action": "notify", "users": ["nobody"]}, {"action": "moveToQueue", "queue": "nowhere"}]}, {"afterMinutes": 0}]}}`), []string{"body.escalationConfig/levels/0/actions/0/role", "body.escalationConfig/levels/0/actions/1/users/0", "body.escalationConfig/levels/0/actions/2/queue", "body.escalationConfig/levels/1/afterMinutes"}},
		"weights that are none":                  {patch(admin, queue, `{"priorityWeights": {"base": "much", "speed": 1, "express": 1}}`), []string{"body.priorityWeights/base", "body.priorityWeights/express", "body.priorityWeights/speed"}},
		"a deadline on a calendar of nobody":     {patch(admin, reviewV1, `{"slaConfig": {"withinMinutes": 0, "calendar": "never"}}`), []string{"body.slaConfig/calendar", "body.slaConfig/withinMinutes"}},
		"an act on a task that there is not":     {post(admin, check, `{"action": "work", "taskId": "t"}`), []string{"body.action"}},
		"an act on a queue that there is not":    {post(admin, check, `{"action": "claim", "queueName": "q"}`), []string{"body.action"}},
		"a calendar that becomes an empty one":   {patch(admin, queue, `{"calendarName": ""}`), []string{"body.calendarName"}},
		"a department that becomes an empty one": {patch(admin, queue, `{"department": ""}`), []string{"body.department"}},
		"a text with a character of no text":     {patch(admin, queue, `{"description": "a\u0000b"}`), []string{"body.description"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := readProblem(t, casework.Invalid, send(t, w.server, test.r))
			places := p.places()
			slices.Sort(places)
			require.Equal(t, test.places, places, p.Detail)
		})
	}
	require.Equal(t, before, w.snapshot(t, true))
	for name, test := range map[string]struct {
		r      request
		places []string
	}{
		"null for a number":         {patch(admin, queue, `{"slaMinutes": null}`), []string{"body.slaMinutes"}},
		"a text for a number":       {patch(admin, queue, `{"slaMinutes": "1"}`), []string{"body.slaMinutes"}},
		"a fraction":                {patch(admin, queue, `{"slaMinutes": 1.5}`), []string{"body.slaMinutes"}},
		"a number for a name":       {post(admin, queues, `{"queueName": 1}`), []string{"body.queueName"}},
		"what cannot be written":    {patch(admin, queue, `{"currentLoad": 1}`), []string{"body.currentLoad"}},
		"another name":              {patch(admin, queue, `{"queueName": "x"}`), []string{"body.queueName"}},
		"a permission that is text": {patch(admin, role, `{"permissions": {"admin": "true"}}`), []string{"body.permissions"}},
		"a time that is none":       {put(admin, user+"/roles/"+legal, `{"validUntil": "tomorrow"}`), []string{"body.validUntil"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.places, w.refused(t, casework.Malformed, test.r).places())
		})
	}
	require.Equal(t, before, w.snapshot(t, true))
}

// audited counts what the audit log has of a table since a moment, by actor.
func (w *world) audited(t *testing.T, table, actor string) int {
	t.Helper()
	return w.count(t, "SELECT count(*) FROM entitlements.audit_log WHERE object_type = $1 AND actor_id = $2", table, actor)
}

func TestAQueueIsKept(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	const body = `{"queueName": "second line", "queueType": "PRIORITY", "department": "LEGAL", "claimSlaMinutes": 30, "routingRules": {"rules": [{"when": {"field": "priority", "ge": 90}, "queue": "default-queue"}]}}`
	q := into[casework.Queue](t, w.do(t, 201, post(admin, queues, body)))
	require.Equal(t, casework.QueuePriority, q.QueueType)
	require.Equal(t, "LEGAL", *q.Department)
	require.Equal(t, 100, q.MaxCapacity)
	require.Equal(t, 30, *q.ClaimSLAMinutes)
	require.True(t, q.Active)
	require.Empty(t, q.Assignments)
	again := send(t, w.server, post(admin, queues, body))
	readProblem(t, casework.Conflict, again)
	require.Contains(t, string(again.body), `"current":{"queueName":"second line"`)

	path := queues + "/" + url.PathEscape("second line")
	changed := into[casework.Queue](t, w.do(t, 200, patch(admin, path, `{"claimSlaMinutes": null, "department": null, "maxCapacity": 5, "description": "Two", "active": false}`)))
	require.Nil(t, changed.ClaimSLAMinutes)
	require.Nil(t, changed.Department)
	require.Equal(t, 5, changed.MaxCapacity)
	require.JSONEq(t, string(q.RoutingRules), string(changed.RoutingRules), "what is not said stays")
	require.False(t, changed.Active)
	require.Equal(t, 3, w.audited(t, "flowable.workflow_queues", admin), "its row, its settings, its change")

	q = into[casework.Queue](t, w.do(t, 200, put(admin, path+"/assignments/"+legal, `{"strategy": "LEAST_LOADED", "maxTasksPerUser": 3, "autoAssign": true}`)))
	require.Equal(t, []casework.Assignment{{RoleCode: legal, AssignmentSettings: casework.AssignmentSettings{Strategy: casework.LeastLoaded, MaxTasksPerUser: 3, AutoAssign: true, PriorityLevel: 50}}}, q.Assignments)
	q = into[casework.Queue](t, w.do(t, 200, put(admin, path+"/assignments/"+legal, `{"priorityLevel": 90}`)))
	require.Equal(t, casework.AssignmentSettings{Strategy: casework.RoundRobin, MaxTasksPerUser: 10, PriorityLevel: 90}, q.Assignments[0].AssignmentSettings, "the body says all of it")
	w.do(t, 204, drop(admin, path+"/assignments/"+legal))
	w.refused(t, casework.NotFound, drop(admin, path+"/assignments/"+legal))
	require.Equal(t, 3, w.audited(t, "flowable.queue_assignments", admin))

	require.Empty(t, into[casework.Queue](t, w.do(t, 200, get(carlos, path))).Assignments, "queues are no secret")
}

func TestQueuesAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	all := into[casework.List[casework.Queue]](t, w.do(t, 200, get(carlos, queues))).Items
	var names []string
	for path := queues + "?limit=3"; path != ""; {
		list := into[casework.List[casework.Queue]](t, w.do(t, 200, get(carlos, path)))
		for _, q := range list.Items {
			names = append(names, q.QueueName)
		}
		path = ""
		if list.NextCursor != "" {
			path = queues + "?limit=3&cursor=" + url.QueryEscape(list.NextCursor)
		}
	}
	require.Len(t, names, len(all))
	require.True(t, slices.IsSorted(names), "%v", names)
	require.Len(t, into[casework.List[casework.Queue]](t, w.do(t, 200, get(carlos, queues+"?department=LEGAL"))).Items, 1)
	require.Empty(t, into[casework.List[casework.Queue]](t, w.do(t, 200, get(carlos, queues+"?queueType=OVERFLOW"))).Items)
	w.refused(t, casework.Malformed, get(carlos, queues+"?queueType=FAST"))
	w.refused(t, casework.Malformed, get(carlos, queues+"?cursor=x!"))
}

func TestRebalancingMovesWhatIsOverTheCapacity(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	for range 3 {
		w.look(t)
	}
	w.do(t, 201, post(admin, queues, `{"queueName": "beside", "department": "LEGAL"}`))
	w.do(t, 201, post(admin, queues, `{"queueName": "abandoned", "department": "LEGAL"}`)) // nobody works there
	w.do(t, 200, put(admin, queues+"/beside/assignments/"+legal, `{}`))
	w.do(t, 200, patch(admin, queues+"/"+legalQueue, `{"maxCapacity": 1}`))
	q := into[casework.Queue](t, w.do(t, 200, post(admin, queues+"/"+legalQueue+"/rebalance", "")))
	require.Equal(t, 1, q.CurrentLoad)
	require.Equal(t, 2, into[casework.Queue](t, w.do(t, 200, get(sarah, queues+"/beside"))).CurrentLoad)
	require.Equal(t, 2, w.count(t, "SELECT count(*) FROM flowable.workflow_tasks WHERE queue_name = 'beside'"))
	require.Equal(t, 2, w.count(t, "SELECT count(*) FROM flowable.task_history WHERE action_type = 'UPDATE'"))
}

func TestACalendarIsKept(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	c := into[casework.Calendar](t, w.do(t, 201, post(admin, calendars, `{"calendarName": "office", "timeZone": "Europe/Berlin", "workingHours": {"monday": [["00:00", "12:00"], ["12:00", "24:00"]]}}`)))
	require.Equal(t, 1, c.Version)
	require.JSONEq(t, `[]`, string(c.Holidays))
	c = into[casework.Calendar](t, w.do(t, 200, patch(admin, calendars+"/office", `{"holidays": ["2026-12-25"], "workingHours": {"friday": [["09:00", "17:00"]]}}`)))
	require.Equal(t, 2, c.Version)
	require.JSONEq(t, `{"friday": [["09:00", "17:00"]]}`, string(c.WorkingHours), "an object takes the place of another whole")
	require.Equal(t, 2, into[casework.Calendar](t, w.do(t, 200, patch(admin, calendars+"/office", `{"timeZone": "Europe/Berlin"}`))).Version, "nothing has changed")
	w.refused(t, casework.Conflict, post(admin, calendars, `{"calendarName": "office", "timeZone": "UTC", "workingHours": {"monday": [["09:00", "17:00"]]}}`))
	require.Len(t, into[casework.List[casework.Calendar]](t, w.do(t, 200, get(carlos, calendars))).Items, 1)
	w.do(t, 200, get(carlos, calendars+"/office"))

	w.do(t, 200, patch(admin, queues+"/"+legalQueue, `{"calendarName": "office"}`))
	w.refused(t, casework.Conflict, drop(admin, calendars+"/office"))
	w.do(t, 200, patch(admin, queues+"/"+legalQueue, `{"calendarName": null}`))
	_, instance := w.look(t)
	w.exec(t, "UPDATE flowable.workflow_tasks SET calendar_name = 'office' WHERE process_instance_id = $1", instance)
	w.refused(t, casework.Conflict, drop(admin, calendars+"/office"))
	w.exec(t, "UPDATE flowable.workflow_tasks SET status = 'CANCELLED'")
	w.do(t, 200, patch(admin, reviewV1, `{"slaConfig": {"withinMinutes": 600, "calendar": "office"}}`))
	w.refused(t, casework.Conflict, drop(admin, calendars+"/office"))
	w.do(t, 200, patch(admin, reviewV1, `{"slaConfig": {}}`))
	w.do(t, 204, drop(admin, calendars+"/office"))
	w.refused(t, casework.NotFound, drop(admin, calendars+"/office"))
	require.Equal(t, 3, w.audited(t, "flowable.business_calendars", admin))
}

func TestTheOrganisationIsKept(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	d := into[casework.Department](t, w.do(t, 201, post(admin, departments, `{"departmentCode": "TAX", "departmentName": "Tax", "parent": "LEGAL"}`)))
	require.Equal(t, "LEGAL", *d.Parent)
	w.refused(t, casework.Conflict, post(admin, departments, `{"departmentCode": "TAX", "departmentName": "Tax"}`))
	require.False(t, into[casework.Department](t, w.do(t, 200, patch(admin, departments+"/TAX", `{"active": false, "parent": null}`))).Active)
	require.Len(t, into[casework.List[casework.Department]](t, w.do(t, 200, get(carlos, departments+"?limit=2"))).Items, 2)
	w.do(t, 200, get(carlos, departments+"/TAX"))

	r := into[casework.Role](t, w.do(t, 201, post(admin, roles, `{"roleCode": "GROUP_TAX", "roleName": "Tax", "department": "TAX", "queueName": "`+legalQueue+`", "permissions": {"reassign": true, "deploy": false}}`)))
	require.Equal(t, []string{"reassign"}, r.Permissions.Given())
	r = into[casework.Role](t, w.do(t, 200, patch(admin, roles+"/GROUP_TAX", `{"permissions": {"supervise": true}}`)))
	require.Equal(t, casework.Permissions{"supervise": true}, r.Permissions)
	w.refused(t, casework.Conflict, post(admin, roles, `{"roleCode": "GROUP_TAX", "roleName": "Tax"}`))
	require.NotEmpty(t, into[casework.List[casework.Role]](t, w.do(t, 200, get(carlos, roles+"?limit=2"))).NextCursor)
	w.do(t, 200, get(carlos, roles+"/GROUP_TAX"))

	u := into[casework.User](t, w.do(t, 201, post(admin, people, `{"userId": "tim", "username": "tim", "email": "tim@onecms.example", "department": "TAX", "supervisor": "`+sarah+`", "skills": ["tax"]}`)))
	require.Equal(t, []string{"tax"}, u.Skills)
	w.exec(t, `UPDATE entitlements.users SET attributes = attributes || '{"floor": 3}' WHERE user_id = 'tim'`)
	u = into[casework.User](t, w.do(t, 200, patch(admin, people+"/tim", `{"skills": ["tax", "law"], "lastName": "Tax"}`)))
	require.Equal(t, "tim@onecms.example", u.Email)
	require.Equal(t, 1, w.count(t, `SELECT count(*) FROM entitlements.users WHERE attributes = '{"floor": 3, "skills": ["tax", "law"]}'`))
	w.refused(t, casework.Conflict, post(admin, people, `{"userId": "tim", "username": "tom"}`))
	seen := into[casework.User](t, w.do(t, 200, get(carlos, people+"/tim")))
	require.Equal(t, []string{"", ""}, []string{seen.Email, strings.Join(seen.Skills, ",")}, "how to reach others is not told to everybody")
	require.Equal(t, "tim@onecms.example", into[casework.User](t, w.do(t, 200, get("tim", people+"/tim"))).Email)
	require.Equal(t, "tim@onecms.example", into[casework.User](t, w.do(t, 200, get(sarah, people+"/tim"))).Email, "their supervisor")
	require.Len(t, into[casework.List[casework.User]](t, w.do(t, 200, get(carlos, people+"?department=TAX"))).Items, 1)
	require.Len(t, into[casework.List[casework.User]](t, w.do(t, 200, get(admin, people+"?roleCode="+legal))).Items, 2)
	require.Empty(t, into[casework.List[casework.User]](t, w.do(t, 200, get(carlos, people+"?roleCode="+legal))).Items, "who has a role is not told to everybody")

	g := into[casework.Grant](t, w.do(t, 200, put(admin, people+"/tim/roles/GROUP_TAX", `{"validUntil": "2099-01-01T01:00:00+01:00", "primary": true}`)))
	require.Equal(t, "2099-01-01T00:00:00Z", g.ValidUntil.UTC().Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, admin, g.AssignedBy)
	require.Equal(t, []string{"GROUP_TAX"}, into[casework.Me](t, w.do(t, 200, get("tim", "/api/entitlements/me"))).Roles)
	g = into[casework.Grant](t, w.do(t, 200, put(admin, people+"/tim/roles/GROUP_TAX", `{"validFrom": "2098-01-01T00:00:00Z"}`)))
	require.Nil(t, g.ValidUntil)
	me := into[casework.Me](t, w.do(t, 200, get("tim", "/api/entitlements/me")))
	require.Empty(t, me.Roles, "not yet")
	require.Empty(t, me.Queues)
	require.Len(t, into[casework.List[casework.Grant]](t, w.do(t, 200, get("tim", people+"/tim/roles"))).Items, 1)
	w.refused(t, casework.Forbidden, get(carlos, people+"/tim/roles"))
	w.do(t, 204, drop(admin, people+"/tim/roles/GROUP_TAX"))
	for table, n := range map[string]int{"entitlements.departments": 3, "entitlements.workflow_roles": 3, "entitlements.users": 3, "entitlements.user_workflow_roles": 3} {
		require.Equal(t, n, w.audited(t, table, admin), table)
	}
}

// Who manages users gets no further by it.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.do(t, 201, post(admin, roles, `{"roleCode": "PEOPLE", "roleName": "People", "permissions": {"manage-users": true, "reassign": true}}`))
	w.do(t, 200, put(admin, people+"/"+carlos+"/roles/PEOPLE", `{}`))
	w.do(t, 201, post(carlos, roles, `{"roleCode": "SUB", "roleName": "Sub", "permissions": {"reassign": true}}`))
	w.do(t, 200, put(carlos, people+"/"+sarah+"/roles/SUB", `{}`))
	before := w.snapshot(t, true)
	for name, r := range map[string]request{
		"a role that allows more":             post(carlos, roles, `{"roleCode": "X", "roleName": "X", "permissions": {"admin": true}}`),
		"a role that comes to allow more":     patch(carlos, roles+"/SUB", `{"permissions": {"deploy": true}}`),
		"a role that allows less from now on": patch(carlos, roles+"/ADMINISTRATOR", `{"permissions": {}}`),
		"the role of an administrator":        put(carlos, people+"/"+carlos+"/roles/ADMINISTRATOR", `{}`),
		"taking it away":                      drop(carlos, people+"/"+admin+"/roles/ADMINISTRATOR"),
	} {
		require.Equal(t, "beyond-own", w.refused(t, casework.Forbidden, r).Rule, name)
	}
	require.Equal(t, "manage-queues", w.refused(t, casework.Forbidden, post(carlos, queues, `{"queueName": "x"}`)).Rule)
	require.Equal(t, before, w.snapshot(t, true))
}

func TestAbsencesAreKeptByThoseWhoMay(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.do(t, 200, patch(admin, people+"/"+james, `{"supervisor": "`+sarah+`"}`))
	const days = `{"from": "2099-01-01T00:00:00Z", "until": "2099-01-08T00:00:00Z", "substituteId": %q}`
	path := people + "/" + james + "/absences"
	a := into[casework.Absence](t, w.do(t, 201, post(james, path, fmt.Sprintf(days, carlos))))
	require.Equal(t, []string{james, james, carlos}, []string{a.UserID, a.CreatedBy, *a.SubstituteID})
	b := into[casework.Absence](t, w.do(t, 201, post(sarah, path, `{"from": "2099-03-01T00:00:00Z", "until": "2099-03-08T00:00:00Z", "reason": "Course"}`)))
	require.Equal(t, "Course", b.Reason)
	w.refused(t, casework.Forbidden, post(carlos, path, fmt.Sprintf(days, carlos)))

	for user, n := range map[string]int{james: 2, sarah: 2, admin: 2, carlos: 1, "robert.eo": 0} {
		require.Len(t, into[casework.List[casework.Absence]](t, w.do(t, 200, get(user, path))).Items, n, user)
	}
	list := into[casework.List[casework.Absence]](t, w.do(t, 200, get(james, path+"?limit=1")))
	require.Equal(t, b.AbsenceID, list.Items[0].AbsenceID)
	require.Equal(t, a.AbsenceID, into[casework.List[casework.Absence]](t, w.do(t, 200, get(james, path+"?limit=1&cursor="+list.NextCursor))).Items[0].AbsenceID)

	w.refused(t, casework.NotFound, drop(sarah, people+"/"+sarah+"/absences/"+fmt.Sprint(a.AbsenceID)))
	w.do(t, 204, drop(james, path+"/"+fmt.Sprint(a.AbsenceID)))
	require.Equal(t, 2, w.audited(t, "entitlements.user_absences", james))

	// Now: the substitute stands in.
	w.do(t, 201, post(james, path, `{"from": "2001-01-01T00:00:00Z", "until": "2099-01-08T00:00:00Z", "substituteId": "`+carlos+`"}`))
	me := into[casework.Me](t, w.do(t, 200, get(carlos, "/api/entitlements/me")))
	require.Equal(t, []string{james}, me.ActingFor)
	require.Contains(t, me.Queues, legalQueue)
	require.NotContains(t, me.Roles, legal)
}

func TestADecisionIsExplained(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	task, instance := w.look(t)
	id := strings.TrimPrefix(task, tasks+"/")
	ask := func(caller, body string) casework.ActAnswer {
		return into[casework.ActAnswer](t, w.do(t, 200, post(caller, check, body)))
	}
	about := func(user, action string) casework.ActAnswer {
		return ask(admin, fmt.Sprintf(`{"userId": %q, "action": %q, "taskId": %q}`, user, action, id))
	}
	before := w.snapshot(t, true)
	a := about(sarah, "claim")
	require.True(t, a.Allowed, a.Reason)
	require.Equal(t, []string{legal}, a.Roles)
	require.True(t, about(sarah, "see").Allowed)
	require.Equal(t, "visible", about(carlos, "claim").Rule)
	require.Equal(t, "status", about(sarah, "complete").Rule)
	require.False(t, about(admin, "claim").Allowed)
	require.Equal(t, "candidate", about(admin, "claim").Rule)
	require.True(t, ask(sarah, `{"action": "work", "queueName": "`+legalQueue+`"}`).Allowed)
	require.Equal(t, "assignment", ask(carlos, `{"action": "work", "queueName": "`+legalQueue+`"}`).Rule)
	require.True(t, ask(admin, `{"action": "manage-users"}`).Allowed)
	no := ask(sarah, `{"action": "manage-users"}`)
	require.Equal(t, []any{false, "manage-users", []string{}}, []any{no.Allowed, no.Rule, no.Roles})
	w.refused(t, casework.Forbidden, post(sarah, check, `{"userId": "`+james+`", "action": "deploy"}`))
	require.Equal(t, before, w.snapshot(t, true), "nothing is done by asking")

	w.do(t, 200, post(sarah, task+"/claim", ""))
	before = w.snapshot(t, true)
	give := func(user, action, to string) casework.ActAnswer {
		return ask(admin, fmt.Sprintf(`{"userId": %q, "action": %q, "taskId": %q, "to": %q}`, user, action, id, to))
	}
	require.True(t, give(sarah, "delegate", james).Allowed)
	require.Equal(t, "candidate", give(sarah, "delegate", "robert.eo").Rule)
	require.Equal(t, "assignee", give(james, "delegate", james).Rule)
	require.Equal(t, "reassign", give(sarah, "reassign", james).Rule)
	require.True(t, give(admin, "reassign", james).Allowed)
	move := func(user, queue string) casework.ActAnswer {
		return ask(admin, fmt.Sprintf(`{"userId": %q, "action": "move", "taskId": %q, "queueName": %q}`, user, id, queue))
	}
	require.True(t, move(sarah, "eo-head-queue").Allowed)
	require.Equal(t, "active-queue", move(sarah, "nowhere").Rule)
	require.Equal(t, "supervise", move(james, "eo-head-queue").Rule)
	require.True(t, about(sarah, "comment").Allowed)
	require.True(t, about(sarah, "pause").Allowed)
	require.True(t, about(sarah, "escalate").Allowed)
	require.Equal(t, "supervise", about(sarah, "update").Rule)
	require.True(t, about(admin, "update").Allowed)
	require.False(t, ask(sarah, `{"action": "supervise", "queueName": "`+legalQueue+`"}`).Allowed)
	require.True(t, ask(admin, `{"action": "supervise", "queueName": "`+legalQueue+`"}`).Allowed)
	require.Equal(t, before, w.snapshot(t, true))
	require.True(t, about(sarah, "complete").Allowed)
	require.True(t, about(sarah, "unclaim").Allowed)
	require.Equal(t, "assignee", about(james, "complete").Rule)
	require.Equal(t, "status", about(james, "claim").Rule)
	require.Equal(t, casework.TaskClaimed, into[casework.Task](t, w.do(t, 200, get(sarah, task))).Status, instance)
	w.exec(t, "UPDATE flowable.queue_assignments SET max_tasks_per_user = 1")
	require.Equal(t, "max-tasks-per-user", ask(sarah, `{"action": "work", "queueName": "`+legalQueue+`"}`).Rule)
	w.exec(t, "UPDATE flowable.workflow_queues SET is_active = FALSE WHERE queue_name = $1", legalQueue)
	require.Equal(t, "active-queue", ask(sarah, `{"action": "work", "queueName": "`+legalQueue+`"}`).Rule)
	w.exec(t, "UPDATE entitlements.users SET is_active = FALSE WHERE user_id = $1", james)
	require.Equal(t, "active-user", about(james, "claim").Rule)
}

func TestADefinitionHasRulesThatRouteItsTasks(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t)
	w.deploy(t, review)
	d := into[casework.Definition](t, w.do(t, 200, patch(admin, reviewV1, `{"routingRules": {"rules": [{"when": {"variable": "amount", "gt": 1000}, "queue": "`+legalQueue+`"}]}}`)))
	require.JSONEq(t, `{}`, string(d.SLAConfig))
	require.Equal(t, 1, w.audited(t, "flowable.workflow_definitions", admin))
	require.Zero(t, w.count(t, "SELECT count(*) FROM entitlements.audit_log WHERE new_value ? 'bpmn_xml'"))
	next := w.deploy(t, strings.Replace(review, "</process>", "<!-- again --></process>", 1))
	require.Equal(t, 2, next.Version)
	require.JSONEq(t, string(d.RoutingRules), string(next.RoutingRules), "the next version begins with them")
	w.do(t, 200, patch(admin, definitions+"/review/versions/2", `{"routingRules": {}}`))
	require.JSONEq(t, string(d.RoutingRules), string(into[casework.Definition](t, w.do(t, 200, get(carlos, reviewV1))).RoutingRules))
}
