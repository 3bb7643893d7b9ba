import type { ScenarioChoice } from '../scenarios.ts';

/** What the bench over real HTTP plays. */
export interface HttpPlan {
  /** Everything is faster by this factor, so that a run takes minutes. */
  readonly factor: number;
  readonly choices: readonly Omit<ScenarioChoice, 'seed'>[];
}

/** Enough calls that each host has several of each model, few enough for a run of two minutes. */
const BURST = { calls: 80 };
const FAN_OUT = { jobs: 6 };
/** All hosts have calls by then, and most are still to come. */
const FAULT_AT_SECONDS = 100;

/** The first host is the fastest, and the one that fails. X1 to X5, on the workload in which a call that is lost holds up most. */
export const FULL_PLAN: HttpPlan = {
  factor: 4,
  choices: [
    { fleet: 'mixed', workload: 'burst', size: BURST },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST },
    { fleet: 'mixed', workload: 'fan-out', size: FAN_OUT },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST, fault: 'crash', faultAtSeconds: FAULT_AT_SECONDS },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST, fault: 'freeze', faultAtSeconds: FAULT_AT_SECONDS },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST, fault: 'truncate', faultAtSeconds: FAULT_AT_SECONDS },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST, fault: 'slow', faultAtSeconds: FAULT_AT_SECONDS },
    { fleet: 'mixed', workload: 'capped-burst', size: BURST, fault: 'kill-router', faultAtSeconds: FAULT_AT_SECONDS },
  ],
};

/** A few minutes in all, to see that everything works. */
export const QUICK_PLAN: HttpPlan = {
  factor: 4,
  choices: FULL_PLAN.choices.map((choice) => ({
    ...choice,
    size: { calls: 30, jobs: 1 },
    ...(choice.fault === undefined ? {} : { faultAtSeconds: 60 }),
  })),
};
