package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// OpenAPI is the document as it is served.
var OpenAPI = openAPI

// Registered lists what the router answers.
func (s *Server) Registered() gin.RoutesInfo { return s.handler.(*gin.Engine).Routes() }

// RequestHash is what an Idempotency-Key stands for.
func RequestHash(r *http.Request, body []byte) string { return requestHash(r, body) }
