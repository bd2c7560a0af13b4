// Package models holds the process models that ship with the product. They are embedded, so that a single binary can
// deploy them.
package models

import (
	"embed"
	"fmt"
)

//go:embed *.bpmn
var files embed.FS

// Model is one BPMN file of the product.
type Model struct {
	Name string // file name, such as "quick-review.bpmn"
	XML  []byte // the caller's own copy
}

// FS returns the model files. It is read-only, and every file lies at its root.
func FS() embed.FS { return files }

// All returns every model in the order of the file names.
func All() ([]Model, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list embedded models: %w", err)
	}
	models := make([]Model, 0, len(entries))
	for _, entry := range entries {
		xml, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read embedded model %s: %w", entry.Name(), err)
		}
		models = append(models, Model{Name: entry.Name(), XML: xml})
	}
	return models, nil
}
