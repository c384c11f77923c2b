module nodespan/goprograms/otelapi

go 1.17

require (
	go.opentelemetry.io/otel v1.10.0
	go.opentelemetry.io/otel/trace v1.10.0
	nodespan/goprograms v0.0.0
)

require (
	github.com/go-logr/logr v1.2.3 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
)

replace nodespan/goprograms => ../
