package world

import (
	"cmp"
	"fmt"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// Definition is one version of a process.
type Definition struct {
	Key, Name  string
	Version    int // from 1, by key
	File       string
	Namespace  string // targetNamespace of the file
	Program    *bpmn.Program
	deployment int
}

// ID names the definition: "key:version".
func (d *Definition) ID() string { return fmt.Sprintf("%s:%d", d.Key, d.Version) }

// RefusedError is the refusal of a model, with the findings that are errors.
type RefusedError struct {
	File     string
	Findings bpmn.Diagnostics
}

// Error implements error: it names the first finding.
func (r *RefusedError) Error() string {
	more := ""
	if n := len(r.Findings) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s: %s%s", r.File, r.Findings[0], more)
}

// Deploy makes every executable process of a file a new version of its key. The error is a *RefusedError when the model
// is refused; nothing is deployed then.
func (w *World) Deploy(file string, src []byte) error {
	programs, findings, err := compileSafely(src, w.config.Options)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs bpmn.Diagnostics
	for _, d := range findings {
		if d.Severity == bpmn.Error {
			errs = append(errs, d)
		}
	}
	if len(errs) > 0 {
		return &RefusedError{File: file, Findings: errs}
	}
	w.deployments++
	for _, p := range programs {
		d := &Definition{Key: p.Key, Name: p.Name, Version: 1, File: file, Namespace: namespace(src), Program: p, deployment: w.deployments}
		if latest := w.latest(p.Key); latest != nil {
			d.Version = latest.Version + 1
		}
		w.definitions = append(w.definitions, d)
		w.trace("deployed %s of %s", d.ID(), file)
		if err := w.schedule(d); err != nil {
			return err
		}
	}
	return w.settle()
}

// compileSafely turns a panic of the compiler into a defect.
func compileSafely(src []byte, o bpmn.Options) (programs []*bpmn.Program, findings bpmn.Diagnostics, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the compiler panicked: %v: %w", r, ErrDefect)
		}
	}()
	programs, findings = Compile(src, o)
	return programs, findings, nil
}

func namespace(src []byte) string {
	model, _ := bpmn.Parse(src)
	if model == nil || model.Root == nil {
		return ""
	}
	for _, a := range model.Root.Attrs {
		if a.Name.Local == "targetNamespace" {
			return a.Value
		}
	}
	return ""
}

// Definitions are all versions of all processes, in order of deployment.
func (w *World) Definitions() []*Definition { return w.definitions }

// latest is the newest version of a process; nil when there is none.
func (w *World) latest(key string) *Definition {
	for i := len(w.definitions) - 1; i >= 0; i-- {
		if w.definitions[i].Key == key {
			return w.definitions[i]
		}
	}
	return nil
}

// active are the newest versions of all processes, in order of deployment.
func (w *World) active() []*Definition {
	var found []*Definition
	for _, d := range w.definitions {
		if w.latest(d.Key) == d {
			found = append(found, d)
		}
	}
	return found
}

// called finds the definition that a call activity of another one means; nil when there is none.
func (w *World) called(caller *Definition, key string, binding bpmn.CallBinding, version int) *Definition {
	var bound *Definition
	for _, d := range w.definitions {
		switch {
		case d.Key != key:
		case binding == bpmn.BindVersion && d.Version == version:
			return d
		case binding == bpmn.BindDeployment && d.deployment == caller.deployment:
			bound = d
		}
	}
	if binding == bpmn.BindVersion {
		return nil
	}
	return cmp.Or(bound, w.latest(key))
}
