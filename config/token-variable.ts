/**
 * Names of environment variables that hold the token of an added node begin so: whoever may add a node must not be able to
 * have any other secret of the environment sent to it.
 */
export const TOKEN_VARIABLE_PREFIX = 'HYDRA_TOKEN_';

/** What a name of such a variable looks like. */
export const TOKEN_VARIABLE = /^HYDRA_TOKEN_[A-Z0-9_]{1,64}$/;
