import { Counter, type CounterConfiguration, type Registry } from 'prom-client';

/** Adds a count that is kept elsewhere and looked up when somebody asks. */
export function addCounter<Label extends string>(
  registry: Registry,
  configuration: Omit<CounterConfiguration<Label>, 'registers'>,
): void {
  registry.registerMetric(new Counter({ ...configuration, registers: [] }));
}
