package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/swaggest/swgui/v5emb"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

//go:embed openapi.yaml
var openAPI []byte

// route is one operation of the API.
type route struct {
	method, path string
	handle       handler
}

// routes is the only list of operations; openapi.yaml has the same paths, which a test checks.
func (s *Server) routes() []route {
	return []route{
		{"POST", "/api/workflow/definitions", s.deploy},
		{"GET", "/api/workflow/definitions", s.listDefinitions},
		{"GET", "/api/workflow/definitions/:processKey", bare(s.getActiveDefinition)},
		{"GET", "/api/workflow/definitions/:processKey/versions/:version", bare(s.getDefinition)},
		{"PATCH", "/api/workflow/definitions/:processKey/versions/:version", bare(s.patchDefinition)},
		{"GET", "/api/workflow/definitions/:processKey/versions/:version/xml", bare(s.getDefinitionXML)},
		{"POST", "/api/workflow/definitions/:processKey/versions/:version/activate", bare(s.activateDefinition)},
		{"POST", "/api/workflow/definitions/:processKey/versions/:version/deactivate", bare(s.deactivateDefinition)},

		{"POST", "/api/workflow/cases", bare(s.startCase)},
		{"GET", "/api/workflow/cases", s.listCases},
		{"GET", "/api/workflow/cases/:caseId", bare(s.getCase)},

		{"GET", "/api/workflow/process-instances/:id", bare(s.getInstance)},
		{"GET", "/api/workflow/process-instances/:id/activities", s.listActivities},
		{"GET", "/api/workflow/process-instances/:id/history", s.listInstanceHistory},
		{"GET", "/api/workflow/process-instances/:id/variables", bare(s.getVariables)},
		{"PATCH", "/api/workflow/process-instances/:id/variables", bare(s.patchVariables)},
		{"POST", "/api/workflow/process-instances/:id/activities/:elementInstanceId/activate", bare(s.activateElements)},
		{"POST", "/api/workflow/process-instances/:id/activities/:elementInstanceId/complete", bare(s.completeElements)},
		{"POST", "/api/workflow/process-instances/:id/terminate", bare(s.terminateInstance)},
		{"POST", "/api/workflow/process-instances/:id/incidents/:incidentId/retry", bare(s.retryIncident)},

		{"POST", "/api/workflow/messages", bare(s.sendMessage)},
		{"POST", "/api/workflow/signals", bare(s.sendSignal)},
		{"POST", "/api/workflow/conditions", bare(s.evaluateConditions)},

		{"GET", "/api/workflow/reconciler-findings", s.listFindings},
		{"GET", "/api/workflow/queues", s.listQueues},
		{"POST", "/api/workflow/queues", bare(creating("queueName", casework.MaxQueueName, casework.NewQueueSettings, s.deps.Store.CreateQueue))},
		{"GET", "/api/workflow/queues/:queueName", bare(reading("queueName", s.deps.Store.Queue))},
		{"PATCH", "/api/workflow/queues/:queueName", bare(changing("queueName", s.deps.Store.ChangeQueue))},
		{"PUT", "/api/workflow/queues/:queueName/assignments/:roleCode", bare(s.assign)},
		{"DELETE", "/api/workflow/queues/:queueName/assignments/:roleCode", bare(s.unassign)},
		{"POST", "/api/workflow/queues/:queueName/rebalance", bare(reading("queueName", s.deps.Store.RebalanceQueue))},
		{"GET", "/api/workflow/calendars", listing(s.deps.Store.Calendars)},
		{"POST", "/api/workflow/calendars", bare(creating("calendarName", casework.MaxCalendarName, casework.NewCalendarSettings, s.deps.Store.CreateCalendar))},
		{"GET", "/api/workflow/calendars/:calendarName", bare(reading("calendarName", s.deps.Store.Calendar))},
		{"PATCH", "/api/workflow/calendars/:calendarName", bare(changing("calendarName", s.deps.Store.ChangeCalendar))},
		{"DELETE", "/api/workflow/calendars/:calendarName", bare(dropping("calendarName", s.deps.Store.DropCalendar))},

		{"GET", "/api/entitlements/departments", listing(s.deps.Store.Departments)},
		{"POST", "/api/entitlements/departments", bare(creating("departmentCode", casework.MaxCode, casework.NewDepartmentSettings, s.deps.Store.CreateDepartment))},
		{"GET", "/api/entitlements/departments/:departmentCode", bare(reading("departmentCode", s.deps.Store.Department))},
		{"PATCH", "/api/entitlements/departments/:departmentCode", bare(changing("departmentCode", s.deps.Store.ChangeDepartment))},
		{"GET", "/api/entitlements/roles", listing(s.deps.Store.Roles)},
		{"POST", "/api/entitlements/roles", bare(creating("roleCode", casework.MaxRoleCode, casework.NewRoleSettings, s.deps.Store.CreateRole))},
		{"GET", "/api/entitlements/roles/:roleCode", bare(reading("roleCode", s.deps.Store.Role))},
		{"PATCH", "/api/entitlements/roles/:roleCode", bare(changing("roleCode", s.deps.Store.ChangeRole))},
		{"GET", "/api/entitlements/users", s.listUsers},
		{"POST", "/api/entitlements/users", bare(creating("userId", casework.MaxCode, casework.NewUserSettings, s.deps.Store.CreateUser))},
		{"GET", "/api/entitlements/users/:userId", bare(reading("userId", s.deps.Store.User))},
		{"PATCH", "/api/entitlements/users/:userId", bare(changing("userId", s.deps.Store.ChangeUser))},
		{"GET", "/api/entitlements/users/:userId/roles", listingOf("userId", s.deps.Store.Grants)},
		{"PUT", "/api/entitlements/users/:userId/roles/:roleCode", bare(s.grant)},
		{"DELETE", "/api/entitlements/users/:userId/roles/:roleCode", bare(s.revoke)},
		{"GET", "/api/entitlements/users/:userId/absences", listingOf("userId", s.deps.Store.Absences)},
		{"POST", "/api/entitlements/users/:userId/absences", bare(s.addAbsence)},
		{"DELETE", "/api/entitlements/users/:userId/absences/:absenceId", bare(s.dropAbsence)},
		{"GET", "/api/entitlements/me", bare(s.getMe)},
		{"POST", "/api/entitlements/check", bare(s.checkAct)},

		{"GET", "/api/workflow/tasks", s.listTasks},
		{"POST", "/api/workflow/tasks/claim/next", s.claimNext},
		{"GET", "/api/workflow/tasks/:taskId", bare(s.getTask)},
		{"GET", "/api/workflow/tasks/:taskId/history", s.listTaskHistory},
		{"POST", "/api/workflow/tasks/:taskId/claim", bare(s.claimTask)},
		{"POST", "/api/workflow/tasks/:taskId/unclaim", bare(s.unclaimTask)},
		{"POST", "/api/workflow/tasks/:taskId/complete", bare(s.completeTask)},
	}
}

// router puts the routes behind what every request passes: request id, log, recovery, deadline, caller, idempotency.
func (s *Server) router() (http.Handler, error) {
	r := gin.New()
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	r.UseRawPath, r.UnescapePathValues = true, true
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false // a redirect would pass by the middleware, and no operation answers with one
	r.Use(s.requestID, s.observe, s.recoverPanic, s.deadline)
	r.NoRoute(s.plain(notFound))
	r.NoMethod(s.plain(methodNotAllowed))

	r.GET("/healthz", s.plain(s.healthz))
	r.GET("/readyz", s.plain(s.readyz))
	r.GET("/metrics", gin.WrapH(promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})))
	r.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", openAPI) })
	docs := gin.WrapH(v5emb.New("NextGen Workflow API", "/openapi.yaml", "/docs/"))
	r.GET("/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/docs/") })
	r.GET("/docs/*any", docs)

	for _, op := range s.routes() {
		r.Handle(op.method, op.path, s.authenticate, s.wrap(op.handle))
	}
	return r, nil
}
