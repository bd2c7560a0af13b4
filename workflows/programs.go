package workflows

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/onecms/nextgen-workflow/bpmn"
)

// SourceStore reads the source of a definition by its hash.
type SourceStore interface {
	DefinitionBySHA(ctx context.Context, sha256 string) ([]byte, error)
}

// loadTimeout bounds the one read of a definition inside a workflow task, below the deadlock detector.
const loadTimeout = 2 * time.Second

// Library is a process-wide, read-through cache of compiled programs. It is safe for concurrent use.
type Library struct {
	store SourceStore

	mu       sync.Mutex
	programs map[string]*bpmn.Program // by hash and key
}

// NewLibrary returns an empty library over a store.
func NewLibrary(store SourceStore) *Library {
	return &Library{store: store, programs: map[string]*bpmn.Program{}}
}

// Program implements Programs. It verifies the source against the hash.
func (l *Library) Program(sha, key string) (*bpmn.Program, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.programs[sha+"/"+key]; p != nil {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	source, err := l.store.DefinitionBySHA(ctx, sha)
	if err != nil {
		return nil, fmt.Errorf("load definition %s: %w", sha, err)
	}
	if sum := sha256.Sum256(source); hex.EncodeToString(sum[:]) != sha {
		return nil, fmt.Errorf("definition %s: its source has another hash", sha)
	}
	programs, diagnostics := bpmn.Compile(source)
	if diagnostics.HasErrors() {
		return nil, fmt.Errorf("definition %s no longer compiles: %s", sha, diagnostics[0])
	}
	for _, p := range programs {
		l.programs[sha+"/"+p.Key] = p
	}
	if p := l.programs[sha+"/"+key]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("definition %s has no process %q", sha, key)
}
