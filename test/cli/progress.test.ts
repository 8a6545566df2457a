import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { unpainted } from "../../src/cli/colour.ts";
import { renderBars } from "../../src/cli/progress/bars.ts";
import { LiveBlock, rowsOf, screenOf } from "../../src/cli/progress/live-block.ts";
import { plainLines } from "../../src/cli/progress/plain.ts";
import { progressReporter } from "../../src/cli/progress/reporter.ts";
import {
  applyEvent,
  initialProgress,
  type ProgressState,
  type ReportedEvent,
} from "../../src/cli/progress/state.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { digestOf, Recorder } from "./fake-host.ts";

const MIB = 1024 * 1024;

function resolved(...sizes: number[]): ProgressEvent {
  return {
    type: "resolved",
    sourceDigest: digestOf("f"),
    platform: "linux/amd64",
    layers: sizes.map((size, index) => ({
      digest: digestOf(index.toString(16).slice(-1)),
      diffId: digestOf("d"),
      size,
    })),
  };
}

function after(...events: ReportedEvent[]): ProgressState {
  const state = initialProgress();
  for (const event of events) applyEvent(state, event);
  return state;
}

function screen(state: ProgressState, columns = 80, rows = 24): string[] {
  return renderBars(state, { columns, rows }, unpainted);
}

describe("bars", () => {
  const half = after(
    resolved(10 * MIB, 20 * MIB, 0),
    { type: "layer", index: 0, stored: 10 * MIB, size: 10 * MIB },
    { type: "layer-done", index: 0 },
    { type: "layer", index: 1, stored: 10 * MIB, size: 20 * MIB },
  );

  test("one for each layer", () => {
    expect(screen(half)).toEqual([
      "layer 1/3 sha256:000000000000 done, 10.0 MiB",
      "layer 2/3 sha256:111111111111 [###############---------------]  50% of 20.0 MiB",
      "layer 3/3 sha256:222222222222 [------------------------------]   0% of 0 B",
    ]);
  });

  test("give way on narrow screens and never reach the last column", () => {
    expect(screen(half, 60)[1]).toBe("layer 2/3 sha256:111111111111 [#####-----]  50% of 20.0 MiB");
    expect(screen(half, 45)[1]).toBe("layer 2/3 [#######--------]  50% of 20.0 MiB");
    expect(screen(half, 28)[1]).toBe("layer 2/3  50% of 20.0 MiB");
    for (let columns = 1; columns <= 120; columns++) {
      for (const line of screen(half, columns)) expect(line.length).toBeLessThan(Math.max(2, columns));
    }
  });

  test("of finished and waiting layers collapse where there are more than rows", () => {
    const sizes = Array.from({ length: 40 }, () => MIB);
    const done = Array.from({ length: 12 }, (_, index): ProgressEvent => ({ type: "layer-done", index }));
    const state = after(resolved(...sizes), ...done, {
      type: "layer",
      index: 12,
      stored: MIB / 4,
      size: MIB,
    });
    expect(screen(state, 60, 10)).toEqual([
      "12 of 40 layers done, 12.0 MiB",
      "layer 13/40 sha256:cccccccccccc [##-------]  25% of 1.0 MiB",
    ]);
  });

  test("never are more lines than the screen has rows", () => {
    const sizes = Array.from({ length: 40 }, () => MIB);
    const running = sizes.map((size, index): ProgressEvent => ({ type: "layer", index, stored: 1, size }));
    const state = after(resolved(...sizes), ...running, { type: "filesystem", written: 5 });
    for (let rows = 4; rows < 60; rows++) expect(screen(state, 80, rows).length).toBeLessThan(rows);
  });

  test("name no digest where the archive has none", () => {
    const event: ProgressEvent = {
      type: "resolved",
      sourceDigest: digestOf("f"),
      platform: "linux/amd64",
      layers: [{ diffId: digestOf("d"), size: 4 }],
    };
    expect(screen(after(event, { type: "layer-done", index: 0 }))).toEqual(["layer 1/1 done, 4 B"]);
  });

  test("stand after standard input and before the filesystem", () => {
    expect(screen(after())).toEqual([]);
    expect(screen(after({ type: "spooling", bytes: 3 * MIB }))).toEqual(["reading the archive: 3.0 MiB"]);
    const state = after(resolved(), { type: "filesystem", written: 2 * MIB });
    expect(screen(state)).toEqual(["writing the filesystem: 2.0 MiB"]);
  });
});

describe("plain lines", () => {
  function log(...events: ProgressEvent[]): string[] {
    const state = initialProgress();
    return events.flatMap((event) => {
      const lines = plainLines(state, event);
      applyEvent(state, event);
      return lines;
    });
  }

  test("tell the image, each finished layer and the filesystem", () => {
    expect(
      log(
        resolved(10 * MIB, 5),
        { type: "layer", index: 0, stored: 6 * MIB, size: 10 * MIB },
        { type: "layer-done", index: 1 },
        { type: "layer-done", index: 0 },
        { type: "filesystem", written: 4096 },
        { type: "filesystem", written: 8192 },
      ),
    ).toEqual([
      `image ${digestOf("f")}: 2 layers, 10.0 MiB`,
      "layer 2/2 sha256:111111111111 done, 5 B",
      "layer 1/2 sha256:000000000000 done, 10.0 MiB",
      "writing the filesystem",
    ]);
  });

  test("tell each quarter of a large layer once, however many events there are", () => {
    const size = 1000 * MIB;
    const events = Array.from(
      { length: 1000 },
      (_, index): ProgressEvent => ({ type: "layer", index: 0, stored: (index + 1) * MIB, size }),
    );
    expect(log(resolved(size), ...events).slice(1)).toEqual([
      "layer 1/1 sha256:000000000000 25% of 1000.0 MiB",
      "layer 1/1 sha256:000000000000 50% of 1000.0 MiB",
      "layer 1/1 sha256:000000000000 75% of 1000.0 MiB",
    ]);
  });

  test("tell every 256 MiB of standard input", () => {
    const events = Array.from(
      { length: 600 },
      (_, i): ProgressEvent => ({ type: "spooling", bytes: i * MIB }),
    );
    expect(log(...events)).toEqual(["reading the archive: 256.0 MiB", "reading the archive: 512.0 MiB"]);
  });
});

