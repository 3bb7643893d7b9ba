/** Raised with every change of what verification checks: an answer proven by other checks is not recalled as proven. */
export const VERIFIER_VERSION = '2';
