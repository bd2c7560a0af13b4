package sample

import (
	"errors"
	"fmt"
	"slices"
)

// Validate checks that names are unique, that every reference has its target, and that every role has a queue that it
// may work on. It reports all problems at once, joined.
func (o Organisation) Validate() error {
	c := checker{}
	departments := index(&c, "department", o.Departments, func(d Department) string { return d.Code })
	queues := index(&c, "queue", o.Queues, func(q Queue) string { return q.Name })
	roles := index(&c, "role", o.Roles, func(r Role) string { return r.Code })
	users := index(&c, "user", o.Users, func(u User) string { return u.ID })
	assigned := index(&c, "assignment", o.Assignments, func(a Assignment) string { return a.Queue + " to " + a.Role })
	index(&c, "grant", o.Grants, func(g Grant) string { return g.User + " to " + g.Role })

	for _, q := range o.Queues {
		c.optional(departments, "department", q.Department, "queue "+q.Name)
		c.check(q.SLAHours >= 1, "queue %s: an SLA of %d hours is below 1", q.Name, q.SLAHours)
	}
	for _, r := range o.Roles {
		c.optional(departments, "department", r.Department, "role "+r.Code)
		c.check(slices.Contains([]string{"SYSTEM", "DEPARTMENT", "CUSTOM"}, r.Type), "role %s: unknown type %q", r.Code, r.Type)
		c.check(assigned[r.Queue+" to "+r.Code], "role %s: not assigned to its queue %q", r.Code, r.Queue)
	}
	for _, a := range o.Assignments {
		c.required(queues, "queue", a.Queue, "assignment")
		c.required(roles, "role", a.Role, "assignment")
		c.check(a.MaxTasksPerUser >= 1, "assignment %s to %s: a limit of %d tasks is below 1", a.Queue, a.Role, a.MaxTasksPerUser)
	}
	above := map[string]bool{}
	for _, u := range o.Users {
		c.required(departments, "department", u.Department, "user "+u.ID)
		c.check(u.Supervisor == "" || above[u.Supervisor], "user %s: the supervisor %q is not further up", u.ID, u.Supervisor)
		above[u.ID] = true
	}
	for _, g := range o.Grants {
		c.required(users, "user", g.User, "grant")
		c.required(roles, "role", g.Role, "grant")
	}
	c.check(queues[DefaultQueue], "there is no queue %q", DefaultQueue)
	return errors.Join(c.problems...)
}

// checker collects problems in the order in which they are found.
type checker struct{ problems []error }

func (c *checker) check(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Errorf(format, args...))
	}
}

func (c *checker) required(known map[string]bool, kind, name, where string) {
	c.check(known[name], "%s: unknown %s %q", where, kind, name)
}

func (c *checker) optional(known map[string]bool, kind, name, where string) {
	c.check(name == "" || known[name], "%s: unknown %s %q", where, kind, name)
}

// index returns the set of keys and reports those that are empty or come twice.
func index[T any](c *checker, kind string, items []T, key func(T) string) map[string]bool {
	known := make(map[string]bool, len(items))
	for _, item := range items {
		k := key(item)
		c.check(k != "", "a %s has no name", kind)
		c.check(!known[k], "%s %q comes twice", kind, k)
		known[k] = true
	}
	return known
}
