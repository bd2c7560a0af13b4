// Package values says when the value of a variable is too large to travel, and what travels in its place: a reference, the
// hash of its content, which PostgreSQL keeps (ADR 0014). It is pure.
//
// A value is canonical JSON. One that has the form of a reference is one, wherever a value may be by itself: as a variable,
// not within another value. Data that happens to look like a reference is itself kept by reference, whatever its size.
package values

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// LargeBytes is the most that a value may have, as canonical JSON, to travel itself.
const LargeBytes = 16 << 10

// InlineBytes is the most that the values which travel together may have, those by reference left out. Beyond it the largest
// go by reference as well, but none of SmallBytes or less: its reference would not be smaller by much.
const (
	InlineBytes = 64 << 10
	SmallBytes  = 512
)

// mostReference is more than any reference has, in bytes, however it is written.
const mostReference = 512

// marker is the only name in an object that is a reference.
const marker = "$large"

// Reference is what travels in place of a large value.
type Reference struct {
	SHA256 string `json:"sha256"` // of the content, lower-case hex
	Size   int    `json:"size"`   // of the content, bytes
}

// Source gives the contents of large values. It is the same for the same hash, always.
type Source interface {
	// Value returns the content with a hash, as canonical JSON.
	Value(sha256 string) (json.RawMessage, error)
}

// Contents are contents of large values, as canonical JSON, by their SHA-256 (hex). A nil one is empty; Pack needs another.
type Contents map[string]string

// Value implements Source.
func (c Contents) Value(sha string) (json.RawMessage, error) {
	content, ok := c[sha]
	if !ok {
		return nil, fmt.Errorf("there is no large value %s", sha)
	}
	return json.RawMessage(content), nil
}

// Canonical gives a value the one form that it also has after it was stored and read again: compact, with "<" and the like
// escaped. Nothing is null; what is not JSON is kept as text.
func Canonical(value json.RawMessage) json.RawMessage {
	if len(value) == 0 {
		return json.RawMessage("null")
	}
	raw, err := json.Marshal(value)
	if err != nil {
		raw, _ = json.Marshal(string(value)) // a text always encodes
	}
	return raw
}

// Read reads a reference; ok is false for any other value.
func Read(value json.RawMessage) (r Reference, ok bool) {
	if len(value) > mostReference {
		return Reference{}, false
	}
	inner, looks := marked(value)
	if !looks || json.Unmarshal(inner, &r) != nil {
		return Reference{}, false
	}
	sum, err := hex.DecodeString(r.SHA256)
	return r, err == nil && len(sum) == sha256.Size && r.Size > 0
}

// marked reports whether a value is an object that holds the marker, and what that says. It is true for every reference, and
// for more than those.
func marked(value json.RawMessage) (inner json.RawMessage, ok bool) {
	if len(value) == 0 || value[0] != '{' {
		return nil, false
	}
	if !bytes.Contains(value, []byte(marker)) && !bytes.Contains(value, []byte(`\u`)) { // the name may be written with escapes
		return nil, false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return nil, false
	}
	inner, ok = members[marker]
	return inner, ok
}

// Resembles reports whether data cannot travel as it is, because it might be taken for a reference.
func Resembles(data json.RawMessage) bool {
	_, ok := marked(data)
	return ok
}

// Pack returns what travels in place of data: a reference to it, put into the contents, where it has more bytes than most or
// resembles a reference, else itself. The data is canonical JSON and no reference.
func (c Contents) Pack(data json.RawMessage, most int) json.RawMessage {
	if len(data) <= most && !Resembles(data) {
		return data
	}
	return c.put(data)
}

func (c Contents) put(data json.RawMessage) json.RawMessage {
	sum := sha256.Sum256(data)
	sha := hex.EncodeToString(sum[:])
	c[sha] = string(data)
	raw, _ := json.Marshal(map[string]Reference{marker: {SHA256: sha, Size: len(data)}}) // a text and a number always encode
	return raw
}

// PackAll is Pack for values that travel together, none of them a reference: no more than InlineBytes of them travel
// themselves, as far as they can be made smaller at all. It returns a new map, nil for none.
func (c Contents) PackAll(data map[string]json.RawMessage) map[string]json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	packed, inline := make(map[string]json.RawMessage, len(data)), 0
	var rest []string
	for name, value := range data {
		packed[name] = c.Pack(Canonical(value), LargeBytes)
		if _, isReference := Read(packed[name]); !isReference {
			inline += len(packed[name])
			rest = append(rest, name)
		}
	}
	if inline <= InlineBytes {
		return packed
	}
	slices.SortFunc(rest, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(packed[b]), len(packed[a])), cmp.Compare(a, b))
	})
	for _, name := range rest {
		if inline <= InlineBytes || len(packed[name]) <= SmallBytes {
			break
		}
		inline -= len(packed[name])
		packed[name] = c.put(packed[name])
	}
	return packed
}

// PackSimilar is Pack for each value, for those that must not change their place by size: only what resembles a reference is
// kept by one.
func (c Contents) PackSimilar(data map[string]json.RawMessage) map[string]json.RawMessage {
	packed := maps.Clone(data)
	for name, value := range packed {
		if Resembles(value) {
			packed[name] = c.put(Canonical(value))
		}
	}
	return packed
}

// Resolve returns a value itself: what it refers to, if it is a reference.
func Resolve(from Source, value json.RawMessage) (json.RawMessage, error) {
	r, ok := Read(value)
	if !ok {
		return value, nil
	}
	return from.Value(r.SHA256)
}

// Size is how many bytes a value has itself.
func Size(value json.RawMessage) int {
	if r, ok := Read(value); ok {
		return r.Size
	}
	return len(value)
}
