/** Images that Gondolin's virtual machines boot. */
import type { Platform } from "../../oci/platform.ts";
import { Additions, sourceOf } from "../additions.ts";
import { type ImageVariables, imageVariables } from "../image-variables.ts";
import { launcherFiles } from "../launcher/launcher.ts";
import type { FinishedImage, ImageInProgress, Injection, Profile, ProfileMetadata } from "../profile.ts";
import { outputNames, writeAssets } from "./assets.ts";
import { type BaseBundle, openBaseBundle } from "./base-bundle.ts";
import { addCommands, addLeaseScript } from "./commands.ts";
import {
  COMMANDS,
  CONSOLE,
  HELPERS,
  MODULES_ON_DEMAND,
  MOUNT_POINTS,
  NETWORK_COMMANDS,
  OWN_FOLDER,
} from "./contract.ts";
import { warnOfHiddenFiles } from "./hidden.ts";
import { environmentScript, guestPath } from "./image-environment.ts";
import { ENVIRONMENT_PATH, modulesLoadedBy, withEnvironment } from "./init-script.ts";
import { addKernelModules } from "./kernel-modules.ts";
import type { LocationOptions } from "./location.ts";
import { addLoadingScript, addModprobe } from "./module-loading.ts";

export interface GondolinOptions extends Omit<LocationOptions, "architecture"> {
  /** "rootfs": a root filesystem for Gondolin's own kernel. "assets": with the kernel and initramfs beside it. */
  readonly mode: "rootfs" | "assets";
  readonly platform: Platform;
}

const INIT = "/init";

/** Finds and checks the guest assets that files are taken from. Throws as openBaseBundle does. */
export async function openGondolinProfile(options: GondolinOptions): Promise<Profile> {
  return new GondolinProfile(openBaseBundle(options.platform, options), options.mode);
}

class GondolinProfile implements Profile {
  readonly outputs: readonly string[];
  readonly #base: BaseBundle;
  readonly #mode: GondolinOptions["mode"];
  readonly #initScript: string;
  readonly #modules: readonly string[];

  constructor(base: BaseBundle, mode: GondolinOptions["mode"]) {
    this.#base = base;
    this.#mode = mode;
    this.outputs = mode === "assets" ? outputNames(base) : [];
    this.#initScript = base.filesystem.text(base.init.file);
    this.#modules = [...new Set([...modulesLoadedBy(this.#initScript), ...MODULES_ON_DEMAND])];
  }

  async inject(image: ImageInProgress): Promise<Injection> {
    warnOfHiddenFiles(image);
    const base = this.#base.filesystem;
    const additions = new Additions(image, { conflictHint });
    for (const { path, mode } of MOUNT_POINTS) {
      await additions.put(path, { type: "directory", ...(mode === undefined ? {} : { mode }) });
    }
    const { path: consolePath, ...console } = CONSOLE;
    await additions.put(consolePath, { type: "char", ...console }, "optional");
    await this.#addHelpers(additions);
    await addKernelModules(base, additions);
    await addCommands(image.root, base, additions, COMMANDS);
    if (this.#setsUpNetwork()) {
      await addCommands(image.root, base, additions, NETWORK_COMMANDS);
      await addLeaseScript(image.root, base, additions);
    }
    const variables = imageVariables(image.runtime.Env, image.warn);
    const guest = { variables, path: guestPath(variables) };
    for (const { path, mode, bytes } of await launcherFiles(image, guest)) {
      const executable = (mode & 0o111) !== 0;
      await additions.put(path, { type: "file", executable, source: sourceOf(bytes) });
    }
    await this.#addInit(image, variables, additions);
    const { paths, digest } = additions.finish();
    return { paths, digest, metadata: this.#describe() };
  }

  writeOutputs(image: FinishedImage): Promise<void> {
    return writeAssets(image, this.#base, this.#modules);
  }

  close(): void {
    this.#base.filesystem.close();
  }

  /** The base's initramfs has no network driver unless one is put in; krun starts without any initramfs. */
  #setsUpNetwork(): boolean {
    return this.#mode === "rootfs" || this.#base.krunKernel !== undefined;
  }

  async #addHelpers(additions: Additions): Promise<void> {
    for (const path of HELPERS) {
      const found = this.#base.filesystem.findFile(path);
      if (found === undefined) continue;
      const source = this.#base.filesystem.source(found.file);
      await additions.put(path, { type: "file", executable: true, source });
    }
  }

  async #addInit(image: ImageInProgress, variables: ImageVariables, additions: Additions): Promise<void> {
    const environment = sourceOf(environmentScript(variables, image.warn));
    await additions.put(ENVIRONMENT_PATH, { type: "file", executable: false, source: environment });
    const script = withEnvironment(this.#initScript);
    if (script === undefined) {
      image.warn(
        "the guest assets' /init does not start sandboxd as Gondolin's does: the image's environment reaches only login shells",
      );
    }
    const source = sourceOf(Buffer.from(script ?? this.#initScript, "latin1"));
    const modprobe =
      this.#mode === "rootfs" ? await addModprobe(this.#base.filesystem, additions) : undefined;
    const path = modprobe === undefined ? INIT : `${OWN_FOLDER}/init`;
    await additions.put(path, { type: "file", executable: true, source });
    if (modprobe !== undefined) await addLoadingScript(INIT, path, modprobe, this.#modules, additions);
  }

  #describe(): ProfileMetadata {
    const { manifest, architecture } = this.#base;
    const { buildId, checksums } = manifest ?? {};
    const known = { ...(buildId === undefined ? {} : { buildId }), ...(checksums ? { checksums } : {}) };
    return { mode: this.#mode, base: { arch: architecture, ...known } };
  }
}

function conflictHint(paths: readonly string[]): string {
  return paths.includes(INIT)
    ? "Gondolin starts a guest with its own /init: take an image without one, or convert with --profile baseline"
    : "remove or rename these files in the image, or convert with --profile baseline";
}
