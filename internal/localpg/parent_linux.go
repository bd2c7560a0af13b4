package localpg

import "syscall"

// dieWithParent asks the kernel to stop the child when this process dies, whatever it dies of.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT} }
