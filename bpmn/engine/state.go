// Package engine executes compiled BPMN programs by token semantics. Step is pure: the same program, state and event
// give the same state and effects. It knows no clock, database, goroutine or random source (ADR 0002).
package engine

import (
	"encoding/json"
	"time"
)

// Rev is the revision of the engine's behaviour that new instances get. A change in the order or kind of effects needs
// a new revision and a recorded history (docs/adr/0002).
const Rev = 3

// State is the whole position of one process instance. The zero value is an instance that has not started. It survives
// a JSON round trip unchanged; Step never modifies the one it is given.
type State struct {
	Rev       int                        `json:"rev"`
	Counter   int64                      `json:"counter"` // last number given to a node instance, timer or subscription
	Started   bool                       `json:"started"`
	Ended     bool                       `json:"ended"`
	Users     []User                     `json:"users,omitempty"` // people whose roles expressions may ask for, by id
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
	Tokens    []Token                    `json:"tokens,omitempty"` // in order of creation
	Timers    []Timer                    `json:"timers,omitempty"` // in order of arming
	EndEvent  string                     `json:"endEvent,omitempty"`

	Scopes        []Scope        `json:"scopes,omitempty"`        // within the process, in order of opening
	Subscriptions []Subscription `json:"subscriptions,omitempty"` // in order of opening
	Done          []Compensable  `json:"done,omitempty"`          // completed activities that can be compensated, oldest first
	Pending       []Arrival      `json:"pending,omitempty"`       // a burst that was cut off: Continue goes on with it
	Streak        int            `json:"streak,omitempty"`        // nodes entered since something last came from outside
	BusinessKey   string         `json:"businessKey,omitempty"`
	InstanceID    string         `json:"instanceId,omitempty"` // for expressions
	Closing       *Closing       `json:"closing,omitempty"`    // the process is over but for its end listeners
	Deleted       []Deleted      `json:"deleted,omitempty"`    // delete listeners at work, in order of their start
}

// User is a person with the role codes that were valid when the engine learnt of them.
type User struct {
	ID    string   `json:"id"`
	Roles []string `json:"roles,omitempty"`
}

// TokenState says what a resting token waits for.
type TokenState string

// The reasons for which a token rests between two steps.
const (
	Waiting  TokenState = "waiting"  // at an activity or event, for what it waits for
	Joining  TokenState = "joining"  // at a joining gateway, for the other flows
	Entering TokenState = "entering" // incident while entering the node
	Leaving  TokenState = "leaving"  // incident while leaving the node
	Failed   TokenState = "failed"   // incident: the work outside failed, and is asked for again by a retry
	Answered TokenState = "answered" // within a step: the work outside has ended

	Listening TokenState = "listening" // for the delegate of a listener: see Token.At
)

// Token marks a position. Tokens are consumed and produced, never moved: ID is the node instance "<element id>:<n>".
type Token struct {
	ID       string     `json:"id"`
	Node     string     `json:"node"`
	Flow     string     `json:"flow,omitempty"` // sequence flow it came by
	State    TokenState `json:"state"`
	Scope    string     `json:"scope,omitempty"`    // the scope it is in; "": the process
	Assignee string     `json:"assignee,omitempty"` // user task: who holds it
	Unheard  bool       `json:"unheard,omitempty"`  // user task: an assignment listener failed; an incident says so
	Caught   bool       `json:"caught,omitempty"`   // Entering: see Arrival
	Start    string     `json:"start,omitempty"`    // see Arrival; event-based gateway: the event that began the instance
	Spent    bool       `json:"spent,omitempty"`    // Joining, complex gateway: it has opened by this token
	Ahead    bool       `json:"ahead,omitempty"`    // throwing event: its flows are taken, what it began goes on
	Result   variables  `json:"result,omitempty"`   // Leaving: variables of the called instance that are still to be mapped
	At       *Stand     `json:"at,omitempty"`       // Listening, and when that has failed: where; Waiting, user task: the delegate of an assignment is at work beside it
}

// ScopeKind says what a scope is for.
type ScopeKind string

// Kinds of scopes.
const (
	BodyScope  ScopeKind = "body"  // the inside of a sub-process: tokens and variables
	LoopScope  ScopeKind = "loop"  // a repeated activity: the tokens of its instances
	LocalScope ScopeKind = "local" // the variables of one activity
)

