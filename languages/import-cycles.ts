/** Groups of files that import each other, as sentences; `imports` maps a file to the files it imports. */
export function findImportCycles(imports: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const reach = new Map([...imports.keys()].map((file) => [file, reachableFrom(file, imports)]));
  const cyclic = [...reach].filter(([file, reached]) => reached.has(file)).map(([file]) => file);
  const groups = new Set(
    cyclic.map((file) => {
      const group = cyclic.filter((other) => reach.get(file)?.has(other) && reach.get(other)?.has(file));
      return group.toSorted().join(', ');
    }),
  );
  return [...groups].map((group) =>
    group.includes(', ') ? `The files ${group} import each other in a circle.` : `The file ${group} imports itself.`,
  );
}

function reachableFrom(start: string, imports: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const reached = new Set(imports.get(start) ?? []);
  // A set grows while it is walked.
  for (const file of reached) for (const next of imports.get(file) ?? []) reached.add(next);
  return reached;
}
