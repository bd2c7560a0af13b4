package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

// commandNamespace makes ids out of idempotency keys: the same request has the same id, whoever runs it again.
var commandNamespace = uuid.MustParse("6f0e6a44-7e0b-4d0d-9a53-0e3d6a3c1c55")

const (
	actIDKey       = "actId"
	maxKeyLength   = 255
	maxUploadBytes = casework.MaxXMLBytes + 1<<20              // a model, with the frame of a multipart body
	maxBodyBytes   = maxJSONBytes + casework.MaxVariablesBytes // of any request
)

// actID names what this request does in the database: random, or made of the Idempotency-Key.
func actID(c *gin.Context) uuid.UUID {
	if id, has := c.Get(actIDKey); has {
		return id.(uuid.UUID)
	}
	return uuid.New()
}

// idempotent runs a POST. With an Idempotency-Key the same request gets the same answer for 24 hours.
func (s *Server) idempotent(c *gin.Context, h handler) reply {
	key := c.GetHeader("Idempotency-Key")
	if key == "" {
		return s.run(c, h)
	}
	if len(key) > maxKeyLength || !isText(key) {
		return s.problem(c, malformed("header.Idempotency-Key", fmt.Sprintf("must be text of at most %d bytes in UTF-8", maxKeyLength), nil))
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes))
	if err != nil {
		return s.problem(c, err)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	hash := requestHash(c.Request, body)
	caller := callerOf(c)
	before, err := s.deps.Store.ReserveKey(c.Request.Context(), caller, key, hash)
	if err != nil {
		return s.problem(c, err)
	}
	if before != nil {
		return replayed(*before)
	}
	c.Set(actIDKey, uuid.NewSHA1(commandNamespace, []byte(caller+"\n"+key+"\n"+hash)))
	r := reply{status: http.StatusInternalServerError} // stays so when the handler panics
	defer func() { s.remember(c, key, r) }()
	r = s.run(c, h)
	return r
}

func requestHash(r *http.Request, body []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", r.Method, r.URL.RequestURI())
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

func replayed(a casework.Answer) reply {
	r := reply{status: a.Status, header: map[string]string{"Idempotency-Replayed": "true"}, typ: "application/json; charset=utf-8"}
	if len(a.Body) > 0 {
		r.raw = a.Body
	}
	if a.Status >= http.StatusBadRequest {
		r.typ = "application/problem+json"
	}
	return r
}

// remember keeps the answer even if the client has gone. A failure inside is not an answer to keep.
func (s *Server) remember(c *gin.Context, key string, r reply) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 5*time.Second)
	defer cancel()
	var err error
	if r.status >= http.StatusInternalServerError {
		err = s.deps.Store.ForgetKey(ctx, callerOf(c), key)
	} else {
		err = s.deps.Store.RememberAnswer(ctx, callerOf(c), key, casework.Answer{Status: r.status, Body: r.raw})
	}
	if err != nil { // the act itself carries an id made of the key: a repetition finds it done
		s.log.Warn("idempotency key not kept", zap.Error(err), zap.String("requestId", requestIDOf(c)))
	}
}
