import { Gauge, type GaugeConfiguration, type Registry } from 'prom-client';

/** Adds a value that is looked up when somebody asks. */
export function addGauge<Label extends string>(
  registry: Registry,
  configuration: Omit<GaugeConfiguration<Label>, 'registers'>,
): void {
  registry.registerMetric(new Gauge({ ...configuration, registers: [] }));
}
