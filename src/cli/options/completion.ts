/** Of the command that has shells complete this program's. */
import type { Syntax } from "./option.ts";

/** The shells that there is a script for. */
export const COMPLETION_ACTIONS = {
  bash: { summary: "For bash", options: {} },
  zsh: { summary: "For zsh", options: {} },
  fish: { summary: "For fish", options: {} },
} as const satisfies Record<string, Syntax>;
