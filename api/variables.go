package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	maxVariableDepth    = 32
	maxVariableName     = 255
	maxVariableNumber   = 1000 // characters of one; PostgreSQL holds some 16 000 digits behind the point
	maxVariableExponent = 308  // of a number; beyond it a few bytes become kilobytes when they are stored
)

// reservedVariables are names that expressions give another meaning.
var reservedVariables = []string{"execution", "task"}

// counter counts what is written to it.
type counter int

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// checkVariables refuses what could not be stored or read back as it was sent.
func checkVariables(vars map[string]any, location string) error {
	return checkObject(vars, location, casework.MaxVariablesBytes)
}

// checkObject is checkVariables for an object of at most so many bytes.
func checkObject(vars map[string]any, location string, most counter) error {
	if vars == nil {
		return nil
	}
	var size counter
	encoder := json.NewEncoder(&size)
	encoder.SetEscapeHTML(false) // a < counts as it was sent
	if err := encoder.Encode(vars); err != nil {
		return malformed(location, "not JSON", nil)
	}
	if size-1 > most { // the encoder ends with a line break
		return casework.Errorf(casework.TooLarge, "%s is larger than %d bytes", location, most)
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) { // sorted: the same request gets the same answer
		v, where := vars[name], location+"."+name
		switch {
		case name == "" || utf8.RuneCountInString(name) > maxVariableName || strings.ContainsRune(name, 0):
			return invalid(location, fmt.Sprintf("a variable's name has 1 to %d characters, none of them U+0000", maxVariableName), nil)
		case slices.Contains(reservedVariables, name):
			return invalid(where, "this name is reserved", nil)
		}
		if err := checkValue(v, where, 1); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(v any, where string, depth int) error {
	if depth > maxVariableDepth {
		return invalid(where, fmt.Sprintf("nested deeper than %d", maxVariableDepth), nil)
	}
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			return invalid(where, "text may not hold the character U+0000", nil)
		}
	case json.Number:
		if len(v) > maxVariableNumber {
			return invalid(where, fmt.Sprintf("a number has at most %d characters", maxVariableNumber), nil)
		}
		if !smallExponent(v.String()) {
			return invalid(where, fmt.Sprintf("a number's exponent is at most %d", maxVariableExponent), v.String())
		}
	case []any:
		for i, item := range v {
			if err := checkValue(item, where+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			item := v[name]
			if strings.ContainsRune(name, 0) {
				return invalid(where, "a name may not hold the character U+0000", nil)
			}
			if err := checkValue(item, where+"."+name, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func smallExponent(number string) bool {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	e, err := strconv.Atoi(strings.TrimPrefix(number[i+1:], "+"))
	return err == nil && e <= maxVariableExponent && e >= -maxVariableExponent
}
