/** Work that is done once for all who ask for it while it is under way. */
export interface SingleFlight<Value> {
  /** What the work gives; who asks for the same key meanwhile gets the same outcome. */
  run(key: string, work: () => Promise<Value>): Promise<Value>;
}

export function createSingleFlight<Value>(): SingleFlight<Value> {
  const flights = new Map<string, Promise<Value>>();
  return {
    async run(key, work) {
      const underWay = flights.get(key);
      if (underWay !== undefined) return underWay;
      const flight = work().finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
  };
}
