import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SynthesisFailure } from '../../domain/failure.ts';
import type { Memory, OwnershipStore } from '../../memory/ports.ts';
import { openSqliteMemory } from '../../memory/sqlite/open-sqlite-memory.ts';
import { createDuty, type Duty } from '../../workers/duty.ts';
import { holdDuty, type DutyHolder, type DutyWork } from '../../workers/hold-duty.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Long beside a tick, short beside a test. */
const LEASE_MS = 400;
const TICK_MS = 20;

let folder: string;
let memory: Memory;
let holders: DutyHolder<TestWork>[];

interface TestWork extends DutyWork {
  readonly holder: string;
  isClosed: boolean;
  looks: number;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hydra-duty-'));
  memory = await openSqliteMemory({ folder });
  holders = [];
});

afterEach(async () => {
  for (const holder of holders) await holder.stop();
  await memory.close();
  await rm(folder, { recursive: true });
});

/** One process among several. Its time and its store can be taken away. */
function createProcess(name: string) {
  const state = { frozenMs: 0, storeIsAway: false };
  const real = memory.ownership;
  const ownership: OwnershipStore = {
    async claim(...claimed) {
      if (state.storeIsAway) throw new SynthesisFailure('StoreUnavailable', 'The store is away.');
      return real.claim(...claimed);
    },
    release: (...released) => real.release(...released),
  };
  const now = () => performance.now() + state.frozenMs;
  const duty = createDuty({ name: 'test', ownership, holder: name, leaseMs: LEASE_MS, now });
  return { name, state, duty };
}

function hold(
  { name, duty }: { readonly name: string; readonly duty: Duty },
  begin?: (signal: AbortSignal) => Promise<void>,
) {
  const works: TestWork[] = [];
  const reports: string[] = [];
  const holder = holdDuty<TestWork>({
    duty,
    complaint: 'It could not be done',
    tickMs: TICK_MS,
    report: (sentence) => reports.push(sentence),
    onLost: () => reports.push('lost'),
    async begin(signal) {
      await begin?.(signal);
      const work: TestWork = {
        holder: name,
        isClosed: false,
        looks: 0,
        look: async () => void work.looks++,
        close: async () => void (work.isClosed = true),
      };
      works.push(work);
      return work;
    },
  });
  holders.push(holder);
  return { holder, works, reports };
}

describe('a duty', () => {
  it('is held for as long as the lease lasts on a clock that nobody sets, and not a moment longer', async () => {
    let now = 0;
    const duty = createDuty({
      name: 'test',
      ownership: memory.ownership,
      holder: 'a',
      leaseMs: LEASE_MS,
      now: () => now,
    });
    expect(duty.isHeld()).toBe(false);
    expect(await duty.renew()).toBe(true);
    now = LEASE_MS - 1;
    expect(duty.isHeld()).toBe(true);
    now = LEASE_MS;
    expect(duty.isHeld()).toBe(false);
  });

  it('counts from before the store was asked: a slow store prolongs nothing', async () => {
    let now = 0;
    const slow: OwnershipStore = {
      claim: async () => {
        now += 300;
        return true;
      },
      release: async () => {},
    };
    const duty = createDuty({ name: 'test', ownership: slow, holder: 'a', leaseMs: LEASE_MS, now: () => now });
    await duty.renew();
    now = LEASE_MS;
    expect(duty.isHeld()).toBe(false);
  });

  it('stays ours while the store is away, until the lease has run out', async () => {
    const { duty, state } = createProcess('a');
    await duty.renew();
    state.storeIsAway = true;
    expect(await duty.renew()).toBe(true);
    state.frozenMs = LEASE_MS;
    expect(await duty.renew()).toBe(false);
  });

  it('that was lost to another process is not held, whatever the clock says', async () => {
    const [a, b] = [createProcess('a'), createProcess('b')];
    await a.duty.renew();
    await memory.ownership.release('test', 'a');
    expect(await b.duty.renew()).toBe(true);
    expect(await a.duty.renew()).toBe(false);
    expect(a.duty.isHeld()).toBe(false);
  });
});

