//go:build unix

package main

import (
	"os"
	"syscall"
)

// lockFile takes the lock or fails at once; it is released when the file is closed, or with the process.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
