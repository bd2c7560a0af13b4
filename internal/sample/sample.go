// Package sample holds the sample organisation as data: who works where, which roles exist, which queues they serve.
// Development and tests load it; a production database is filled through the API instead.
package sample

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

//go:embed onecms.yaml
var onecms []byte

// DefaultQueue receives the tasks that name no group with a queue of its own.
const DefaultQueue = "default-queue"

// Organisation is a complete set of entitlements and queues. Its parts refer to each other by code, name or id.
type Organisation struct {
	Departments []Department `yaml:"departments"`
	Roles       []Role       `yaml:"roles"`
	Queues      []Queue      `yaml:"queues"`
	Assignments []Assignment `yaml:"assignments"`
	Users       []User       `yaml:"users"`
	Grants      []Grant      `yaml:"grants"`
}

// Department is an organisational unit.
type Department struct {
	Code        string `yaml:"code"`
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// Role is what a person can be; its code is the candidate group of the process models.
type Role struct {
	Code        string         `yaml:"code"`
	Name        string         `yaml:"name"`
	Type        string         `yaml:"type"`        // SYSTEM, DEPARTMENT or CUSTOM
	Department  string         `yaml:"department"`  // code; empty for a role of the whole organisation
	Queue       string         `yaml:"queue"`       // name of the queue that the role's tasks go to
	Permissions map[string]any `yaml:"permissions"` // nil: none beyond the role itself
}

// Queue is a routing target of user tasks.
type Queue struct {
	Name        string `yaml:"name"`
	Department  string `yaml:"department"` // code; empty for a queue of the whole organisation
	Description string `yaml:"description"`
	SLAHours    int    `yaml:"slaHours"` // time to complete a task, at least 1
}

// SLAMinutes returns the time to complete a task of the queue, in minutes.
func (q Queue) SLAMinutes() int { return q.SLAHours * 60 }

// Assignment lets a role work on a queue.
type Assignment struct {
	Queue           string `yaml:"queue"`
	Role            string `yaml:"role"`
	MaxTasksPerUser int    `yaml:"maxTasksPerUser"` // tasks of the queue that one person may hold at once, at least 1
}

// User is a person. The user name is the id.
type User struct {
	ID         string `yaml:"id"`
	FirstName  string `yaml:"firstName"`
	LastName   string `yaml:"lastName"`
	Email      string `yaml:"email"`
	Department string `yaml:"department"` // code

	Supervisor string   `yaml:"supervisor"` // id of a user further up in the list; empty: none
	Skills     []string `yaml:"skills"`     // that SPECIALIZED queues ask for
}

// Grant gives a role to a user, without an end.
type Grant struct {
	User string `yaml:"user"`
	Role string `yaml:"role"`
}

// OneCMS returns the sample organisation of OneCMS. Each call returns a copy of its own.
func OneCMS() (Organisation, error) {
	org, err := decode(onecms)
	if err != nil {
		return Organisation{}, fmt.Errorf("sample organisation: %w", err)
	}
	return org, nil
}

// decode reads one YAML document, knows every field, and checks the references.
func decode(text []byte) (Organisation, error) {
	var org Organisation
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&org); err != nil {
		return Organisation{}, err
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return Organisation{}, errors.New("more than one document")
	}
	return org, org.Validate()
}
