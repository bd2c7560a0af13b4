package casework

import "fmt"

// Mistakes gathers what is wrong in a request, each with its place, so that all of it is told at once. Places inside of a
// JSON value are JSON pointers (RFC 6901) behind the member that holds it: "body.routingRules/rules/0/queue".
type Mistakes []Field

// Add notes a mistake at a place.
func (m *Mistakes) Add(location string, value any, format string, args ...any) {
	*m = append(*m, Field{Location: location, Value: value, Message: fmt.Sprintf(format, args...)})
}

// Under notes mistakes whose places are inside of another one.
func (m *Mistakes) Under(location string, inner Mistakes) {
	for _, f := range inner {
		f.Location = location + f.Location
		*m = append(*m, f)
	}
}

// Err is nil where there is no mistake, else an Invalid error with all of them.
func (m Mistakes) Err() error {
	if len(m) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Message: m[0].Location + " " + m[0].Message, Fields: m}
}

// Reference is a name in a request that something has to have, with its place.
type Reference struct{ Location, Name string }
