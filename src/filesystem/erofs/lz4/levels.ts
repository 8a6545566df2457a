/** 1 is fast; each further one looks at twice as many places for every match. */
export const FAST_LEVEL = 1;
export const HIGHEST_LEVEL = 9;
