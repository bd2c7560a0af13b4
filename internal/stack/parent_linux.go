package stack

import "syscall"

// dieWithParent makes the kernel end a child whose test was killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
