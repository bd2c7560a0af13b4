package api

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/swaggest/swgui/v5emb"
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