describe("a block of lines that is redrawn", () => {
  test("goes up over what it has drawn and erases it", () => {
    const output = new Recorder(true);
    const block = new LiveBlock(output);
    block.draw(["one", "two"]);
    block.draw(["three"]);
    block.replace("warning\n");
    block.draw(["four"]);
    expect(output.text).toBe("one\ntwo\n\x1b[2A\r\x1b[Jthree\n\x1b[1A\r\x1b[Jwarning\nfour\n");
  });

  test("takes a terminal that does not know its size for one of 80 by 24", () => {
    expect(screenOf(new Recorder(true, 0, 0))).toEqual({ columns: 80, rows: 24 });
    expect(screenOf({ write: () => undefined })).toEqual({ columns: 80, rows: 24 });
    expect(screenOf(new Recorder(true, 132, 50))).toEqual({ columns: 132, rows: 50 });
  });

  test("counts the rows a narrower terminal has wrapped its lines to, colours not counted", () => {
    expect(rowsOf(["x".repeat(79), ""], 80)).toBe(2);
    expect(rowsOf(["x".repeat(79), ""], 40)).toBe(3);
    expect(rowsOf([`\x1b[32m${"x".repeat(40)}\x1b[0m`], 40)).toBe(1);
  });
});

describe("progress goes to standard error as it is asked for", () => {
  const events: ProgressEvent[] = [
    resolved(5),
    { type: "warning", message: "odd \x1b[2J name" },
    { type: "layer-done", index: 0 },
  ];
  const manner = { format: "text", progress: "auto", quiet: false, verbose: false } as const;

  function told(changes: Partial<Parameters<typeof progressReporter>[0]>, output = new Recorder(), env = {}) {
    const reporter = progressReporter({ ...manner, ...changes }, output, env);
    for (const event of events) reporter.report(event);
    reporter.finish();
    return output.text;
  }

  const plain = [
    `image ${digestOf("f")}: 1 layer, 5 B`,
    "warning: odd \\x1b[2J name",
    "layer 1/1 sha256:000000000000 done, 5 B",
    "",
  ].join("\n");

  test("plain lines in a pipe, on a dumb terminal, and where asked for", () => {
    expect(told({})).toBe(plain);
    expect(told({}, new Recorder(true), { TERM: "dumb" })).toBe(plain);
    expect(stripVTControlCharacters(told({ progress: "plain" }, new Recorder(true)))).toBe(plain);
  });

  test("json: the events as they are", () => {
    const lines = told({ progress: "json", quiet: true }).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
  });

  test("none: only warnings; quiet: nothing", () => {
    expect(told({ progress: "none" })).toBe("warning: odd \\x1b[2J name\n");
    expect(told({ quiet: true })).toBe("");
  });

  test("bars on a terminal, warnings above them, nothing left at the end", async () => {
    const output = new Recorder(true);
    const reporter = progressReporter(manner, output, { NO_COLOR: "1" });
    const drawn = Promise.withResolvers<void>();
    const write = output.write.bind(output);
    output.write = (text) => {
      write(text);
      if (text.includes("layer 1/1")) drawn.resolve();
    };
    for (const event of events) reporter.report(event);
    await drawn.promise;
    reporter.finish();
    expect(output.text).toBe(
      "warning: odd \\x1b[2J name\nlayer 1/1 sha256:000000000000 done, 5 B\n\x1b[1A\r\x1b[J",
    );
  });

  test("colours only on a terminal without NO_COLOR", () => {
    const terminal = { progress: "none" } as const;
    expect(told(terminal, new Recorder(true))).toStartWith("\x1b[33mwarning:\x1b[0m odd");
    expect(told(terminal, new Recorder(true), { NO_COLOR: "1" })).toStartWith("warning: odd");
    expect(told(terminal, new Recorder(false))).toStartWith("warning: odd");
  });
});

test("a push and a pull show their pieces, and a log of many stays short", () => {
  const pieces = Array.from({ length: 40 }, (_, i) => ({
    file: "rootfs.ext4",
    offset: i * 64 * MIB,
    size: 64 * MIB,
  }));
  const begun: ReportedEvent = { type: "pieces", pieces };
  const done = pieces.map((_, index): ReportedEvent => ({ type: "piece-done", index }));
  const events = [begun, ...done];
  const lines = events.flatMap((event, i) => plainLines(after(...events.slice(0, i)), event));
  expect(lines).toEqual([
    "40 pieces, 2.5 GiB",
    "10 of 40 pieces done",
    "20 of 40 pieces done",
    "30 of 40 pieces done",
    "40 of 40 pieces done",
  ]);
  const half: ReportedEvent = { type: "piece", index: 1, bytes: 32 * MIB, size: 64 * MIB };
  expect(screen(after({ type: "pieces", pieces: pieces.slice(0, 2) }, ...done.slice(0, 1), half))).toEqual([
    "piece 1/2 rootfs.ext4 done, 64.0 MiB",
    "piece 2/2 rootfs.ext4 [###############---------------]  50% of 64.0 MiB",
  ]);
  expect(screen(after(begun, ...done.slice(0, 5), half), 80, 10)[0]).toBe("5 of 40 pieces done, 320.0 MiB");
});
