package bpmn

import "strings"

const (
	maxKeyLength  = 100
	keyCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
)

// checkProcessKey requires an id that is usable in addresses: it names the process everywhere.
func checkProcessKey(m *Model, r report) {
	for _, p := range m.executable() {
		switch {
		case p.ID == "":
			r(p.Element, "the process has no id")
		case len(p.ID) > maxKeyLength:
			r(p.Element, "%s has an id of %d bytes; the limit is %d", label(p.Element), len(p.ID), maxKeyLength)
		case strings.Trim(p.ID, keyCharacters) != "":
			r(p.Element, "%s has an id with other characters than letters, digits and . _ -", label(p.Element))
		}
	}
}
