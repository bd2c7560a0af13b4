package script

import "syscall"

// dieWithParent makes the kernel end the process when the worker dies, whatever it dies of.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
