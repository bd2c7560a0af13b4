package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onecms/nextgen-workflow/internal/casework"
)

const (
	maxVariableDepth    = 32
	maxVariableName     = 255
	maxVariableExponent = 308 // of a number; beyond it a few bytes become kilobytes when they are stored
)

// reservedVariables are names that expressions give another meaning.
var reservedVariables = []string{"execution", "task"}

// checkVariables refuses what could not be stored or read back as it was sent.
func checkVariables(vars map[string]any, location string) error {
	if vars == nil {
		return nil
	}
	raw, err := json.Marshal(vars)
	if err != nil {
		return malformed(location, "not JSON", nil)
	}
	if len(raw) > casework.MaxVariablesBytes {
		return casework.Errorf(casework.TooLarge, "the variables are larger than %d bytes", casework.MaxVariablesBytes)
	}
	for name, v := range vars {
		where := location + "." + name
		switch {
		case name == "" || len(name) > maxVariableName || strings.ContainsRune(name, 0):
			return invalid(location, fmt.Sprintf("a variable's name has 1 to %d characters", maxVariableName), name)
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
		if !smallExponent(v.String()) {
			return invalid(where, fmt.Sprintf("a number's exponent is at most %d", maxVariableExponent), v)
		}
	case []any:
		for i, item := range v {
			if err := checkValue(item, where+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, item := range v {
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
