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
	return append(s.administrationRoutes(), []route{
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
		{"POST", "/api/workflow/process-instances/:id/suspend", bare(s.suspendInstance(true))},
		{"POST", "/api/workflow/process-instances/:id/resume", bare(s.suspendInstance(false))},
		{"POST", "/api/workflow/process-instances/:id/terminate", bare(s.terminateInstance)},
		{"POST", "/api/workflow/process-instances/:id/incidents/:incidentId/retry", bare(s.mendIncident(s.deps.Store.RetryIncident))},
		{"POST", "/api/workflow/process-instances/:id/incidents/:incidentId/resolve", bare(s.mendIncident(s.deps.Store.ResolveIncident))},

		{"POST", "/api/workflow/messages", bare(s.sendMessage)},
		{"POST", "/api/workflow/signals", bare(s.sendSignal)},
		{"POST", "/api/workflow/conditions", bare(s.evaluateConditions)},

		{"GET", "/api/workflow/reconciler-findings", s.listFindings},

		{"GET", "/api/workflow/tasks", s.listTasks},
		{"POST", "/api/workflow/tasks/claim/next", s.claimNext},
		{"GET", "/api/workflow/tasks/:taskId", bare(s.getTask)},
		{"GET", "/api/workflow/tasks/:taskId/history", s.listTaskHistory},
		{"GET", "/api/workflow/tasks/:taskId/comments", s.listTaskComments},
		{"POST", "/api/workflow/tasks/:taskId/claim", bare(s.actOnTask(casework.ActClaim))},
		{"POST", "/api/workflow/tasks/:taskId/unclaim", bare(s.actOnTask(casework.ActUnclaim))},
		{"POST", "/api/workflow/tasks/:taskId/complete", bare(s.completeTask)},
		{"POST", "/api/workflow/tasks/:taskId/delegate", bare(s.actOnTask(casework.ActDelegate))},
		{"POST", "/api/workflow/tasks/:taskId/resolve", bare(s.actOnTask(casework.ActResolve))},
		{"POST", "/api/workflow/tasks/:taskId/reassign", bare(s.actOnTask(casework.ActReassign))},
		{"POST", "/api/workflow/tasks/:taskId/escalate", bare(s.actOnTask(casework.ActEscalate))},
		{"POST", "/api/workflow/tasks/:taskId/move", bare(s.actOnTask(casework.ActMove))},
		{"POST", "/api/workflow/tasks/:taskId/comment", bare(s.actOnTask(casework.ActComment))},
		{"POST", "/api/workflow/tasks/:taskId/pause", bare(s.actOnTask(casework.ActPause))},
		{"POST", "/api/workflow/tasks/:taskId/resume", bare(s.actOnTask(casework.ActResume))},
		{"PATCH", "/api/workflow/tasks/:taskId", bare(s.actOnTask(casework.ActUpdate))},
		{"POST", "/api/workflow/tasks/bulk", bare(s.actOnTasks)},

		{"GET", "/api/workflow/notifications", s.listNotifications},
		{"POST", "/api/workflow/notifications/:notificationId/read", bare(s.readNotification)},
	}...)
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
