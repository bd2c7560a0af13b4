//go:build !linux

package localpg

import "syscall"

// dieWithParent has no counterpart outside Linux: after a kill -9 the next start finds the old server's port taken.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
