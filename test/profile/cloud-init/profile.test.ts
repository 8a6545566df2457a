/** What the profile cloud-init makes: the seed, and nothing else. cloud-init itself judges it in `slow/init-systems`. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CONFIG_PATH } from "../../../src/guest/config.ts";
import type { ExecutionParameters } from "../../../src/oci/config.ts";
import { openCloudInitProfile } from "../../../src/profile/cloud-init/cloud-init.ts";
import type { WorkloadOverrides } from "../../../src/profile/init/overrides.ts";
import { openSystemdProfile } from "../../../src/profile/systemd/systemd.ts";
import { expectError } from "../../support/expect-error.ts";
import { hostileRuntime } from "../hostile.ts";
import { type Files, folder, program, testImage } from "../trees.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const SEED = "/var/lib/cloud/seed/nocloud";
const UNIT = "/etc/systemd/system/ovms.service";

const SYSTEMD: Files = { "/usr/lib/systemd/systemd": program("systemd") };
const CLOUD: Files = { ...SYSTEMD, "/usr/bin/cloud-init": program("cloud-init") };

interface UserData {
  readonly write_files?: readonly { path: string; permissions: string; encoding: string; content: string }[];
  readonly runcmd?: readonly (readonly string[])[];
}

async function injected(
  files: Files,
  runtime: Partial<ExecutionParameters> = { Cmd: ["/bin/app"] },
  { seedImage = false, ...workload }: WorkloadOverrides & { readonly seedImage?: boolean } = {},
) {
  const made = testImage(files, runtime);
  const profile = openCloudInitProfile({ platform: PLATFORM, workload, seedImage });
  return { ...made, profile, injection: await profile.inject(made.image) };
}

type Made = Awaited<ReturnType<typeof injected>>;

async function userData(made: Made): Promise<UserData> {
  const text = await made.text(`${SEED}/user-data`);
  expect(text).toStartWith("#cloud-config\n");
  return JSON.parse(text.slice(text.indexOf("\n")));
}

const metaData = async (made: Made) => JSON.parse(await made.text(`${SEED}/meta-data`));

async function config(made: Made): Promise<string> {
  const { write_files: files = [] } = await userData(made);
  return files.find(({ path }) => path === CONFIG_PATH)?.content ?? "";
}

const START = ["systemctl", "enable", "--now", "--no-block", "ovms.service"];

describe("the seed", () => {
  test("is all that is added, and writes what the profile systemd adds", async () => {
    const runtime = { Cmd: ["/bin/app"], StopSignal: "QUIT" };
    const made = await injected(CLOUD, runtime);
    expect(made.injection.paths.filter((path) => path.startsWith(SEED))).toEqual([
      SEED,
      `${SEED}/meta-data`,
      `${SEED}/user-data`,
    ]);
    expect(made.injection.paths.length).toBe(3 + SEED.split("/").length - 2);
    for (const name of ["user-data", "meta-data"]) expect(made.list()[`${SEED}/${name}`]).toBe("600");
    expect(made.injection.metadata).toMatchObject({ service: UNIT });
    expect(made.injection.bootstrap?.cmd).toEqual(["/bin/app"]);
    const other = testImage(SYSTEMD, runtime);
    const own = openSystemdProfile({ platform: PLATFORM, workload: {}, keepRunning: true });
    await own.inject(other.image);
    const { write_files: files = [], runcmd } = await userData(made);
    expect(files.map(({ path }) => path)).toContain(UNIT);
    for (const { path, permissions, encoding, content } of files) {
      expect([path, permissions]).toEqual([path, `0${other.list()[path]}`]);
      expect(encoding).toBe("b64");
      expect(Buffer.from(content, "base64").toString("latin1")).toBe(await other.text(path));
    }
    expect(runcmd?.at(-1)).toEqual(START);
    expect(made.warnings).toEqual([]);
  });

  test("is for an instance that is another one where there is something else to do", async () => {
    const id = async (runtime: Partial<ExecutionParameters>, overrides: WorkloadOverrides = {}) =>
      (await metaData(await injected(CLOUD, runtime, overrides)))["instance-id"];
    const ids = await Promise.all([
      id({ Cmd: ["a"] }),
      id({ Cmd: ["b"] }),
      id({ Cmd: ["a"] }, { hostname: "box" }),
      id({ Cmd: ["a"], Volumes: ["/v"] }),
    ]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await id({ Cmd: ["a"] })).toBe(ids[0]);
  });

  test("names the machine as it is asked for, whatever the image's settings keep", async () => {
    const made = await injected(CLOUD, undefined, { hostname: "box" });
    expect(await userData(made)).toMatchObject({ hostname: "box", preserve_hostname: false });
    expect(await metaData(made)).toMatchObject({ "local-hostname": "box" });
    expect(Object.keys(await metaData(await injected(CLOUD)))).toEqual(["instance-id"]);
  });

  test("makes volumes, and nothing of what is not there", async () => {
    const made = await injected(CLOUD, { Cmd: ["x"], Volumes: ["/a 'b'", "-c", "/d"] });
    const { write_files: files = [], runcmd } = await userData(made);
    const { path, content = "" } = files.at(-1) ?? {};
    expect(runcmd?.[0]).toEqual(["sh", path ?? ""]);
    expect(Buffer.from(content, "base64").toString()).toBe(`mkdir -p -- '/a '\\''b'\\''' '/d'\n`);
    for (const runtime of [{}, { Cmd: ["/usr/lib/systemd/systemd"], Volumes: ["/d"] }]) {
      const without = await injected(CLOUD, runtime);
      expect(await userData(without)).toEqual({});
      expect(without.injection.metadata["service"]).toBeNull();
      expect(without.warnings).toEqual([expect.stringContaining("no service for it")]);
    }
  });

  test("on a disk of its own leaves the image as it is", async () => {
    const made = await injected(CLOUD, undefined, { seedImage: true });
    expect(made.injection.paths).toEqual([]);
    expect(made.list()).toEqual(testImage(CLOUD).list());
    expect(made.profile.outputs).toEqual(["user-data", "meta-data", "seed.img"]);
    expect((await injected(CLOUD)).profile.outputs).toEqual(["user-data", "meta-data"]);
  });

  test("may hold anything: words are fixed, contents base64", async () => {
    const property = fc.asyncProperty(hostileRuntime, async (runtime) => {
      const made = await injected(CLOUD, runtime);
      expect(await made.text(`${SEED}/user-data`)).toMatch(/^[ -~\n]+$/);
      expect((await userData(made)).runcmd?.at(-1)).toEqual(START);
      const records = Buffer.from(await config(made), "base64")
        .toString()
        .split("\0");
      const entrypoint = records.filter((_, i) => i % 2 === 0 && records[i - 1] === "entrypoint");
      expect(entrypoint).toEqual([...runtime.Entrypoint]);
    });
    await fc.assert(property, { numRuns: 100, seed: 1 });
  });
});

describe("an image", () => {
  test("without cloud-init or systemd, or where it is switched off, is refused", async () => {
    const table: readonly (readonly [Files, ...string[]])[] = [
      [SYSTEMD, "no cloud-init: no /usr/bin/cloud-init", "--profile systemd or init"],
      [{ "/usr/bin/cloud-init": program("x") }, "no systemd", "--profile init"],
      [{ ...CLOUD, "/etc/cloud/cloud-init.disabled": "" }, "switched off in the image", "remove that file"],
    ];
    for (const [files, ...said] of table) await expectError(injected(files), "E_UNSUPPORTED", ...said);
  });

  test("whose cloud-init will look elsewhere is warned of: the last of its settings counts", async () => {
    const main = "/etc/cloud/cloud.cfg";
    const more = "/etc/cloud/cloud.cfg.d";
    const warned: readonly string[] = [
      expect.stringMatching(/will not look for the seed: .* in \/etc\/cloud\/cloud\.cfg.* NoCloud$/),
    ];
    const table: readonly (readonly [Files, readonly string[]])[] = [
      [{ [main]: "a: 1\ndatasource_list: [ Ec2, None ]\n" }, warned],
      [{ [main]: "datasource_list: [Ec2,\n  NoCloud]\n" }, []],
      [
        { [main]: "datasource_list: [Ec2]\n", [`${more}/9.cfg`]: "datasource_list:\n- Azure\n- NoCloud\n" },
        [],
      ],
      [
        {
          [`${more}/1.cfg`]: "datasource_list: [NoCloud]\n",
          [`${more}/2.cfg`]: "datasource_list:\n  - Ec2\n",
        },
        warned,
      ],
      [{ [`${more}/1.cfg.old`]: "datasource_list: [Ec2]\n", [main]: "# datasource_list: [Ec2]\n" }, []],
    ];
    for (const [files, warnings] of table) {
      expect((await injected({ ...CLOUD, ...files })).warnings).toEqual([...warnings]);
    }
  });

  test("that has other files where the seed is, or where it writes, is a conflict", async () => {
    const others: Files = {
      [`${SEED}/user-data`]: "#cloud-config\n",
      [UNIT]: "another",
      "/etc/ovms": "file",
      "/sbin/ovms-init": folder(),
    };
    const said = [`${SEED}/user-data`, UNIT, "/etc/ovms/config", "/sbin/ovms-init"];
    for (const seedImage of [false, true]) {
      const conflict = injected({ ...CLOUD, ...others }, undefined, { seedImage });
      await expectError(conflict, "E_PROFILE_CONFLICT", ...said, "--profile baseline");
    }
  });

  test("that was converted before is as it was", async () => {
    const first = await injected(CLOUD);
    const files: Record<string, Files[string]> = { ...CLOUD };
    for (const name of ["user-data", "meta-data"])
      files[`${SEED}/${name}`] = await first.text(`${SEED}/${name}`);
    expect((await injected(files)).injection.paths).toEqual([]);
  });

  test("for other architectures is refused", async () => {
    const platform = { os: "linux", architecture: "riscv64" };
    const open = () => openCloudInitProfile({ platform, workload: {}, seedImage: false });
    await expectError(open, "E_PLATFORM_NOT_FOUND", "riscv64");
  });
});
