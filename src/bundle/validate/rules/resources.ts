/** Of limits: config-linux.md, Control groups. */
import { quote } from "../../../oci/quote.ts";
import { below, type Report } from "../finding.ts";
import { entriesOf, fieldOf, itemsOf, numberOf, repeated, textOf } from "../reading.ts";

const PATH = "/linux/resources";
const ALLOWED = "config-linux.md, Allowed Device list";
const CPU = "config-linux.md, CPU";
const BLOCK_IO = "config-linux.md, Block IO";

export function checkResources(resources: unknown, report: Report): void {
  checkDeviceRules(fieldOf(resources, "devices"), report);
  checkMemory(fieldOf(resources, "memory"), report);
  checkCpu(fieldOf(resources, "cpu"), report);
  checkWeights(fieldOf(resources, "blockIO"), report);
  const pages = itemsOf(fieldOf(resources, "hugepageLimits"));
  for (const [at, limit] of repeated(pages, (each) => fieldOf(each, "pageSize"))) {
    const path = below(`${PATH}/hugepageLimits`, at);
    report(
      "warning",
      path,
      `${fieldOf(limit, "pageSize")} is there twice`,
      "config-linux.md, Huge page limits",
    );
  }
  for (const [name, limits] of entriesOf(fieldOf(resources, "rdma"))) {
    if (["hcaHandles", "hcaObjects"].some((each) => fieldOf(limits, each) !== undefined)) continue;
    const spec =
      "config-linux.md, RDMA: you MUST specify at least one of the hcaHandles or hcaObjects in a given entry";
    report("error", below(`${PATH}/rdma`, name), "limits nothing", spec);
  }
}

function checkDeviceRules(rules: unknown, report: Report): void {
  for (const [at, rule] of itemsOf(rules)) {
    const path = below(`${PATH}/devices`, at);
    const type = textOf(fieldOf(rule, "type"));
    if (type !== undefined && !/^[abc]?$/.test(type)) {
      report(
        "error",
        below(path, "type"),
        `${quote(type)} is none of a, b, c`,
        `${ALLOWED}: type of device: a (all), c (char), or b (block)`,
      );
    }
    const access = textOf(fieldOf(rule, "access"));
    if (access !== undefined && !/^[rwm]*$/.test(access)) {
      report(
        "error",
        below(path, "access"),
        `${quote(access)} is more than r, w, m`,
        `${ALLOWED}: a composition of r (read), w (write), and m (mknod)`,
      );
    }
  }
}

function checkMemory(memory: unknown, report: Report): void {
  const [limit = -1, swap = -1, reservation = -1, swappiness = 0] = [
    "limit",
    "swap",
    "reservation",
    "swappiness",
  ].map((name) => numberOf(fieldOf(memory, name)));
  const spec = "config-linux.md, Memory: swap (int64, OPTIONAL) sets limit of memory+Swap usage";
  if (swap >= 0 && swap < limit) {
    report("error", `${PATH}/memory/swap`, `${swap} is below the limit ${limit} of memory alone`, spec);
  }
  if (limit >= 0 && reservation > limit) {
    const soft = "config-linux.md, Memory: reservation (int64, OPTIONAL) sets soft limit of memory usage";
    report("error", `${PATH}/memory/reservation`, `${reservation} is above the limit ${limit}`, soft);
  }
  if (swappiness > 100) {
    const range = "config-linux.md, Memory: swappiness; the kernel takes 0 to 100";
    report("error", `${PATH}/memory/swappiness`, `${swappiness} is not from 0 to 100`, range);
  }
}

function checkCpu(cpu: unknown, report: Report): void {
  const [quota = -1, burst = 0, runtime = -1, period = 0] = [
    "quota",
    "burst",
    "realtimeRuntime",
    "realtimePeriod",
  ].map((name) => numberOf(fieldOf(cpu, name)));
  if (quota > 0 && burst > quota) {
    const spec = `${CPU}: burst: this value MUST be no larger than any positive quota`;
    report("error", `${PATH}/cpu/burst`, `${burst} is above the quota ${quota}`, spec);
  }
  if (period > 0 && runtime > period) {
    report(
      "error",
      `${PATH}/cpu/realtimeRuntime`,
      `${runtime} is above the period ${period}`,
      `${CPU}: a period of time in microseconds for the longest continuous period`,
    );
  }
}

function checkWeights(blockIo: unknown, report: Report): void {
  const check = (limits: unknown, path: string): void => {
    for (const name of ["weight", "leafWeight"]) {
      const weight = numberOf(fieldOf(limits, name)) ?? 0;
      if (weight === 0 || (weight >= 10 && weight <= 1000)) continue;
      report(
        "error",
        below(path, name),
        `${weight} is not from 10 to 1000`,
        `${BLOCK_IO}: the range is from 10 to 1000`,
      );
    }
  };
  check(blockIo, `${PATH}/blockIO`);
  for (const [at, device] of itemsOf(fieldOf(blockIo, "weightDevice"))) {
    const path = below(`${PATH}/blockIO/weightDevice`, at);
    check(device, path);
    if (["weight", "leafWeight"].some((name) => fieldOf(device, name) !== undefined)) continue;
    report(
      "error",
      path,
      "has no weight",
      `${BLOCK_IO}: you MUST specify at least one of weight or leafWeight in a given entry`,
    );
  }
}
