package casework

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Limits of escalation configurations.
const (
	maxEscalationBytes = 64 << 10
	maxLevels          = 10
	maxActions         = 20 // of a level
	maxRecipients      = 50 // named by an action
	maxNotificationLen = 10_000
)

// EscalationConfig is what the deadlines of a queue's tasks do, or that of a process (docs/work-management.md). A list that is
// nil has the levels of the product.
type EscalationConfig struct {
	Levels      []EscalationLevel `json:"levels,omitempty"`      // of the due date
	ClaimLevels []EscalationLevel `json:"claimLevels,omitempty"` // of the date by which a task should be claimed
}

// EscalationLevel is one moment before or after a deadline.
type EscalationLevel struct {
	AfterMinutes int                `json:"afterMinutes"` // negative: a warning; on the task's calendar, if it has one
	Actions      []EscalationAction `json:"actions,omitempty"`
}

// EscalationAction is one thing that a level does. What does not concern its kind is zero.
type EscalationAction struct {
	Action     EscalationKind `json:"action"`
	Users      []string       `json:"users,omitempty"`      // notify
	Roles      []string       `json:"roles,omitempty"`      // notify
	Assignee   bool           `json:"assignee,omitempty"`   // notify: who holds the task; of a process who started it
	Supervisor bool           `json:"supervisor,omitempty"` // notify, reassign: of whoever holds the task, else of its queue
	Text       string         `json:"text,omitempty"`       // notify: in the place of the usual text
	By         int            `json:"by,omitempty"`         // raisePriority
	To         int            `json:"to,omitempty"`         // raisePriority: at least to this
	Role       string         `json:"role,omitempty"`       // reassign: offered to this role
	Queue      string         `json:"queue,omitempty"`      // moveToQueue
	Signal     string         `json:"signal,omitempty"`     // signalProcess: one of these three
	Message    string         `json:"message,omitempty"`
	Escalation string         `json:"escalation,omitempty"`
}

// EscalationKind names an action.
type EscalationKind string

// The actions.
const (
	EscalateNotify   EscalationKind = "notify"
	EscalatePriority EscalationKind = "raisePriority"
	EscalateReassign EscalationKind = "reassign"
	EscalateMove     EscalationKind = "moveToQueue"
	EscalateRelease  EscalationKind = "release"
	EscalateSignal   EscalationKind = "signalProcess"
)

// ProcessSLA is the deadline of a process: the sla_config of its definition. The zero value is none.
type ProcessSLA struct {
	WithinMinutes int               `json:"withinMinutes,omitempty"` // from the start
	Calendar      string            `json:"calendar,omitempty"`      // on which they count; "": all the time
	Levels        []EscalationLevel `json:"levels,omitempty"`
}

// EscalationNames are what a configuration names and the organisation has to have, with their places.
type EscalationNames struct{ Users, Roles, Queues, Calendars []Reference }

// ParseEscalationConfig reads the escalation_config of a queue. Places of mistakes and names are JSON pointers into it.
func ParseEscalationConfig(raw json.RawMessage) (EscalationConfig, EscalationNames, Mistakes) {
	r := &escalationReader{}
	o := r.config(raw, "levels", "claimLevels")
	c := EscalationConfig{Levels: r.levels("/levels", o["levels"], false), ClaimLevels: r.levels("/claimLevels", o["claimLevels"], false)}
	return c, r.names, r.Mistakes
}

// ParseProcessSLA reads the sla_config of a definition. Places of mistakes and names are JSON pointers into it.
func ParseProcessSLA(raw json.RawMessage) (ProcessSLA, EscalationNames, Mistakes) {
	r := &escalationReader{}
	o := r.config(raw, "withinMinutes", "calendar", "levels")
	var s ProcessSLA
	if len(o) == 0 {
		return s, r.names, r.Mistakes
	}
	s.WithinMinutes = r.number("/withinMinutes", o["withinMinutes"], 1, maxSLAMinutes)
	if calendar, has := o["calendar"]; has {
		if s.Calendar = r.name("/calendar", calendar, MaxCalendarName); s.Calendar != "" {
			r.names.Calendars = append(r.names.Calendars, Reference{Location: "/calendar", Name: s.Calendar})
		}
	}
	s.Levels = r.levels("/levels", o["levels"], true)
	return s, r.names, r.Mistakes
}

// maxSLAMinutes bounds deadlines and what comes before and after them: ten years.
const maxSLAMinutes = 10 * 366 * 24 * 60

type escalationReader struct {
	jsonReader
	names EscalationNames
}

func (r *escalationReader) config(raw json.RawMessage, known ...string) map[string]any {
	if len(raw) > maxEscalationBytes {
		r.Add("", nil, "has more than %d bytes", maxEscalationBytes)
		return nil
	}
	v := r.value(raw)
	if len(r.Mistakes) > 0 {
		return nil
	}
	return r.object("", v, known...)
}

// levels reads levels in the order of their moments; nil where there is no such list.
func (r *escalationReader) levels(at string, v any, ofProcess bool) []EscalationLevel {
	if v == nil {
		return nil
	}
	items := r.list(at, v, 0, maxLevels)
	levels := make([]EscalationLevel, 0, len(items))
	last := math.MinInt
	for i, item := range items {
		place := at + index(i)
		o := r.object(place, item, "afterMinutes", "actions")
		if o == nil {
			continue
		}
		level := EscalationLevel{AfterMinutes: r.number(place+"/afterMinutes", o["afterMinutes"], -maxSLAMinutes, maxSLAMinutes)}
		if level.AfterMinutes <= last {
			r.Add(place+"/afterMinutes", level.AfterMinutes, "must be more than that of the level before it, %d", last)
		}
		last = level.AfterMinutes
		if actions, has := o["actions"]; has {
			for n, a := range r.list(place+"/actions", actions, 0, maxActions) {
				level.Actions = append(level.Actions, r.action(place+"/actions"+index(n), a, ofProcess))
			}
		}
		levels = append(levels, level)
	}
	return levels
}

