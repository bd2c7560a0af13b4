//go:build !linux

package script

import "syscall"

// dieWithParent does nothing here: the process ends when it finds that nobody writes to it any more.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
