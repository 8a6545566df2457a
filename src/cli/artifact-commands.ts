/** Commands that move results to registries and back, and sign what is there. */
import type { Commands } from "./command.ts";
import { PULL_OPTIONS, PUSH_OPTIONS, SIGN_OPTIONS, VERIFY_SIGNATURE_OPTIONS } from "./options/artifact.ts";

export const ARTIFACT_COMMANDS: Commands = {
  push: {
    summary: "Put what was converted into a registry",
    usage:
      "docker2vm push DIR|FILE REF [options]\n\n" +
      "DIR is what convert --out has made, FILE an image alone; REF is the name and tag that it gets.",
    options: PUSH_OPTIONS,
    operands: ["path", "image"],
    examples: [{ does: "What was converted into vm", line: "docker2vm push vm ghcr.io/owner/vm:1" }],
    whenStopped: () => "what was sent so far has no name in the registry; the next push goes on from there",
    load: async () => (await import("./push-command.ts")).runPush,
  },
  pull: {
    summary: "Bring what was pushed back: the same files, every byte checked",
    usage: "docker2vm pull REF --out DIR [options]",
    options: PULL_OPTIONS,
    operands: ["image"],
    examples: [
      { does: "The same files, every byte checked", line: "docker2vm pull ghcr.io/owner/vm:1 --out vm" },
      {
        does: "Only what is signed by this key",
        line: "docker2vm pull ghcr.io/owner/vm:1 --verify-key cosign.pub --out vm",
      },
    ],
    whenStopped: () => "no file was written",
    load: async () => (await import("./pull-command.ts")).runPull,
  },
  sign: {
    summary: "Sign an image in a registry, as cosign does with a key",
    usage: "docker2vm sign REF --key FILE [options]\n\nREF is an image or an index, by tag or digest.",
    options: SIGN_OPTIONS,
    operands: ["image"],
    examples: [{ does: "What a tag names now", line: "docker2vm sign ghcr.io/owner/vm:1 --key cosign.key" }],
    whenStopped: () => "not all signatures are there; signing once more adds those that are missing",
    load: async () => (await import("./sign-command.ts")).runSign,
  },
  "verify-signature": {
    summary: "Tell which signatures an image in a registry bears, and whether a key's is among them",
    usage: "docker2vm verify-signature REF --key FILE [options]",
    options: VERIFY_SIGNATURE_OPTIONS,
    operands: ["image"],
    examples: [
      {
        does: "Whether this key has signed",
        line: "docker2vm verify-signature ghcr.io/owner/vm:1 --key cosign.pub",
      },
    ],
    load: async () => (await import("./sign-command.ts")).runVerifySignature,
  },
};
