package values

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what an activity may answer. PostgreSQL refuses values beyond some of them, and a step that is refused for its
// values would be tried for ever.
const (
	mostAnswerDepth    = 64
	mostNumberLength   = 1000 // characters
	mostNumberExponent = 308
	mostNameLength     = 255 // characters of the name of a variable
)

// Storable is an answer from outside in a form that PostgreSQL keeps: a character that no text can hold is replaced. An error says what
// it would refuse all the same, in words for people.
func Storable(value json.RawMessage) (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	for depth := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("it is not JSON")
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '[' || t == '{' {
				depth++
			} else {
				depth--
			}
			if depth > mostAnswerDepth {
				return nil, fmt.Errorf("it is nested deeper than %d", mostAnswerDepth)
			}
		case json.Number:
			if len(t) > mostNumberLength || !smallExponent(t.String()) {
				return nil, fmt.Errorf("it holds a number with more than %d characters, or with an exponent beyond %d", mostNumberLength, mostNumberExponent)
			}
		}
	}
	if utf8.Valid(value) && !bytes.Contains(value, []byte(`\u0000`)) && !bytes.Contains(bytes.ToLower(value), []byte(`\ud`)) {
		return value, nil
	}
	return rewritten(value)
}

// rewritten is a value without the character U+0000 and without halves of characters.
func rewritten(value json.RawMessage) (json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(value)) // it replaces what is no character
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, errors.New("it is not JSON")
	}
	return json.Marshal(withoutZero(decoded)) // sorts names
}

func withoutZero(value any) any {
	switch v := value.(type) {
	case string:
		return Clean(v)
	case []any:
		for i := range v {
			v[i] = withoutZero(v[i])
		}
	case map[string]any:
		kept := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) { // where two names become one, the last one stays
			kept[Clean(name)] = withoutZero(v[name])
		}
		return kept
	}
	return value
}

// Clean is a text that PostgreSQL keeps: what no text can hold is replaced.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func smallExponent(number string) bool {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	e, err := strconv.Atoi(strings.TrimPrefix(number[i+1:], "+"))
	return err == nil && e <= mostNumberExponent && e >= -mostNumberExponent
}

// CheckNames says what is wrong with the names of variables. The answer does not depend on their order.
func CheckNames(variables map[string]json.RawMessage) error {
	bad := 0
	for name := range variables {
		if name == "" || utf8.RuneCountInString(name) > mostNameLength {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of its variables have no name or one of more than %d characters", bad, mostNameLength)
	}
	return nil
}
