package report

import (
	"errors"
	"fmt"

	"github.com/onecms/nextgen-workflow/internal/conformance/world"
)

// ErrGap means that a case asks for something that the product does not have.
var ErrGap = errors.New("not supported")

// Judge is the outcome of a case that ended with an error, or with nil.
func Judge(id string, err error) Case {
	var refused *world.RefusedError
	switch {
	case err == nil:
		return Case{ID: id, Outcome: Pass}
	case errors.As(err, &refused):
		return Case{ID: id, Outcome: Refused, Why: refused.Error()}
	case errors.Is(err, ErrGap):
		return Case{ID: id, Outcome: Refused, Why: err.Error()}
	}
	return Case{ID: id, Outcome: Wrong, Why: err.Error(), Defect: errors.Is(err, world.ErrDefect)}
}

// Guard runs a case and turns a panic of the harness into a wrong outcome of that case alone.
func Guard(id string, run func() error) (c Case) {
	defer func() {
		if r := recover(); r != nil {
			c = Case{ID: id, Outcome: Wrong, Why: fmt.Sprintf("panic: %v", r)}
		}
	}()
	return Judge(id, run())
}
