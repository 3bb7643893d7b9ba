import type { Offer, PlannedGrant, CallToPlace } from './plan-grants.ts';

/** A reader compares a few hosts, not sixty. */
const ALTERNATIVES_SHOWN = 3;

/** Why a call goes to its host, for people: `gpu-2: resident, 3.1 s; gpu-1: must load, 9.8 s`. */
export function explainGrant(grant: PlannedGrant<CallToPlace>): string {
  const chosen = `${grant.nodeId}: ${loadText(grant.mustLoad)}, ${seconds(grant.expectedSeconds)}`;
  const others = grant.offers
    .filter((offer) => offer.nodeId !== grant.nodeId)
    .sort((a, b) => a.finishSeconds - b.finishSeconds);
  const shown = others.slice(0, ALTERNATIVES_SHOWN).map(explainOffer);
  const hidden = others.length - shown.length;
  return [chosen, ...shown, ...(hidden > 0 ? [`${hidden} more`] : [])].join('; ');
}

function explainOffer(offer: Offer): string {
  const wait = offer.waitSeconds > 0 ? `free in ${seconds(offer.waitSeconds)}, ` : '';
  return `${offer.nodeId}: ${wait}${loadText(offer.mustLoad)}, ${seconds(offer.finishSeconds)}`;
}

function loadText(mustLoad: boolean): string {
  return mustLoad ? 'must load' : 'resident';
}

function seconds(value: number): string {
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} s`;
}