describe('processes that want one duty', () => {
  it('say once what keeps them from it, however often it is tried', async () => {
    let tries = 0;
    const { reports } = hold(createProcess('a'), async () => {
      tries += 1;
      throw new SynthesisFailure('StoreUnavailable', tries < 4 ? 'The store is away.' : 'The disk is full.');
    });
    await waitUntil(() => tries > 5);
    expect(reports).toEqual([
      expect.stringContaining('The store is away.'),
      expect.stringContaining('The disk is full.'),
    ]);
  });

  it('have one holder, and the next takes over when it stops', async () => {
    const [a, b] = [createProcess('a'), createProcess('b')];
    const first = hold(a);
    await first.holder.settled;
    const second = hold(b);
    await second.holder.settled;
    expect([first.holder.work()?.holder, second.holder.work()]).toEqual(['a', null]);
    await first.holder.stop();
    expect(first.works[0]?.isClosed).toBe(true);
    await waitUntil(() => second.holder.work() !== null);
  });

  it('show no work of one that was frozen, before it has looked at the store again', async () => {
    const a = createProcess('a');
    const { holder } = hold(a);
    await holder.settled;
    a.state.frozenMs = LEASE_MS;
    expect(holder.work()).toBeNull();
  });

  it('end the work of one whose store was away for longer than the lease, and begin anew when it is back', async () => {
    const a = createProcess('a');
    const { holder, works, reports } = hold(a);
    await holder.settled;
    a.state.storeIsAway = true;
    await waitUntil(() => works[0]?.isClosed === true);
    expect(reports).toEqual(['lost']);
    a.state.storeIsAway = false;
    await waitUntil(() => holder.work() === works[1]);
  });
});

describe('taking a duty over', () => {
  it('that fails lets another process have it, and is tried again when that one stops', async () => {
    const [a, b] = [createProcess('a'), createProcess('b')];
    let isBroken = true;
    const failing = hold(a, async () => {
      if (isBroken) throw new Error('no worker could be made');
    });
    const standby = hold(b);
    await waitUntil(() => standby.holder.work() !== null);
    await waitUntil(() => failing.reports.length > 0);
    expect(failing.reports[0]).toContain('no worker could be made');
    expect(failing.holder.work()).toBeNull();
    isBroken = false;
    await standby.holder.stop();
    await waitUntil(() => failing.holder.work() !== null);
  });

  it('goes on while the store is away for less than the lease', async () => {
    const a = createProcess('a');
    const { holder, works } = hold(a, async () => {
      a.state.storeIsAway = true;
      await waitUntilPassed(LEASE_MS / 4);
      a.state.storeIsAway = false;
    });
    await holder.settled;
    expect(works).toHaveLength(1);
    expect(holder.work()).toBe(works[0]);
  });

  it('for which the store is away too long is no takeover: the work is closed, not shown', async () => {
    const a = createProcess('a');
    let tries = 0;
    const { holder, works } = hold(a, async () => {
      if (tries++ > 0) return;
      a.state.storeIsAway = true;
      await waitUntilPassed(LEASE_MS * 1.5);
    });
    await waitUntil(() => works[0]?.isClosed === true);
    expect(holder.work()).toBeNull();
    a.state.storeIsAway = false;
    await waitUntil(() => holder.work() === works[1]);
  });

  it('keeps the duty for as long as it takes, and others out', async () => {
    const [a, b] = [createProcess('a'), createProcess('b')];
    let finish = (): void => {};
    const slow = hold(a, () => new Promise<void>((resolve) => (finish = resolve)));
    await waitUntil(() => a.duty.isHeld());
    const other = hold(b);
    await other.holder.settled;
    await waitUntilPassed(LEASE_MS * 1.5);
    expect(other.works).toEqual([]);
    finish();
    await slow.holder.settled;
    expect(slow.holder.work()).toBe(slow.works[0]);
  });

  it('that is stopped in the middle closes what it has made, and frees the duty', async () => {
    const a = createProcess('a');
    const { holder, works } = hold(
      a,
      (signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await waitUntil(() => a.duty.isHeld());
    await holder.stop();
    expect(works.map((work) => work.isClosed)).toEqual([true]);
    expect(await memory.ownership.claim('test', 'b', LEASE_MS)).toBe(true);
  });

  it('is told when another process got the duty meanwhile', async () => {
    const a = createProcess('a');
    let wasTold = false;
    const { works } = hold(a, async (signal) => {
      await memory.ownership.release('test', 'a');
      await memory.ownership.claim('test', 'b', 60_000);
      await waitUntil(() => signal.aborted);
      wasTold = true;
    });
    await waitUntil(() => works[0]?.isClosed === true);
    expect(wasTold).toBe(true);
    await memory.ownership.release('test', 'b');
  });
});

async function waitUntilPassed(durationMs: number): Promise<void> {
  const startedAt = performance.now();
  await waitUntil(() => performance.now() - startedAt >= durationMs);
}
