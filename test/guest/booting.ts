/** Tests that boot fake machines: each on both architectures, or where the program is this machine's own. */
import { beforeAll } from "bun:test";
import type { GuestConfig } from "../../src/guest/config.ts";
import { type Oracle, testWith } from "../support/oracles.ts";
import { lacksOf } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import {
  EMULATORS,
  FAKE_MACHINE,
  type FakeEnd,
  type FakeMachine,
  type FakeRoot,
  HERE,
  makeFakeRoot,
  runFake,
} from "./fake-machine.ts";

type Boot = (machine: FakeMachine) => FakeEnd;

export interface FakeMachines {
  /** On both architectures; the other one in an emulator. */
  each(name: string, body: (boot: Boot) => void): void;
  /** Where an emulator would not do: it has no PID namespaces, and ends what it emulates its own way. */
  native(name: string, body: (boot: Boot) => void, ...needs: readonly Oracle[]): void;
}

/** For the tests of one file. `files` are in every root, by path. */
export function fakeMachines(files: Readonly<Record<string, string>> = {}): FakeMachines {
  const scratch = scratchFolder();
  const roots = new Map<string, FakeRoot>();
  beforeAll(() => {
    for (const { architecture, oracles } of MACHINES) {
      if (lacksOf(oracles).length === 0)
        roots.set(architecture, makeFakeRoot(scratch(architecture), architecture));
    }
  });
  const boot = (architecture: string, machine: FakeMachine): FakeEnd =>
    runFake(roots.get(architecture) as FakeRoot, { ...machine, files: { ...files, ...machine.files } });
  return {
    each: (name, body) => {
      for (const { architecture, oracles } of MACHINES) {
        testWith(oracles, `${name} (${architecture})`, () => body((machine) => boot(architecture, machine)));
      }
    },
    native: (name, body, ...needs) => {
      testWith([...FAKE_MACHINE, ...needs], name, () => body((machine) => boot(HERE, machine)));
    },
  };
}

const MACHINES = (["amd64", "arm64"] as const).map((architecture) => {
  const emulator: readonly Oracle[] = architecture === HERE ? [] : [EMULATORS[architecture]];
  return { architecture, oracles: [...FAKE_MACHINE, ...emulator] };
});

/** A workload that is a shell's script, which finds busybox's commands alone. */
export function shell(script: string, config: Partial<GuestConfig> = {}): Partial<GuestConfig> {
  return { environment: ["PATH=/bin"], cmd: ["sh", "-c", script], ...config };
}

/** What a machine ends with that says this and nothing else. */
export function said(stdout: string): Partial<FakeEnd> {
  return { stdout, stderr: "", status: 0 };
}
