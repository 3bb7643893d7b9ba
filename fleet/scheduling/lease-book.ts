import { randomUUID } from 'node:crypto';

import type { NodeId } from '../../domain/ids.ts';
import type { Clock } from '../clock.ts';

interface LeaseEntry {
  readonly nodeId: NodeId;
  claimed: boolean;
  cancelExpiry: () => void;
}

/** How long leases last. */
export interface LeaseTerms {
  /** Until claimed. */
  readonly ttlMs: number;
  /** After the claim. */
  readonly longestCallMs: number;
}

/** The leases that hold a slot. Each ends once: by `end`, or by its time, which calls `onExpired`. */
export class LeaseBook {
  private readonly entries = new Map<string, LeaseEntry>();
  private readonly clock: Clock;
  private readonly terms: LeaseTerms;
  private readonly onExpired: (leaseId: string) => void;

  constructor(clock: Clock, terms: LeaseTerms, onExpired: (leaseId: string) => void) {
    this.clock = clock;
    this.terms = terms;
    this.onExpired = onExpired;
  }

  open(nodeId: NodeId): string {
    const leaseId = randomUUID();
    const cancelExpiry = this.clock.setTimer(this.terms.ttlMs, () => this.onExpired(leaseId));
    this.entries.set(leaseId, { nodeId, claimed: false, cancelExpiry });
    return leaseId;
  }

  /** False for a lease that has ended or never was. */
  claim(leaseId: string): boolean {
    const entry = this.entries.get(leaseId);
    if (!entry) return false;
    if (entry.claimed) return true;
    entry.claimed = true;
    entry.cancelExpiry();
    entry.cancelExpiry = this.clock.setTimer(this.terms.longestCallMs, () => this.onExpired(leaseId));
    return true;
  }

  isClaimed(leaseId: string): boolean {
    return this.entries.get(leaseId)?.claimed ?? false;
  }

  /** The host of the lease that ends with this call; undefined when it had ended before. */
  end(leaseId: string): NodeId | undefined {
    const entry = this.entries.get(leaseId);
    entry?.cancelExpiry();
    this.entries.delete(leaseId);
    return entry?.nodeId;
  }

  close(): void {
    for (const entry of this.entries.values()) entry.cancelExpiry();
    this.entries.clear();
  }
}
