package main

import (
	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger writes readable lines to standard error. The second result is to
// be called before the stop: the services then lose each other one by one and
// warn about it, which would only hide what matters. Who asked for more than
// warnings still gets them.
func newLogger(level string) (logger log.Logger, quiet func()) {
	parsed := log.ParseZapLevel(level)
	filter := zap.NewAtomicLevelAt(parsed)
	built := log.BuildZapLogger(log.Config{Level: level, Format: "console"})
	logger = log.NewZapLogger(built.WithOptions(zap.IncreaseLevel(filter)))
	return logger, func() {
		if parsed == zapcore.WarnLevel {
			filter.SetLevel(zapcore.ErrorLevel)
		}
	}
}