// escalationMembers are what each action takes; a process has those that say so.
var escalationMembers = map[EscalationKind]struct {
	members   []string
	ofProcess bool
}{
	EscalateNotify:   {[]string{"action", "users", "roles", "assignee", "supervisor", "text"}, true},
	EscalatePriority: {[]string{"action", "by", "to"}, false},
	EscalateReassign: {[]string{"action", "role", "supervisor"}, false},
	EscalateMove:     {[]string{"action", "queue"}, false},
	EscalateRelease:  {[]string{"action"}, false},
	EscalateSignal:   {[]string{"action", "signal", "message", "escalation"}, true},
}

func (r *escalationReader) action(at string, v any, ofProcess bool) EscalationAction {
	o, isObject := v.(map[string]any)
	kind, _ := o["action"].(string)
	a := EscalationAction{Action: EscalationKind(kind)}
	known, isKnown := escalationMembers[a.Action]
	switch {
	case !isObject:
		r.Add(at, v, "must be an object")
		return a
	case !isKnown:
		r.Add(at+"/action", o["action"], "must be one of notify, raisePriority, reassign, moveToQueue, release, signalProcess")
		return a
	case ofProcess && !known.ofProcess:
		r.Add(at+"/action", kind, "must be notify or signalProcess: a process has no other")
		return a
	}
	r.object(at, v, known.members...)
	switch a.Action {
	case EscalateNotify:
		r.notify(at, o, &a)
	case EscalatePriority:
		if r.exactlyOne(at, o, "by", "to") == "by" {
			a.By = r.number(at+"/by", o["by"], 1, 100)
		} else if o["to"] != nil {
			a.To = r.number(at+"/to", o["to"], 0, 100)
		}
	case EscalateReassign:
		if r.exactlyOne(at, o, "role", "supervisor") == "role" {
			a.Role = r.named(at+"/role", o["role"], MaxRoleCode, &r.names.Roles)
		} else if a.Supervisor = r.flag(at+"/supervisor", o["supervisor"]); o["supervisor"] == false {
			r.Add(at+"/supervisor", false, "must be true, or not be there")
		}
	case EscalateMove:
		a.Queue = r.named(at+"/queue", o["queue"], MaxQueueName, &r.names.Queues)
	case EscalateSignal:
		which := r.exactlyOne(at, o, "signal", "message", "escalation")
		if which != "" {
			*map[string]*string{"signal": &a.Signal, "message": &a.Message, "escalation": &a.Escalation}[which] = r.name(at+"/"+which, o[which], 255)
		}
	case EscalateRelease:
	}
	return a
}

func (r *escalationReader) notify(at string, o map[string]any, a *EscalationAction) {
	a.Users = r.nameList(at+"/users", o["users"], MaxCode, &r.names.Users)
	a.Roles = r.nameList(at+"/roles", o["roles"], MaxRoleCode, &r.names.Roles)
	a.Assignee = r.flag(at+"/assignee", o["assignee"])
	a.Supervisor = r.flag(at+"/supervisor", o["supervisor"])
	if len(a.Users)+len(a.Roles) == 0 && !a.Assignee && !a.Supervisor {
		r.Add(at, nil, "must name at least one of users, roles, assignee and supervisor")
	}
	if text, has := o["text"]; has {
		s, isText := text.(string)
		if a.Text = s; !isText || strings.TrimSpace(s) == "" {
			r.Add(at+"/text", text, "must be a text that is not empty")
		} else {
			r.text(at+"/text", s, maxNotificationLen)
		}
	}
}

// exactlyOne answers which of some members an object has, "" and a mistake where it is none or several.
func (r *escalationReader) exactlyOne(at string, o map[string]any, members ...string) (which string) {
	n := 0
	for _, m := range members {
		if _, has := o[m]; has {
			which = m
			n++
		}
	}
	if n != 1 {
		r.Add(at, nil, "must have exactly one of %s", strings.Join(members, ", "))
		return ""
	}
	return which
}

func (r *escalationReader) named(at string, v any, most int, into *[]Reference) string {
	name := r.name(at, v, most)
	if name != "" {
		*into = append(*into, Reference{Location: at, Name: name})
	}
	return name
}

func (r *escalationReader) nameList(at string, v any, most int, into *[]Reference) (names []string) {
	if v == nil {
		return nil
	}
	for i, item := range r.list(at, v, 1, maxRecipients) {
		if name := r.named(at+index(i), item, most, into); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func (r *escalationReader) flag(at string, v any) bool {
	b, isBool := v.(bool)
	if v != nil && !isBool {
		r.Add(at, v, "must be true or false")
	}
	return b
}

// number is a value that has to be a whole number between two others.
func (r *escalationReader) number(at string, v any, least, most int) int {
	n, isNumber := v.(json.Number)
	i, err := n.Int64()
	if !isNumber || err != nil || i < int64(least) || i > int64(most) {
		r.Add(at, v, "must be a whole number from %d to %d", least, most)
		return 0
	}
	return int(i)
}

// Place says where in a request the names are whose places are pointers into one of its members.
func (n EscalationNames) Place(location string) EscalationNames {
	place := func(references []Reference) []Reference {
		placed := make([]Reference, 0, len(references))
		for _, r := range references {
			placed = append(placed, Reference{Location: fmt.Sprintf("%s%s", location, r.Location), Name: r.Name})
		}
		return placed
	}
	return EscalationNames{Users: place(n.Users), Roles: place(n.Roles), Queues: place(n.Queues), Calendars: place(n.Calendars)}
}
