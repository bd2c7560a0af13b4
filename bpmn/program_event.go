package bpmn

import "github.com/onecms/nextgen-workflow/bpmn/expr"

// EventKind is what an event definition is about.
type EventKind string

// The event definitions of BPMN 2.0 section 10.4.5. Their text is the element name without "EventDefinition".
const (
	MessageEvent      EventKind = "message"
	TimerEvent        EventKind = "timer"
	ErrorEvent        EventKind = "error"
	EscalationEvent   EventKind = "escalation"
	SignalEvent       EventKind = "signal"
	ConditionalEvent  EventKind = "conditional"
	CompensationEvent EventKind = "compensate"
	CancelEvent       EventKind = "cancel"
	LinkEvent         EventKind = "link"
	TerminateEvent    EventKind = "terminate"
)

// EventDefinition is what an event waits for or does. Fields that do not concern its kind are zero.
type EventDefinition struct {
	Kind  EventKind
	Name  *expr.Template // message, signal: its name; link: literal
	Code  *expr.Template // error, escalation: its code; nil when catching: any
	Timer *Timer         // timer

	Condition *expr.Template // conditional; nil: every change of Variables
	Variables []string       // conditional: only changes of these variables count; empty: of all
	Changes   []string       // conditional: only these changes count: "create", "update", "delete"; empty: all

	CodeVariable    string // catching error, escalation: variable that receives the code
	MessageVariable string // catching error: variable that receives the message

	Key     *expr.Template // message: correlation key; nil: any when catching, none when throwing
	Local   bool           // signal: only this instance hears it, and from nowhere else (scope="processInstance")
	Data    []Mapping      // throwing message, signal: variables that travel with it
	AllData bool           // throwing message, signal: every variable travels with it

	Activity int  // throwing compensation: the activity to compensate; -1: all of the scope
	NoWait   bool // throwing compensation: waitForCompletion="false"
	Target   int  // throwing link: the catching link event; -1 otherwise
	All      bool // terminate: ends the whole instance from wherever it is (terminateAll)
	Multi    bool // terminate: ends the multi-instance activity that it is in (terminateMultiInstance)
}

// TimerKind says how a timer's value is read.
type TimerKind string

// Timer kinds, BPMN 2.0 section 10.4.5.
const (
	TimerDuration TimerKind = "timeDuration" // ISO 8601 duration from the moment of arming
	TimerDate     TimerKind = "timeDate"     // ISO 8601 date-time
	TimerCycle    TimerKind = "timeCycle"    // ISO 8601 repeating interval (R3/PT1H, R/…/…) or a cron expression
)

// Timer is a timer event definition; its value is evaluated when the timer is armed.
type Timer struct {
	Kind  TimerKind
	Value *expr.Template
	End   *expr.Template // cycle: date-time after which it does not fire any more; nil: none
}
