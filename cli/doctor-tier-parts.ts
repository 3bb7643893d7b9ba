import type { WireTier } from '../api/wire-memory.ts';
import type { Settings } from '../config/settings.ts';
import { formatCount } from '../domain/format-count.ts';
import { adviseTier, describeOffTier, describeUpTier, joinSentences } from '../workers/advise-tier.ts';
import { SERVER_NAMES, tryServer, type ServerName } from '../workers/try-tier.ts';
import { found } from './doctor-part.ts';
import type { DoctorPart, Finding } from './doctor-part.ts';

const CHECK_TIMEOUT_MS = 3_000;

/** What a running service says of the tiers of its memory. */
export function listServiceTiers(tiers: readonly WireTier[]): readonly DoctorPart[] {
  return tiers.map((tier) => ({
    name: `memory ${tier.tier} ${tier.name}`,
    required: tier.is_record,
    check: async () => describeTier(tier),
  }));
}

function describeTier({ name, state, detail, is_record: isRecord, entries }: WireTier): Finding {
  const holding = entries === null ? 'Answers' : formatCount(entries, 'entry', 'entries');
  switch (state) {
    case 'up':
      return found(joinSentences(holding, describeUpTier({ name, detail })));
    case 'off':
      return { state: 'off', detail: describeOffTier({ name, detail }), advice: '' };
    case 'down':
      return { state: 'down', detail, advice: adviseTier({ name, isRecord }) };
    default:
      return state satisfies never;
  }
}

const TIERS: Readonly<Record<ServerName, WireTier['tier']>> = { redis: 'L1', postgres: 'L3', chroma: 'L4' };

/** Whether the servers of the settings answer. */
export function listSettingsTiers({ memory }: Settings): readonly DoctorPart[] {
  return SERVER_NAMES.map((name) => {
    const isRecord = name === memory.record;
    return {
      name: `memory ${isRecord ? 'L2' : TIERS[name]} ${name}`,
      required: isRecord,
      check: async () => {
        const trial = await tryServer(name, memory, CHECK_TIMEOUT_MS);
        if (trial === 'off') return { state: 'off', detail: describeOffTier({ name, detail: '' }), advice: '' };
        if (trial.problem === null) return found('Answers.');
        return { state: 'down', detail: trial.problem, advice: adviseTier({ name, isRecord }) };
      },
    };
  });
}
