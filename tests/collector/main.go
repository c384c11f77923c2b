// SPDX-License-Identifier: Apache-2.0

// collector is an OpenTelemetry Collector made of the OTLP receiver and one exporter, "jsonfile", that appends every
// received batch as one line of OTLP/JSON to a file. Tests run it as the real receiving end of nodespan:
//
//	collector --config FILE
//
// The contrib file exporter would do the same with three hundred more modules.
package main

import (
	"context"
	"log"
	"os"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

// fileConfig is the configuration of the exporter.
type fileConfig struct {
	Path string `mapstructure:"path"`
}

// fileExporter appends batches to a file; the collector may call it from several goroutines.
type fileExporter struct {
	path    string
	mu      sync.Mutex
	file    *os.File
	traces  ptrace.JSONMarshaler
	metrics pmetric.JSONMarshaler
}

func (e *fileExporter) Start(context.Context, component.Host) (err error) {
	e.file, err = os.OpenFile(e.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return err
}

func (e *fileExporter) Shutdown(context.Context) error {
	if e.file == nil {
		return nil
	}
	return e.file.Close()
}

func (e *fileExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (e *fileExporter) ConsumeTraces(_ context.Context, traces ptrace.Traces) error {
	line, err := e.traces.MarshalTraces(traces)
	return e.write(line, err)
}

func (e *fileExporter) ConsumeMetrics(_ context.Context, metrics pmetric.Metrics) error {
	line, err := e.metrics.MarshalMetrics(metrics)
	return e.write(line, err)
}

func (e *fileExporter) write(line []byte, err error) error {
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	_, err = e.file.Write(append(line, '\n'))
	return err
}

func newFileFactory() exporter.Factory {
	traces := func(_ context.Context, _ exporter.Settings, config component.Config) (exporter.Traces, error) {
		return &fileExporter{path: config.(*fileConfig).Path}, nil
	}
	metrics := func(_ context.Context, _ exporter.Settings, config component.Config) (exporter.Metrics, error) {
		return &fileExporter{path: config.(*fileConfig).Path}, nil
	}
	return exporter.NewFactory(component.MustNewType("jsonfile"), func() component.Config { return &fileConfig{} },
		exporter.WithTraces(traces, component.StabilityLevelDevelopment),
		exporter.WithMetrics(metrics, component.StabilityLevelDevelopment))
}

func factories() (result otelcol.Factories, err error) {
	result.Telemetry = otelconftelemetry.NewFactory()
	if result.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return result, err
	}
	result.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](newFileFactory())
	return result, err
}

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "collector", Description: "OTLP receiver of the nodespan tests", Version: "1"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory()},
			DefaultScheme:     "file",
		}},
	})
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}
