package casework

// Waiting says who waits for what: for the step of a case that a command causes.
type Waiting struct {
	InstanceID string
	CommandID  string // empty: the first step, or any other that no command causes
	Caller     string // whose next tasks are of interest; empty: only that there is a step
}

// StepNews tells somebody who waits that a step of the case is committed.
type StepNews struct {
	// Next are the open tasks that the caller sees after the step that was waited for. It is nil after any other step, and
	// where nobody has looked: then it is to be asked of the database.
	Next []Task
}
