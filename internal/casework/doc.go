// Package casework holds the domain words that every layer shares: tasks, cases, process instances,
// definitions, commands, and the error codes people outside see. It imports the standard library only.
package casework
