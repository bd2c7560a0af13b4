package casework

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// QueueType says how a queue treats its tasks (docs/work-management.md).
type QueueType string

// The queue types of the database design.
const (
	QueueStandard    QueueType = "STANDARD"
	QueuePriority    QueueType = "PRIORITY"
	QueueSpecialized QueueType = "SPECIALIZED"
	QueueOverflow    QueueType = "OVERFLOW"
)

var queueTypes = []QueueType{QueueStandard, QueuePriority, QueueSpecialized, QueueOverflow}

// DefaultQueue is where a task goes that nothing else routes. It cannot be switched off.
const DefaultQueue = "default-queue"

// QueueSettings are the part of a queue that an administrator writes.
type QueueSettings struct {
	QueueType        QueueType       `json:"queueType"`
	Department       *string         `json:"department"` // code
	Description      string          `json:"description"`
	MaxCapacity      int             `json:"maxCapacity"`
	SLAMinutes       int             `json:"slaMinutes"`       // to complete a task
	ClaimSLAMinutes  *int            `json:"claimSlaMinutes"`  // to claim a task; nil: no such clock
	CalendarName     *string         `json:"calendarName"`     // working time in which the minutes count; nil: all the time
	OverflowQueue    *string         `json:"overflowQueue"`    // takes what is over the capacity
	EscalationConfig json.RawMessage `json:"escalationConfig"` // {}: the levels of the product
	RoutingRules     json.RawMessage `json:"routingRules"`     // hands new tasks on to other queues; {}: none
	PriorityWeights  json.RawMessage `json:"priorityWeights"`  // {}: those of the queue's type
	Active           bool            `json:"active"`
}

// NewQueueSettings are what a queue has that its creator says nothing about.
func NewQueueSettings() QueueSettings {
	return QueueSettings{
		QueueType: QueueStandard, MaxCapacity: 100, SLAMinutes: 480, Active: true,
		EscalationConfig: json.RawMessage("{}"), RoutingRules: json.RawMessage("{}"), PriorityWeights: json.RawMessage("{}"),
	}
}

// Queue holds tasks until people claim them.
type Queue struct {
	QueueName string `json:"queueName"`
	QueueSettings
	CurrentLoad int          `json:"currentLoad"` // open tasks, as of the last refresh
	Assignments []Assignment `json:"assignments"`
	CreatedAt   time.Time    `json:"createdAt"`
	UpdatedAt   time.Time    `json:"updatedAt"`
}

// QueueLoad says how full a queue is.
type QueueLoad struct {
	QueueName string
	Load      int // open tasks, as of the last count
	Capacity  int
}

// NearlyFull reports whether nine tenths of the capacity are used. A queue without capacity always is.
func (l QueueLoad) NearlyFull() bool { return int64(l.Load)*10 >= int64(l.Capacity)*9 }

// QueueFilter narrows a list of queues. Zero fields do not filter.
type QueueFilter struct {
	QueueType  QueueType
	Department string
	Page       Page
}

// maxMinutes bounds service levels: ten years.
const maxMinutes = 10 * 366 * 24 * 60

// Mistakes says what is wrong with the settings by themselves, and answers what their rules and levels name.
func (s QueueSettings) Mistakes() (names EscalationNames, m Mistakes) {
	if !slices.Contains(queueTypes, s.QueueType) {
		m.Add("body.queueType", s.QueueType, "must be one of STANDARD, PRIORITY, SPECIALIZED, OVERFLOW")
	}
	m.text("body.description", s.Description, 10_000)
	m.within("body.maxCapacity", s.MaxCapacity, 0, math.MaxInt32)
	m.within("body.slaMinutes", s.SLAMinutes, 1, maxMinutes)
	if s.ClaimSLAMinutes != nil {
		m.within("body.claimSlaMinutes", *s.ClaimSLAMinutes, 1, maxMinutes)
	}
	if s.OverflowQueue != nil && s.QueueType == QueueOverflow {
		m.Add("body.overflowQueue", *s.OverflowQueue, "must not be given for a queue of the type OVERFLOW")
	}
	_, weights := ParsePriorityWeights(s.PriorityWeights)
	m.Under("body.priorityWeights", weights)
	_, names, inner := ParseEscalationConfig(s.EscalationConfig)
	m.Under("body.escalationConfig", inner)
	names = names.under("body.escalationConfig")
	names.Queues = append(names.Queues, checkRules(&m, s.RoutingRules)...)
	return names, m
}

// checkRules notes what is wrong with the routing rules of a request and answers the queues that they name.
func checkRules(m *Mistakes, rules json.RawMessage) []Reference {
	queues, inner := CheckRoutingRules(rules)
	m.Under("body.routingRules", inner)
	return EscalationNames{Queues: queues}.under("body.routingRules").Queues
}

// under is the same names, inside of a place.
func (n EscalationNames) under(location string) EscalationNames {
	for _, list := range [][]Reference{n.Users, n.Roles, n.Queues, n.Calendars} {
		for i := range list {
			list[i].Location = location + list[i].Location
		}
	}
	return n
}

func (m *Mistakes) within(location string, n, least, most int) {
	if n < least || n > most {
		m.Add(location, n, "must be from %d to %d", least, most)
	}
}

// Strategy says how the tasks of a queue reach the people of a role.
type Strategy string

// The assignment strategies of the database design.
const (
	RoundRobin       Strategy = "ROUND_ROBIN"
	LeastLoaded      Strategy = "LEAST_LOADED"
	SkillBased       Strategy = "SKILL_BASED"
	PriorityWeighted Strategy = "PRIORITY_WEIGHTED"
	Manual           Strategy = "MANUAL"
)

var strategies = []Strategy{RoundRobin, LeastLoaded, SkillBased, PriorityWeighted, Manual}

// AssignmentSettings say how a role works on a queue.
type AssignmentSettings struct {
	Strategy        Strategy `json:"strategy"`
	MaxTasksPerUser int      `json:"maxTasksPerUser"`
	AutoAssign      bool     `json:"autoAssign"`
	PriorityLevel   int      `json:"priorityLevel"` // 0 to 100; higher comes first
}

// NewAssignmentSettings are what an assignment has that nothing is said about.
func NewAssignmentSettings() AssignmentSettings {
	return AssignmentSettings{Strategy: RoundRobin, MaxTasksPerUser: 10, PriorityLevel: 50}
}

// Assignment lets a role work on a queue.
type Assignment struct {
	RoleCode string `json:"roleCode"`
	AssignmentSettings
}

// Mistakes says what is wrong with the settings.
func (s AssignmentSettings) Mistakes() Mistakes {
	var m Mistakes
	if !slices.Contains(strategies, s.Strategy) {
		names := make([]string, 0, len(strategies))
		for _, known := range strategies {
			names = append(names, string(known))
		}
		m.Add("body.strategy", s.Strategy, "must be one of %s", strings.Join(names, ", "))
	}
	m.within("body.maxTasksPerUser", s.MaxTasksPerUser, 1, math.MaxInt32)
	m.within("body.priorityLevel", s.PriorityLevel, 0, 100)
	if s.AutoAssign && s.Strategy == Manual {
		m.Add("body.autoAssign", true, "must be false where the strategy is MANUAL")
	}
	return m
}
