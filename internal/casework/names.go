package casework

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest names, in characters, as the database design has them.
const (
	MaxQueueName    = 100
	MaxCalendarName = 100
	MaxRoleCode     = 100
	MaxCode         = 50 // of departments; user ids
)

// nameMistake says what is wrong with a name that is part of addresses; "" where nothing is.
func nameMistake(name string, most int) string {
	switch {
	case name == "":
		return "must not be empty"
	case utf8.RuneCountInString(name) > most:
		return fmt.Sprintf("has more than %d characters", most)
	case name != strings.TrimSpace(name):
		return "must not begin or end with a space"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '/' }):
		return "must not have control characters or a slash"
	}
	return ""
}

// name notes what is wrong with a name.
func (m *Mistakes) name(location, name string, most int) {
	if message := nameMistake(name, most); message != "" {
		m.Add(location, name, "%s", message)
	}
}

// text notes a text that no column can hold.
func (m *Mistakes) text(location, text string, most int) {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		m.Add(location, nil, "must be text in UTF-8 without U+0000")
	} else if utf8.RuneCountInString(text) > most {
		m.Add(location, nil, "has more than %d characters", most)
	}
}

// Name checks a name that is part of addresses, such as one that a request gives to something new.
func (m *Mistakes) Name(location, name string, most int) { m.name(location, name, most) }
