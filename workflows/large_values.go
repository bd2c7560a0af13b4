package workflows

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn/values"
)

// Values gives the contents of large values by their hash. A content never changes, so reading one inside a workflow task is a
// pure function of the hash.
type Values interface {
	values.Source
	// Keep offers contents that PostgreSQL has by now, so that they need not be read.
	Keep(contents map[string]string)
}

// ContentStore reads the content of a large value by its hash.
type ContentStore interface {
	LargeValue(ctx context.Context, sha256 string) ([]byte, error)
}

// valueLoadTimeout bounds the one read of a content inside a workflow task, below the deadlock detector.
const valueLoadTimeout = 3 * time.Second

// CachedBytes is the default size of a ValueCache.
const CachedBytes = 64 << 20

// ValueCache is a process-wide, read-through cache of the contents of large values. It forgets those that were not used for
// longest. It is safe for concurrent use.
type ValueCache struct {
	store ContentStore
	most  int // bytes of contents

	mu    sync.Mutex
	size  int
	used  *list.List // of *cachedValue, the latest first
	known map[string]*list.Element
}

type cachedValue struct {
	sha     string
	content json.RawMessage
}

// NewValueCache returns an empty cache over a store, of so many bytes; 0 is CachedBytes.
func NewValueCache(store ContentStore, most int) *ValueCache {
	if most == 0 {
		most = CachedBytes
	}
	return &ValueCache{store: store, most: most, used: list.New(), known: map[string]*list.Element{}}
}

// Value implements Values. It verifies what it reads against the hash.
func (c *ValueCache) Value(sha string) (json.RawMessage, error) {
	if content, ok := c.cached(sha); ok {
		return content, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), valueLoadTimeout)
	defer cancel()
	content, err := c.store.LargeValue(ctx, sha) // nobody waits for it: several cases may read at once
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != sha {
		return nil, fmt.Errorf("its content has another hash")
	}
	c.put(sha, content)
	return content, nil
}

// Keep implements Values.
func (c *ValueCache) Keep(contents map[string]string) {
	for sha, content := range contents {
		c.put(sha, json.RawMessage(content))
	}
}

func (c *ValueCache) cached(sha string) (json.RawMessage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.known[sha]
	if e == nil {
		return nil, false
	}
	c.used.MoveToFront(e)
	return e.Value.(*cachedValue).content, true
}

func (c *ValueCache) put(sha string, content json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[sha] != nil || len(content) > c.most {
		return
	}
	c.known[sha] = c.used.PushFront(&cachedValue{sha: sha, content: content})
	c.size += len(content)
	for c.size > c.most {
		oldest := c.used.Remove(c.used.Back()).(*cachedValue)
		delete(c.known, oldest.sha)
		c.size -= len(oldest.content)
	}
}