// Scope is a place for variables, and for tokens unless it is local. It has the id of the node instance that opened it,
// followed by "/" for a body and "*" for a loop.
type Scope struct {
	ID         string                     `json:"id"`
	Kind       ScopeKind                  `json:"kind"`
	Parent     string                     `json:"parent,omitempty"` // "": the process
	Host       string                     `json:"host"`             // the node instance that opened it
	Node       string                     `json:"node"`             // its element
	Variables  map[string]json.RawMessage `json:"variables,omitempty"`
	Loop       *LoopState                 `json:"loop,omitempty"`
	Compensate []Compensable              `json:"compensate,omitempty"` // still to be compensated, the last one first
	Cancelled  bool                       `json:"cancelled,omitempty"`  // a transaction that leaves by its cancel event
	Finishing  bool                       `json:"finishing,omitempty"`  // ad-hoc: ends when nothing is active any more
}

// LoopState counts the instances of a repeated activity.
type LoopState struct {
	Total     int                     `json:"total"`             // -1: not known, a standard loop
	Started   int                     `json:"started"`           // instances so far; the next one's loopCounter
	Completed int                     `json:"completed"`         // instances
	Items     []json.RawMessage       `json:"items,omitempty"`   // of the collection
	Results   map[int]json.RawMessage `json:"results,omitempty"` // by loopCounter: {"output": …, "<aggregation>": …}

	Stored []StoredItems     `json:"stored,omitempty"` // the items, in order, where they are too large to be Items
	Folded []json.RawMessage `json:"folded,omitempty"` // references to what was too large to stay in Results
}

// StoredItems are some items of a collection.
type StoredItems struct {
	First int             `json:"first"` // loopCounter of the first one
	List  json.RawMessage `json:"list"`  // reference
}

// Timer is an armed timer.
type Timer struct {
	ID    string     `json:"id"`   // "<event id>:<n>"
	Node  string     `json:"node"` // the event
	Host  string     `json:"host"` // the node instance it belongs to: an activity, a waiting event; a scope for an event sub-process
	Due   time.Time  `json:"due"`
	Cycle string     `json:"cycle,omitempty"` // the repetition, as it was evaluated
	Left  int        `json:"left,omitempty"`  // cycle: firings after this one; -1: without end
	Until *time.Time `json:"until,omitempty"` // cycle: it does not fire after this
	Event int        `json:"event,omitempty"` // index in Node.Events
}

// Subscription waits for a message, a signal or a condition.
type Subscription struct {
	ID      string `json:"id"`             // "<event id>:<n>"
	Kind    string `json:"kind"`           // bpmn.EventKind: message, signal, conditional
	Name    string `json:"name,omitempty"` // of the message or signal
	Key     string `json:"key,omitempty"`  // message: only with this correlation key; "": any
	Node    string `json:"node"`           // the event, or receive task
	Host    string `json:"host"`           // as Timer.Host
	Event   int    `json:"event,omitempty"`
	Repeats bool   `json:"repeats,omitempty"` // it stays open when its event has come: a non-interrupting one
	Seen    bool   `json:"seen,omitempty"`    // conditional: true at the last look
	Local   bool   `json:"local,omitempty"`   // signal: heard from this instance only
	Failed  bool   `json:"failed,omitempty"`  // conditional: it could not be evaluated; an incident says so
	Scope   string `json:"scope,omitempty"`   // where it sees variables
}

// Compensable is a completed activity with what is needed to compensate it.
type Compensable struct {
	Node      string                     `json:"node"`     // the activity
	Instance  string                     `json:"instance"` // its node instance
	Scope     string                     `json:"scope,omitempty"`
	Variables map[string]json.RawMessage `json:"variables,omitempty"` // of its own scope, as they were
	Within    []Compensable              `json:"within,omitempty"`    // sub-process: what was completed in it
}

// Arrival is a token on its way into a node.
type Arrival struct {
	Node   string `json:"node"`
	Flow   string `json:"flow,omitempty"`
	ID     string `json:"id,omitempty"` // set when the node instance exists already
	Scope  string `json:"scope,omitempty"`
	Caught bool   `json:"caught,omitempty"` // a catching event or receive task whose event has come
	Start  string `json:"start,omitempty"`  // event sub-process: its start event
	Later  bool   `json:"later,omitempty"`  // it is entered by the next step
	At     *Stand `json:"at,omitempty"`     // its listeners have run up to here
}
