package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/onecms/nextgen-workflow/bpmn"
	"github.com/onecms/nextgen-workflow/internal/casework"
)

// outside is what a person outside may know of an error.
func outside(err error) *casework.Error {
	var e *casework.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &e) && problems[e.Code].status != 0:
		return e
	case errors.As(err, &tooLarge):
		return casework.Errorf(casework.TooLarge, "the request is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return casework.Errorf(casework.Unavailable, "the request took too long")
	}
	return casework.Errorf(casework.Internal, "something went wrong inside; the request id helps an operator to find it")
}

// invalid is a problem at one place of the request.
func invalid(location, message string, value any) error {
	return &casework.Error{Code: casework.Invalid, Message: message, Fields: []casework.Field{{Message: message, Location: location, Value: value}}}
}

func malformed(location, message string, value any) error {
	return &casework.Error{Code: casework.Malformed, Message: message, Fields: []casework.Field{{Message: message, Location: location, Value: value}}}
}

// diagnosed is a refused deployment with what is wrong in its models.
type diagnosed struct {
	problem     *casework.Error
	diagnostics []finding
}

// finding is a diagnostic with the file it is about, where there may be several.
type finding struct {
	File string `json:"file,omitempty"`
	bpmn.Diagnostic
}

// add takes over what is wrong in one file.
func (d *diagnosed) add(file string, refused *diagnosed) {
	for _, f := range refused.diagnostics {
		f.File = file
		d.diagnostics = append(d.diagnostics, f)
	}
	for _, place := range refused.problem.Fields {
		if file != "" {
			place.Location = "body." + file + strings.TrimPrefix(place.Location, "body")
		}
		d.problem.Fields = append(d.problem.Fields, place)
	}
}

// Error implements error.
func (d *diagnosed) Error() string { return d.problem.Error() }

// Unwrap gives the error that the problem document is made of.
func (d *diagnosed) Unwrap() error { return d.problem }

func notFound(*gin.Context) (reply, error) {
	return reply{}, casework.Errorf(casework.NotFound, "there is no such path; /docs shows what there is")
}

func methodNotAllowed(*gin.Context) (reply, error) {
	return reply{}, casework.Errorf(methodCode, "this path does not know the method")
}
