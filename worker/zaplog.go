package worker

import (
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
)

// SDKLogger writes the Temporal SDK's log through zap.
func SDKLogger(l *zap.Logger) log.Logger { return sdkLogger{l.Named("temporal").Sugar()} }

type sdkLogger struct{ l *zap.SugaredLogger }

func (s sdkLogger) Debug(msg string, kv ...any) { s.l.Debugw(msg, kv...) }
func (s sdkLogger) Info(msg string, kv ...any)  { s.l.Infow(msg, kv...) }
func (s sdkLogger) Warn(msg string, kv ...any)  { s.l.Warnw(msg, kv...) }
func (s sdkLogger) Error(msg string, kv ...any) { s.l.Errorw(msg, kv...) }
